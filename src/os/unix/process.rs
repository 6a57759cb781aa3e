//! As `std::os::unix::process`, with [`CommandExt`] and [`ChildExt`] for costd's commands and children.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use ::std::os::unix::process::*;

use std::os::unix::process::CommandExt as _;

use crate::pal;
use crate::process::{Child, Command};
use crate::sys;

/// What Unix adds to a command: as [`std::os::unix::process::CommandExt`], for costd's [`Command`].
pub trait CommandExt: sealed::Sealed {
    /// The user that the program runs for (`setuid`). As std's: it loses the supplementary groups as well.
    fn uid(&mut self, id: u32) -> &mut Command;

    /// The group that the program runs for (`setgid`).
    fn gid(&mut self, id: u32) -> &mut Command;

    /// Has `f` run in the new process, after all else is done and before the program takes its place. Its error becomes that
    /// of the start. Several run in the order in which they were given. As std's.
    ///
    /// On a coroutine nothing is switched in it: whoever waits stops the process.
    ///
    /// # Safety
    /// As std's: `f` runs in a copy of this process that has only this one thread, in which the locks of others stay locked
    /// for ever; so it may only do what a signal handler may do, which excludes allocating.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::os::unix::process::CommandExt;
    /// use costd::process::Command;
    ///
    /// let mut command = Command::new("true");
    /// // SAFETY: nothing is allocated.
    /// unsafe { command.pre_exec(|| Err(std::io::ErrorKind::Other.into())) };
    /// assert!(command.spawn().is_err());
    /// ```
    unsafe fn pre_exec<F>(&mut self, f: F) -> &mut Command
    where
        F: FnMut() -> io::Result<()> + Send + Sync + 'static;

    /// The former name of [`pre_exec`](Self::pre_exec).
    ///
    /// # Safety
    /// As there.
    #[deprecated(since = "1.37.0", note = "should be unsafe, use `pre_exec` instead")]
    unsafe fn before_exec<F>(&mut self, f: F) -> &mut Command
    where
        F: FnMut() -> io::Result<()> + Send + Sync + 'static,
    {
        // SAFETY: the caller's promise.
        unsafe { self.pre_exec(f) }
    }

    /// Makes this process the program. As std's: it returns only if that fails, and may have changed some of this process's
    /// properties by then. Nothing is dropped in this process.
    #[must_use]
    fn exec(&mut self) -> io::Error;

    /// The program's own name for itself, `argv[0]`; else that by which it was found.
    fn arg0<S>(&mut self, arg: S) -> &mut Command
    where
        S: AsRef<OsStr>;

    /// The process group that the program belongs to (`setpgid`); with 0, a new one.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::os::unix::process::CommandExt;
    /// use costd::process::Command;
    ///
    /// assert!(Command::new("true").process_group(0).status()?.success());
    /// # Ok::<(), costd::io::Error>(())
    /// ```
    fn process_group(&mut self, pgroup: i32) -> &mut Command;

    /// With `true`, the program leads a session of its own. Unstable in std, where it is done before all that
    /// [`pre_exec`](Self::pre_exec) was given; here after what it was given before.
    fn setsid(&mut self, setsid: bool) -> &mut Command;
}

/// What Unix adds to a child: as `std::os::unix::process::ChildExt`, for costd's [`Child`]. Unstable in std.
pub trait ChildExt: sealed::Sealed {
    /// Sends a signal. As std's: nothing happens if the child has been waited for.
    ///
    /// # Errors
    /// The system's, as that there is no such signal.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::os::unix::process::{ChildExt, ExitStatusExt};
    /// use costd::process::Command;
    ///
    /// # const SIGTERM: i32 = 15;
    /// let mut child = Command::new("sleep").arg("1000").spawn()?;
    /// child.send_signal(SIGTERM)?;
    /// assert_eq!(child.wait()?.signal(), Some(SIGTERM));
    /// # Ok::<(), costd::io::Error>(())
    /// ```
    fn send_signal(&self, signal: i32) -> io::Result<()>;
}

/// Nobody else implements [`CommandExt`] and [`ChildExt`].
mod sealed {
    pub trait Sealed {}

    impl Sealed for crate::process::Command {}
    impl Sealed for crate::process::Child {}
}

impl CommandExt for Command {
    fn uid(&mut self, id: u32) -> &mut Command {
        self.inner.uid(id);
        self
    }

    fn gid(&mut self, id: u32) -> &mut Command {
        self.inner.gid(id);
        self
    }

    unsafe fn pre_exec<F>(&mut self, f: F) -> &mut Command
    where
        F: FnMut() -> io::Result<()> + Send + Sync + 'static,
    {
        // SAFETY: the caller's promise.
        unsafe { self.inner.pre_exec(f) };
        self
    }

    fn exec(&mut self) -> io::Error {
        sys::process::execute(|| self.inner.exec())
    }

    fn arg0<S>(&mut self, arg: S) -> &mut Command
    where
        S: AsRef<OsStr>,
    {
        self.inner.arg0(arg);
        self
    }

    fn process_group(&mut self, pgroup: i32) -> &mut Command {
        self.inner.process_group(pgroup);
        self
    }

    fn setsid(&mut self, setsid: bool) -> &mut Command {
        if setsid && self.new_session.is_none() {
            let wanted = Arc::new(AtomicBool::new(true));
            self.new_session = Some(Arc::clone(&wanted));
            // Relaxed, here and below: whoever starts the command has it to itself.
            let lead = move || if wanted.load(Ordering::Relaxed) { pal::child::lead_session() } else { Ok(()) };
            // SAFETY: it reads a flag and makes one system call.
            unsafe { self.inner.pre_exec(lead) };
        }
        if let Some(wanted) = &self.new_session {
            wanted.store(setsid, Ordering::Relaxed);
        }
        self
    }
}

impl ChildExt for Child {
    fn send_signal(&self, signal: i32) -> io::Result<()> {
        self.process().send_signal(signal)
    }
}
