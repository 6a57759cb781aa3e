//! Useful synchronization primitives, as [`std::sync`]: a coroutine that has to wait lets the others of its worker run.
//!
//! Everything here serves coroutines and plain OS threads alike, both on the same lock if need be. What does not wait
//! ([`Arc`], [`Weak`], [`atomic`], the error types) is std's own.
//!
//! Beyond what std says: a loop that takes and releases a lock, or keeps looking at one, and does nothing else, lets the
//! others of its worker run now and then; one that looks at an atomic does not, unless it calls
//! [`yield_now`](crate::thread::yield_now).

pub use ::std::sync::*;

mod barrier;
mod lazy_lock;
mod once;
mod once_lock;
mod reentrant_lock;
mod wait_timeout_result;

pub mod mpmc;
pub mod mpsc;
pub mod nonpoison;
pub mod oneshot;
pub mod poison;

pub use barrier::{Barrier, BarrierWaitResult};
pub use lazy_lock::LazyLock;
#[allow(deprecated)]
pub use once::ONCE_INIT;
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use poison::{
    Condvar, MappedMutexGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, MutexGuard, RwLock,
    RwLockReadGuard, RwLockWriteGuard,
};
pub use reentrant_lock::{ReentrantLock, ReentrantLockGuard};
pub use wait_timeout_result::WaitTimeoutResult;
