//! How ready a descriptor is, as far as the reactor knows, and who waits for it to be.
//!
//! # States
//!
//! The word holds these bits, and above them the number of events so far (modulo 2²²):
//!
//! | bit | set by an event that says | cleared |
//! |---|---|---|
//! | `READABLE`, `WRITABLE` | there may be something to read, space to write | by one who found nothing, or took the last |
//! | `READ_CLOSED`, `WRITE_CLOSED`, `ERROR` | that direction, or both, will not block any more | only by one who was told "would block" all the same |
//! | `PRIORITY` | urgent data has come | never |
//!
//! and these, which say where somebody may be waiting, one of each for a direction:
//!
//! | bit | set by | cleared |
//! |---|---|---|
//! | in the slot | who stands there, and found the direction not ready | by the event that makes it ready |
//! | in the queue | likewise | by who finds the queue empty |
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
//! Nearly always one task waits for a direction. It stands in the direction's *slot* (`sched::slot`), which takes no lock; who
//! finds that occupied, or others in the queue, goes into the queue. Either way a waiter takes its place first and
//! then says so in the word, unless that says that the direction is ready, in one compare-exchange:
//!
//! ```text
//! a waiter                                         the reactor
//!   d. take a place                                  4. set the bits of the event, and clear the slot's (2)
//!   e. not ready? set the place's bit                5. was the place's bit set? look there, and wake
//!      ready? leave the place
//! ```
//!
//! The read-modify-writes of the word have one order: if e comes first, 5 finds the waiter (in the queue: under its lock,
//! which the waiter holds from d to e); else e sees the event. A bit may be set without anybody there, who has left meanwhile;
//! that costs a look.
//!
//! The reactor wakes *one* waiter when the direction becomes ready (the one in the slot, if there is), all of
//! them for an end, and nobody for more of what is there already.
//!
//! So whoever was woken owes the others a wake: it either finds the direction not ready, or clears it itself, or calls
//! [`Readiness::pass_on`] when it leaves, whether it has succeeded or failed. Thus, while a direction is ready and somebody
//! waits for it, somebody is awake who owes: the one whom the reactor has woken, or the one who was passed the debt. The debt is
//! owed to the queue, since nobody is in the slot while the direction is ready, but who is about to see that it is, or to
//! be chosen.

use super::chosen::Sleeper;
use super::primitive::atomic::{AtomicU32, Ordering};
use super::slot::Slot;
use super::wait_list::Waiter;
use super::wait_queue::WaitQueue;

/// What an operation does to a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    /// Receives, accepts.
    Read,
    /// Sends, connects.
    Write,
}

