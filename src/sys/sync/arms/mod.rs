//! What one waits for in `sync`, as alternatives of a select.

use std::cell::Cell;

mod event;
mod mutex;
mod queue;
mod rwlock;
mod semaphore;

pub(crate) use event::Setting;
pub(crate) use mutex::Locking;
#[cfg_attr(loom, allow(unused_imports, reason = "the models do without"))]
pub(crate) use queue::{Emptying, Until};
pub(crate) use rwlock::{Reading, Writing};
pub(crate) use semaphore::Acquiring;

/// Has an alternative won something that nobody has asked for yet? It is given back with the alternative then.
struct Held(Cell<bool>);

impl Held {
    fn new() -> Held {
        Held(Cell::new(false))
    }

    /// It has won: `true`.
    fn set(&self) -> bool {
        self.0.set(true);
        true
    }

    fn take(&self) -> bool {
        self.0.take()
    }

    fn hand_over(&self) {
        assert!(self.take(), "only the one that has won is asked, and once");
    }
}

/// What of `Alternative` is the same for all that have one `seat`.
macro_rules! one_seat {
    () => {
        fn is_notified(&self) -> bool {
            self.seat.is_notified()
        }

        fn is_chosen(&self) -> bool {
            self.seat.is_chosen()
        }
    };
}
use one_seat;
