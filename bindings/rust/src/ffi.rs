// SPDX-License-Identifier: BSD-2-Clause
//! The declarations of vdsogen.h, by hand and in its order. What each means is
//! said there. `tests/abi.rs` compares all of them with the header, so a line
//! here has to look like the others: one for each field and each constant.
#![allow(non_camel_case_types, non_snake_case)]
use core::ffi::c_void;

/// The C type; core has it from Rust 1.64 on.
pub type c_int = i32;
/// A byte of a C string, which is ASCII here.
pub type c_char = u8;

pub const VDSOGEN_ERR_ARCH: u32 = 1;
pub const VDSOGEN_ERR_FUNCTION: u32 = 2;
pub const VDSOGEN_ERR_CLOCK: u32 = 3;
pub const VDSOGEN_ERR_OPTION: u32 = 4;
pub const VDSOGEN_ERR_NOSPACE: u32 = 5;
pub const VDSOGEN_ERR_ALIGN: u32 = 6;
pub const VDSOGEN_ERR_FREQUENCY: u32 = 7;
pub const VDSOGEN_ERR_VALUE: u32 = 8;
pub const VDSOGEN_ERR_TRUNCATED: u32 = 9;
pub const VDSOGEN_ERR_NOTELF: u32 = 10;
pub const VDSOGEN_ERR_FOREIGN: u32 = 11;
pub const VDSOGEN_ERR_LAYOUT: u32 = 12;
pub const VDSOGEN_ERR_DAMAGED: u32 = 13;
pub const VDSOGEN_ERR_NOSYMBOL: u32 = 14;
pub const VDSOGEN_ERR_UNSEEDED: u32 = 15;
pub const VDSOGEN_ERR_BUSY: u32 = 16;
pub const VDSOGEN_ERR_STALE: u32 = 17;
pub const VDSOGEN_ERR_UNTRUSTED: u32 = 18;
pub const VDSOGEN_ERR_INTERNAL: u32 = 19;
pub const VDSOGEN_ERR_MAX: u32 = 20;

pub const VDSOGEN_CLOCK_GETTIME: u32 = 0;
pub const VDSOGEN_GETTIMEOFDAY: u32 = 1;
pub const VDSOGEN_TIME: u32 = 2;
pub const VDSOGEN_CLOCK_GETRES: u32 = 3;
pub const VDSOGEN_GETCPU: u32 = 4;
pub const VDSOGEN_RT_SIGRETURN: u32 = 5;
pub const VDSOGEN_GETPID: u32 = 6;
pub const VDSOGEN_GETPPID: u32 = 7;
pub const VDSOGEN_GETTID: u32 = 8;
pub const VDSOGEN_GETPGID: u32 = 9;
pub const VDSOGEN_GETSID: u32 = 10;
pub const VDSOGEN_GETPRIORITY: u32 = 11;
pub const VDSOGEN_GETUID: u32 = 12;
pub const VDSOGEN_GETEUID: u32 = 13;
pub const VDSOGEN_GETGID: u32 = 14;
pub const VDSOGEN_GETEGID: u32 = 15;
pub const VDSOGEN_UNAME: u32 = 16;
pub const VDSOGEN_GETRANDOM: u32 = 17;
pub const VDSOGEN_FUNCTIONS: u32 = 18;
pub const VDSOGEN_IDENTITY_FUNCTIONS: u32 = (2 << VDSOGEN_UNAME) - (1 << VDSOGEN_GETPID);
pub const VDSOGEN_DEFAULT_FUNCTIONS: u32 = (2 << VDSOGEN_RT_SIGRETURN) - 1;

pub const VDSOGEN_REALTIME: u32 = 0;
pub const VDSOGEN_MONOTONIC: u32 = 1;
pub const VDSOGEN_MONOTONIC_RAW: u32 = 4;
pub const VDSOGEN_REALTIME_COARSE: u32 = 5;
pub const VDSOGEN_MONOTONIC_COARSE: u32 = 6;
pub const VDSOGEN_BOOTTIME: u32 = 7;
pub const VDSOGEN_TAI: u32 = 11;
pub const VDSOGEN_CLOCK_IDS: u32 = 12;

