//! The locks that do not become poisoned. Unstable in std.
//!
//! They are those of [`poison`](super::poison) that do not say whether they are poisoned.
//!
//! ```
//! use costd::sync::nonpoison::Mutex;
//!
//! let numbers = Mutex::new(vec![1, 2]);
//! costd::thread::scope(|s| {
//!     let thread = s.spawn(|| {
//!         let mut numbers = numbers.lock();
//!         numbers.pop();
//!         panic!("in the middle of it");
//!     });
//!     assert!(thread.join().is_err());
//! });
//! assert_eq!(*numbers.lock(), [1]);
//! ```

use std::fmt;
use std::sync::{PoisonError, TryLockError};

mod condvar;
mod mutex;
mod rwlock;

pub use super::poison::{MappedRwLockReadGuard, RwLockReadGuard};
pub use condvar::Condvar;
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard};
pub use rwlock::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};

/// The result of an attempt to lock that does not wait.
pub type TryLockResult<Guard> = Result<Guard, WouldBlock>;

/// The lock could not be taken without waiting.
pub struct WouldBlock;

impl fmt::Debug for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        "WouldBlock".fmt(f)
    }
}

impl fmt::Display for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        "try_lock failed because the operation would block".fmt(f)
    }
}

/// What a lock returned, poisoned or not.
#[inline]
fn either<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// As [`either`], of an attempt.
#[inline]
fn attempt<T>(result: Result<T, TryLockError<T>>) -> TryLockResult<T> {
    match result {
        Ok(guard) => Ok(guard),
        Err(TryLockError::Poisoned(error)) => Ok(error.into_inner()),
        Err(TryLockError::WouldBlock) => Err(WouldBlock),
    }
}

/// `Deref`, `DerefMut`, `Debug` and `Display` of a guard that is another one in the first field.
macro_rules! guard_like_its_inner {
    ($guard:ident) => {
        impl<T: ?Sized> std::ops::Deref for $guard<'_, T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T: ?Sized> std::ops::DerefMut for $guard<'_, T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }

        impl<T: ?Sized + std::fmt::Debug> std::fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + std::fmt::Display> std::fmt::Display for $guard<'_, T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}
use guard_like_its_inner;
