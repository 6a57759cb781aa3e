//! The locks that become poisoned when a thread panics with them. Unstable in std as a module of its own; [`sync`](super)
//! re-exports all of it.
//!
//! A [`Mutex`] is poisoned when its guard is dropped by a panic that began while it was held, a [`RwLock`] when that is a
//! guard for writing. Then every `lock`, `read` and `write` returns an error, which holds the guard nevertheless, until
//! `clear_poison`. The panic is the thread's own: what other coroutines on the same worker do does not count.
//!
//! ```
//! use costd::sync::{Arc, Mutex};
//! use costd::thread;
//!
//! let numbers = Arc::new(Mutex::new(vec![1, 2]));
//! let theirs = Arc::clone(&numbers);
//! let result = thread::spawn(move || {
//!     let mut numbers = theirs.lock().unwrap();
//!     numbers.pop();
//!     panic!("in the middle of it");
//! });
//! assert!(result.join().is_err());
//! let broken = numbers.lock().unwrap_err().into_inner();
//! assert_eq!(*broken, [1]);
//! ```

mod condvar;
mod flag;
mod mapped_mutex_guard;
mod mapped_rwlock_guards;
mod mutex;
mod mutex_guard;
mod rwlock;
mod rwlock_guards;

pub use ::std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
pub use condvar::Condvar;
pub use mapped_mutex_guard::MappedMutexGuard;
pub use mapped_rwlock_guards::{MappedRwLockReadGuard, MappedRwLockWriteGuard};
pub use mutex::Mutex;
pub use mutex_guard::MutexGuard;
pub use rwlock::RwLock;
pub use rwlock_guards::{RwLockReadGuard, RwLockWriteGuard};

use std::marker::PhantomData;

/// What a guard holds for its thread to stay the one that drops it. (`*mut ()` is not `Send`; that a guard is `Sync` says
/// the guard itself.)
type NotSend = PhantomData<*mut ()>;