pub const VDSOGEN_COUNTER_FENCED: u32 = 0;
pub const VDSOGEN_COUNTER_SELF_FENCED: u32 = 1;
pub const VDSOGEN_COUNTER_UNFENCED: u32 = 2;
pub const VDSOGEN_COUNTERS: u32 = 3;

pub const VDSOGEN_GETCPU_FALLBACK: u32 = 0;
pub const VDSOGEN_GETCPU_ZERO: u32 = 1;
pub const VDSOGEN_GETCPU_RDPID: u32 = 2;
pub const VDSOGEN_GETCPU_RDTSCP: u32 = 3;
pub const VDSOGEN_GETCPU_TPIDRRO: u32 = 4;
pub const VDSOGEN_GETCPU_LSL: u32 = 5;
pub const VDSOGEN_GETCPU_WORD: u32 = 6;
pub const VDSOGEN_GETCPUS: u32 = 7;

pub const VDSOGEN_FALLBACK_SYSCALL: u32 = 0;
pub const VDSOGEN_FALLBACK_HVC: u32 = 1;
pub const VDSOGEN_FALLBACK_OUT: u32 = 2;
pub const VDSOGEN_FALLBACK_VMCALL: u32 = 3;
pub const VDSOGEN_FALLBACK_VMMCALL: u32 = 4;
pub const VDSOGEN_FALLBACK_JUMP: u32 = 5;
pub const VDSOGEN_FALLBACK_THREAD: u32 = 6;
pub const VDSOGEN_FALLBACKS: u32 = 7;

pub const VDSOGEN_DATA_INSIDE: u32 = 0;
pub const VDSOGEN_DATA_BEFORE: u32 = 1;
pub const VDSOGEN_DATA_AFTER: u32 = 2;
pub const VDSOGEN_DATA: u32 = 3;
pub const VDSOGEN_DISTANCE_MAX: u32 = 512 * 1024;

pub const VDSOGEN_LANDING_PADS_DEFAULT: u32 = 0;
pub const VDSOGEN_LANDING_PADS_OFF: u32 = 1;
pub const VDSOGEN_LANDING_PADS_ON: u32 = 2;
pub const VDSOGEN_LANDING_PADS: u32 = 3;

pub const VDSOGEN_GUARD: u32 = 1 << 0;
pub const VDSOGEN_OMIT_HASH: u32 = 1 << 1;
pub const VDSOGEN_OMIT_GNU_HASH: u32 = 1 << 2;
pub const VDSOGEN_OMIT_VERSIONS: u32 = 1 << 3;
pub const VDSOGEN_OMIT_SECTIONS: u32 = 1 << 4;
pub const VDSOGEN_LATCH: u32 = 1 << 5;
pub const VDSOGEN_OMIT_UNWIND: u32 = 1 << 6;
pub const VDSOGEN_SLOTS: u32 = 1 << 7;
pub const VDSOGEN_OPTIONS: u32 = (1 << 8) - 1;

pub const VDSOGEN_SLOTS_AT: u32 = 512;
pub const VDSOGEN_SLOT_SIZE: u32 = 16;
pub const fn VDSOGEN_SLOT(function: u32) -> u32 {
    VDSOGEN_SLOTS_AT + function * VDSOGEN_SLOT_SIZE
}

pub const VDSOGEN_ALIGN: u32 = 64;
pub const VDSOGEN_PAGE: u32 = 4096;
pub const VDSOGEN_LINES: u32 = 4;
pub const VDSOGEN_HZ_MIN: u64 = 1_000_000;
pub const VDSOGEN_HZ_MAX: u64 = 10_000_000_000;

pub const VDSOGEN_PID: u32 = 0;
pub const VDSOGEN_PPID: u32 = 1;
pub const VDSOGEN_TID: u32 = 2;
pub const VDSOGEN_PGID: u32 = 3;
pub const VDSOGEN_SID: u32 = 4;
pub const VDSOGEN_NICE: u32 = 5;
pub const VDSOGEN_UID: u32 = 6;
pub const VDSOGEN_EUID: u32 = 7;
pub const VDSOGEN_GID: u32 = 8;
pub const VDSOGEN_EGID: u32 = 9;
pub const VDSOGEN_UTSNAME: u32 = 10;
pub const VDSOGEN_FIELDS: u32 = 11;
pub const VDSOGEN_UTS_SIZE: u32 = 65;

