// SPDX-License-Identifier: BSD-2-Clause
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::{fmt, mem};

use crate::blocks;
use crate::error::check;
use crate::{ffi, ClockId, Description, Error};

pub use crate::ffi::vdsogen_sample as Sample;
pub use crate::ffi::vdsogen_source as Source;
pub use crate::ffi::vdsogen_time as Time;

/// The clock block: what the trampolines read and the host writes. It is only
/// used in place, by reference.
///
/// The methods that take `&self` may be called by several threads at once: a
/// second publisher (start, resume, update) gets [`Error::Busy`], and readers read
/// beside a publisher. All of the block is read and written atomically by them.
#[repr(transparent)]
pub struct Clock(UnsafeCell<ffi::vdsogen_clock>);

// SAFETY: the library reads and writes the block by atomic operations only, and
// sees to it that one publisher works at a time.
unsafe impl Sync for Clock {}
unsafe impl Send for Clock {}

impl Clock {
    /// The clock block in an image. `bytes` is the image from its start, and
    /// `image` what it says of itself. Errors: [`Error::Align`];
    /// [`Error::Truncated`] if the block is not within `bytes`. Where there are other
    /// blocks, too, [`Blocks`](crate::Blocks) finds them all.
    ///
    /// ```
    /// # use vdsogen::*;
    /// let mut page = Page::new();
    /// let size = build(Arch::x86_64(), &Config::default(), &mut page.0)?;
    /// let image = Image::open(&page.0[..size])?.description();
    /// let clock = Clock::in_image(&mut page.0, &image)?;
    /// assert_eq!(clock.read(ClockId::Tai, 0), Err(Error::Unseeded));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn in_image<'a>(bytes: &'a mut [u8], image: &Description) -> Result<&'a Clock, Error> {
        if image.clock() < 0 {
            return Err(Error::Truncated);
        }
        let place = bytes.get_mut(image.clock() as usize..).ok_or(Error::Truncated)?;
        Clock::within(place)
    }

    /// Makes the block of an image that has it outside, at the start of `memory`:
    /// as the image would have it, never started. Errors: [`Error::Align`];
    /// [`Error::Truncated`] if `memory` is too small.
    pub fn init<'a>(memory: &'a mut [u8], image: &Description) -> Result<&'a Clock, Error> {
        let clock = Clock::within(memory)?;
        // SAFETY: the memory is this call's alone; of the image, only its
        // configuration is looked at.
        check(unsafe { ffi::vdsogen_clock_init(clock.as_ptr(), image.raw()) })?;
        Ok(clock)
    }

    fn within(memory: &mut [u8]) -> Result<&Clock, Error> {
        let block = blocks::within(memory)?;
        // SAFETY: large enough, aligned, and borrowed for as long as the result; any
        // bytes are a block.
        Ok(unsafe { &*block })
    }

    /// A clock block that others have mapped, too. Error: [`Error::Align`].
    ///
    /// # Safety
    /// For as long as `'a`, a `vdsogen_clock` at `block` can be read and written;
    /// whoever else writes it, in this process or another, does so by this library's
    /// functions or not at all while they run; and nothing in this program has a
    /// reference to it but `&Clock`. (Guests, which read it, do no harm.)
    pub unsafe fn from_ptr<'a>(block: *mut c_void) -> Result<&'a Clock, Error> {
        Ok(&*blocks::aligned(block)?)
    }

    /// For calls of [`ffi`].
    pub fn as_ptr(&self) -> *mut ffi::vdsogen_clock {
        self.0.get()
    }

    /// First anchor: the clocks start where the sample says. On a running clock, anew.
    pub fn start(&self, source: &Source, sample: &Sample) -> Result<(), Error> {
        // SAFETY: see Sync; any source and sample are allowed.
        check(unsafe { ffi::vdsogen_clock_start(self.as_ptr(), source, sample) })
    }

    /// A start for a guest that stood still: a snapshot restored, a machine moved.
    /// `stopped` is what its counter was then.
    pub fn resume(&self, source: &Source, sample: &Sample, stopped: u64) -> Result<(), Error> {
        // SAFETY: see Sync; any source, sample and counter are allowed.
        check(unsafe { ffi::vdsogen_clock_resume(self.as_ptr(), source, sample, stopped) })
    }

    /// A later sample. `now` reads the guest's counter, behind all that the caller
    /// loaded and stored before: after a full fence on x86_64 `lfence; rdtsc`, on
    /// aarch64 `dsb ish; isb; mrs`. If it does not, time may run backwards for a
    /// guest. It is called at most once, while readers wait: a panic in it aborts.
    pub fn update<F: FnOnce() -> u64>(&self, sample: &Sample, now: F) -> Result<(), Error> {
        let mut slot = Some(now);
        let arg: *mut Option<F> = &mut slot;
        // SAFETY: see Sync; call::<F> takes a pointer to an Option<F>, which outlives
        // the call.
        check(unsafe { ffi::vdsogen_clock_update(self.as_ptr(), sample, call::<F>, arg.cast()) })
    }

    /// What the guest reads at this counter, to the bit.
    pub fn read(&self, clock: ClockId, counter: u64) -> Result<Time, Error> {
        let mut time = Time::default();
        // SAFETY: may run beside anything.
        check(unsafe {
            ffi::vdsogen_clock_read(self.as_ptr(), clock as ffi::c_int, counter, &mut time)
        })?;
        Ok(time)
    }

    /// Sets, then clears bits of the attention word, and returns what it was.
    pub fn attention(&self, set: u32, clear: u32) -> u32 {
        // SAFETY: may run beside anything.
        unsafe { ffi::vdsogen_clock_attention(self.as_ptr(), set, clear) }
    }

    /// Back to never started, for the child of a fork or a restored snapshot.
    ///
    /// # Safety
    /// No publisher (start, resume, update, reset, recover) is at work on this block,
    /// in any thread or process: that is not looked at, and vdsogen.h says nothing of
    /// what then becomes of the block. Readers may go on.
    pub unsafe fn reset(&self) {
        ffi::vdsogen_clock_reset(self.as_ptr());
    }

    /// After a publisher died: finishes its work or takes it back. Says whether
    /// there was something to mend.
    ///
    /// # Safety
    /// As for [`Clock::reset`]; a publisher that did not return is dead for good.
    pub unsafe fn recover(&self) -> Result<bool, Error> {
        let code = ffi::vdsogen_clock_recover(self.as_ptr());
        check(code)?;
        Ok(code != 0)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.as_ptr()).finish()
    }
}

/// A panic must not leave through C code, and there may be nothing to abort with:
/// one that comes while another is under way ends the program.
struct Fuse;

impl Drop for Fuse {
    fn drop(&mut self) {
        panic!("the counter function of an update panicked");
    }
}

/// # Safety
/// `arg` points to an `Option<F>` that nobody else uses.
unsafe extern "C" fn call<F: FnOnce() -> u64>(arg: *mut c_void) -> u64 {
    let fuse = Fuse;
    let counter = (*arg.cast::<Option<F>>()).take().map_or(0, |now| now());

    mem::forget(fuse);
    counter
}
