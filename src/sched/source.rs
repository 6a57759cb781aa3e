//! What the reactor knows of one registered descriptor: how ready it is, and who waits for it to be.
//!
//! # States
//!
//! The word holds these bits, and above them the number of events so far (modulo 2²⁴):
//!
//! | bit | set by an event that says | cleared |
//! |---|---|---|
//! | `READABLE`, `WRITABLE` | there may be something to read, space to write | by one who found nothing, or took the last |
//! | `READ_CLOSED`, `WRITE_CLOSED`, `ERROR` | that direction, or both, will not block any more | only by one who was told "would block" all the same |
//! | `PRIORITY` | urgent data has come | never |
//!
//! A direction without any bit *is known to block*: whoever wants to use it waits without a system call.
//!
//! # Clearing
//!
//! Events are edges: the kernel tells once that something has come, so a bit that is cleared in error loses data for ever.
//!
//! ```text
//! an operation                                     the reactor
//!   a. read the word                                 1. fetch an event
//!   b. the system call: nothing (more) there         2. set its bits, count it
//!   c. clear the bit, if the count is as in a        3. wake who waits
//! ```
//!
//! What comes after b makes an event that is counted after b. If it is counted before c, c sees that and leaves the bit
//! alone; if after, 2 sets the bit again. An event that is counted between a and b on account of what b has taken makes c
//! fail in vain: one system call too many, nothing else.
//!
//! A read that returned less than was asked for may clear the bit as one that returned nothing, unless the descriptor is
//! closed or in error (the end that has come already makes no new edge), or has ever had urgent data (a read stops short in
//! front of it).
//!
//! # Waiting
//!
//! `park::wait` on the queue of the direction, with "any bit of the direction is set" as the condition: the reactor sets the
//! bits before it looks at the queue (`sched::wait_queue` has the proof). It wakes *one* waiter for news and all of them for
//! an end. The one who was woken owes the next a wake if it leaves the bit set ([`Source::pass_on`]): it has read part
//! of what there is, taken one connection of several, or failed.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering, fence};

use mio::event::Event;

use super::reactor::ReactorHandle;
use super::wait_queue::WaitQueue;

/// What an operation does to a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    /// Receives, accepts.
    Read,
    /// Sends, connects.
    Write,
}

const READABLE: u32 = 1;
const WRITABLE: u32 = 1 << 1;
const READ_CLOSED: u32 = 1 << 2;
const WRITE_CLOSED: u32 = 1 << 3;
const ERROR: u32 = 1 << 4;
const PRIORITY: u32 = 1 << 5;
/// One event in the count above the bits.
const EVENT: u32 = 1 << 8;

impl Direction {
    /// Any of these: an operation may succeed, or fail for good.
    const fn bits(self) -> u32 {
        match self {
            Direction::Read => READABLE | READ_CLOSED | ERROR,
            Direction::Write => WRITABLE | WRITE_CLOSED | ERROR,
        }
    }

    /// That there is something to be had.
    const fn news(self) -> u32 {
        match self {
            Direction::Read => READABLE,
            Direction::Write => WRITABLE,
        }
    }

    /// That there will be nothing to wait for any more.
    const fn end(self) -> u32 {
        self.bits() & !self.news()
    }

    const fn other(self) -> Direction {
        match self {
            Direction::Read => Direction::Write,
            Direction::Write => Direction::Read,
        }
    }
}

/// The word as somebody has seen it.
#[derive(Clone, Copy)]
pub(crate) struct Readiness(u32);

impl Readiness {
    /// Is it worth a system call?
    #[inline]
    pub(crate) fn is_ready(self, direction: Direction) -> bool {
        self.0 & direction.bits() != 0
    }

    /// Is the descriptor at an end, in this direction at least?
    #[inline]
    pub(crate) fn is_at_end(self, direction: Direction) -> bool {
        self.0 & direction.end() != 0
    }
}

/// See the module's text.
pub(crate) struct Source {
    word: AtomicU32,
    readers: WaitQueue,
    writers: WaitQueue,
    fd: RawFd,
    /// The reactor that it is registered with.
    pub(super) home: AtomicPtr<ReactorHandle>,
}

impl Source {
    /// Of a descriptor that has just been found to block in `blocked`, and which may do so in the other direction.
    pub(super) fn new(fd: RawFd, home: &'static ReactorHandle, blocked: Direction) -> Source {
        Source {
            word: AtomicU32::new(blocked.other().news()),
            readers: WaitQueue::new(),
            writers: WaitQueue::new(),
            fd,
            home: AtomicPtr::new(std::ptr::from_ref(home).cast_mut()),
        }
    }

    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Who waits in this direction.
    pub(crate) fn queue(&self, direction: Direction) -> &WaitQueue {
        match direction {
            Direction::Read => &self.readers,
            Direction::Write => &self.writers,
        }
    }

    /// The word as it is now. Taken before a system call, for [`clear`](Self::clear) after it.
    #[inline]
    pub(crate) fn readiness(&self) -> Readiness {
        // Acquire: pairs with `set`. What made the descriptor ready lies in the kernel, which orders it by itself; this
        // orders the count before the system call that follows.
        Readiness(self.word.load(Ordering::Acquire))
    }

