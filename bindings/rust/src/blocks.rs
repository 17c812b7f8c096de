// SPDX-License-Identifier: BSD-2-Clause
use core::ffi::c_void;
use core::mem;
use core::ops::Range;

use crate::{Clock, Description, Error, Process, Random};

/// The blocks of an image that a stretch of memory holds.
///
/// ```
/// # use vdsogen::*;
/// let mut page = Page::new();
/// let config = Config { functions: Function::Getpid.bit(), ..Config::default() };
/// let size = build(Arch::aarch64(), &config, &mut page.0)?;
/// let image = Image::open(&page.0[..size])?.description();
/// let blocks = Blocks::in_image(&mut page.0, &image)?;
/// assert!(blocks.clock.is_some() && blocks.random.is_none());
/// blocks.process.unwrap().set(&Identity { pid: Some(1), ..Identity::default() })?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Blocks<'a> {
    /// The clock block.
    pub clock: Option<&'a Clock>,
    /// Of an image with getrandom. For other threads to reseed, `&*random`.
    pub random: Option<&'a mut Random>,
    /// Of an image with a function of identity. For other threads, `&*process`.
    pub process: Option<&'a mut Process>,
}

impl<'a> Blocks<'a> {
    /// Those in the image itself. `bytes` is the image from its start, and `image`
    /// what it says of itself. Error: [`Error::Align`].
    pub fn in_image(bytes: &'a mut [u8], image: &Description) -> Result<Blocks<'a>, Error> {
        Blocks::in_memory(bytes, 0, image)
    }

    /// Those in memory that the guest sees from so many bytes behind the start of the
    /// image on, or negative: before it. As they are: [`Clock::init`] makes a clock
    /// there. Errors: [`Error::Align`]; [`Error::Damaged`] if two are in one place.
    pub fn in_memory(
        memory: &'a mut [u8],
        from: isize,
        image: &Description,
    ) -> Result<Blocks<'a>, Error> {
        let length = memory.len();
        let place = |at: Option<isize>, size: usize| -> Option<Range<usize>> {
            let start = usize::try_from(at?.checked_sub(from)?).ok()?;
            let end = start.checked_add(size)?;
            (end <= length).then_some(start..end)
        };
        let clock = place(Some(image.clock()), mem::size_of::<Clock>());
        let random = place(image.random(), mem::size_of::<Random>());
        let process = place(image.process(), mem::size_of::<Process>());

        if meet(&clock, &random) || meet(&clock, &process) || meet(&random, &process) {
            return Err(Error::Damaged);
        }
        let start = memory.as_mut_ptr();
        // SAFETY: each is within the memory, which is borrowed for as long, no two of
        // them meet, and any bytes are a block; the alignment is looked at.
        unsafe {
            let at = |place: &Range<usize>| start.add(place.start).cast();
            Ok(Blocks {
                clock: clock.map(|p| Clock::from_ptr(at(&p))).transpose()?,
                random: random.map(|p| Random::from_ptr_mut(at(&p))).transpose()?,
                process: process.map(|p| Process::from_ptr_mut(at(&p))).transpose()?,
            })
        }
    }
}

fn meet(a: &Option<Range<usize>>, b: &Option<Range<usize>>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a.start < b.end && b.start < a.end)
}

/// The start of the memory as a block of type B.
pub(crate) fn within<B>(memory: &mut [u8]) -> Result<*mut B, Error> {
    if memory.len() < mem::size_of::<B>() {
        return Err(Error::Truncated);
    }
    aligned(memory.as_mut_ptr().cast())
}

pub(crate) fn aligned<B>(block: *mut c_void) -> Result<*mut B, Error> {
    if block.is_null() || block as usize % mem::align_of::<B>() != 0 {
        return Err(Error::Align);
    }
    Ok(block.cast())
}
