// SPDX-License-Identifier: BSD-2-Clause
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::fmt;

use crate::blocks;
use crate::error::check;
use crate::{ffi, Error};

/// What getrandom needs to know of the host's generator. It is only used in place,
/// by reference; [`Blocks`](crate::Blocks) finds it.
///
/// Threads may call reseed at once, and beside anything; of start and stop one works
/// at a time, and as nothing looks for that they take `&mut self`. Guests may read
/// beside all of them.
///
/// A child of fork must not go on with its parent's keys: either fork wipes the
/// memory of the states (MAP_DROPPABLE), or the child has a block of its own, a copy
/// of its parent's, and that is reseeded before it runs.
#[repr(transparent)]
pub struct Random(UnsafeCell<ffi::vdsogen_random>);

// SAFETY: the library writes the block by atomic operations only.
unsafe impl Sync for Random {}

impl Random {
    /// The block at the start of `memory`, as it is: zeros are not ready.
    /// Errors: [`Error::Align`]; [`Error::Truncated`] if `memory` is too small.
    pub fn within(memory: &mut [u8]) -> Result<&mut Random, Error> {
        let block = blocks::within(memory)?;
        // SAFETY: large enough, aligned, and borrowed for as long as the result; any
        // bytes are a block.
        Ok(unsafe { &mut *block })
    }

    /// A block that others have mapped, too. Error: [`Error::Align`].
    ///
    /// # Safety
    /// For as long as `'a`, a `vdsogen_random` at `block` can be read and written;
    /// whoever else writes it, in this process or another, does so by this library's
    /// functions; and nothing in this program has a reference to it but `&Random`.
    /// (Guests, which read it, do no harm.)
    pub unsafe fn from_ptr<'a>(block: *mut c_void) -> Result<&'a Random, Error> {
        Ok(&*blocks::aligned(block)?)
    }

    /// A block that others have mapped, too. Error: [`Error::Align`].
    ///
    /// # Safety
    /// For as long as `'a`, a `vdsogen_random` at `block` can be read and written;
    /// whoever else writes it, in another process, does so by reseed; and nothing in
    /// this program has a reference to it. (Guests, which read it, do no harm.)
    pub unsafe fn from_ptr_mut<'a>(block: *mut c_void) -> Result<&'a mut Random, Error> {
        Ok(&mut *blocks::aligned(block)?)
    }

    /// For calls of [`ffi`].
    pub fn as_ptr(&self) -> *mut ffi::vdsogen_random {
        self.0.get()
    }

    /// The host's getrandom does not block any more: readers begin. C libraries ask
    /// once, when a program starts, so start before the guest runs. `prot` and `flags`
    /// are for the guest's mmap of states, with Linux's numbers; 0 for readable and
    /// writable, and for MAP_DROPPABLE and MAP_ANONYMOUS.
    pub fn start(&mut self, prot: u32, flags: u32) -> Result<(), Error> {
        // SAFETY: &mut: no other start or stop.
        check(unsafe { ffi::vdsogen_random_start(self.as_ptr(), prot, flags) })
    }

    /// All keys are old: after the host's generator was seeded anew, in the child of a
    /// fork, in a snapshot restored. A guest in the middle of a call notices.
    pub fn reseed(&self) -> Result<(), Error> {
        // SAFETY: may run beside anything.
        check(unsafe { ffi::vdsogen_random_reseed(self.as_ptr()) })
    }

    /// Not ready any more: every reader takes the fallback.
    pub fn stop(&mut self) -> Result<(), Error> {
        // SAFETY: &mut: no other start or stop.
        check(unsafe { ffi::vdsogen_random_stop(self.as_ptr()) })
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Random").field(&self.as_ptr()).finish()
    }
}