pub(crate) const READABLE: u32 = 1;
pub(crate) const WRITABLE: u32 = 1 << 1;
pub(crate) const READ_CLOSED: u32 = 1 << 2;
pub(crate) const WRITE_CLOSED: u32 = 1 << 3;
pub(crate) const ERROR: u32 = 1 << 4;
pub(crate) const PRIORITY: u32 = 1 << 5;
const IN_SLOT_TO_READ: u32 = 1 << 6;
const IN_SLOT_TO_WRITE: u32 = 1 << 7;
const QUEUED_TO_READ: u32 = 1 << 8;
const QUEUED_TO_WRITE: u32 = 1 << 9;
/// One event in the count above the bits.
const EVENT: u32 = 1 << 10;

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

    /// Somebody may stand in the slot.
    const fn in_slot(self) -> u32 {
        match self {
            Direction::Read => IN_SLOT_TO_READ,
            Direction::Write => IN_SLOT_TO_WRITE,
        }
    }

    /// Somebody may stand in the queue.
    const fn queued(self) -> u32 {
        match self {
            Direction::Read => QUEUED_TO_READ,
            Direction::Write => QUEUED_TO_WRITE,
        }
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
pub(crate) struct Seen(u32);

impl Seen {
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
// In this order: what a steady exchange touches comes first.
#[repr(C)]
pub(crate) struct Readiness {
    word: AtomicU32,
    reader: Slot,
    writer: Slot,
    readers: WaitQueue,
    writers: WaitQueue,
}

impl Readiness {
    /// Of a descriptor that has just been found to block in `blocked`, and may be ready in the other direction.
    pub(crate) fn new(blocked: Direction) -> Readiness {
        Readiness {
            word: AtomicU32::new(blocked.other().news()),
            reader: Slot::new(),
            writer: Slot::new(),
            readers: WaitQueue::new(),
            writers: WaitQueue::new(),
        }
    }

    #[inline]
    fn slot(&self, direction: Direction) -> &Slot {
        match direction {
            Direction::Read => &self.reader,
            Direction::Write => &self.writer,
        }
    }

    /// Those who wait in this direction and are not in the slot. Who takes a place there gives
    /// [`is_ready_or_told`](Self::is_ready_or_told) as the condition.
    pub(crate) fn queue(&self, direction: Direction) -> &WaitQueue {
        match direction {
            Direction::Read => &self.readers,
            Direction::Write => &self.writers,
        }
    }

    /// The word as it is now. Taken before a system call, for [`clear`](Self::clear) after it.
    #[inline]
    pub(crate) fn seen(&self) -> Seen {
        // Acquire: pairs with `set`. What made the descriptor ready lies in the kernel, which orders it by itself; this
        // orders the count before the system call that follows.
        Seen(self.word.load(Ordering::Acquire))
    }

    /// The system call said that it would block. `false`: an event has come since `seen`; try again.
    #[inline]
    pub(crate) fn clear(&self, direction: Direction, seen: Seen) -> bool {
        self.clear_bits(direction.bits(), seen)
    }

    /// The system call did less than it was asked for. `false`: that tells nothing, or an event has come since `seen`.
    #[inline]
    pub(crate) fn clear_after_short(&self, direction: Direction, seen: Seen) -> bool {
        if seen.0 & (direction.end() | PRIORITY) != 0 {
            return false;
        }
        self.clear_bits(direction.news(), seen)
    }

    #[inline]
    fn clear_bits(&self, bits: u32, seen: Seen) -> bool {
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

    /// Is the direction ready? If not, whoever makes it so knows from now on that somebody is in the queue. Under the queue's
    /// lock.
    #[inline]
    pub(crate) fn is_ready_or_told(&self, direction: Direction) -> bool {
        !self.tell(direction, direction.queued())
    }

    /// Step e: sets `bit`, unless the direction is ready.
    #[inline]
    fn tell(&self, direction: Direction, bit: u32) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & direction.bits() == 0 {
            // Release: who sees the bit sees who stands there. (For the queue its lock does that.)
            match self.word.compare_exchange_weak(word, word | bit, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes the place for one, if nobody has it nor stands in the queue. Then it is `Some`: does `waiter` wait? If not, it is not
    /// in, and the direction is ready.
    ///
    /// # Safety
    /// If it waits, it must neither move nor end, nor its task, until [`Waiter::is_notified`] or after
    /// [`leave_slot`](Self::leave_slot) has said `true`.
    #[inline]
    pub(crate) unsafe fn enter_slot(&self, direction: Direction, waiter: &Waiter, sleeper: Sleeper) -> Option<bool> {
        // Relaxed: it is a matter of fairness only.
        if self.word.load(Ordering::Relaxed) & direction.queued() != 0 {
            return None;
        }
        let slot = self.slot(direction);
        // SAFETY: the caller's promise; and if it does not wait, it is out again, or is said to wait all the same.
        if !unsafe { slot.occupy(waiter, sleeper) } {
            return None;
        }
        // If somebody has taken it out already, on account of the one who stood there before, it will be told.
        Some(self.tell(direction, direction.in_slot()) || !slot.withdraw(waiter))
    }

    /// Takes `waiter` out of the slot, by its owner. `false`: somebody else has, and is going to notify it.
    pub(crate) fn leave_slot(&self, direction: Direction, waiter: &Waiter) -> bool {
        // The bit stays, for by now it may speak of somebody else.
        self.slot(direction).withdraw(waiter)
    }

    /// After an operation that leaves the direction ready, as far as it knows: the next waiter's turn.
    #[inline]
    pub(crate) fn pass_on(&self, direction: Direction) {
        // Whoever owes this was woken after those had set the bit who were waiting then, and sees it; who has come since has
        // seen that the direction is ready, or that it no longer is, and has the next event.
        if self.word.load(Ordering::Relaxed) & direction.queued() != 0 {
            self.wake_next(direction);
        }
    }

    #[cold]
    fn wake_next(&self, direction: Direction) {
        self.queue(direction).notify_one_and(|more| {
            if !more {
                // Relaxed: under the queue's lock, as it is set.
                self.word.fetch_and(!direction.queued(), Ordering::Relaxed);
            }
        });
    }

    /// Where those who stand in the slots lie, at this moment: for the caches alone.
    #[inline]
    pub(crate) fn places(&self) -> [usize; 2] {
        [self.reader.address(), self.writer.address()]
    }

    /// The reactor: takes over the bits of an event, and wakes.
    pub(crate) fn set(&self, bits: u32) {
        let of_slots = [Direction::Read, Direction::Write].iter().fold(0, |of_slots, direction| {
            if bits & direction.bits() != 0 { of_slots | direction.in_slot() } else { of_slots }
        });
        let mut before = self.word.load(Ordering::Relaxed);
        // Release: pairs with `seen`. Acquire: with `tell`.
        while let Err(now) = self.word.compare_exchange_weak(
            before,
            ((before | bits) & !of_slots).wrapping_add(EVENT),
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            before = now;
        }
        let news = bits & !before;
        for direction in [Direction::Read, Direction::Write] {
            let has_slot = before & of_slots & direction.in_slot() != 0;
            let chosen = if has_slot { self.slot(direction).choose() } else { None };
            let is_chosen = chosen.is_some();
            if let Some(chosen) = chosen {
                chosen.unpark();
            }
            if before & direction.queued() == 0 {
                continue;
            }
            if news & direction.end() != 0 {
                self.queue(direction).notify_all();
            } else if news & direction.news() != 0 && before & direction.bits() == 0 && !is_chosen {
                self.wake_next(direction);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use Direction::{Read, Write};

    fn readiness(word: u32) -> Readiness {
        let readiness = Readiness::new(Read);
        readiness.word.store(word, Ordering::Relaxed);
        readiness
    }

    #[test]
    fn an_event_in_between_keeps_the_bit() {
        let readiness = readiness(READABLE | WRITABLE);
        let seen = readiness.seen();
        readiness.set(READABLE);
        assert!(!readiness.clear(Read, seen));
        assert!(readiness.seen().is_ready(Read));
        let seen = readiness.seen();
        assert!(readiness.clear(Read, seen));
        assert!(!readiness.seen().is_ready(Read));
        assert!(readiness.seen().is_ready(Write));
    }

    #[test]
    fn the_other_direction_may_be_cleared_meanwhile() {
        let readiness = readiness(READABLE | WRITABLE);
        let seen = readiness.seen();
        assert!(readiness.clear(Write, seen));
        assert!(readiness.clear(Read, seen));
        assert!(!readiness.seen().is_ready(Read));
    }

    #[test]
    fn a_short_read_says_nothing_at_the_end_or_with_urgent_data() {
        for bit in [READ_CLOSED, ERROR, PRIORITY] {
            let readiness = readiness(READABLE);
            readiness.set(READABLE | bit);
            let seen = readiness.seen();
            assert!(!readiness.clear_after_short(Read, seen));
            assert!(readiness.seen().is_ready(Read));
        }
    }

    #[test]
    fn would_block_overrules_the_end() {
        let readiness = readiness(0);
        readiness.set(ERROR);
        let seen = readiness.seen();
        assert!(seen.is_ready(Read) && seen.is_ready(Write) && seen.is_at_end(Read));
        assert!(readiness.clear(Read, seen));
        assert!(!readiness.seen().is_ready(Read));
    }

    #[test]
    fn the_count_wraps_without_touching_the_bits() {
        let readiness = readiness(!(EVENT - 1) | READABLE);
        let seen = readiness.seen();
        readiness.set(WRITABLE);
        assert_eq!(readiness.word.load(Ordering::Relaxed), READABLE | WRITABLE);
        assert!(!readiness.clear(Read, seen));
    }
}
