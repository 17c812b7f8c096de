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
mod blocks;
mod clock;
mod config;
mod error;
#[allow(missing_docs)]
pub mod ffi;
mod identity;
mod image;
mod process;
mod random;

pub use arch::Arch;
pub use blocks::Blocks;
pub use clock::{Clock, Sample, Source, Time};
pub use config::{Config, Data, Fallback, Getcpu};
pub use error::Error;
pub use identity::{Identity, Utsname};
pub use image::{build, image_size, Description, Entry, Image, Page, Symbol, Trap};
pub use process::Process;
pub use random::Random;

/// Options of a [`Config`], to be or-ed.
pub mod options {
    pub use crate::ffi::{
        VDSOGEN_GUARD as GUARD, VDSOGEN_LATCH as LATCH, VDSOGEN_OMIT_GNU_HASH as OMIT_GNU_HASH,
        VDSOGEN_OMIT_HASH as OMIT_HASH, VDSOGEN_OMIT_SECTIONS as OMIT_SECTIONS,
        VDSOGEN_OMIT_UNWIND as OMIT_UNWIND, VDSOGEN_OMIT_VERSIONS as OMIT_VERSIONS,
        VDSOGEN_SLOTS as SLOTS,
    };
}

/// All functions of identity: for [`Config::functions`].
pub const IDENTITY_FUNCTIONS: u32 = ffi::VDSOGEN_IDENTITY_FUNCTIONS;
/// What a [`Config`] without functions has, if the architecture does: those of time.
pub const DEFAULT_FUNCTIONS: u32 = ffi::VDSOGEN_DEFAULT_FUNCTIONS;

/// Images and blocks start at multiples of this.
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

			#[allow(dead_code)] // not all are read back
			pub(crate) fn from_number(number: u32) -> Option<$name> {
				$name::ALL.iter().copied().find(|one| *one as u32 == number)
			}
		}
	};
}

numbers! {
    /// What an image can hold. [`Function::bit`] is for [`Config::functions`].
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
        /// `getpid`
        Getpid = VDSOGEN_GETPID,
        /// `getppid`
        Getppid = VDSOGEN_GETPPID,
        /// `gettid`
        Gettid = VDSOGEN_GETTID,
        /// `getpgid`: of process 0, the caller's own
        Getpgid = VDSOGEN_GETPGID,
        /// `getsid`: likewise
        Getsid = VDSOGEN_GETSID,
        /// `getpriority` of `(PRIO_PROCESS, 0)`, as the system call has it: 20 - nice
        Getpriority = VDSOGEN_GETPRIORITY,
        /// `getuid`
        Getuid = VDSOGEN_GETUID,
        /// `geteuid`
        Geteuid = VDSOGEN_GETEUID,
        /// `getgid`
        Getgid = VDSOGEN_GETGID,
        /// `getegid`
        Getegid = VDSOGEN_GETEGID,
        /// `uname`
        Uname = VDSOGEN_UNAME,
        /// `getrandom`, as Linux 6.11 has it
        Getrandom = VDSOGEN_GETRANDOM,
    }
}

numbers! {
    /// Clocks, by Linux's numbers. [`ClockId::bit`] is for [`Config::clocks`].
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
    /// How the counter is read: [`Config::counter`].
    #[derive(Default)]
    Counter {
        /// Behind a fence.
        #[default]
        Fenced = VDSOGEN_COUNTER_FENCED,
        /// By an instruction that waits.
        SelfFenced = VDSOGEN_COUNTER_SELF_FENCED,
        /// As it is: right for a guest with one vCPU.
        Unfenced = VDSOGEN_COUNTER_UNFENCED,
    }
}

numbers! {
    /// Landing pads for indirect branches: [`Config::landing_pads`].
    #[derive(Default)]
    LandingPads {
        /// On where they are free.
        #[default]
        Default = VDSOGEN_LANDING_PADS_DEFAULT,
        /// None.
        Off = VDSOGEN_LANDING_PADS_OFF,
        /// At every function.
        On = VDSOGEN_LANDING_PADS_ON,
    }
}

numbers! {
    /// What is changed of an identity. [`Field::bit`] is for [`Process::change`].
    Field {
        /// [`Identity::pid`]
        Pid = VDSOGEN_PID,
        /// [`Identity::ppid`]
        Ppid = VDSOGEN_PPID,
        /// [`Identity::tid`]
        Tid = VDSOGEN_TID,
        /// [`Identity::pgid`]
        Pgid = VDSOGEN_PGID,
        /// [`Identity::sid`]
        Sid = VDSOGEN_SID,
        /// [`Identity::nice`]
        Nice = VDSOGEN_NICE,
        /// [`Identity::uid`]
        Uid = VDSOGEN_UID,
        /// [`Identity::euid`]
        Euid = VDSOGEN_EUID,
        /// [`Identity::gid`]
        Gid = VDSOGEN_GID,
        /// [`Identity::egid`]
        Egid = VDSOGEN_EGID,
        /// [`Identity::uts`]
        Utsname = VDSOGEN_UTSNAME,
    }
}

impl Function {
    /// For a set of functions.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Where its way in is in every image with [`options::SLOTS`], from its start.
    pub const fn slot(self) -> usize {
        ffi::VDSOGEN_SLOT(self as u32) as usize
    }
}

impl ClockId {
    /// For a set of clocks.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl Field {
    /// For a set of fields.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}
