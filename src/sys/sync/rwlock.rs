//! Many readers or one writer: one word, two queues, and a place for the writer whose turn it is.
//!
//! The word is a number of readers (the lower half) and four bits:
//!
//! | readers | `WRITER` | meaning |
//! |---|---|---|
//! | 0 | no | free |
//! | n | no | n readers hold it |
//! | 0 | yes | a writer holds it |
//! | n | yes | it is a writer's turn: it waits for the n readers to leave, and nobody else gets in |
//!
//! | bit | meaning; only with `WRITER`, and gone when that goes |
//! |---|---|
//! | `READERS_WAIT` | somebody may stand in `readers` |
//! | `WRITERS_WAIT` | somebody may stand in `writers` |
//! | `HANDOVER` | one of the writers has lost its turn to others too often: it is given the next instead of being woken |
//! | `LET_IN` | one of the readers has come too late too often: they are let in |
//!
//! So everybody waits for one thing, the end of a writer's turn. Turns pass among writers as a mutex does: they barge, and
//! who has been unlucky has it handed over (`sys::sync::mutex` says how and why). Whose turn it is waits alone, in `drain`,
//! for the readers that were before it; a stream of readers does not keep it out, since they queue behind it.
//!
//! At the end of a turn all who wait to read are woken, and try again. A stream of writers does not keep them out for ever: one
//! that has found the next writer's turn `PATIENCE` times has all of them *let in*, as has a downgrade, which means that they
//! are counted before they run, and never have to try again. That is not the rule, since who is let in holds the lock until
//! it runs, perhaps on another worker that has to wake up first: a writer that comes meanwhile would wait for that, everybody
//! else behind it, and they would all wait for one another's workers from then on.
//!
//! The halves of the races:
//!
//! ```text
//! a waiter (b to c under its queue's lock)          a writer whose turn ends
//!   a. find WRITER set                                1. clear WRITER and the other bits
//!   b. enqueue itself                                 2. READERS_WAIT was set? lock `readers`, wake all or let them in
//!   c. set the bit for its queue,                     3. WRITERS_WAIT was set? lock `writers`, wake one
//!      or find no WRITER: leave, try again
//!
//! the writer whose turn it is (under `drain`'s lock)  the last reader
//!   d. enqueue itself                                 4. subtract 1
//!   e. find readers, or leave                         5. WRITER was set, and no readers are left? lock `drain`, wake
//! ```
//!
//! c and 1 are read-modify-writes of one word (or c finds its bit set by another, under the same lock that 2 or 3 takes
//! later): if c is first, 1 sees the bit and finds the waiter; else c sees 1, or the next writer's turn, which will end. If
//! 4 comes before e, e sees no readers; else 5 waits for the queue's lock and finds the writer there.
//!
//! While it lets readers in (2), the writer is a reader itself: nobody can have the lock for writing meanwhile, so it may
//! do that in several steps, and `downgrade` is the same without leaving at the end.

use crate::park::{self, Reason};
use crate::sched::panics::panicking;
use crate::sched::primitive::atomic::{AtomicU64, Ordering};
use crate::sched::wait_queue::WaitQueue;

use super::PATIENCE;
use super::spin::{after_meeting, spin};
use super::turns::{End, Heir, Turn, Turns};

const LET_IN: u64 = 1 << 36;
const WRITER: u64 = 1 << 35;
const WRITERS_WAIT: u64 = 1 << 34;
const READERS_WAIT: u64 = 1 << 33;
const HANDOVER: u64 = 1 << 32;
/// The bits of the number of readers.
const READERS: u64 = HANDOVER - 1;
const READER: u64 = 1;
/// As many as std lets in.
const MOST_READERS: u64 = (1 << 30) - 2;

/// See the module's text.
pub(crate) struct RwLock {
    state: AtomicU64,
    pub(super) readers: Turns,
    pub(super) writers: Turns,
    /// The one whose turn it is, until the readers have left.
    pub(super) drain: WaitQueue,
}

impl RwLock {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> RwLock {
        RwLock { state: AtomicU64::new(0), readers: Turns::new(), writers: Turns::new(), drain: WaitQueue::new() }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> RwLock {
        RwLock { state: AtomicU64::new(0), readers: Turns::new(), writers: Turns::new(), drain: WaitQueue::new() }
    }

    // --- readers

