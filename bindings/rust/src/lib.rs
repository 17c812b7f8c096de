// SPDX-License-Identifier: BSD-2-Clause
//! Builds a Linux vDSO image in memory and publishes time to it: a safe face of
//! the C library libvdsogen, whose `vdsogen.h` says what everything means. No
//! allocation, no standard library, no dependencies.
//!
//! ```
//! use vdsogen::{Arch, ClockId, Config, Image, Page};
//!
//! let mut page = Page::new();
//! let config = Config { clocks: ClockId::Monotonic.bit(), ..Config::default() };
//! let size = vdsogen::build(Arch::x86_64(), &config, &mut page.0)?;
//! let image = Image::open(&page.0[..size])?;
//! assert!(image.symbol("__vdso_clock_gettime").is_ok());
//! # Ok::<(), vdsogen::Error>(())
//! ```
#![no_std]
#![warn(missing_docs)]

#[cfg(feature = "std")]
extern crate std;

mod arch;
mod clock;
mod error;
#[allow(missing_docs)]
pub mod ffi;
mod image;

pub use arch::Arch;
pub use clock::{Clock, Sample, Source, Time};
pub use error::Error;
pub use image::{build, image_size, Config, Description, Entry, Image, Page, Symbol};

/// Options of a [`Config`], to be or-ed.
pub mod options {
    pub use crate::ffi::{
        VDSOGEN_GUARD as GUARD, VDSOGEN_LATCH as LATCH, VDSOGEN_OMIT_GNU_HASH as OMIT_GNU_HASH,
        VDSOGEN_OMIT_HASH as OMIT_HASH, VDSOGEN_OMIT_SECTIONS as OMIT_SECTIONS,
        VDSOGEN_OMIT_UNWIND as OMIT_UNWIND, VDSOGEN_OMIT_VERSIONS as OMIT_VERSIONS,
    };
}

/// Images and clock blocks start at multiples of this.
pub const ALIGN: usize = ffi::VDSOGEN_ALIGN as usize;
/// An image fills whole pages of this size.
pub const PAGE: usize = ffi::VDSOGEN_PAGE as usize;
/// The slowest counter, in Hz.
pub const HZ_MIN: u64 = ffi::VDSOGEN_HZ_MIN;
/// The fastest counter, in Hz.
pub const HZ_MAX: u64 = ffi::VDSOGEN_HZ_MAX;

macro_rules! numbers {
	($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $value:ident,)* }) => {
		$(#[$about])*
		#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
		#[repr(u32)]
		#[non_exhaustive]
		pub enum $name {
			$($(#[$doc])* $variant = ffi::$value,)*
		}

		impl $name {
			/// All there are.
			pub const ALL: &'static [$name] = &[$($name::$variant),*];
		}
	};
}

numbers! {
    /// What an image can hold. [`Function::bit`] is for [`Config::functions`](Config).
    Function {
        /// `clock_gettime`
        ClockGettime = VDSOGEN_CLOCK_GETTIME,
        /// `gettimeofday`
        Gettimeofday = VDSOGEN_GETTIMEOFDAY,
        /// `time`
        Time = VDSOGEN_TIME,
        /// `clock_getres`
        ClockGetres = VDSOGEN_CLOCK_GETRES,
        /// `getcpu`
        Getcpu = VDSOGEN_GETCPU,
        /// `rt_sigreturn`: aarch64 only
        RtSigreturn = VDSOGEN_RT_SIGRETURN,
    }
}

numbers! {
    /// Clocks, by Linux's numbers. [`ClockId::bit`] is for [`Config::clocks`](Config).
    ClockId {
        /// `CLOCK_REALTIME`
        Realtime = VDSOGEN_REALTIME,
        /// `CLOCK_MONOTONIC`
        Monotonic = VDSOGEN_MONOTONIC,
        /// `CLOCK_MONOTONIC_RAW`
        MonotonicRaw = VDSOGEN_MONOTONIC_RAW,
        /// `CLOCK_REALTIME_COARSE`
        RealtimeCoarse = VDSOGEN_REALTIME_COARSE,
        /// `CLOCK_MONOTONIC_COARSE`
        MonotonicCoarse = VDSOGEN_MONOTONIC_COARSE,
        /// `CLOCK_BOOTTIME`
        Boottime = VDSOGEN_BOOTTIME,
        /// `CLOCK_TAI`
        Tai = VDSOGEN_TAI,
    }
}

numbers! {
    /// How the counter is read: [`Config::counter`](Config).
    Counter {
        /// Behind a fence.
        Fenced = VDSOGEN_COUNTER_FENCED,
        /// By an instruction that waits.
        SelfFenced = VDSOGEN_COUNTER_SELF_FENCED,
        /// As it is: right for a guest with one vCPU.
        Unfenced = VDSOGEN_COUNTER_UNFENCED,
    }
}

numbers! {
    /// Where getcpu finds its answer: [`Config::getcpu`](Config).
    Getcpu {
        /// It asks, always.
        Fallback = VDSOGEN_GETCPU_FALLBACK,
        /// cpu 0, node 0
        Zero = VDSOGEN_GETCPU_ZERO,
        /// x86_64: RDPID
        Rdpid = VDSOGEN_GETCPU_RDPID,
        /// x86_64: RDTSCP
        Rdtscp = VDSOGEN_GETCPU_RDTSCP,
        /// aarch64: TPIDRRO_EL0
        Tpidrro = VDSOGEN_GETCPU_TPIDRRO,
    }
}

numbers! {
    /// Where the clock block is: [`Config::data`](Config).
    Data {
        /// In the image.
        Inside = VDSOGEN_DATA_INSIDE,
        /// `distance` bytes before the start of the image.
        Before = VDSOGEN_DATA_BEFORE,
        /// `distance` bytes behind the start of the image.
        After = VDSOGEN_DATA_AFTER,
    }
}

numbers! {
    /// Landing pads for indirect branches: [`Config::landing_pads`](Config).
    LandingPads {
        /// On where they are free.
        Default = VDSOGEN_LANDING_PADS_DEFAULT,
        /// None.
        Off = VDSOGEN_LANDING_PADS_OFF,
        /// At every function.
        On = VDSOGEN_LANDING_PADS_ON,
    }
}

impl Function {
    /// For a set of functions.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl ClockId {
    /// For a set of clocks.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}
