//! Try, wait, retry: the one loop of every operation on a descriptor that may have to wait, for a coroutine.
//!
//! ```text
//! look at the readiness word          (`sched::readiness`; a descriptor that never had to wait has none)
//!   it says "would block": wait       no system call
//!   else: the system call, which does not block
//!     done:          return; a short read clears the bit, otherwise the next waiter is woken
//!     would block:   the user wants no wait? return that
//!                    clear the bit (an event came meanwhile? once more), wait
//! wait: register with this worker's reactor, the first time; park in the slot of the direction, or in its queue
//!   woken:           once more
//!   time is up:      the system call, one last time: what has arrived in time counts
//! ```
//!
//! System calls of a steady exchange of short messages: one `recv`, one `send`; the waits cost nothing but a share of
//! the reactor's `epoll_wait` (one for 5 to 40 exchanges, with 64 connections as busy as can be). A connection that comes, has one
//! request and goes takes `accept4`, `recv` twice or three times (the first ones find nothing yet), `epoll_ctl`, `send` and
//! `close`. An exposed descriptor (see `options`) costs one or two more before each wait, and its short
//! reads are not trusted: others may have given it properties that costd knows nothing of.

use std::cell::Cell;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::pal;
use crate::park::{self, Reason, Wait};
use crate::sched::interrupt;
use crate::sched::readiness::Direction;
use crate::sched::source::Source;

use super::Descriptor;

/// Between two tries of what nobody tells of.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// What an operation does, for the list of who waits for what.
#[derive(Clone, Copy)]
pub(in crate::sys) struct Operation {
    pub(in crate::sys) direction: Direction,
    pub(in crate::sys) reason: Reason,
    /// May the descriptor have a timeout for it? Sockets may.
    timed: bool,
}

impl Operation {
    const fn timed(direction: Direction, reason: Reason) -> Operation {
        Operation { direction, reason, timed: true }
    }

    pub(super) const fn untimed(direction: Direction, reason: Reason) -> Operation {
        Operation { direction, reason, timed: false }
    }
}

pub(in crate::sys) const READ: Operation = Operation::timed(Direction::Read, Reason::SocketRead);
pub(in crate::sys) const WRITE: Operation = Operation::timed(Direction::Write, Reason::SocketWrite);
pub(in crate::sys) const ACCEPT: Operation = Operation::timed(Direction::Read, Reason::Accept);
pub(in crate::sys) const CONNECT: Operation = Operation::timed(Direction::Write, Reason::Connect);
pub(in crate::sys) const READ_PIPE: Operation = Operation::untimed(Direction::Read, Reason::PipeRead);
pub(in crate::sys) const WRITE_PIPE: Operation = Operation::untimed(Direction::Write, Reason::PipeWrite);
pub(in crate::sys) const AWAIT_EXIT: Operation = Operation::untimed(Direction::Read, Reason::Child);

/// A call of the user's may unwind, and then nobody knows what it has left: the next waiter's turn.
struct Owed<'a> {
    source: Option<&'a Source>,
    direction: Direction,
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if let Some(source) = self.source {
            source.pass_on(self.direction);
        }
    }
}

impl<T: AsFd> Descriptor<T> {
    /// See the module's text. `call` must not block, and says so with [`WouldBlock`](io::ErrorKind::WouldBlock); `drained`
    /// tells of a success whether it has left nothing behind.
    #[inline]
    pub(in crate::sys) fn operate<R>(
        &self,
        operation: Operation,
        call: impl FnMut() -> io::Result<R>,
        drained: impl Fn(&R) -> bool,
    ) -> io::Result<R> {
        self.operate_in_parts(operation, call, drained, || None)
    }

    /// As [`operate`](Self::operate), of what may take effect in part before it has to wait: if it is interrupted there, it
    /// returns what has been `done`, and the interruption is left to the next call.
    #[inline]
    fn operate_in_parts<R>(
        &self,
        operation: Operation,
        mut call: impl FnMut() -> io::Result<R>,
        drained: impl Fn(&R) -> bool,
        done: impl Fn() -> Option<R>,
    ) -> io::Result<R> {
        park::enter();
        let mut deadline = None;
        let mut in_time = true;
        loop {
            if let Some(value) = self.attempt(operation.direction, !in_time, &mut call, &drained)? {
                return Ok(value);
            }
            let deadline = *deadline.get_or_insert_with(|| self.deadline(operation));
            in_time = match self.wait_or_interrupted(operation, deadline)? {
                Some(in_time) => in_time,
                None => match done() {
                    Some(value) => return Ok(value),
                    None => interrupt::unwind(),
                },
            };
        }
    }

