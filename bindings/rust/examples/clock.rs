// SPDX-License-Identifier: BSD-2-Clause
//! Both sides of a vDSO in one process, on Linux: the host's builds the image
//! and publishes to its clock; the guest's finds clock_gettime in it by name and
//! calls it.
//!
//!     cargo run --example clock
use std::ffi::c_void;
use std::mem;
use std::ptr;

use vdsogen::{Arch, Clock, ClockId, Config, Image, Sample, Source, Time, PAGE};

// What this needs of Linux, without a crate for it: values of 64-bit x86 and ARM.
const PROT_READ: i32 = 1;
const PROT_WRITE: i32 = 2;
const PROT_EXEC: i32 = 4;
const MAP_SHARED: i32 = 1;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Timespec {
    sec: i64,
    nsec: i64,
}

extern "C" {
    fn memfd_create(name: *const u8, flags: u32) -> i32;
    fn ftruncate(fd: i32, length: i64) -> i32;
    fn mmap(at: *mut c_void, size: usize, prot: i32, flags: i32, fd: i32, from: i64)
        -> *mut c_void;
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

#[cfg(target_arch = "x86_64")]
const NAME: &str = "__vdso_clock_gettime";
#[cfg(target_arch = "aarch64")]
const NAME: &str = "__kernel_clock_gettime";

fn this_machine() -> Arch {
    #[cfg(target_arch = "x86_64")]
    return Arch::x86_64();
    #[cfg(target_arch = "aarch64")]
    return Arch::aarch64();
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

/// One page, seen twice: the host writes it, the guest executes it.
fn map_twice() -> (*mut u8, *const u8) {
    // SAFETY: new mappings take nothing from anybody.
    unsafe {
        let fd = memfd_create(b"vdso\0".as_ptr(), 0);
        assert!(fd >= 0 && ftruncate(fd, PAGE as i64) == 0, "no memory file");
        let map = |prot| mmap(ptr::null_mut(), PAGE, prot, MAP_SHARED, fd, 0);
        let (writable, executable) = (map(PROT_READ | PROT_WRITE), map(PROT_READ | PROT_EXEC));
        assert!(writable as isize != -1 && executable as isize != -1, "mmap");
        (writable.cast(), executable as *const u8)
    }
}

fn main() -> Result<(), vdsogen::Error> {
    let (writable, executable) = map_twice();
    // SAFETY: the mapping is never undone, and nobody has called into it yet.
    let page = unsafe { std::slice::from_raw_parts_mut(writable, PAGE) };
    let size = vdsogen::build(this_machine(), &Config::default(), page)?;
    let image = Image::open(&page[..size])?;
    let (description, symbol) = (image.description(), image.symbol(NAME)?);

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
