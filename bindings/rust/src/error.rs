// SPDX-License-Identifier: BSD-2-Clause
use core::fmt;

use crate::ffi;

macro_rules! errors {
	($($(#[$doc:meta])* $name:ident = $value:ident,)*) => {
		/// What can go wrong. [`Error::text`] names the way out.
		#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
		#[repr(u32)]
		#[non_exhaustive]
		pub enum Error {
			$($(#[$doc])* $name = ffi::$value,)*
		}

		impl Error {
			/// All there are.
			pub const ALL: &'static [Error] = &[$(Error::$name),*];

			/// Of a number that is none, `Internal`.
			pub(crate) fn from_code(code: ffi::c_int) -> Error {
				match code.unsigned_abs() {
					$(ffi::$value => Error::$name,)*
					_ => Error::Internal,
				}
			}
		}
	};
}

errors! {
    /// No architecture given, or one not built in.
    Arch = VDSOGEN_ERR_ARCH,
    /// The architecture has no such function.
    Function = VDSOGEN_ERR_FUNCTION,
    /// No such clock, or one this page does not serve.
    Clock = VDSOGEN_ERR_CLOCK,
    /// An option the architecture does not have.
    Option = VDSOGEN_ERR_OPTION,
    /// The buffer is too small; [`image_size`](crate::image_size) says what is needed.
    NoSpace = VDSOGEN_ERR_NOSPACE,
    /// The memory is not aligned to [`ALIGN`](crate::ALIGN).
    Align = VDSOGEN_ERR_ALIGN,
    /// Counter frequency not within [`HZ_MIN`](crate::HZ_MIN) and [`HZ_MAX`](crate::HZ_MAX).
    Frequency = VDSOGEN_ERR_FREQUENCY,
    /// A time or rate outside its range.
    Value = VDSOGEN_ERR_VALUE,
    /// Ends before its own headers say.
    Truncated = VDSOGEN_ERR_TRUNCATED,
    /// Not a 64-bit little-endian ELF shared object.
    NotElf = VDSOGEN_ERR_NOTELF,
    /// A vDSO, but not made by this library.
    Foreign = VDSOGEN_ERR_FOREIGN,
    /// Made by a version whose layout is not known here.
    Layout = VDSOGEN_ERR_LAYOUT,
    /// Its tables contradict each other.
    Damaged = VDSOGEN_ERR_DAMAGED,
    /// The image has no symbol of that name.
    NoSymbol = VDSOGEN_ERR_NOSYMBOL,
    /// Never started, or reset since.
    Unseeded = VDSOGEN_ERR_UNSEEDED,
    /// A publisher is at work, or died at work.
    Busy = VDSOGEN_ERR_BUSY,
    /// The anchor is older than the age limit.
    Stale = VDSOGEN_ERR_STALE,
    /// Not at a clock's fallback, or its counter cannot be.
    Untrusted = VDSOGEN_ERR_UNTRUSTED,
    /// The emitter contradicted itself: please report.
    Internal = VDSOGEN_ERR_INTERNAL,
}

impl Error {
    /// What `vdsogen_strerror()` says.
    pub fn text(self) -> &'static str {
        // SAFETY: never NULL, and a constant of the library's.
        unsafe { text_of(ffi::vdsogen_strerror(self as ffi::c_int)) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(feature = "std")]
impl std::error::Error for Error {}

pub(crate) fn check(code: ffi::c_int) -> Result<(), Error> {
    if code < 0 {
        Err(Error::from_code(code))
    } else {
        Ok(())
    }
}

/// A constant C string of the library's.
///
/// # Safety
/// `text` points to a string that ends with a zero and stays for ever.
pub(crate) unsafe fn text_of(text: *const ffi::c_char) -> &'static str {
    let mut length = 0;
    while *text.add(length) != 0 {
        length += 1;
    }
    core::str::from_utf8(core::slice::from_raw_parts(text, length)).unwrap_or("not ASCII")
}
