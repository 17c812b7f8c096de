// SPDX-License-Identifier: BSD-2-Clause
use core::fmt;

use crate::{ffi, Error, Field};

const SIZE: usize = ffi::VDSOGEN_UTS_SIZE as usize;

/// What uname says: six names of at most [`Utsname::LONGEST`] bytes, none of them
/// 0. The default has them all empty.
///
/// ```
/// use vdsogen::{Error, Utsname};
///
/// let uts = Utsname::default().with_sysname("Linux")?.with_nodename(b"caf\xe9")?;
/// assert_eq!(uts.nodename(), b"caf\xe9");
/// assert_eq!(uts.with_release("6.1\0"), Err(Error::Value));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Utsname(ffi::vdsogen_utsname);

macro_rules! names {
	($($name:ident $with:ident $about:literal,)*) => {
		impl Utsname {
			$(
			#[doc = $about]
			pub fn $name(&self) -> &[u8] {
				until_zero(&self.0.$name)
			}

			/// With this name. [`Error::Value`]: it is too long, or a byte of it is 0.
			pub fn $with(mut self, name: impl AsRef<[u8]>) -> Result<Utsname, Error> {
				self.0.$name = padded(name.as_ref())?;
				Ok(self)
			}
			)*
		}

		impl Default for Utsname {
			fn default() -> Utsname {
				Utsname(ffi::vdsogen_utsname { $($name: [0; SIZE],)* })
			}
		}

		impl fmt::Debug for Utsname {
			fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
				f.debug_struct("Utsname")
					$(.field(stringify!($name), &Quoted(self.$name())))*
					.finish()
			}
		}
	};
}

names! {
    sysname with_sysname "The system: `\"Linux\"`.",
    nodename with_nodename "The host's name.",
    release with_release "The kernel's release.",
    version with_version "The kernel's version.",
    machine with_machine "The processor: `\"x86_64\"`.",
    domainname with_domainname "NIS's domain.",
}

impl Utsname {
    /// Bytes of the longest name.
    pub const LONGEST: usize = SIZE - 1;
}

fn padded(name: &[u8]) -> Result<[u8; SIZE], Error> {
    let mut bytes = [0; SIZE];

    if name.len() > Utsname::LONGEST || name.contains(&0) {
        return Err(Error::Value);
    }
    bytes[..name.len()].copy_from_slice(name);
    Ok(bytes)
}

fn until_zero(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

struct Quoted<'a>(&'a [u8]);

impl fmt::Debug for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Who a process is. What is `None` is unknown: its function takes the fallback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// getpid's, as the process's namespace has it, like the four below.
    pub pid: Option<u32>,
    /// getppid's.
    pub ppid: Option<u32>,
    /// gettid's.
    pub tid: Option<u32>,
    /// getpgid's.
    pub pgid: Option<u32>,
    /// getsid's.
    pub sid: Option<u32>,
    /// getpriority's: -20 to 19.
    pub nice: Option<i32>,
    /// getuid's; `u32::MAX` is no user, here and below.
    pub uid: Option<u32>,
    /// geteuid's.
    pub euid: Option<u32>,
    /// getgid's.
    pub gid: Option<u32>,
    /// getegid's.
    pub egid: Option<u32>,
    /// uname's.
    pub uts: Option<Utsname>,
}

impl Identity {
    /// For calls of [`ffi`].
    pub fn to_raw(&self) -> ffi::vdsogen_identity {
        let known = |field: Field, is: bool| u32::from(is) << field as u32;

        ffi::vdsogen_identity {
            known: known(Field::Pid, self.pid.is_some())
                | known(Field::Ppid, self.ppid.is_some())
                | known(Field::Tid, self.tid.is_some())
                | known(Field::Pgid, self.pgid.is_some())
                | known(Field::Sid, self.sid.is_some())
                | known(Field::Nice, self.nice.is_some())
                | known(Field::Uid, self.uid.is_some())
                | known(Field::Euid, self.euid.is_some())
                | known(Field::Gid, self.gid.is_some())
                | known(Field::Egid, self.egid.is_some())
                | known(Field::Utsname, self.uts.is_some()),
            pid: self.pid.unwrap_or_default(),
            ppid: self.ppid.unwrap_or_default(),
            tid: self.tid.unwrap_or_default(),
            pgid: self.pgid.unwrap_or_default(),
            sid: self.sid.unwrap_or_default(),
            nice: self.nice.unwrap_or_default(),
            uid: self.uid.unwrap_or_default(),
            euid: self.euid.unwrap_or_default(),
            gid: self.gid.unwrap_or_default(),
            egid: self.egid.unwrap_or_default(),
            uts: self.uts.unwrap_or_default().0,
        }
    }

    pub(crate) fn from_raw(raw: &ffi::vdsogen_identity) -> Identity {
        let known = |field: Field| raw.known & field.bit() != 0;

        Identity {
            pid: known(Field::Pid).then_some(raw.pid),
            ppid: known(Field::Ppid).then_some(raw.ppid),
            tid: known(Field::Tid).then_some(raw.tid),
            pgid: known(Field::Pgid).then_some(raw.pgid),
            sid: known(Field::Sid).then_some(raw.sid),
            nice: known(Field::Nice).then_some(raw.nice),
            uid: known(Field::Uid).then_some(raw.uid),
            euid: known(Field::Euid).then_some(raw.euid),
            gid: known(Field::Gid).then_some(raw.gid),
            egid: known(Field::Egid).then_some(raw.egid),
            uts: known(Field::Utsname).then_some(Utsname(raw.uts)),
        }
    }
}
