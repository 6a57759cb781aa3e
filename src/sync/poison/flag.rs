use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError};

use crate::sched::panics::poisons;

/// Has somebody panicked with the lock that this belongs to?
///
/// All accesses are Relaxed: what the flag speaks of is ordered by the lock.
pub(super) struct Flag(AtomicBool);

/// What is remembered while the lock is held: did its holder panic before?
#[derive(Clone, Copy)]
pub(super) struct Watch {
    panicking: bool,
}

impl Flag {
    #[inline]
    pub(super) const fn new() -> Flag {
        Flag(AtomicBool::new(false))
    }

    /// The lock has been taken, by a holder whose panic would matter.
    #[inline]
    pub(super) fn watch(&self) -> Watch {
        Watch { panicking: poisons() }
    }

    /// The lock is about to be released.
    #[inline]
    pub(super) fn done(&self, watch: Watch) {
        if !watch.panicking && poisons() {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// `value`, as an error if the lock is poisoned.
    #[inline]
    pub(super) fn wrap<G>(&self, value: G) -> LockResult<G> {
        if self.get() { Err(PoisonError::new(value)) } else { Ok(value) }
    }
}