    /// One turn of [`operate`](Self::operate)'s loop. `None`: one has to wait, which is an error if this is the `last` turn.
    #[inline]
    pub(in crate::sys) fn attempt<R>(
        &self,
        direction: Direction,
        last: bool,
        call: &mut impl FnMut() -> io::Result<R>,
        drained: &impl Fn(&R) -> bool,
    ) -> io::Result<Option<R>> {
        loop {
            let source = self.registration.get();
            let seen = source.map(|source| source.seen());
            if seen.is_some_and(|seen| !seen.is_ready(direction)) && !last && !self.is_nonblocking() {
                return Ok(None);
            }
            let owed = Owed { source, direction };
            let result = call();
            std::mem::forget(owed);
            match result {
                Ok(value) => {
                    if let (Some(source), Some(seen)) = (source, seen)
                        && !(drained(&value) && self.trusted() && source.clear_after_short(direction, seen))
                    {
                        source.pass_on(direction);
                    }
                    park::checkpoint();
                    return Ok(Some(value));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let more = match (source, seen) {
                        (Some(source), Some(seen)) => !source.clear(direction, seen),
                        _ => false,
                    };
                    if last || self.is_nonblocking() {
                        if let Some(source) = source
                            && more
                        {
                            source.pass_on(direction);
                        }
                        park::checkpoint();
                        return Err(error);
                    }
                    if !more {
                        return Ok(None);
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
    }

    /// As a blocking write, all of `buf` is written before this returns, unless there is an error, the time is up, or it is
    /// interrupted: then what has been written counts. `write` must not block; it may write less than it is given.
    #[inline]
    pub(in crate::sys) fn write_whole(
        &self,
        operation: Operation,
        buf: &[u8],
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let so_far = Cell::new(0);
        let result = self.operate_in_parts(
            operation,
            || {
                if so_far.get() > 0 && self.is_at_end(Direction::Write) {
                    // The error belongs to the next call.
                    return Ok(so_far.get());
                }
                so_far.set(so_far.get() + write(&buf[so_far.get()..])?);
                // A write stops short when there is no more space, as one that writes nothing.
                if so_far.get() < buf.len() { Err(pal::socket::would_block()) } else { Ok(so_far.get()) }
            },
            |_| false,
            || Some(so_far.get()).filter(|&written| written > 0),
        );
        if so_far.get() > 0 { Ok(so_far.get()) } else { result }
    }

    /// As [`operate`](Self::operate), of what the system does not tell when it would no longer block: after a while, once more.
    pub(in crate::sys) fn operate_untold<R>(
        &self,
        operation: Operation,
        mut call: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        park::enter();
        let mut deadline = None;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let result = call();
            let would_block = result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
            if !would_block || self.is_nonblocking() {
                park::checkpoint();
                return result;
            }
            let deadline = *deadline.get_or_insert_with(|| self.deadline(operation));
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return result;
            }
            let until = deadline.unwrap_or(now + pause).min(now + pause);
            // Nobody knows of this park, so only the time ends it, but for a wake-up that is left from an earlier one.
            let _ = park::park_or_unwind(Some(until), operation.reason);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Parks until the descriptor may be ready. `false`: the deadline has passed first.
    pub(in crate::sys) fn wait(&self, operation: Operation, deadline: Option<Instant>) -> io::Result<bool> {
        Ok(self.wait_or_interrupted(operation, deadline)?.unwrap_or_else(|| interrupt::unwind()))
    }

    /// As [`wait`](Self::wait). `None`: it was interrupted.
    fn wait_or_interrupted(&self, operation: Operation, deadline: Option<Instant>) -> io::Result<Option<bool>> {
        let direction = operation.direction;
        let source = self.registration.get_or_register(self.fd(), direction)?;
        let wait = park::wait_until_ready(source, direction, deadline, operation.reason);
        Ok(wait.map(|wait| wait != Wait::TimedOut))
    }

    /// Parks until one of two descriptors may be ready to read. Both were just found to block.
    pub(in crate::sys) fn wait_to_read_either<U: AsFd>(&self, other: &Descriptor<U>, reason: Reason) -> io::Result<()> {
        let mine = self.registration.get_or_register(self.fd(), Direction::Read)?;
        let theirs = other.registration.get_or_register(other.fd(), Direction::Read)?;
        park::wait_for_either(
            (mine.queue(Direction::Read), || mine.is_ready_or_told(Direction::Read)),
            (theirs.queue(Direction::Read), || theirs.is_ready_or_told(Direction::Read)),
            reason,
        );
        Ok(())
    }

    /// Is the descriptor known to be at an end in this direction?
    pub(in crate::sys) fn is_at_end(&self, direction: Direction) -> bool {
        self.registration.get().is_some_and(|source| source.seen().is_at_end(direction))
    }

    /// Does a short read tell that the descriptor is drained?
    #[inline]
    fn trusted(&self) -> bool {
        pal::socket::SHORT_MEANS_DRAINED && self.options.get().is_none_or(|options| !options.is_exposed())
    }

    /// Does the user want no wait?
    #[inline]
    pub(in crate::sys) fn is_nonblocking(&self) -> bool {
        self.options.get().is_some_and(|options| options.is_nonblocking(self.fd()))
    }

    /// The end of an operation that begins now.
    #[inline]
    pub(in crate::sys) fn deadline(&self, operation: Operation) -> Option<Instant> {
        let options = self.options.get().filter(|_| operation.timed)?;
        options.deadline(self.fd(), operation.direction)
    }
}
