//! Try, wait, retry: the one loop of every operation on a socket that may have to wait, for a coroutine.
//!
//! ```text
//! look at the readiness word          (`sched::readiness`; a socket that never had to wait has none)
//!   it says "would block": wait       no system call
//!   else: the system call, which does not block
//!     done:          return; a short read clears the bit, otherwise the next waiter is woken
//!     would block:   the user wants no wait? return that
//!                    clear the bit (an event came meanwhile? once more), wait
//! wait: register with this worker's reactor, the first time; park in the queue of the direction
//!   woken:           once more
//!   time is up:      the system call, one last time: what has arrived in time counts
//! ```
//!
//! System calls of a steady exchange of short messages: one `recv`, one `send`; the waits cost nothing but a share of
//! the reactor's `epoll_wait`. An exposed socket (see `options`) costs two more before each wait, and its short reads are not
//! trusted: others may have given it properties that costd knows nothing of.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::pal;
use crate::park::{self, Reason, Wait};
use crate::sched::readiness::Direction;

use super::socket::Socket;

/// Between two tries of what nobody tells of.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// What an operation does, for the list of who waits for what.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    pub(super) direction: Direction,
    pub(super) reason: Reason,
}

pub(super) const READ: Operation = Operation { direction: Direction::Read, reason: Reason::SocketRead };
pub(super) const WRITE: Operation = Operation { direction: Direction::Write, reason: Reason::SocketWrite };
pub(super) const ACCEPT: Operation = Operation { direction: Direction::Read, reason: Reason::Accept };
pub(super) const CONNECT: Operation = Operation { direction: Direction::Write, reason: Reason::Connect };

impl<T: AsFd> Socket<T> {
    /// See the module's text. `call` must not block, and says so with [`WouldBlock`](io::ErrorKind::WouldBlock); `drained`
    /// tells of a success whether it has left nothing behind.
    #[inline]
    pub(super) fn operate<R>(
        &self,
        operation: Operation,
        mut call: impl FnMut() -> io::Result<R>,
        drained: impl Fn(&R) -> bool,
    ) -> io::Result<R> {
        let direction = operation.direction;
        let mut deadline = None;
        let mut in_time = true;
        loop {
            let source = self.registration.get();
            let seen = source.map(|source| source.seen());
            if seen.is_none_or(|seen| seen.is_ready(direction)) || !in_time || self.is_nonblocking() {
                match call() {
                    Ok(value) => {
                        if let (Some(source), Some(seen)) = (source, seen)
                            && !(drained(&value) && self.trusted() && source.clear_after_short(direction, seen))
                        {
                            source.pass_on(direction);
                        }
                        park::checkpoint();
                        return Ok(value);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let more = match (source, seen) {
                            (Some(source), Some(seen)) => !source.clear(direction, seen),
                            _ => false,
                        };
                        if !in_time || self.is_nonblocking() {
                            if let Some(source) = source
                                && more
                            {
                                source.pass_on(direction);
                            }
                            park::checkpoint();
                            return Err(error);
                        }
                        if more {
                            continue;
                        }
                    }
                    Err(error) => {
                        if let Some(source) = source {
                            source.pass_on(direction);
                        }
                        park::checkpoint();
                        return Err(error);
                    }
                }
            }
            let deadline = *deadline.get_or_insert_with(|| self.deadline(direction));
            in_time = self.wait(operation, deadline)?;
        }
    }

    /// As [`operate`](Self::operate), of what the system does not tell when it would no longer block: after a while, once more.
    pub(super) fn operate_untold<R>(
        &self,
        operation: Operation,
        mut call: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        let mut deadline = None;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let result = call();
            let would_block = result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
            if !would_block || self.is_nonblocking() {
                park::checkpoint();
                return result;
            }
            let deadline = *deadline.get_or_insert_with(|| self.deadline(operation.direction));
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return result;
            }
            let until = deadline.unwrap_or(now + pause).min(now + pause);
            // Nobody knows of this park, so only the time ends it, but for a wake-up that is left from an earlier one.
            let _ = park::park(Some(until), operation.reason);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Parks until the socket may be ready. `false`: the deadline has passed first.
    pub(super) fn wait(&self, operation: Operation, deadline: Option<Instant>) -> io::Result<bool> {
        let direction = operation.direction;
        let source = self.registration.get_or_register(self.fd(), direction)?;
        let is_ready = || source.seen().is_ready(direction);
        match park::wait(source.queue(direction), deadline, operation.reason, is_ready) {
            Wait::Ready | Wait::Notified => Ok(true),
            Wait::TimedOut => Ok(false),
        }
    }

    /// Is the socket known to be at an end in this direction?
    pub(super) fn is_at_end(&self, direction: Direction) -> bool {
        self.registration.get().is_some_and(|source| source.seen().is_at_end(direction))
    }

    /// Does a short read tell that the socket is drained?
    #[inline]
    fn trusted(&self) -> bool {
        pal::socket::SHORT_MEANS_DRAINED && self.options.get().is_none_or(|options| !options.is_exposed())
    }

    /// Does the user want no wait?
    #[inline]
    pub(super) fn is_nonblocking(&self) -> bool {
        self.options.get().is_some_and(|options| options.is_nonblocking(self.fd()))
    }

    /// The end of an operation that begins now.
    #[inline]
    pub(super) fn deadline(&self, direction: Direction) -> Option<Instant> {
        self.options.get().and_then(|options| options.deadline(self.fd(), direction))
    }
}
