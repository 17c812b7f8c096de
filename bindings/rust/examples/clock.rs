// SPDX-License-Identifier: BSD-2-Clause
//! Both sides of a vDSO in one process, on Linux: the host's builds the image
//! and publishes to its clock; the guest's finds clock_gettime in it by name and
//! calls it.
//!
//!     cargo run --example clock
mod map;

use std::mem;

use vdsogen::{Clock, ClockId, Config, Image, Sample, Source, Time};

use map::{map_twice, symbol_name, this_machine};

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Timespec {
    sec: i64,
    nsec: i64,
}

extern "C" {
    fn clock_gettime(id: i32, time: *mut Timespec) -> i32;
}

type ClockGettime = unsafe extern "C" fn(id: i32, time: *mut Timespec) -> i32;

/// The counter, in order: nothing before it is done after it, and the other way round.
#[cfg(target_arch = "x86_64")]
fn counter() -> u64 {
    use std::arch::x86_64::{_mm_lfence, _rdtsc};
    // SAFETY: every x86_64 has both.
    unsafe {
        _mm_lfence();
        let counter = _rdtsc();
        _mm_lfence();
        counter
    }
}

#[cfg(target_arch = "aarch64")]
fn counter() -> u64 {
    let counter;
    // SAFETY: Linux lets programs read it.
    unsafe { std::arch::asm!("dsb ish", "isb", "mrs {}, cntvct_el0", "isb", out(reg) counter) };
    counter
}

fn system(id: i32) -> Time {
    let mut time = Timespec::default();
    // SAFETY: it writes the time.
    unsafe { clock_gettime(id, &mut time) };
    Time { sec: time.sec, nsec: time.nsec as u32 }
}

/// The best of a few: an interrupt between the two readings is seen.
fn sample() -> Sample {
    const TAI: i32 = ClockId::Tai as i32;
    let one = |_| {
        let before = counter();
        let realtime = system(ClockId::Realtime as i32);
        let monotonic = system(ClockId::Monotonic as i32);
        let boottime = system(ClockId::Boottime as i32);
        let raw = system(ClockId::MonotonicRaw as i32);
        let after = counter();
        let tai_offset = (system(TAI).sec - realtime.sec) as i32;
        Sample { before, after, realtime, monotonic, boottime, raw, tai_offset }
    };
    (0..5).map(one).min_by_key(|sample| sample.after - sample.before).unwrap()
}

/// Ticks a second, by the system's clock.
fn counter_hz() -> u64 {
    const LONG_ENOUGH: i128 = 20_000_000;
    let (first, nsec) =
        (sample(), |t: &Time| i128::from(t.sec) * 1_000_000_000 + i128::from(t.nsec));
    loop {
        let last = sample();
        let passed = nsec(&last.raw) - nsec(&first.raw);
        if passed >= LONG_ENOUGH {
            return (i128::from(last.before - first.before) * 1_000_000_000 / passed) as u64;
        }
    }
}

fn main() -> Result<(), vdsogen::Error> {
    let (page, executable) = map_twice(1);
    let size = vdsogen::build(this_machine(), &Config::default(), page)?;
    let image = Image::open(&page[..size])?;
    let (description, symbol) = (image.description(), image.symbol(&symbol_name("clock_gettime"))?);

    // From here on the page is only used as a clock: the guest reads it, too.
    let clock = Clock::in_image(page, &description)?;
    clock.start(&Source { hz: counter_hz(), ..Source::default() }, &sample())?;

    // SAFETY: the image has the function there, of this type, for this processor.
    let page_gettime: ClockGettime =
        unsafe { mem::transmute(executable.add(symbol.value as usize)) };
    for _ in 0..3 {
        let mut says = Timespec::default();
        // SAFETY: it writes the time.
        unsafe { page_gettime(ClockId::Realtime as i32, &mut says) };
        let system = system(ClockId::Realtime as i32);
        println!(
            "the page says {}.{:09}, the system {}.{:09}",
            says.sec, says.nsec, system.sec, system.nsec
        );
        clock.update(&sample(), counter)?; // a publisher has a timer
    }
    Ok(())
}
