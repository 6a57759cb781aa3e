//! The atomics and the lock that the wake-up protocols are written in.
//!
//! A protocol file names these instead of `core`'s, so that the model checker can compile the very same file against
//! its own (see `models/`, where a module of the same name re-exports loom's).

use std::sync::{PoisonError, TryLockError};

pub(crate) use core::sync::atomic;
pub(crate) use std::sync::Arc;

/// The lock around a few list operations. It stops the OS thread, and nothing is ever switched while it is held.
pub(crate) use std::sync::{Mutex, MutexGuard};

/// Locks `mutex`, whether or not somebody panicked with it: what it guards is changed only by code that cannot panic.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(error)) => error.into_inner(),
        Err(TryLockError::WouldBlock) => lock_contended(mutex),
    }
}

/// How long one waits that has found the lock taken, in pauses of 20 to 50 ns, before it looks again: the other one is done
/// long before, but can then go on for a while at the price of a lock that nobody else wants. Four senders on two workers that meet
/// all the time take 64 ns a message instead of 88.
const PAUSES: u32 = 128;

#[cold]
fn lock_contended<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // On one CPU, whoever has it is not running.
    if super::cpus() > 1 {
        (0..PAUSES).for_each(|_| std::hint::spin_loop());
    }
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A cell of whose accesses the model checker has to be told.
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    #[inline]
    pub(crate) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(core::cell::UnsafeCell::new(value))
    }

    /// Lends it to `f`, which may use the pointer while it runs, and nobody else meanwhile.
    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
