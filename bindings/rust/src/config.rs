// SPDX-License-Identifier: BSD-2-Clause
use crate::{ffi, Counter, LandingPads};

/// Where getcpu finds its answer: [`Config::getcpu`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Getcpu {
    /// It asks, always.
    #[default]
    Fallback,
    /// cpu 0, node 0: a guest with one vCPU.
    Zero,
    /// x86_64: RDPID
    Rdpid,
    /// x86_64: RDTSCP
    Rdtscp,
    /// aarch64: TPIDRRO_EL0
    Tpidrro,
    /// x86_64: the limit of the segment that this selects; 0: Linux's.
    Lsl(u16),
    /// A word so many bytes from the start of the image, outside of it.
    Word(i32),
}

/// How a function that cannot answer asks the host: [`Config::fallback`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fallback {
    /// As a program asks Linux: x86_64 `syscall`, aarch64 `svc #0`.
    #[default]
    Syscall,
    /// aarch64: `hvc` with this immediate.
    Hvc(u16),
    /// x86_64: `out` to this port.
    Out(u16),
    /// x86_64, Intel's.
    Vmcall,
    /// x86_64, AMD's.
    Vmmcall,
    /// A jump to this address, which is not 0.
    Jump(u64),
    /// A jump to the address that is so many bytes from the thread pointer.
    Thread(i64),
}

/// Where data are: [`Config::data`] and [`Config::process`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Data {
    /// In the image.
    #[default]
    Inside,
    /// So many bytes before the start of the image: whole pages; 0: the nearest.
    Before(u32),
    /// So many bytes behind the start of the image: whole pages; 0: the nearest.
    After(u32),
}

/// What an image is built from. The default is a good one, of the functions that
/// tell time; which are asked for by name are those of identity, and getrandom.
///
/// ```
/// use vdsogen::{Arch, Config, Data, Fallback, Function};
///
/// let config = Config {
///     functions: Function::Getpid.bit() | Function::Uname.bit(),
///     fallback: Fallback::Out(0x510),
///     process: Data::Before(0),
///     ..Config::default()
/// };
/// assert!(vdsogen::image_size(Arch::x86_64(), &config).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Config {
    /// [`Function::bit`](crate::Function::bit)s, or-ed; 0: those of time.
    pub functions: u32,
    /// [`ClockId::bit`](crate::ClockId::bit)s, or-ed; 0: all.
    pub clocks: u32,
    /// How the counter is read.
    pub counter: Counter,
    /// Where getcpu finds its answer.
    pub getcpu: Getcpu,
    /// How the host is asked.
    pub fallback: Fallback,
    /// Landing pads for indirect branches.
    pub landing_pads: LandingPads,
    /// Where the clock block is, and that of getrandom behind it.
    pub data: Data,
    /// Where the process block is; in the clock's page it follows the clock.
    pub process: Data,
    /// [`options`](crate::options), or-ed.
    pub options: u32,
    /// In the "Linux" note: `a << 16 | b << 8 | c`; 0: 6.1.0.
    pub kernel_version: u32,
}

impl Getcpu {
    fn to_raw(self) -> (u32, i32) {
        match self {
            Getcpu::Fallback => (ffi::VDSOGEN_GETCPU_FALLBACK, 0),
            Getcpu::Zero => (ffi::VDSOGEN_GETCPU_ZERO, 0),
            Getcpu::Rdpid => (ffi::VDSOGEN_GETCPU_RDPID, 0),
            Getcpu::Rdtscp => (ffi::VDSOGEN_GETCPU_RDTSCP, 0),
            Getcpu::Tpidrro => (ffi::VDSOGEN_GETCPU_TPIDRRO, 0),
            Getcpu::Lsl(selector) => (ffi::VDSOGEN_GETCPU_LSL, selector.into()),
            Getcpu::Word(at) => (ffi::VDSOGEN_GETCPU_WORD, at),
        }
    }

    fn from_raw(choice: u32, at: i32) -> Option<Getcpu> {
        Some(match choice {
            ffi::VDSOGEN_GETCPU_FALLBACK => Getcpu::Fallback,
            ffi::VDSOGEN_GETCPU_ZERO => Getcpu::Zero,
            ffi::VDSOGEN_GETCPU_RDPID => Getcpu::Rdpid,
            ffi::VDSOGEN_GETCPU_RDTSCP => Getcpu::Rdtscp,
            ffi::VDSOGEN_GETCPU_TPIDRRO => Getcpu::Tpidrro,
            ffi::VDSOGEN_GETCPU_LSL => Getcpu::Lsl(at.try_into().ok()?),
            ffi::VDSOGEN_GETCPU_WORD => Getcpu::Word(at),
            _ => return None,
        })
    }
}

