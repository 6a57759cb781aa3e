use std::fmt;
use std::io;
use std::process::{ExitStatus, Output};

use crate::sys::process::{self, Process};

use super::{ChildStderr, ChildStdin, ChildStdout};

/// A process that was started: as [`std::process::Child`].
///
/// A coroutine that waits for it is parked. Dropping a `Child` neither ends the process nor waits for it; until somebody has
/// waited for it, a process that has ended still takes a place among those of the system. It converts to std's type and back.
///
/// # Examples
///
/// ```
/// use costd::process::{Command, Stdio};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
/// assert!(child.try_wait()?.is_none());
/// // Its standard input is closed first, and so the child ends.
/// assert!(child.wait()?.success());
/// # Ok::<(), costd::io::Error>(())
/// ```
pub struct Child {
    process: Process,

    /// The descriptor of the process that the user has asked for.
    #[cfg(target_os = "linux")]
    pub(crate) pidfd: Option<crate::os::linux::process::PidFd>,

    /// Our end of its standard input, if that is a pipe that [`Stdio::piped`](std::process::Stdio::piped) has asked for.
    pub stdin: Option<ChildStdin>,

    /// Our end of its standard output, if that is a pipe that [`Stdio::piped`](std::process::Stdio::piped) has asked for.
    pub stdout: Option<ChildStdout>,

    /// Our end of its standard error, if that is a pipe that [`Stdio::piped`](std::process::Stdio::piped) has asked for.
    pub stderr: Option<ChildStderr>,
}

impl Child {
    /// Of a child that was just started: nobody else knows its pipes.
    pub(super) fn fresh(mut child: std::process::Child) -> Child {
        Child {
            stdin: child.stdin.take().map(ChildStdin::fresh),
            stdout: child.stdout.take().map(ChildStdout::fresh),
            stderr: child.stderr.take().map(ChildStderr::fresh),
            process: Process::new(child),
            #[cfg(target_os = "linux")]
            pidfd: None,
        }
    }

    /// With a descriptor of the process for the user, if there can be one.
    #[cfg(target_os = "linux")]
    pub(super) fn with_pidfd(mut self) -> Child {
        // Nobody has waited for it: it was just started.
        self.pidfd = crate::pal::process::open(self.id()).map(Into::into);
        self
    }

    pub(crate) fn process_mut(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends the process at once (`SIGKILL`); nothing if it has been waited for. As std's: it still has to be waited for.
    ///
    /// # Errors
    /// The system's, as that the process runs for another user by now.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::process::Command;
    ///
    /// let mut child = Command::new("sleep").arg("1000").spawn()?;
    /// child.kill()?;
    /// assert!(!child.wait()?.success());
    /// # Ok::<(), costd::io::Error>(())
    /// ```
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// The system's number of the process. As std's.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Closes the process's standard input, if it is still here, and waits until the process has ended. Says every time how
    /// it has. As std's.
    ///
    /// # Errors
    /// The system's, as that there is no such process because this one ignores `SIGCHLD`.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        self.process.wait()
    }

    /// How the process has ended, if it has. As std's: it never waits, and leaves the standard input open.
    ///
    /// # Errors
    /// As [`wait`](Self::wait)'s.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// Closes the process's standard input, reads what it writes to those of its outputs that are still here, both as it comes,
    /// and waits until it has ended. As std's.
    ///
    /// # Errors
    /// As [`wait`](Self::wait)'s.
    ///
    /// # Panics
    /// An output cannot be read, as std's; which happens to none that the system has made.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::process::{Command, Stdio};
    ///
    /// let mut command = Command::new("sh");
    /// command.args(["-c", "echo out; echo err >&2"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    /// let child = command.spawn()?;
    /// let output = child.wait_with_output()?;
    /// assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
    /// # Ok::<(), costd::io::Error>(())
    /// ```
    pub fn wait_with_output(mut self) -> io::Result<Output> {
        if !process::parks() {
            return std::process::Child::from(self).wait_with_output();
        }
        drop(self.stdin.take());
        let stdout = self.stdout.as_ref().map(ChildStdout::pipe);
        let stderr = self.stderr.as_ref().map(ChildStderr::pipe);
        let (stdout, stderr) = process::read_outputs(stdout, stderr).unwrap();
        let status = self.process.wait()?;
        Ok(Output { status, stdout, stderr })
    }

    /// The mechanism under it.
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }
}

impl From<std::process::Child> for Child {
    /// The same, for which a coroutine waits without stopping its OS thread.
    fn from(mut child: std::process::Child) -> Child {
        Child {
            stdin: child.stdin.take().map(ChildStdin::from),
            stdout: child.stdout.take().map(ChildStdout::from),
            stderr: child.stderr.take().map(ChildStderr::from),
            process: Process::new(child),
            #[cfg(target_os = "linux")]
            pidfd: None,
        }
    }
}

impl From<Child> for std::process::Child {
    /// The same, with its pipes in the mode that std would have left them in.
    fn from(child: Child) -> std::process::Child {
        let mut inner = child.process.into_inner();
        inner.stdin = child.stdin.map(Into::into);
        inner.stdout = child.stdout.map(Into::into);
        inner.stderr = child.stderr.map(Into::into);
        inner
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .finish_non_exhaustive()
    }
}
