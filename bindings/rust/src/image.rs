// SPDX-License-Identifier: BSD-2-Clause
use core::ptr;

use crate::error::check;
use crate::{ffi, Arch, Config, Error, Function, PAGE};

pub use crate::ffi::vdsogen_entry as Entry;
pub use crate::ffi::vdsogen_symbol as Symbol;
pub use crate::ffi::vdsogen_trap as Trap;

/// Memory that an image can be built into. Most images are one page; a slice of
/// several is [`ALIGN`](crate::ALIGN)ed as well.
#[repr(C, align(4096))]
pub struct Page(pub [u8; PAGE]);

impl Page {
    /// Zeros.
    pub const fn new() -> Page {
        Page([0; PAGE])
    }
}

impl Default for Page {
    fn default() -> Page {
        Page::new()
    }
}

/// The bytes that the image of a configuration takes, a multiple of [`PAGE`].
pub fn image_size(arch: Arch, config: &Config) -> Result<usize, Error> {
    let mut size = 0;
    // SAFETY: NULL for the buffer asks for the size; any configuration is allowed.
    check(unsafe {
        ffi::vdsogen_build(arch.as_ptr(), &config.to_raw(), ptr::null_mut(), &mut size)
    })?;
    Ok(size)
}

/// Builds an image at the start of `buf`, which is aligned to [`ALIGN`](crate::ALIGN),
/// and says how long it is. After [`Error::NoSpace`], [`image_size`] says what it
/// needs. `buf` is not written on an error, but for zeros on [`Error::Internal`].
pub fn build(arch: Arch, config: &Config, buf: &mut [u8]) -> Result<usize, Error> {
    let (mut size, to) = (buf.len(), buf.as_mut_ptr().cast());
    // SAFETY: size bytes at buf can be written; any configuration is allowed.
    check(unsafe { ffi::vdsogen_build(arch.as_ptr(), &config.to_raw(), to, &mut size) })?;
    Ok(size)
}

/// What an image says of itself: numbers only, so that its memory may change.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    raw: ffi::vdsogen_image, // its base is NULL
    config: Config,
}

// SAFETY: numbers, and a NULL.
unsafe impl Send for Description {}
unsafe impl Sync for Description {}

impl Description {
    /// Bytes from the first to the last.
    pub fn size(&self) -> usize {
        self.raw.size
    }

    /// ELF's number of the machine: 62 x86_64, 183 aarch64.
    pub fn machine(&self) -> u16 {
        self.raw.machine
    }

    /// What it was built from, with defaults filled in.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the clock block is, from the start of the image; negative: before it.
    pub fn clock(&self) -> isize {
        self.raw.clock as isize
    }

    /// Where the block of getrandom is, likewise, if the image has that function.
    pub fn random(&self) -> Option<isize> {
        (self.raw.random != 0).then_some(self.raw.random as isize)
    }

    /// Where the process block is, likewise, if the image has a function of identity.
    pub fn process(&self) -> Option<isize> {
        (self.raw.process != 0).then_some(self.raw.process as isize)
    }

    /// Where a function is, if the image has it.
    pub fn function(&self, function: Function) -> Option<Entry> {
        let entry = self.raw.function[function as usize];
        if entry.at == 0 {
            None
        } else {
            Some(entry)
        }
    }

    /// Whose fallback traps or returns at `pc`, from the start of the image. A guest can
    /// jump there with anything in its registers. Error: [`Error::NoSymbol`].
    pub fn fallback_at(&self, pc: u64) -> Result<Function, Error> {
        let mut function = ffi::VDSOGEN_FUNCTIONS;
        // SAFETY: of the image, only what it says of itself is looked at.
        check(unsafe { ffi::vdsogen_fallback_at(&self.raw, pc, &mut function) })?;
        Function::from_number(function).ok_or(Error::Internal)
    }

    /// May the host take the trap's counter as one that the guest has just read, in
    /// order to anchor a clock there? Error: [`Error::Untrusted`].
    pub fn may_anchor(&self, trap: &Trap) -> Result<(), Error> {
        // SAFETY: of the image, only what it says of itself is looked at; any trap is
        // allowed.
        check(unsafe { ffi::vdsogen_may_anchor(&self.raw, trap) })
    }

    /// All of it, but that `base` is NULL.
    pub fn raw(&self) -> &ffi::vdsogen_image {
        &self.raw
    }
}

/// An image that was found good, and its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    description: Description,
    bytes: &'a [u8],
}

impl<'a> Image<'a> {
    /// Checks the bytes, which are not trusted and need no alignment.
    pub fn open(bytes: &'a [u8]) -> Result<Image<'a>, Error> {
        let mut raw = core::mem::MaybeUninit::<ffi::vdsogen_image>::zeroed();
        // SAFETY: the bytes can be read and do not change; raw can be written, and zeros
        // are a value of it.
        let mut raw = unsafe {
            check(ffi::vdsogen_open(bytes.as_ptr().cast(), bytes.len(), raw.as_mut_ptr()))?;
            raw.assume_init()
        };
        raw.base = ptr::null();
        let config = Config::from_raw(&raw.config).ok_or(Error::Internal)?;
        Ok(Image { description: Description { raw, config }, bytes })
    }

    /// What it says of itself, without a hold on its bytes.
    pub fn description(&self) -> Description {
        self.description
    }

    /// Its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Finds an exported symbol by its name, without version.
    pub fn symbol(&self, name: &str) -> Result<Symbol, Error> {
        const LONGEST: usize = 127; // longer than any name in any image
        let raw = ffi::vdsogen_image { base: self.bytes.as_ptr().cast(), ..self.description.raw };
        let mut zero_terminated = [0; LONGEST + 1];
        let mut symbol = Symbol::default();

        if name.len() > LONGEST || name.as_bytes().contains(&0) {
            return Err(Error::NoSymbol);
        }
        zero_terminated[..name.len()].copy_from_slice(name.as_bytes());
        // SAFETY: raw is what vdsogen_open() said of the same bytes, which are borrowed
        // since; the name ends with a zero.
        check(unsafe { ffi::vdsogen_symbol(&raw, zero_terminated.as_ptr(), &mut symbol) })?;
        Ok(symbol)
    }
}

impl core::ops::Deref for Image<'_> {
    type Target = Description;

    fn deref(&self) -> &Description {
        &self.description
    }
}
