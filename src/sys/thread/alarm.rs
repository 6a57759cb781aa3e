use std::cell::Cell;
use std::time::Instant;

use crate::park::{Alternative, Entry, Selection};

/// A moment that comes, once, as an alternative of a select.
pub(crate) struct Alarm {
    /// `None`: it has gone off; or the clock does not reach that far.
    at: Cell<Option<Instant>>,
}

impl Alarm {
    pub(crate) fn new(at: Option<Instant>) -> Alarm {
        Alarm { at: Cell::new(at) }
    }

    /// Will it never go off (any more)?
    pub(crate) fn is_spent(&self) -> bool {
        self.at.get().is_none()
    }
}

impl Alternative for Alarm {
    fn attempt(&self) -> bool {
        let is_time = self.at.get().is_some_and(|at| at <= Instant::now());
        if is_time {
            self.at.set(None);
        }
        is_time
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        Entry::Waits
    }

    fn is_notified(&self) -> bool {
        false
    }

    fn leave(&self) {}

    fn is_chosen(&self) -> bool {
        false
    }

    fn deadline(&self) -> Option<Instant> {
        self.at.get()
    }
}
