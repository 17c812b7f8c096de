// SPDX-License-Identifier: BSD-2-Clause
use core::fmt;
use core::ptr::NonNull;

use crate::error::text_of;
use crate::ffi;

/// An architecture that images are built for, whatever this program runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Arch(NonNull<ffi::vdsogen_arch>);

// SAFETY: a constant of the library's, which nobody writes.
unsafe impl Send for Arch {}
unsafe impl Sync for Arch {}

impl Arch {
    fn known(arch: *const ffi::vdsogen_arch) -> Option<Arch> {
        NonNull::new(arch as *mut ffi::vdsogen_arch).map(Arch)
    }

    /// x86_64. A program that calls this does not link with sources that lack it.
    #[inline] // so that only who calls it needs it
    pub fn x86_64() -> Arch {
        // SAFETY: takes nothing, and is never NULL.
        Arch(unsafe { NonNull::new_unchecked(ffi::vdsogen_arch_x86_64() as *mut _) })
    }

    /// aarch64. A program that calls this does not link with sources that lack it.
    #[inline]
    pub fn aarch64() -> Arch {
        // SAFETY: takes nothing, and is never NULL.
        Arch(unsafe { NonNull::new_unchecked(ffi::vdsogen_arch_aarch64() as *mut _) })
    }

    /// The i-th that was built in.
    pub fn at(i: u32) -> Option<Arch> {
        // SAFETY: any number is allowed.
        Arch::known(unsafe { ffi::vdsogen_arch_at(i) })
    }

    /// All that were built in.
    pub fn all() -> impl Iterator<Item = Arch> {
        (0..).map_while(Arch::at)
    }

    /// By its name, as `"x86_64"`.
    pub fn find(name: &str) -> Option<Arch> {
        Arch::all().find(|arch| arch.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        // SAFETY: an architecture of the library's; the name is a constant of it.
        unsafe { text_of(ffi::vdsogen_arch_name(self.as_ptr())) }
    }

    /// All functions that it has, as [`Config::functions`](crate::Config).
    pub fn functions(self) -> u32 {
        // SAFETY: an architecture of the library's.
        unsafe { ffi::vdsogen_arch_functions(self.as_ptr()) }
    }

    /// For calls of [`ffi`].
    pub fn as_ptr(self) -> *const ffi::vdsogen_arch {
        self.0.as_ptr()
    }
}

impl fmt::Debug for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
