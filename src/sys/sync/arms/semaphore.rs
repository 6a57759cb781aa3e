use std::any::Any;
use std::cell::Cell;

use crate::park::{Alternative, Entry, Seat, Selection, WaitingPlace};

use super::super::semaphore::{Place, Semaphore};
use super::Held;

/// Taking permits.
pub(crate) struct Acquiring<'a> {
    place: Place<'a>,
    seat: Seat,
    /// They were taken while a place was looked for.
    has_them: Cell<bool>,
    holds: Held,
}

impl<'a> Acquiring<'a> {
    pub(crate) fn new(semaphore: &'a Semaphore, permits: usize) -> Acquiring<'a> {
        Acquiring {
            place: Place::new(semaphore, permits),
            seat: Seat::new(),
            has_them: Cell::new(false),
            holds: Held::new(),
        }
    }

    /// It has won: the permits are the caller's.
    pub(crate) fn hand_over(&self) {
        self.holds.hand_over();
    }
}

impl Alternative for Acquiring<'_> {
    fn attempt(&self) -> bool {
        // One that was chosen has them.
        (self.seat.settle() || self.has_them.take() || self.place.take()) && self.holds.set()
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        // SAFETY: the caller's promise.
        let waits = unsafe { self.seat.take(self.place.cargo(), |waiter| self.place.push_or_take(waiter)) };
        self.has_them.set(!waits);
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn leave(&self) {
        self.seat.leave(&self.place);
    }

    fn end(&self) -> Option<Box<dyn Any + Send>> {
        if self.seat.settle() || self.has_them.take() {
            self.place.pass_on();
        }
        None
    }

    super::one_seat!();
}

impl Drop for Acquiring<'_> {
    fn drop(&mut self) {
        if self.holds.take() {
            self.place.pass_on();
        }
    }
}
