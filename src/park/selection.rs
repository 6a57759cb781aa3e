//! Which one of several offers is taken up, of a task that makes them at once.
//!
//! Most of what a `select` waits for is a hint: the task is woken, and takes what it was woken for by itself. Not so an offer
//! in a rendezvous, which another task takes up while this one sleeps. Whoever wants to take one up therefore takes the
//! selection that it belongs to first, and leaves the offer alone if that is *taken* already: then another offer of the same
//! task has been taken up, or the task itself has closed the selection, because it wants something else.
//!
//! Two tasks that both make several offers meet by taking both selections or neither, in one step: if one were taken first and
//! given back, others could have passed by in between.
//!
//! A selection is taken under the lock of the place where the offer is, and nothing else is locked under a selection but
//! another, in the order of their addresses.

use std::ptr;

use crate::sched::primitive::{Mutex, lock};

/// See the module's text.
pub struct Selection {
    taken: Mutex<bool>,
}

impl Selection {
    pub(crate) fn new() -> Selection {
        Selection { taken: Mutex::new(false) }
    }

    /// `false`: it was taken before.
    pub(crate) fn take(&self) -> bool {
        !std::mem::replace(&mut *lock(&self.taken), true)
    }

    /// Takes two, or none: `false`. Never two that are one.
    pub(crate) fn take_both(&self, other: &Selection) -> bool {
        if ptr::eq(self, other) {
            return false;
        }
        let (first, second) = if ptr::from_ref(self) < ptr::from_ref(other) { (self, other) } else { (other, self) };
        let mut first = lock(&first.taken);
        let mut second = lock(&second.taken);
        let free = !*first && !*second;
        if free {
            (*first, *second) = (true, true);
        }
        free
    }
}
