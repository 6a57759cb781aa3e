//! Waiting until a direction of a descriptor is ready: in its slot if that is free, else in its queue.

use std::cell::Cell;
use std::ptr;
use std::time::Instant;

use crate::sched;
use crate::sched::readiness::{Direction, Readiness};

use super::{Reason, Sleeper, Wait, Waiter, WaitingPlace, park, wait_in_or_interrupted};

/// Parks until the direction may be ready or `deadline` passes. `None`: it was interrupted.
pub(crate) fn wait_until_ready(
    readiness: &Readiness,
    direction: Direction,
    deadline: Option<Instant>,
    reason: Reason,
) -> Option<Wait> {
    let place = Place { readiness, direction, reason, in_slot: Cell::new(false) };
    wait_in_or_interrupted(&place, ptr::null_mut(), deadline, reason, |waiter| {
        sched::note_depth();
        let sleeper = Sleeper::current();
        // SAFETY: `wait_in_or_interrupted` keeps the waiter where it is, and takes it out of the place before it ends.
        match unsafe { readiness.enter_slot(direction, waiter, sleeper) } {
            Some(waits) => {
                place.in_slot.set(true);
                waits
            }
            None => place.enter_queue(waiter),
        }
    })
}

struct Place<'a> {
    readiness: &'a Readiness,
    direction: Direction,
    reason: Reason,
    /// Where the waiter is.
    in_slot: Cell<bool>,
}

impl Place<'_> {
    #[cold]
    fn enter_queue(&self, waiter: &Waiter) -> bool {
        let ready = || self.readiness.is_ready_or_told(self.direction);
        // SAFETY: as above.
        unsafe { self.readiness.queue(self.direction).push_unless(waiter, Sleeper::current(), ready) }
    }
}

// SAFETY: the waiter is either in the one list of the queue, or in the slot, and once it has left that, it is either out or
// marked.
unsafe impl WaitingPlace for Place<'_> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        if !self.in_slot.get() {
            // SAFETY: the caller's promise.
            return unsafe { self.readiness.queue(self.direction).remove(waiter) };
        }
        if self.readiness.leave_slot(self.direction, waiter) {
            return true;
        }
        // Somebody on another OS thread is just about to mark it, and to unpark this task after that.
        while !waiter.is_notified() {
            let _ = park(None, self.reason);
        }
        false
    }

    fn pass_on(&self) {
        self.readiness.pass_on(self.direction);
    }
}
