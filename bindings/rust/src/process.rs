// SPDX-License-Identifier: BSD-2-Clause
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::fmt;

use crate::blocks;
use crate::error::check;
use crate::{ffi, Error, Identity};

/// The process block: who the guest process is. One for each address space, and
/// only used in place, by reference; [`Blocks`](crate::Blocks) finds it.
///
/// The methods that take `&self` may be called by several threads at once, and
/// beside guests that read: one of change, vfork, vfork_end and thread works at a
/// time, and what meets it, as a get, gets [`Error::Busy`]. Those that take `&mut
/// self` (set, fork, exec) are for a block that is nobody else's, no guest's either:
/// a guest that reads meanwhile does this program no harm, but may see half of it.
#[repr(transparent)]
pub struct Process(UnsafeCell<ffi::vdsogen_process>);

// SAFETY: the library reads and writes the block by atomic operations only; what
// does not see to it that one publisher works at a time takes &mut.
unsafe impl Sync for Process {}

impl Process {
    /// The block at the start of `memory`, as it is: of zeros, nothing is known.
    /// Errors: [`Error::Align`]; [`Error::Truncated`] if `memory` is too small.
    pub fn within(memory: &mut [u8]) -> Result<&mut Process, Error> {
        let block = blocks::within(memory)?;
        // SAFETY: large enough, aligned, and borrowed for as long as the result; any
        // bytes are a block.
        Ok(unsafe { &mut *block })
    }

    /// A block that others have mapped, too. Error: [`Error::Align`].
    ///
    /// # Safety
    /// For as long as `'a`, a `vdsogen_process` at `block` can be read and written;
    /// whoever else writes it, in this process or another, does so by change, vfork,
    /// vfork_end and thread; and nothing in this program has a reference to it but
    /// `&Process`. (Guests, which read it, do no harm.)
    pub unsafe fn from_ptr<'a>(block: *mut c_void) -> Result<&'a Process, Error> {
        Ok(&*blocks::aligned(block)?)
    }

    /// A block that others have mapped, too, and do not use yet, or not any more.
    /// Error: [`Error::Align`].
    ///
    /// # Safety
    /// For as long as `'a`, a `vdsogen_process` at `block` can be read and written;
    /// nobody else writes it, in this process or another; and nothing in this program
    /// has a reference to it. (Guests, which read it, do no harm.)
    pub unsafe fn from_ptr_mut<'a>(block: *mut c_void) -> Result<&'a mut Process, Error> {
        Ok(&mut *blocks::aligned(block)?)
    }

    /// For calls of [`ffi`].
    pub fn as_ptr(&self) -> *mut ffi::vdsogen_process {
        self.0.get()
    }

    /// A process that comes from nowhere (the first one; exec by a vfork child), or a
    /// block in whatever state: garbage, a copy of one that was being written.
    /// Error: [`Error::Value`].
    pub fn set(&mut self, identity: &Identity) -> Result<(), Error> {
        // SAFETY: &mut: nobody else writes it; any identity is allowed.
        check(unsafe { ffi::vdsogen_process_set(self.as_ptr(), &identity.to_raw()) })
    }

    /// What was set, shared by vfork or not. Error: [`Error::Busy`].
    pub fn get(&self) -> Result<Identity, Error> {
        let mut raw = Identity::default().to_raw();
        // SAFETY: may run beside anything that takes &self.
        check(unsafe { ffi::vdsogen_process_get(self.as_ptr(), &mut raw) })?;
        Ok(Identity::from_raw(&raw))
    }

    /// The fields, [`Field::bit`](crate::Field::bit)s or-ed, become what `identity`
    /// says, `None` included: after setuid and its kin, and when a parent dies. Call it
    /// before the system call returns to the guest. Errors: [`Error::Value`],
    /// [`Error::Busy`].
    pub fn change(&self, fields: u32, identity: &Identity) -> Result<(), Error> {
        // SAFETY: see Sync; any fields and identity are allowed.
        check(unsafe { ffi::vdsogen_process_change(self.as_ptr(), fields, &identity.to_raw()) })
    }

    /// Makes this the block of a child by fork of the process that has `parent`,
    /// before the child runs. Errors: [`Error::Value`], [`Error::Busy`]: the parent's.
    pub fn fork(&mut self, parent: &Process, pid: u32, ppid: u32) -> Result<(), Error> {
        // SAFETY: &mut: nobody else writes it, and it is not the parent's.
        check(unsafe { ffi::vdsogen_process_fork(self.as_ptr(), parent.as_ptr(), pid, ppid) })
    }

    /// Before a child by vfork runs, which sees the same block: all is unknown until
    /// as many calls of [`Process::vfork_end`]. Error: [`Error::Busy`].
    pub fn vfork(&self) -> Result<(), Error> {
        // SAFETY: see Sync.
        check(unsafe { ffi::vdsogen_process_vfork(self.as_ptr()) })
    }

    /// A child by vfork has called exec, or has ended. Errors: [`Error::Busy`];
    /// [`Error::Value`] without a vfork.
    pub fn vfork_end(&self) -> Result<(), Error> {
        // SAFETY: see Sync.
        check(unsafe { ffi::vdsogen_process_vfork_end(self.as_ptr()) })
    }

    /// Before a second thread runs: tid is unknown until exec. Error: [`Error::Busy`].
    pub fn thread(&self) -> Result<(), Error> {
        // SAFETY: see Sync.
        check(unsafe { ffi::vdsogen_process_thread(self.as_ptr()) })
    }

    /// Makes this the block of the new page of a process that calls exec and has
    /// `old`, not shared by vfork: there, [`Process::set`] is right. Error:
    /// [`Error::Busy`]: the old one's.
    pub fn exec(&mut self, old: &Process) -> Result<(), Error> {
        // SAFETY: &mut: nobody else writes it.
        check(unsafe { ffi::vdsogen_process_exec(self.as_ptr(), old.as_ptr()) })
    }

    /// [`Process::exec`], where the new page is the old one.
    pub fn exec_in_place(&mut self) -> Result<(), Error> {
        // SAFETY: &mut: nobody else writes it; the two may be the same.
        check(unsafe { ffi::vdsogen_process_exec(self.as_ptr(), self.as_ptr()) })
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process").field(&self.as_ptr()).finish()
    }
}
