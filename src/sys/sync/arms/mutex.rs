use std::any::Any;
use std::cell::Cell;

use crate::park::{Alternative, Entry, Selection};

use super::super::PATIENCE;
use super::super::mutex::Mutex;
use super::super::turns::{End, TurnSeat};
use super::Held;

/// Taking a mutex. As `lock_contended` there, one turn of its loop at a time.
pub(crate) struct Locking<'a> {
    mutex: &'a Mutex,
    seat: TurnSeat,
    losses: Cell<u32>,
    holds: Held,
}

impl<'a> Locking<'a> {
    pub(crate) fn new(mutex: &'a Mutex) -> Locking<'a> {
        Locking { mutex, seat: TurnSeat::new(), losses: Cell::new(0), holds: Held::new() }
    }

    /// It has won: the lock is the caller's.
    pub(crate) fn hand_over(&self) {
        self.holds.hand_over();
    }

    fn is_patient(&self) -> bool {
        self.losses.get() < PATIENCE
    }

    /// With the present one, if it has been woken, and has nothing yet.
    fn losses_so_far(&self) -> u32 {
        self.losses.get() + u32::from(self.seat.is_chosen())
    }
}

impl Alternative for Locking<'_> {
    fn attempt(&self) -> bool {
        if self.seat.take_grant() {
            self.mutex.granted(self.is_patient());
            return self.holds.set();
        }
        let taken = self.mutex.take_after(self.losses_so_far());
        if taken {
            self.seat.settle();
            self.holds.set();
        }
        taken
    }

    fn begin(&self) {
        self.losses.set(0);
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        let losses = self.losses_so_far();
        let patient = losses < PATIENCE;
        let end = if patient { End::Back } else { End::Front };
        // SAFETY: the caller's promise.
        let waits = unsafe { self.seat.take(&self.mutex.turns, end, || self.mutex.announce(patient)) };
        if !waits {
            return Entry::Ready;
        }
        self.losses.set(losses);
        Entry::Waits
    }

    fn leave(&self) {
        self.seat.leave(&self.mutex.turns);
    }

    fn end(&self) -> Option<Box<dyn Any + Send>> {
        self.seat.pass_on(&self.mutex.turns, || self.mutex.release());
        None
    }

    super::one_seat!();
}

impl Drop for Locking<'_> {
    fn drop(&mut self) {
        if self.holds.take() {
            self.mutex.release();
        }
    }
}
