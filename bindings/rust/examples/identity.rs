// SPDX-License-Identifier: BSD-2-Clause
//! A page that knows who its process is, on Linux: the host's side builds the image
//! and says who; the guest's finds getpid in it, by name and by its slot, and calls
//! it. What the page does not know it asks the system.
//!
//!     cargo run --example identity
mod map;

use std::mem;

use vdsogen::{options, Blocks, Config, Error, Field, Function, Identity, Image};

use map::{map_twice, symbol_name, this_machine};

type Getpid = unsafe extern "C" fn() -> i32;

fn main() -> Result<(), Error> {
    let (page, executable) = map_twice(1);
    let config = Config {
        functions: Function::Getpid.bit() | Function::Getppid.bit(),
        options: options::SLOTS,
        ..Config::default()
    };
    let size = vdsogen::build(this_machine(), &config, page)?;
    let image = Image::open(&page[..size])?;
    let (description, symbol) = (image.description(), image.symbol(&symbol_name("getpid"))?);

    // Before the guest runs, the block is this function's alone.
    let process = Blocks::in_image(page, &description)?.process.ok_or(Error::NoSymbol)?;
    process.set(&Identity { pid: Some(4711), ..Identity::default() })?;
    // From here on the guest reads it, too: only what takes &self.
    let process = &*process;

    // SAFETY: the image has the functions there, of this type, for this processor.
    let (getpid, slot) = unsafe {
        (
            mem::transmute::<*const u8, Getpid>(executable.add(symbol.value as usize)),
            mem::transmute::<*const u8, Getpid>(executable.add(Function::Getpid.slot())),
        )
    };
    // SAFETY: it takes nothing.
    let says = || unsafe { (getpid(), slot()) };
    println!("set: the page says {:?}", says());
    process.vfork()?;
    println!("shared by vfork: the system says {:?}", says());
    process.vfork_end()?;
    process.change(Field::Pid.bit(), &Identity { pid: Some(4712), ..Identity::default() })?;
    println!("changed: the page says {:?}", says());
    process.change(Field::Pid.bit(), &Identity::default())?;
    println!("unknown: the system says {:?}; it is {}", says(), std::process::id());
    Ok(())
}
