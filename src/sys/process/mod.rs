//! Children: started where they are asked for, and waited for without stopping the worker.
//!
//! *Starting* is std's own call, on the worker itself and not on a thread of the blocking pool. The kernel ties a child to the
//! OS thread that has forked it: `PR_SET_PDEATHSIG` kills it when that thread ends, and it takes over that thread's namespaces
//! and signal mask. (Its CPUs, too: a worker that is pinned lets go for a moment.) Threads of the pool come and go; workers live for ever. It is not long, either: 0.1 ms where
//! std can use `posix_spawn` (most commands), 0.2 ms where it has to fork (a user or a group is set, or there is something to do
//! before the program is executed), and then some 4 ms more for each 100 MB that this process has in memory.
//! Afterwards the other coroutines of the worker have their turn.
//!
//! Nothing is switched meanwhile: what runs in the forked child before the program is executed (`pre_exec`) still looks like
//! this coroutine, and must not resume others of the worker, which have gone on in this process.
//!
//! *Waiting*, for a coroutine:
//!
//! ```text
//! ask whether it has ended       yes: that is all
//! a descriptor of the process    made once, given up with the child's end; readable once it has ended: park
//! ask once more                  yes: that is all
//! otherwise                      there is no such descriptor, or somebody else has to look at the dead first (a debugger
//!                                that traces the child): a thread of the blocking pool waits as std does
//! ```
//!
//! costd waits for no process but for one that it was asked to wait for, and leaves `SIGCHLD` alone.

use std::io::{self, PipeReader};
use std::mem;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::Arc;

mod exiting;

use crate::pal;
use crate::park::{self, Reason};
use crate::sched::{blocking_pool, current_coroutine, pinning, without_switching};

use crate::sys::descriptor::Descriptor;
use crate::sys::descriptor::operation::AWAIT_EXIT;
use crate::sys::io::{read_both_to_end, read_to_end};
use crate::sys::sync::Event;

pub(crate) use exiting::Exiting;

/// Does the caller park while it waits? Not on a plain OS thread.
pub(crate) fn parks() -> bool {
    current_coroutine().is_some()
}

/// Makes the call that starts a child. See the module's text.
pub(crate) fn start<R>(call: impl FnOnce() -> R) -> R {
    let result = without_switching(|| pinning::unpinned(call));
    park::long_checkpoint();
    result
}

/// Becomes another program, or says why not. As [`start`]: there is something to do before that, too.
pub(crate) fn execute(call: impl FnOnce() -> io::Error) -> io::Error {
    without_switching(|| pinning::unpinned(call))
}

/// Runs std's own call that starts a child and waits for all of it, where the OS thread may be stopped.
pub(crate) fn run_whole<R: Send>(call: impl FnOnce() -> R + Send) -> R {
    blocking_pool::run_waiting(Reason::Output, call)
}

/// A child without its pipes.
pub(crate) struct Process {
    child: Child,
    /// Readable once the child has ended. From the first wait to the child's end.
    end: Option<Descriptor<OwnedFd>>,
    /// Set once the child has ended. Where a select has waited for it, and `end` was not enough.
    watcher: Option<Arc<Event>>,
}

impl Process {
    /// Of a child whose pipes were taken out.
    pub(crate) fn new(child: Child) -> Process {
        Process { child, end: None, watcher: None }
    }

    pub(crate) fn into_inner(self) -> Child {
        self.child
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()
    }

    /// Nothing happens to a process that has been waited for: its number may be another's by now.
    pub(crate) fn send_signal(&self, signal: i32) -> io::Result<()> {
        match pal::child::is_to_be_waited_for(self.id()) {
            true => pal::child::send_signal(self.id(), signal),
            false => Ok(()),
        }
    }

    pub(crate) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait();
        if let Ok(Some(_)) = status {
            self.end = None;
        }
        park::checkpoint();
        status
    }

    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        if !parks() {
            let status = self.child.wait()?;
            self.end = None;
            return Ok(status);
        }
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        if self.end.is_none() {
            // Nobody has waited for it: that would have been through `self`.
            self.end = pal::process::open(self.id()).map(Descriptor::new);
        }
        let child = &mut self.child;
        let status = match self.end.as_ref().and_then(|end| wait_parking(end, || child.try_wait())) {
            Some(status) => status,
            None => blocking_pool::run_waiting(Reason::Child, || child.wait())?,
        };
        self.end = None;
        Ok(status)
    }
}

/// Parks until `end` is readable and `try_wait` says that the child has ended. `None`: in this way nothing can be had, not
/// even an error that is certain.
fn wait_parking(
    end: &Descriptor<OwnedFd>,
    mut try_wait: impl FnMut() -> io::Result<Option<ExitStatus>>,
) -> Option<ExitStatus> {
    let mut tried = false;
    let call = || match try_wait()? {
        None if !mem::replace(&mut tried, true) => Err(pal::socket::would_block()),
        status => Ok(status),
    };
    end.operate(AWAIT_EXIT, call, |_| false).ok().flatten()
}

/// Waits for the child that a descriptor of the user's refers to.
#[cfg(target_os = "linux")]
pub(crate) fn wait_for(pidfd: &Descriptor<OwnedFd>) -> io::Result<ExitStatus> {
    if parks()
        && let Some(status) = wait_parking(pidfd, || try_wait_for(pidfd))
    {
        return Ok(status);
    }
    let status = blocking_pool::run_waiting(Reason::Child, || pal::child::wait_for(pidfd.fd(), false))?;
    Ok(status.expect("it was waited for"))
}

/// How the child that a descriptor of the user's refers to has ended, if it has.
#[cfg(target_os = "linux")]
pub(crate) fn try_wait_for(pidfd: &Descriptor<OwnedFd>) -> io::Result<Option<ExitStatus>> {
    pal::child::wait_for(pidfd.fd(), true)
}

/// Reads what there is of both to the end, for a coroutine. As std, of two without regard to a mode that others have set.
pub(crate) fn read_outputs(
    stdout: Option<&Descriptor<PipeReader>>,
    stderr: Option<&Descriptor<PipeReader>>,
) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    match (stdout, stderr) {
        (Some(stdout), Some(stderr)) => {
            for pipe in [stdout, stderr].into_iter().filter(|pipe| pipe.is_nonblocking()) {
                pipe.set_nonblocking(false)?;
            }
            read_both_to_end((stdout, &mut out), (stderr, &mut err))?;
        }
        (Some(stdout), None) => read_to_end(stdout, &mut out)?,
        (None, Some(stderr)) => read_to_end(stderr, &mut err)?,
        (None, None) => {}
    }
    Ok((out, err))
}
