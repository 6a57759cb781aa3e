//! A waiter's place in one of several queues at once, and what has become of it.
//!
//! | state | meaning |
//! |---|---|
//! | `Free` | in no queue, and owes nothing |
//! | `Taken` | in a queue, or popped from it and not yet told |
//! | `Chosen` | a notifier has chosen it; it must act on that, or pass the choice on |

use std::cell::Cell;
use std::ptr;

use super::{Waiter, WaitingPlace};

/// See the module's text. Used by its own task only; the waiter in it by others, too.
pub(crate) struct Seat {
    waiter: Waiter,
    state: Cell<State>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Free,
    Taken,
    Chosen,
}

impl Seat {
    pub(crate) fn new() -> Seat {
        Seat { waiter: Waiter::new(ptr::null_mut()), state: Cell::new(State::Free) }
    }

    /// Has `enqueue` push the waiter, which carries `cargo`, into a queue. Returns what `enqueue` does: whether the waiter is
    /// in. If it is, a choice of before is forgotten, since the one who waits again has done what it was chosen for; else it
    /// is still to be acted on.
    ///
    /// # Safety
    /// If it is, [`leave`](Self::leave) is called with the place of that queue before the seat, or the cargo, moves or ends.
    pub(crate) unsafe fn take(&self, cargo: *mut (), enqueue: impl FnOnce(&Waiter) -> bool) -> bool {
        debug_assert_ne!(self.state.get(), State::Taken, "one queue at a time");
        self.waiter.set_cargo(cargo);
        let taken = enqueue(&self.waiter);
        if taken {
            self.state.set(State::Taken);
        }
        taken
    }

    /// Has a notifier chosen it, which has not left yet?
    pub(crate) fn is_notified(&self) -> bool {
        self.state.get() == State::Taken && self.waiter.is_notified()
    }

    /// Leaves the queue, if it is in one.
    pub(crate) fn leave(&self, place: &impl WaitingPlace) {
        if self.state.get() == State::Taken {
            // SAFETY: it was pushed to the queue of this place, as the one who took the seat has promised.
            let was_in = unsafe { place.remove(&self.waiter) };
            self.state.set(if was_in { State::Free } else { State::Chosen });
        }
    }

    /// Was it chosen before it left?
    pub(crate) fn is_chosen(&self) -> bool {
        self.state.get() == State::Chosen
    }

    /// As [`is_chosen`](Self::is_chosen); the caller acts on it, or passes it on.
    pub(crate) fn settle(&self) -> bool {
        debug_assert_ne!(self.state.get(), State::Taken, "it has left");
        self.state.replace(State::Free) == State::Chosen
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        debug_assert_ne!(self.state.get(), State::Taken, "it has left");
    }
}