    /// The system call said that it would block. `false`: an event has come since `seen`; try again.
    #[inline]
    pub(crate) fn clear(&self, direction: Direction, seen: Readiness) -> bool {
        self.clear_bits(direction.bits(), seen)
    }

    /// The system call did less than it was asked for. `false`: that tells nothing, or an event has come since `seen`.
    #[inline]
    pub(crate) fn clear_after_short(&self, direction: Direction, seen: Readiness) -> bool {
        if seen.0 & (direction.end() | PRIORITY) != 0 {
            return false;
        }
        self.clear_bits(direction.news(), seen)
    }

    #[inline]
    fn clear_bits(&self, bits: u32, seen: Readiness) -> bool {
        let mut word = seen.0;
        loop {
            // Release and Acquire: the system call before stays before, and a count that has changed is seen with what
            // its event brought. Others may have cleared bits meanwhile; only an event matters.
            match self.word.compare_exchange_weak(word, word & !bits, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) if now / EVENT != seen.0 / EVENT => return false,
                Err(now) => word = now,
            }
        }
    }

    /// After an operation that did not block and leaves the direction ready, as far as it knows: the next waiter's turn.
    #[inline]
    pub(crate) fn pass_on(&self, direction: Direction) {
        // Only one who was woken owes this, and it was woken under the queue's lock: it sees everybody who was waiting
        // then. Whoever came later has seen the bit set.
        let queue = self.queue(direction);
        if queue.has_waiters() {
            queue.notify_one();
        }
    }

    /// The reactor: takes over what an event says, and wakes.
    pub(super) fn take_event(&self, event: &Event) {
        let flags = [
            (event.is_readable(), READABLE),
            (event.is_writable(), WRITABLE),
            (event.is_read_closed(), READ_CLOSED),
            (event.is_write_closed(), WRITE_CLOSED),
            (event.is_error(), ERROR),
            (is_priority(event), PRIORITY),
        ];
        let bits = flags.iter().fold(0, |bits, &(set, bit)| if set { bits | bit } else { bits });
        self.set(bits);
    }

    fn set(&self, bits: u32) {
        let mut word = self.word.load(Ordering::Relaxed);
        // Release: pairs with `readiness`.
        while let Err(now) = self.word.compare_exchange_weak(
            word,
            (word | bits).wrapping_add(EVENT),
            Ordering::Release,
            Ordering::Relaxed,
        ) {
            word = now;
        }
        // Step 2 of `sched::wait_queue`.
        fence(Ordering::SeqCst);
        for direction in [Direction::Read, Direction::Write] {
            if bits & direction.bits() == 0 {
                continue;
            }
            let queue = self.queue(direction);
            if !queue.has_waiters() {
                continue;
            }
            if bits & direction.end() != 0 {
                queue.notify_all();
            } else {
                queue.notify_one();
            }
        }
    }
}

/// Where mio can tell of urgent data.
fn is_priority(event: &Event) -> bool {
    cfg_if::cfg_if! {
        if #[cfg(any(target_os = "linux", target_os = "android"))] {
            event.is_priority()
        } else {
            let _ = event;
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Read, Write};

    fn source(word: u32) -> Source {
        Source {
            word: AtomicU32::new(word),
            readers: WaitQueue::new(),
            writers: WaitQueue::new(),
            fd: -1,
            home: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    #[test]
    fn an_event_in_between_keeps_the_bit() {
        let source = source(READABLE | WRITABLE);
        let seen = source.readiness();
        source.set(READABLE);
        assert!(!source.clear(Read, seen));
        assert!(source.readiness().is_ready(Read));
        let seen = source.readiness();
        assert!(source.clear(Read, seen));
        assert!(!source.readiness().is_ready(Read));
        assert!(source.readiness().is_ready(Write));
    }

    #[test]
    fn the_other_direction_may_be_cleared_meanwhile() {
        let source = source(READABLE | WRITABLE);
        let seen = source.readiness();
        assert!(source.clear(Write, seen));
        assert!(source.clear(Read, seen));
        assert!(!source.readiness().is_ready(Read));
    }

    #[test]
    fn a_short_read_says_nothing_at_the_end_or_with_urgent_data() {
        for bit in [READ_CLOSED, ERROR, PRIORITY] {
            let source = source(READABLE);
            source.set(READABLE | bit);
            let seen = source.readiness();
            assert!(!source.clear_after_short(Read, seen));
            assert!(source.readiness().is_ready(Read));
        }
    }

    #[test]
    fn would_block_overrules_the_end() {
        let source = source(0);
        source.set(ERROR);
        let seen = source.readiness();
        assert!(seen.is_ready(Read) && seen.is_ready(Write) && seen.is_at_end(Read));
        assert!(source.clear(Read, seen));
        assert!(!source.readiness().is_ready(Read));
    }

    #[test]
    fn the_count_wraps_without_touching_the_bits() {
        let source = source(!0 << 8 | READABLE);
        let seen = source.readiness();
        source.set(WRITABLE);
        assert_eq!(source.word.load(Ordering::Relaxed), READABLE | WRITABLE);
        assert!(!source.clear(Read, seen));
    }
}
