//! The atomics and the lock that the wake-up protocols are written in.
//!
//! A protocol file names these instead of `core`'s, so that the model checker can compile the very same file against
//! its own (see `models/`, where a module of the same name re-exports loom's).

pub(crate) use core::sync::atomic;
pub(crate) use std::sync::Arc;

/// The lock around a few list operations. It stops the OS thread, and nothing is ever switched while it is held.
pub(crate) use std::sync::{Mutex, MutexGuard};

/// Locks `mutex`, whether or not somebody panicked with it: what it guards is changed only by code that cannot panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
