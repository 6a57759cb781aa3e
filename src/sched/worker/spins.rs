//! Whether a worker had better wait for a wake awake, for a short while, than go to sleep at once.
//!
//! What speaks for it are sleeps that others ended soon; [`ENOUGH`] of them are worth a try. What speaks most for it is a try
//! that was rewarded. One in vain before a longer sleep, or two, end it, until there have been as many short sleeps again: so
//! where wakes come a little too late for it every time, it costs a try in two waits.

use std::cell::Cell;

/// From here on it is worth it.
const ENOUGH: u32 = 2;
const MOST: u32 = 2 * ENOUGH;

/// See the module's text.
pub(super) struct Spins {
    worth: Cell<u32>,
}

impl Spins {
    pub(super) const fn new() -> Spins {
        Spins { worth: Cell::new(0) }
    }

    pub(super) fn are_worth_it(&self) -> bool {
        self.worth.get() >= ENOUGH
    }

    /// The worker has waited so, and was woken or not.
    pub(super) fn note(&self, woken: bool) {
        self.worth.set(if woken { MOST } else { self.worth.get().saturating_sub(ENOUGH) });
    }

    /// The worker has slept: for so short a time that it might as well have waited so, or not.
    pub(super) fn note_sleep(&self, short: bool) {
        let worth = self.worth.get();
        self.worth.set(if short { (worth + 1).min(MOST) } else { worth.saturating_sub(1) });
    }
}
