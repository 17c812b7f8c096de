// SPDX-License-Identifier: BSD-2-Clause
//! Functions of identity, in an image that this process calls into.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[path = "../examples/map/mod.rs"]
mod map;

use std::mem;

use vdsogen::*;

use map::{map_twice, symbol_name, this_machine};

type Getid = unsafe extern "C" fn() -> i32;
type GetOf = unsafe extern "C" fn(which: i32, who: i32) -> i32;
type Uname = unsafe extern "C" fn(*mut ffi::vdsogen_utsname) -> i32;

const ENOSYS: i32 = 38;
/// No process has such a number: the limit of Linux is 1 << 22.
const NOBODY: i32 = 1 << 24;

/// An image of all functions of identity, and where its process block is.
struct Guest {
    image: Description,
    process: &'static mut Process,
    symbols: Vec<(Function, u64)>,
    code: *const u8,
}

fn guest(process: Data) -> Guest {
    const PAGES: usize = 3;
    let (memory, executable) = map_twice(PAGES);
    let (before, page) = memory.split_at_mut(PAGE);
    let config = Config {
        functions: IDENTITY_FUNCTIONS,
        process,
        options: options::SLOTS,
        ..Config::default()
    };
    let size = build(this_machine(), &config, page).unwrap();
    let image = Image::open(&page[..size]).unwrap();
    let find = |function: &Function| {
        let name = symbol_name(&format!("{:?}", function).to_lowercase());
        (*function, image.symbol(&name).unwrap_or_else(|e| panic!("{}: {}", name, e)).value)
    };
    let of_identity = |function: &&Function| IDENTITY_FUNCTIONS & function.bit() != 0;
    let symbols = Function::ALL.iter().filter(of_identity).map(find).collect();
    let image = image.description();
    let blocks = match process {
        Data::Before(_) => Blocks::in_memory(before, -(PAGE as isize), &image),
        _ => Blocks::in_image(page, &image),
    };
    let process = blocks.unwrap().process.expect("the process block");
    // SAFETY: within the mapping.
    Guest { image, process, symbols, code: unsafe { executable.add(PAGE) } }
}

impl Guest {
    fn address(&self, function: Function) -> *const u8 {
        let found = self.symbols.iter().find(|(one, _)| *one == function).unwrap();
        // SAFETY: within the mapping.
        unsafe { self.code.add(found.1 as usize) }
    }

    /// By name, and by slot.
    fn call(&self, function: Function) -> i32 {
        // SAFETY: the image has both there, for this processor.
        let (by_name, by_slot) = unsafe {
            (
                mem::transmute::<*const u8, Getid>(self.address(function)),
                mem::transmute::<*const u8, Getid>(self.code.add(function.slot())),
            )
        };
        // SAFETY: they take nothing.
        let (name, slot) = unsafe { (by_name(), by_slot()) };
        assert_eq!(name, slot, "{:?} by name, and by slot", function);
        name
    }

    fn call_of(&self, function: Function) -> i32 {
        // SAFETY: the image has it there, of this type, for this processor; of process 0.
        unsafe { mem::transmute::<*const u8, GetOf>(self.address(function))(0, 0) }
    }
}

fn somebody() -> Identity {
    let uts = Utsname::default().with_sysname("Linux").unwrap().with_machine("pdp11").unwrap();
    Identity {
        pid: Some((NOBODY + 1) as u32),
        ppid: Some((NOBODY + 2) as u32),
        tid: Some((NOBODY + 3) as u32),
        pgid: Some((NOBODY + 4) as u32),
        sid: Some((NOBODY + 5) as u32),
        nice: Some(-7),
        uid: Some((NOBODY + 7) as u32),
        euid: Some((NOBODY + 8) as u32),
        gid: Some((NOBODY + 9) as u32),
        egid: Some((NOBODY + 10) as u32),
        uts: Some(uts),
    }
}

#[test]
fn a_page_says_what_was_set() {
    for place in [Data::Inside, Data::Before(0)] {
        let guest = guest(place);
        guest.process.set(&somebody()).unwrap();
        for (function, says) in [
            (Function::Getpid, NOBODY + 1),
            (Function::Getppid, NOBODY + 2),
            (Function::Gettid, NOBODY + 3),
            (Function::Getuid, NOBODY + 7),
            (Function::Geteuid, NOBODY + 8),
            (Function::Getgid, NOBODY + 9),
            (Function::Getegid, NOBODY + 10),
        ] {
            assert_eq!(guest.call(function), says, "{:?}, {:?}", function, place);
        }
        for (function, says) in [
            (Function::Getpgid, NOBODY + 4),
            (Function::Getsid, NOBODY + 5),
            (Function::Getpriority, 27),
        ] {
            assert_eq!(guest.call_of(function), says, "{:?}, {:?}", function, place);
        }
        let mut raw = Identity::default().to_raw().uts;
        // SAFETY: the image has it there, of this type; it writes the names.
        let code =
            unsafe { mem::transmute::<*const u8, Uname>(guest.address(Function::Uname))(&mut raw) };
        assert_eq!((code, raw), (0, somebody().to_raw().uts));
        assert_eq!(guest.process.get(), Ok(somebody()));
    }
}

#[test]
fn what_is_unknown_is_asked_for() {
    let guest = guest(Data::Inside);
    let real = std::process::id() as i32;
    assert_eq!(guest.call(Function::Getpid), real, "zeros: nothing is known");
    guest.process.set(&somebody()).unwrap();
    let process = &*guest.process;
    assert_eq!(guest.call(Function::Getpid), NOBODY + 1);

    process.vfork().unwrap();
    assert_eq!(guest.call(Function::Getpid), real, "shared");
    assert_eq!(process.get(), Ok(somebody()), "the parent's, shared or not");
    process.vfork_end().unwrap();
    assert_eq!(guest.call(Function::Getpid), NOBODY + 1);

    process.change(Field::Pid.bit(), &Identity::default()).unwrap();
    assert_eq!(guest.call(Function::Getpid), real, "unknown");
    assert_eq!(guest.call(Function::Getppid), NOBODY + 2, "not one of the fields");

    process.thread().unwrap();
    assert_ne!(guest.call(Function::Gettid), NOBODY + 3, "there are two");
}

#[test]
fn a_slot_of_no_function_says_so() {
    let guest = guest(Data::Inside);
    // SAFETY: every slot has code, for this processor; it takes nothing.
    let says =
        unsafe { mem::transmute::<*const u8, Getid>(guest.code.add(Function::Getrandom.slot()))() };
    assert_eq!(says, -ENOSYS);
    assert_eq!(guest.image.function(Function::Getrandom), None);
}
