use std::any::Any;
use std::cell::Cell;
use std::ptr;

use crate::park::{Alternative, Entry, Seat, Selection, Sleeper};

use super::super::PATIENCE;
use super::super::rwlock::RwLock;
use super::super::turns::{End, TurnSeat};
use super::Held;

/// Taking a lock for reading.
pub(crate) struct Reading<'a> {
    lock: &'a RwLock,
    seat: TurnSeat,
    losses: Cell<u32>,
    holds: Held,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(lock: &'a RwLock) -> Reading<'a> {
        Reading { lock, seat: TurnSeat::new(), losses: Cell::new(0), holds: Held::new() }
    }

    /// It has won: the lock is the caller's.
    pub(crate) fn hand_over(&self) {
        self.holds.hand_over();
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if self.holds.take() {
            self.lock.leave();
        }
    }
}

impl Alternative for Reading<'_> {
    fn attempt(&self) -> bool {
        let taken = self.seat.take_grant() || self.lock.try_read();
        if taken {
            // All were woken who waited with it: there is nobody to pass that on to.
            self.seat.settle();
            self.holds.set();
        }
        taken
    }

    fn begin(&self) {
        self.losses.set(0);
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        let losses = self.losses.get() + u32::from(self.seat.is_chosen());
        let patient = losses < PATIENCE;
        // SAFETY: the caller's promise.
        let waits = unsafe { self.seat.take(&self.lock.readers, End::Back, || self.lock.announce_reader(patient)) };
        if !waits {
            self.lock.assert_room_for_reader();
            return Entry::Ready;
        }
        self.losses.set(losses);
        Entry::Waits
    }

    fn leave(&self) {
        self.seat.leave(&self.lock.readers);
    }

    fn end(&self) -> Option<Box<dyn Any + Send>> {
        self.seat.pass_on(&self.lock.readers, || self.lock.leave());
        None
    }

    super::one_seat!();
}

/// Taking a lock for writing: first the turn, then, as who has it, waiting for the readers to leave. One that loses after it
/// has got its turn ends it.
pub(crate) struct Writing<'a> {
    lock: &'a RwLock,
    for_turn: TurnSeat,
    for_readers: Seat,
    losses: Cell<u32>,
    has_turn: Cell<bool>,
    holds: Held,
}

impl<'a> Writing<'a> {
    pub(crate) fn new(lock: &'a RwLock) -> Writing<'a> {
        Writing {
            lock,
            for_turn: TurnSeat::new(),
            for_readers: Seat::new(),
            losses: Cell::new(0),
            has_turn: Cell::new(false),
            holds: Held::new(),
        }
    }

    /// It has won: the lock is the caller's.
    pub(crate) fn hand_over(&self) {
        self.holds.hand_over();
    }

    fn is_patient(&self) -> bool {
        self.losses.get() < PATIENCE
    }

    /// With the present one, if it has been woken, and it is not its turn yet.
    fn losses_so_far(&self) -> u32 {
        self.losses.get() + u32::from(self.for_turn.is_chosen())
    }

    /// Makes it this task's turn, if it is nobody's.
    fn take_turn(&self) -> bool {
        let taken = self.lock.take_turn_after(self.losses_so_far());
        if taken {
            self.for_turn.settle();
            self.has_turn.set(true);
        }
        taken
    }
}

impl Alternative for Writing<'_> {
    fn attempt(&self) -> bool {
        self.for_readers.settle();
        if self.for_turn.take_grant() {
            self.lock.turn_granted(self.is_patient());
            self.has_turn.set(true);
        }
        if self.has_turn.get() || (self.for_turn.is_chosen() && self.take_turn()) {
            let drained = self.lock.is_drained();
            if drained {
                self.has_turn.set(false);
                self.holds.set();
            }
            return drained;
        }
        // Nobody is to be kept out by one that does not wait. One that was woken has the others in the queue to see to, so it
        // takes a turn or nothing.
        !self.for_turn.is_chosen() && self.lock.take_free() && self.holds.set()
    }

    fn begin(&self) {
        self.losses.set(0);
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        if !self.has_turn.get() && !self.take_turn() {
            let losses = self.losses_so_far();
            let patient = losses < PATIENCE;
            let end = if patient { End::Back } else { End::Front };
            // SAFETY: the caller's promise.
            let waits = unsafe { self.for_turn.take(&self.lock.writers, end, || self.lock.announce_writer(patient)) };
            if !waits {
                return Entry::Ready;
            }
            self.losses.set(losses);
            return Entry::Waits;
        }
        // SAFETY: the caller's promise.
        let waits = unsafe {
            self.for_readers.take(ptr::null_mut(), |waiter| {
                self.lock.drain.push_unless(waiter, Sleeper::current(), || self.lock.is_drained())
            })
        };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn is_notified(&self) -> bool {
        self.for_turn.is_notified() || self.for_readers.is_notified()
    }

    fn leave(&self) {
        self.for_turn.leave(&self.lock.writers);
        self.for_readers.leave(&self.lock.drain);
    }

    fn is_chosen(&self) -> bool {
        self.for_turn.is_chosen() || self.for_readers.is_chosen()
    }

    fn end(&self) -> Option<Box<dyn Any + Send>> {
        self.for_readers.settle();
        self.for_turn.pass_on(&self.lock.writers, || self.lock.end_turn(false));
        if self.has_turn.take() {
            self.lock.end_turn(false);
        }
        None
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if self.holds.take() {
            self.lock.end_turn(false);
        }
    }
}
