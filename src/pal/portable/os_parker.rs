//! Stopping an OS thread on a word, with a lock and a condition variable: for kernels without a futex of their own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Stops and wakes one OS thread over a word that its owner keeps.
pub(crate) struct OsParker {
    lock: Mutex<()>,
    changed: Condvar,
}

impl OsParker {
    pub(crate) const fn new() -> OsParker {
        OsParker { lock: Mutex::new(()), changed: Condvar::new() }
    }

    /// Stops this OS thread while `word` holds `expected`, until [`wake`](Self::wake) or the deadline; it may also
    /// return for no reason. Returns `false` only when the deadline has passed.
    pub(crate) fn wait(&self, word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> bool {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that a waker who changed the word before it took the lock is seen here, and one who
        // changes it afterwards finds this thread waiting. Acquire: pairs with the waker's change of the word.
        if word.load(Ordering::Acquire) != expected {
            return true;
        }
        match deadline {
            None => drop(self.changed.wait(guard)),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return false;
                }
                drop(self.changed.wait_timeout(guard, left));
            }
        }
        true
    }

    /// Ends one [`wait`](Self::wait) on `word`, which the caller has changed already.
    pub(crate) fn wake(&self, _word: &AtomicU32) {
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }
}