impl Fallback {
    fn to_raw(self) -> (u32, u64) {
        match self {
            Fallback::Syscall => (ffi::VDSOGEN_FALLBACK_SYSCALL, 0),
            Fallback::Hvc(immediate) => (ffi::VDSOGEN_FALLBACK_HVC, immediate.into()),
            Fallback::Out(port) => (ffi::VDSOGEN_FALLBACK_OUT, port.into()),
            Fallback::Vmcall => (ffi::VDSOGEN_FALLBACK_VMCALL, 0),
            Fallback::Vmmcall => (ffi::VDSOGEN_FALLBACK_VMMCALL, 0),
            Fallback::Jump(address) => (ffi::VDSOGEN_FALLBACK_JUMP, address),
            // C has it in two's complement
            Fallback::Thread(distance) => (ffi::VDSOGEN_FALLBACK_THREAD, distance as u64),
        }
    }

    fn from_raw(choice: u32, at: u64) -> Option<Fallback> {
        Some(match choice {
            ffi::VDSOGEN_FALLBACK_SYSCALL => Fallback::Syscall,
            ffi::VDSOGEN_FALLBACK_HVC => Fallback::Hvc(at.try_into().ok()?),
            ffi::VDSOGEN_FALLBACK_OUT => Fallback::Out(at.try_into().ok()?),
            ffi::VDSOGEN_FALLBACK_VMCALL => Fallback::Vmcall,
            ffi::VDSOGEN_FALLBACK_VMMCALL => Fallback::Vmmcall,
            ffi::VDSOGEN_FALLBACK_JUMP => Fallback::Jump(at),
            ffi::VDSOGEN_FALLBACK_THREAD => Fallback::Thread(at as i64),
            _ => return None,
        })
    }
}

impl Data {
    fn to_raw(self) -> (u32, u32) {
        match self {
            Data::Inside => (ffi::VDSOGEN_DATA_INSIDE, 0),
            Data::Before(distance) => (ffi::VDSOGEN_DATA_BEFORE, distance),
            Data::After(distance) => (ffi::VDSOGEN_DATA_AFTER, distance),
        }
    }

    fn from_raw(place: u32, distance: u32) -> Option<Data> {
        Some(match place {
            ffi::VDSOGEN_DATA_INSIDE => Data::Inside,
            ffi::VDSOGEN_DATA_BEFORE => Data::Before(distance),
            ffi::VDSOGEN_DATA_AFTER => Data::After(distance),
            _ => return None,
        })
    }
}

impl Config {
    /// For calls of [`ffi`].
    pub fn to_raw(&self) -> ffi::vdsogen_config {
        let (getcpu, getcpu_at) = self.getcpu.to_raw();
        let (fallback, fallback_at) = self.fallback.to_raw();
        let (data, distance) = self.data.to_raw();
        let (process, process_distance) = self.process.to_raw();

        ffi::vdsogen_config {
            functions: self.functions,
            clocks: self.clocks,
            counter: self.counter as u32,
            getcpu,
            getcpu_at,
            fallback,
            fallback_at,
            landing_pads: self.landing_pads as u32,
            data,
            distance,
            process,
            process_distance,
            options: self.options,
            kernel_version: self.kernel_version,
        }
    }

    /// None: a choice that no image has.
    pub(crate) fn from_raw(raw: &ffi::vdsogen_config) -> Option<Config> {
        Some(Config {
            functions: raw.functions,
            clocks: raw.clocks,
            counter: Counter::from_number(raw.counter)?,
            getcpu: Getcpu::from_raw(raw.getcpu, raw.getcpu_at)?,
            fallback: Fallback::from_raw(raw.fallback, raw.fallback_at)?,
            landing_pads: LandingPads::from_number(raw.landing_pads)?,
            data: Data::from_raw(raw.data, raw.distance)?,
            process: Data::from_raw(raw.process, raw.process_distance)?,
            options: raw.options,
            kernel_version: raw.kernel_version,
        })
    }
}
