// SPDX-License-Identifier: BSD-2-Clause
//! What both examples need of Linux, without a crate for it: values of 64-bit x86
//! and ARM.
use std::ffi::c_void;
use std::ptr;

use vdsogen::{Arch, PAGE};

const PROT_READ: i32 = 1;
const PROT_WRITE: i32 = 2;
const PROT_EXEC: i32 = 4;
const MAP_SHARED: i32 = 1;

extern "C" {
    fn memfd_create(name: *const u8, flags: u32) -> i32;
    fn ftruncate(fd: i32, length: i64) -> i32;
    fn mmap(at: *mut c_void, size: usize, prot: i32, flags: i32, fd: i32, from: i64)
        -> *mut c_void;
}

/// Pages, seen twice: the host writes them, the guest executes them.
pub fn map_twice(pages: usize) -> (&'static mut [u8], *const u8) {
    let size = pages * PAGE;
    // SAFETY: new mappings take nothing from anybody, and are never undone; the slice is
    // the only reference to its mapping.
    unsafe {
        let fd = memfd_create(b"vdso\0".as_ptr(), 0);
        assert!(fd >= 0 && ftruncate(fd, size as i64) == 0, "no memory file");
        let map = |prot| mmap(ptr::null_mut(), size, prot, MAP_SHARED, fd, 0);
        let (writable, executable) = (map(PROT_READ | PROT_WRITE), map(PROT_READ | PROT_EXEC));
        assert!(writable as isize != -1 && executable as isize != -1, "mmap");
        (std::slice::from_raw_parts_mut(writable.cast(), size), executable as *const u8)
    }
}

pub fn this_machine() -> Arch {
    #[cfg(target_arch = "x86_64")]
    return Arch::x86_64();
    #[cfg(target_arch = "aarch64")]
    return Arch::aarch64();
}

/// As this machine's vDSO spells it.
pub fn symbol_name(function: &str) -> String {
    let prefix = if cfg!(target_arch = "x86_64") { "__vdso_" } else { "__kernel_" };
    prefix.to_string() + function
}