    /// Takes the lock for reading if there is no writer, nor one who waits.
    #[inline]
    pub(crate) fn try_read(&self) -> bool {
        park::tick();
        let mut state = self.state.load(Ordering::Relaxed);
        while state < MOST_READERS {
            match self.enter(state) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Takes the lock for reading.
    ///
    /// # Panics
    /// There are 2^30 - 2 readers already.
    #[inline]
    pub(crate) fn read(&self) {
        park::tick();
        let state = self.state.load(Ordering::Relaxed);
        // All the bits are above the number of readers, so this says also that none is set.
        let entered = if state < MOST_READERS { self.enter(state) } else { Err(state) };
        if let Err(seen) = entered {
            self.read_contended(seen);
        }
    }

    /// One more reader than in `state`, which has room for it and no writer.
    #[inline]
    fn enter(&self, state: u64) -> Result<u64, u64> {
        // Acquire: what the last writer did is visible.
        self.state.compare_exchange_weak(state, state + READER, Ordering::Acquire, Ordering::Relaxed)
    }

    #[cold]
    fn read_contended(&self, seen: u64) {
        let mut losses = 0;
        if seen & WRITER == 0 {
            // Another reader came in between.
            after_meeting();
        }
        loop {
            let mut state = spin(|| {
                let state = self.state.load(Ordering::Relaxed);
                // Where others wait already, the writer's turn is a long one.
                (state, state & WRITER != 0 && state & (READERS_WAIT | WRITERS_WAIT) == 0)
            });
            while state & WRITER == 0 {
                assert_room(state);
                match self.enter(state) {
                    Ok(_) => return,
                    Err(_) => {
                        after_meeting();
                        state = self.state.load(Ordering::Relaxed);
                    }
                }
            }
            let announce = || self.announce_reader(losses < PATIENCE);
            match self.readers.wait(End::Back, Reason::RwLockRead, announce, || self.leave()) {
                Turn::Ready => {}
                Turn::Woken => losses += 1,
                Turn::Granted => return,
            }
        }
    }

    /// Gives up the lock.
    ///
    /// # Safety
    /// The caller holds the lock for reading.
    #[inline]
    pub(crate) unsafe fn read_unlock(&self) {
        self.leave();
    }

    #[inline]
    pub(super) fn leave(&self) {
        // Release: what the readers have read is not overwritten before.
        let before = self.state.fetch_sub(READER, Ordering::Release);
        if before & (WRITER | READERS) == WRITER | READER {
            self.wake_drain();
        }
    }

    #[cold]
    fn wake_drain(&self) {
        self.drain.notify_one();
    }

    // --- writers

    /// Takes the lock for writing if nobody has it.
    #[inline]
    pub(crate) fn try_write(&self) -> bool {
        park::tick();
        self.take_free()
    }

    /// Takes the lock for writing.
    #[inline]
    pub(crate) fn write(&self) {
        park::tick();
        if !self.take_free() {
            self.write_contended();
        }
    }

    #[inline]
    pub(super) fn take_free(&self) -> bool {
        // Acquire: what the last holders did is visible.
        self.state.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn write_contended(&self) {
        self.take_turn();
        self.wait_for_readers();
    }

    /// Makes it this task's turn.
    fn take_turn(&self) {
        let mut losses = 0;
        loop {
            let state = spin(|| {
                let state = self.state.load(Ordering::Relaxed);
                (state, state & WRITER != 0 && state & (READERS_WAIT | WRITERS_WAIT) == 0)
            });
            if self.take_turn_from(state, losses) {
                return;
            }
            let patient = losses < PATIENCE;
            let end = if patient { End::Back } else { End::Front };
            let announce = || self.announce_writer(patient);
            match self.writers.wait(end, Reason::RwLockWrite, announce, || self.end_turn(false)) {
                Turn::Ready => {}
                Turn::Woken => losses += 1,
                Turn::Granted => return self.turn_granted(patient),
            }
        }
    }

    /// Makes it this task's turn if it is nobody's; for one that was woken so often, and each time too late.
    pub(super) fn take_turn_after(&self, losses: u32) -> bool {
        self.take_turn_from(self.state.load(Ordering::Relaxed), losses)
    }

    /// As [`take_turn_after`](Self::take_turn_after), from a `state` that was just seen.
    fn take_turn_from(&self, mut state: u64, losses: u32) -> bool {
        while state & WRITER == 0 {
            // As in `mutex`: those left in the queue are the business of the one who was chosen from it.
            let others = if losses > 0 && self.writers.has_waiters() { WRITERS_WAIT } else { 0 };
            let turn = state | WRITER | others;
            // Acquire: see `take_free`; and what the readers that have left did, see `wait_for_readers`.
            match self.state.compare_exchange_weak(state, turn, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// It has been made this task's turn. If it had lost its patience, the next one may be as badly off.
    pub(super) fn turn_granted(&self, patient: bool) {
        if !patient && self.writers.has_waiters() {
            self.state.fetch_or(HANDOVER, Ordering::Relaxed);
        }
    }

    /// It is this task's turn: waits until the readers have left.
    fn wait_for_readers(&self) {
        /// If a park is left by unwinding.
        struct GiveUp<'a>(&'a RwLock);
        impl Drop for GiveUp<'_> {
            fn drop(&mut self) {
                self.0.end_turn(false);
            }
        }
        let give_up = GiveUp(self);
        loop {
            let drained = spin(|| {
                let drained = self.is_drained();
                (drained, !drained)
            });
            if drained {
                break;
            }
            let _ = park::wait(&self.drain, None, Reason::RwLockWrite, || self.is_drained());
        }
        std::mem::forget(give_up);
    }

    pub(super) fn is_drained(&self) -> bool {
        // Acquire: pairs with `leave`.
        self.state.load(Ordering::Acquire) & READERS == 0
    }

    /// Gives up the lock, and lets others go first now and then if there are any who want it.
    ///
    /// # Safety
    /// The caller holds the lock for writing.
    #[inline]
    pub(crate) unsafe fn write_unlock(&self) {
        // Release: what the writer did is visible to whoever comes next.
        if self.state.compare_exchange(WRITER, 0, Ordering::Release, Ordering::Relaxed).is_err() {
            self.write_unlock_contended();
        }
    }

    #[cold]
    fn write_unlock_contended(&self) {
        self.end_turn(false);
        if !panicking() {
            park::checkpoint();
        }
    }

    /// Holds the lock for reading instead, without anybody writing in between; all who wait to read may do so, too.
    ///
    /// # Safety
    /// The caller holds the lock for writing.
    #[inline]
    pub(crate) unsafe fn downgrade(&self) {
        // Release: what the writer did is visible to the readers that come now.
        if self.state.compare_exchange(WRITER, READER, Ordering::Release, Ordering::Relaxed).is_err() {
            self.downgrade_contended();
        }
    }

    #[cold]
    fn downgrade_contended(&self) {
        self.end_turn(true);
    }

    // --- both

    /// Panics if only the number of readers keeps further ones out: nobody can wait for that to change.
    pub(super) fn assert_room_for_reader(&self) {
        let state = self.state.load(Ordering::Relaxed);
        if state & WRITER == 0 {
            assert_room(state);
        }
    }

    /// Step c of a reader.
    pub(super) fn announce_reader(&self, patient: bool) -> bool {
        self.announce(if patient { READERS_WAIT } else { READERS_WAIT | LET_IN })
    }

    /// Step c of a writer.
    pub(super) fn announce_writer(&self, patient: bool) -> bool {
        self.announce(if patient { WRITERS_WAIT } else { WRITERS_WAIT | HANDOVER })
    }

    /// Step c: makes the writer whose turn it is look at the queues when that ends. `false`: it is nobody's turn.
    fn announce(&self, bits: u64) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state & WRITER == 0 {
                return false;
            }
            if state & bits == bits {
                return true;
            }
            // Relaxed: the queue's lock orders what the writer does next after this waiter's enqueuing.
            match self.state.compare_exchange_weak(state, state | bits, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
    }

    /// Ends the turn of this task; it may `stay` as a reader. Never switches.
    ///
    /// There may still be readers from before, if the task unwinds before it has had the lock.
    pub(super) fn end_turn(&self, stay: bool) {
        // Release throughout: as in `write_unlock`.
        let mut state = self.state.load(Ordering::Relaxed);
        let before = loop {
            if state & HANDOVER != 0 {
                break self.hand_over();
            }
            let free = state & READERS;
            let after = if stay || state & LET_IN != 0 { free + READER } else { free };
            match self.state.compare_exchange_weak(state, after, Ordering::Release, Ordering::Relaxed) {
                Ok(before) => break before,
                Err(now) => state = now,
            }
        };
        let lets_in = stay || before & (LET_IN | HANDOVER) != 0;
        if before & READERS_WAIT != 0 && !lets_in {
            self.readers.wake_all();
        } else if before & READERS_WAIT != 0 {
            // This task is a reader now, so there are readers all the time.
            // Release: a writer's Acquire of the last of these readers' leaving covers this task's leaving, too.
            self.readers.grant_all(|| {
                self.state.fetch_add(READER, Ordering::Release);
            });
        }
        if before & (WRITERS_WAIT | HANDOVER) == WRITERS_WAIT {
            self.writers.wake_one();
        }
        if !stay && lets_in {
            self.leave();
        }
    }

    /// Gives the turn to the writer that has waited longest, and makes this task a reader. Returns the state before.
    #[cold]
    fn hand_over(&self) -> u64 {
        let mut before = 0;
        self.writers.grant_one(|heir| {
            let turn = match heir {
                // Whoever wanted it so has unwound.
                Heir::Nobody => 0,
                Heir::TheLast => WRITER,
                Heir::OneOfSeveral => WRITER | WRITERS_WAIT,
            };
            // Readers may be setting their bit meanwhile; those who have are let in by the caller.
            let mut state = self.state.load(Ordering::Relaxed);
            loop {
                let after = ((state & READERS) + READER) | turn;
                match self.state.compare_exchange_weak(state, after, Ordering::Release, Ordering::Relaxed) {
                    Ok(_) => break,
                    Err(now) => state = now,
                }
            }
            before = state;
            heir != Heir::Nobody
        });
        before
    }
}

/// In a `state` without a writer.
fn assert_room(state: u64) {
    assert!(state < MOST_READERS, "too many active read locks on RwLock");
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sys::sync::arms::Reading;

    /// A select panics as `read` does, where it would else look and look again.
    #[test]
    fn more_readers_than_there_may_be() {
        let lock = RwLock::new();
        lock.state.store(MOST_READERS, Ordering::Relaxed);
        let reading = Reading::new(&lock);
        assert_eq!(park::try_select(&[&reading]), None);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| park::select(&[&reading], None)));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"too many active read locks on RwLock"));
        lock.leave();
        assert_eq!(park::select(&[&reading], None), Some(0));
    }
}