/// Known by its address only.
#[repr(C)]
pub struct vdsogen_arch {
    _private: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct vdsogen_config {
    pub functions: u32,
    pub clocks: u32,
    pub counter: u32,
    pub getcpu: u32,
    pub getcpu_at: i32,
    pub fallback: u32,
    pub fallback_at: u64,
    pub landing_pads: u32,
    pub data: u32,
    pub distance: u32,
    pub process: u32,
    pub process_distance: u32,
    pub options: u32,
    pub kernel_version: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct vdsogen_entry {
    pub at: u32,
    pub size: u32,
    pub trap: u32,
    pub resume: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vdsogen_image {
    pub base: *const c_void,
    pub size: usize,
    pub machine: u16,
    pub layout: u16,
    pub config: vdsogen_config,
    pub clock: i32,
    pub random: i32,
    pub process: i32,
    pub counter_register: u32,
    pub symbols: u32,
    pub used: u32,
    pub function: [vdsogen_entry; VDSOGEN_FUNCTIONS as usize],
    pub symtab: u32,
    pub strtab: u32,
    pub strsz: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct vdsogen_symbol {
    pub value: u64,
    pub size: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vdsogen_base {
    pub nsec: u64,
    pub sec: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vdsogen_line {
    pub seq: u32,
    pub mult_int: u32,
    pub last: u64,
    pub mult: u64,
    pub frac: u64,
    pub base: [vdsogen_base; 2],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vdsogen_track {
    pub nominal: u64,
    pub nominal_int: u32,
    pub slew_ppm: u32,
    pub rate: u64,
    pub rate_int: u32,
    pub samples: u32,
    pub counter: u64,
    pub nsec: u64,
    pub sec: u64,
    pub doubt: u64,
}

#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub struct vdsogen_clock {
    pub line: [vdsogen_line; VDSOGEN_LINES as usize],
    pub attention: u32,
    pub clocks: u32,
    pub options: u32,
    pub generation: u32,
    pub max_age: u64,
    pub res: u64,
    pub res_coarse: u64,
    pub timezone: u64,
    pub steered: u64,
    pub reserved: u64,
    pub saved: [vdsogen_line; VDSOGEN_LINES as usize - 1],
    pub track: [vdsogen_track; 2],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct vdsogen_time {
    pub sec: i64,
    pub nsec: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct vdsogen_sample {
    pub before: u64,
    pub after: u64,
    pub realtime: vdsogen_time,
    pub monotonic: vdsogen_time,
    pub boottime: vdsogen_time,
    pub raw: vdsogen_time,
    pub tai_offset: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct vdsogen_source {
    pub hz: u64,
    pub scale: u32,
    pub unit: u32,
    pub slew_ppm: u32,
    pub res: u32,
    pub res_coarse: u32,
    pub minutes_west: i32,
    pub dst: i32,
    pub max_age: u64,
}

pub type vdsogen_counter_fn = unsafe extern "C" fn(arg: *mut c_void) -> u64;

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct vdsogen_trap {
    pub pc: u64,
    pub clock_id: i32,
    pub counter: u64,
    pub now: u64,
    pub window: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct vdsogen_utsname {
    pub sysname: [c_char; VDSOGEN_UTS_SIZE as usize],
    pub nodename: [c_char; VDSOGEN_UTS_SIZE as usize],
    pub release: [c_char; VDSOGEN_UTS_SIZE as usize],
    pub version: [c_char; VDSOGEN_UTS_SIZE as usize],
    pub machine: [c_char; VDSOGEN_UTS_SIZE as usize],
    pub domainname: [c_char; VDSOGEN_UTS_SIZE as usize],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct vdsogen_identity {
    pub known: u32,
    pub pid: u32,
    pub ppid: u32,
    pub tid: u32,
    pub pgid: u32,
    pub sid: u32,
    pub nice: i32,
    pub uid: u32,
    pub euid: u32,
    pub gid: u32,
    pub egid: u32,
    pub uts: vdsogen_utsname,
}

#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub struct vdsogen_process {
    pub seq: u32,
    pub shown: [u32; VDSOGEN_FIELDS as usize],
    pub shared: u32,
    pub own: [u32; VDSOGEN_FIELDS as usize],
    pub uts: [u64; (6 * VDSOGEN_UTS_SIZE as usize + 7) / 8],
}

#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub struct vdsogen_random {
    pub generation: u64,
    pub ready: u32,
    pub prot: u32,
    pub flags: u32,
    pub reserved: [u32; 11],
}

extern "C" {
    pub fn vdsogen_strerror(error: c_int) -> *const c_char;
    pub fn vdsogen_arch_x86_64() -> *const vdsogen_arch;
    pub fn vdsogen_arch_aarch64() -> *const vdsogen_arch;
    pub fn vdsogen_arch_at(i: u32) -> *const vdsogen_arch;
    pub fn vdsogen_arch_find(name: *const c_char) -> *const vdsogen_arch;
    pub fn vdsogen_arch_name(arch: *const vdsogen_arch) -> *const c_char;
    pub fn vdsogen_arch_functions(arch: *const vdsogen_arch) -> u32;
    pub fn vdsogen_function_name(function: u32) -> *const c_char;
    pub fn vdsogen_build(
        arch: *const vdsogen_arch,
        config: *const vdsogen_config,
        buf: *mut c_void,
        size: *mut usize,
    ) -> c_int;
    pub fn vdsogen_open(base: *const c_void, size: usize, image: *mut vdsogen_image) -> c_int;
    pub fn vdsogen_symbol(
        image: *const vdsogen_image,
        name: *const c_char,
        symbol: *mut vdsogen_symbol,
    ) -> c_int;
    pub fn vdsogen_clock_init(clock: *mut vdsogen_clock, image: *const vdsogen_image) -> c_int;
    pub fn vdsogen_clock_start(
        clock: *mut vdsogen_clock,
        source: *const vdsogen_source,
        sample: *const vdsogen_sample,
    ) -> c_int;
    pub fn vdsogen_clock_resume(
        clock: *mut vdsogen_clock,
        source: *const vdsogen_source,
        sample: *const vdsogen_sample,
        stopped: u64,
    ) -> c_int;
    pub fn vdsogen_clock_update(
        clock: *mut vdsogen_clock,
        sample: *const vdsogen_sample,
        now: vdsogen_counter_fn,
        arg: *mut c_void,
    ) -> c_int;
    pub fn vdsogen_clock_read(
        clock: *const vdsogen_clock,
        clock_id: c_int,
        counter: u64,
        time: *mut vdsogen_time,
    ) -> c_int;
    pub fn vdsogen_clock_attention(clock: *mut vdsogen_clock, set: u32, clear: u32) -> u32;
    pub fn vdsogen_clock_reset(clock: *mut vdsogen_clock);
    pub fn vdsogen_clock_recover(clock: *mut vdsogen_clock) -> c_int;
    pub fn vdsogen_fallback_at(image: *const vdsogen_image, pc: u64, function: *mut u32) -> c_int;
    pub fn vdsogen_may_anchor(image: *const vdsogen_image, trap: *const vdsogen_trap) -> c_int;
    pub fn vdsogen_process_set(
        process: *mut vdsogen_process,
        identity: *const vdsogen_identity,
    ) -> c_int;
    pub fn vdsogen_process_get(
        process: *const vdsogen_process,
        identity: *mut vdsogen_identity,
    ) -> c_int;
    pub fn vdsogen_process_change(
        process: *mut vdsogen_process,
        fields: u32,
        identity: *const vdsogen_identity,
    ) -> c_int;
    pub fn vdsogen_process_fork(
        child: *mut vdsogen_process,
        parent: *const vdsogen_process,
        pid: u32,
        ppid: u32,
    ) -> c_int;
    pub fn vdsogen_process_vfork(process: *mut vdsogen_process) -> c_int;
    pub fn vdsogen_process_vfork_end(process: *mut vdsogen_process) -> c_int;
    pub fn vdsogen_process_thread(process: *mut vdsogen_process) -> c_int;
    pub fn vdsogen_process_exec(
        process: *mut vdsogen_process,
        old: *const vdsogen_process,
    ) -> c_int;
    pub fn vdsogen_random_start(random: *mut vdsogen_random, prot: u32, flags: u32) -> c_int;
    pub fn vdsogen_random_reseed(random: *mut vdsogen_random) -> c_int;
    pub fn vdsogen_random_stop(random: *mut vdsogen_random) -> c_int;
}
