//! Waiting until a descriptor is ready, for calls that somebody else makes: a library that knows no costd.
//!
//! What is waited for is a duplicate. So nobody can close it meanwhile, whatever its owner does with the descriptor that he
//! has, and the reactor never has the same descriptor twice. It is as ready as the original: both are one open file.
//!
//! ```text
//! wait_until_ready     operation's loop, where the call is a look (`poll`) that takes nothing
//! operate_watched      operation's loop, with the user's call
//! ```
//!
//! The look makes it a matter of level, not of edges: whoever has taken what there was, by whatever call, finds the descriptor
//! not ready, and only then the readiness word is cleared.
//!
//! System calls: one for each wait that need not wait, and one more for each that did.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::pal;
use crate::park::{self, Reason};
use crate::sched::current_coroutine;
use crate::sched::interrupt;
use crate::sched::readiness::Direction;

use super::Descriptor;
use super::operation::Operation;

/// The longest wait of an OS thread at a time where nothing limits it.
const LONG: Duration = Duration::from_secs(3600);

const READABLE: Operation = Operation::untimed(Direction::Read, Reason::Readable);
const WRITABLE: Operation = Operation::untimed(Direction::Write, Reason::Writable);

fn operation(direction: Direction) -> Operation {
    match direction {
        Direction::Read => READABLE,
        Direction::Write => WRITABLE,
    }
}

/// A duplicate of a descriptor of the user's. See the module's text.
pub(crate) struct Watched(Descriptor<OwnedFd>);

impl Watched {
    pub(crate) fn new(fd: BorrowedFd<'_>) -> io::Result<Watched> {
        // Its mode is the user's, but nobody is to be told "would block" on that account: what is asked for here is to wait.
        Ok(Watched(Descriptor::new(fd.try_clone_to_owned()?)))
    }

    /// For a select.
    pub(crate) fn descriptor(&self) -> &Descriptor<OwnedFd> {
        &self.0
    }

    /// Parks until a call in this direction would not block. `false`: the deadline has passed first.
    pub(crate) fn wait_until_ready(&self, direction: Direction, deadline: Option<Instant>) -> io::Result<bool> {
        park::enter();
        if current_coroutine().is_none() {
            return Ok(self.block_until_ready(direction, deadline));
        }
        let mut in_time = true;
        loop {
            match self.0.attempt(direction, !in_time, &mut || self.0.look(direction), &|()| false) {
                Ok(Some(())) => return Ok(true),
                Ok(None) => in_time = self.0.wait(operation(direction), deadline)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes a call that does not block, and parks for as long as it says that it would.
    pub(crate) fn operate<R>(&self, direction: Direction, mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
        if current_coroutine().is_some() {
            return self.0.operate(operation(direction), call, |_| false);
        }
        loop {
            park::enter();
            match call() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.block_until_ready(direction, None);
                }
                result => return result,
            }
        }
    }

    /// On a plain OS thread.
    fn block_until_ready(&self, direction: Direction, deadline: Option<Instant>) -> bool {
        loop {
            let now = Instant::now();
            let until = [deadline, interrupt::deadline()].into_iter().flatten().min();
            let left = until.map_or(LONG, |until| until.saturating_duration_since(now));
            if self.is_ready_within(direction, left) {
                return true;
            }
            // A limit that is up unwinds here.
            park::enter();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return false;
            }
        }
    }

    fn is_ready_within(&self, direction: Direction, timeout: Duration) -> bool {
        match direction {
            Direction::Read => pal::wait::readable(self.0.fd(), timeout),
            Direction::Write => pal::wait::writable(self.0.fd(), timeout),
        }
    }
}
