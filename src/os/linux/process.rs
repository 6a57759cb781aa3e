//! As `std::os::linux::process`, which is unstable: descriptors of processes, for costd's commands and children.
//!
//! All of it is costd's own, since std's cannot be named on stable Rust.

use std::fmt;
use std::io;
use std::process::ExitStatus;

use crate::pal;
use crate::process::{Child, Command};
use crate::sys::descriptor::Descriptor;
use crate::sys::process;

/// A descriptor of a process: as `std::os::linux::process::PidFd`. It never means another process, also when the number of
/// this one is used again.
///
/// A coroutine that waits for the process is parked. It becomes readable when the process has ended.
///
/// # Examples
///
/// ```
/// use costd::os::linux::process::{ChildExt, CommandExt};
/// use costd::process::Command;
///
/// let child = Command::new("sleep").arg("1000").create_pidfd(true).spawn()?;
/// match child.into_pidfd() {
///     Ok(pidfd) => {
///         assert!(pidfd.try_wait()?.is_none());
///         pidfd.kill()?;
///         assert!(!pidfd.wait()?.success());
///     }
///     // The kernel has no such descriptors.
///     Err(mut child) => {
///         child.kill()?;
///         child.wait()?;
///     }
/// }
/// # Ok::<(), costd::io::Error>(())
/// ```
pub struct PidFd(Descriptor<OwnedFd>);

impl PidFd {
    /// Ends the process at once (`SIGKILL`).
    ///
    /// # Errors
    /// The system's, as that somebody has waited for it.
    pub fn kill(&self) -> io::Result<()> {
        pal::child::kill(self.0.io().as_fd())
    }

    /// Waits until the process has ended, which must be a child. A standard input that is still open is not closed.
    ///
    /// # Errors
    /// The system's, as that somebody has waited for it already.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        process::wait_for(&self.0)
    }

    /// How the process has ended, if it has. It must be a child.
    ///
    /// # Errors
    /// As [`wait`](Self::wait)'s.
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        process::try_wait_for(&self.0)
    }
}

crate::os::convert::descriptors! {
    PidFd = OwnedFd,
}

impl std::os::fd::FromRawFd for PidFd {
    unsafe fn from_raw_fd(fd: RawFd) -> PidFd {
        // SAFETY: the caller's promise.
        unsafe { OwnedFd::from_raw_fd(fd) }.into()
    }
}

impl fmt::Debug for PidFd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PidFd").field("inner", self.0.io()).finish()
    }
}

/// What Linux adds to a child: as `std::os::linux::process::ChildExt`, for costd's [`Child`].
pub trait ChildExt: sealed::Sealed {
    /// The descriptor that [`create_pidfd`](CommandExt::create_pidfd) has asked for.
    ///
    /// # Errors
    /// Nobody has asked, or the system has had none.
    fn pidfd(&self) -> io::Result<&PidFd>;

    /// Turns the child into that descriptor.
    ///
    /// # Errors
    /// The child itself, if there is none.
    fn into_pidfd(self) -> Result<PidFd, Self>
    where
        Self: Sized;
}

/// What Linux adds to a command: as `std::os::linux::process::CommandExt`, for costd's [`Command`].
pub trait CommandExt: sealed::Sealed {
    /// With `true`, there is a [`PidFd`] of each child that is started, where the system can make one.
    fn create_pidfd(&mut self, val: bool) -> &mut Command;
}

/// Nobody else implements [`ChildExt`] and [`CommandExt`].
mod sealed {
    pub trait Sealed {}

    impl Sealed for crate::process::Command {}
    impl Sealed for crate::process::Child {}
}

impl ChildExt for Child {
    fn pidfd(&self) -> io::Result<&PidFd> {
        self.pidfd.as_ref().ok_or_else(|| io::Error::other("there is no pidfd of this child"))
    }

    fn into_pidfd(mut self) -> Result<PidFd, Child> {
        self.pidfd.take().ok_or(self)
    }
}

impl CommandExt for Command {
    fn create_pidfd(&mut self, val: bool) -> &mut Command {
        self.create_pidfd = val;
        self
    }
}
