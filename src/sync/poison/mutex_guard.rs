use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::LockResult;

use crate::sys::sync as sys;

use super::flag::Watch;
use super::{MappedMutexGuard, Mutex, NotSend};

/// The right to the data of a locked [`Mutex`], which it unlocks when dropped. As [`std::sync::MutexGuard`].
///
/// # Examples
///
/// ```
/// use costd::sync::Mutex;
///
/// let words = Mutex::new(vec!["one"]);
/// let mut guard = words.lock().unwrap();
/// guard.push("two");
/// drop(guard);
/// assert_eq!(words.into_inner().unwrap(), ["one", "two"]);
/// ```
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized + 'a> {
    lock: &'a Mutex<T>,
    watch: Watch,
    _not_send: NotSend,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// # Safety
    /// The caller has locked `lock`, and leaves the rest to the guard.
    #[inline]
    pub(super) unsafe fn new(lock: &'a Mutex<T>) -> LockResult<MutexGuard<'a, T>> {
        let watch = lock.flag.watch();
        lock.flag.wrap(MutexGuard { lock, watch, _not_send: PhantomData })
    }

    /// The raw lock, for a condition variable.
    #[inline]
    pub(in crate::sync) fn raw(guard: &Self) -> &'a sys::Mutex {
        &guard.lock.raw
    }

    /// `guard`, as an error if its mutex has been poisoned meanwhile.
    #[inline]
    pub(super) fn check(guard: Self) -> LockResult<Self> {
        guard.lock.flag.wrap(guard)
    }

    /// Makes a guard for a part of the data. Unstable in std.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, "one"));
    /// let mut first = MutexGuard::map(pair.lock().unwrap(), |pair| &mut pair.0);
    /// *first += 1;
    /// drop(first);
    /// assert_eq!(pair.lock().unwrap().0, 2);
    /// ```
    pub fn map<U, F>(orig: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
        U: ?Sized,
    {
        // SAFETY: the guard, which is here, is the right to the data; `f` cannot keep the reference for longer than the mutex is
        // borrowed, and what it returns goes into the new guard. (The guard is dropped if it panics.)
        let part = NonNull::from(f(unsafe { &mut *orig.lock.data.get() }));
        let orig = ManuallyDrop::new(orig);
        // SAFETY: the lock that `orig` would have released goes to the new guard, with what belongs to it.
        unsafe { MappedMutexGuard::new(part, &orig.lock.raw, &orig.lock.flag, orig.watch) }
    }

    /// Makes a guard for a part of the data, if there is one. Unstable in std.
    ///
    /// # Errors
    /// The original guard, if `f` returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{Mutex, MutexGuard};
    ///
    /// let words = Mutex::new(vec![String::from("one")]);
    /// assert!(MutexGuard::filter_map(words.lock().unwrap(), |words| words.get_mut(1)).is_err());
    /// ```
    pub fn filter_map<U, F>(orig: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
        U: ?Sized,
    {
        // SAFETY: as in `map`.
        match f(unsafe { &mut *orig.lock.data.get() }) {
            Some(part) => {
                let part = NonNull::from(part);
                let orig = ManuallyDrop::new(orig);
                // SAFETY: as in `map`.
                Ok(unsafe { MappedMutexGuard::new(part, &orig.lock.raw, &orig.lock.flag, orig.watch) })
            }
            None => Err(orig),
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while the guard lives the mutex is locked, for this guard alone.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.flag.done(self.watch);
        // SAFETY: as above; this is the end of the guard.
        unsafe { self.lock.raw.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
