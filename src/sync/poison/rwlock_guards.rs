use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::sys::sync as sys;

use super::flag::Watch;
use super::{MappedRwLockReadGuard, MappedRwLockWriteGuard, NotSend, RwLock};

/// The right to read the data of a [`RwLock`], which it gives up when dropped. As [`std::sync::RwLockReadGuard`].
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'rwlock, T: ?Sized + 'rwlock> {
    /// A pointer and not a reference: a guard that is passed to a function keeps writers out only until it is dropped in
    /// there. Covariant over `T`.
    data: NonNull<T>,
    raw: &'rwlock sys::RwLock,
    _not_send: NotSend,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}

/// The right to read and write the data of a [`RwLock`], which it gives up when dropped. As
/// [`std::sync::RwLockWriteGuard`].
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'rwlock, T: ?Sized + 'rwlock> {
    lock: &'rwlock RwLock<T>,
    watch: Watch,
    _not_send: NotSend,
}

// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'rwlock, T: ?Sized> RwLockReadGuard<'rwlock, T> {
    /// # Safety
    /// The caller has `lock` for reading, and leaves the rest to the guard.
    #[inline]
    pub(super) unsafe fn new(lock: &'rwlock RwLock<T>) -> RwLockReadGuard<'rwlock, T> {
        // SAFETY: the pointer comes from a reference, by way of `UnsafeCell`.
        let data = unsafe { NonNull::new_unchecked(lock.data.get()) };
        RwLockReadGuard { data, raw: &lock.raw, _not_send: PhantomData }
    }

    /// Makes a guard for a part of the data. Unstable in std.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{RwLock, RwLockReadGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// let first = RwLockReadGuard::map(pair.read().unwrap(), |pair| &pair.0);
    /// assert_eq!(*first, 1);
    /// ```
    pub fn map<U, F>(orig: Self, f: F) -> MappedRwLockReadGuard<'rwlock, U>
    where
        F: FnOnce(&T) -> &U,
        U: ?Sized,
    {
        let part = NonNull::from(f(&orig));
        let orig = ManuallyDrop::new(orig);
        // SAFETY: the lock goes from `orig`, which is not dropped, to the new guard; `part` is of what it guards.
        unsafe { MappedRwLockReadGuard::new(part, orig.raw) }
    }

    /// Makes a guard for a part of the data, if there is one. Unstable in std.
    ///
    /// # Errors
    /// The original guard, if `f` returns `None`.
    pub fn filter_map<U, F>(orig: Self, f: F) -> Result<MappedRwLockReadGuard<'rwlock, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
        U: ?Sized,
    {
        match f(&orig).map(NonNull::from) {
            Some(part) => {
                let orig = ManuallyDrop::new(orig);
                // SAFETY: as in `map`.
                Ok(unsafe { MappedRwLockReadGuard::new(part, orig.raw) })
            }
            None => Err(orig),
        }
    }
}

impl<'rwlock, T: ?Sized> RwLockWriteGuard<'rwlock, T> {
    /// # Safety
    /// The caller has `lock` for writing, and leaves the rest to the guard.
    #[inline]
    pub(super) unsafe fn new(lock: &'rwlock RwLock<T>) -> RwLockWriteGuard<'rwlock, T> {
        RwLockWriteGuard { lock, watch: lock.flag.watch(), _not_send: PhantomData }
    }

    /// Becomes a guard for reading, without anybody writing in between. Whoever waits to read may do so, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let lock = RwLock::new(1);
    /// let mut writer = lock.write().unwrap();
    /// *writer += 1;
    /// let reader = RwLockWriteGuard::downgrade(writer);
    /// assert_eq!(*reader, *lock.read().unwrap());
    /// ```
    pub fn downgrade(s: Self) -> RwLockReadGuard<'rwlock, T> {
        let lock = ManuallyDrop::new(s).lock;
        // SAFETY: the guard, which is not dropped, had the lock for writing; then the new one has it for reading.
        unsafe {
            lock.raw.downgrade();
            RwLockReadGuard::new(lock)
        }
    }

    /// Makes a guard for a part of the data. Unstable in std.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// *RwLockWriteGuard::map(pair.write().unwrap(), |pair| &mut pair.0) += 1;
    /// assert_eq!(pair.read().unwrap().0, 2);
    /// ```
    pub fn map<U, F>(orig: Self, f: F) -> MappedRwLockWriteGuard<'rwlock, U>
    where
        F: FnOnce(&mut T) -> &mut U,
        U: ?Sized,
    {
        // SAFETY: the guard, which is here, is the right to the data; `f` cannot keep the reference for longer than the lock is
        // borrowed, and what it returns goes into the new guard. (The guard is dropped if it panics.)
        let part = NonNull::from(f(unsafe { &mut *orig.lock.data.get() }));
        let orig = ManuallyDrop::new(orig);
        // SAFETY: the lock goes from `orig`, which is not dropped, to the new guard, with what belongs to it.
        unsafe { MappedRwLockWriteGuard::new(part, &orig.lock.raw, &orig.lock.flag, orig.watch) }
    }

    /// Makes a guard for a part of the data, if there is one. Unstable in std.
    ///
    /// # Errors
    /// The original guard, if `f` returns `None`.
    pub fn filter_map<U, F>(orig: Self, f: F) -> Result<MappedRwLockWriteGuard<'rwlock, U>, Self>
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
                Ok(unsafe { MappedRwLockWriteGuard::new(part, &orig.lock.raw, &orig.lock.flag, orig.watch) })
            }
            None => Err(orig),
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while the guard lives nobody writes.
        unsafe { self.data.as_ref() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while the guard lives nobody else has the lock.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it was made with the lock taken for reading, and this is its end.
        unsafe { self.raw.read_unlock() }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.flag.done(self.watch);
        // SAFETY: it was made with the lock taken for writing, and this is its end.
        unsafe { self.lock.raw.write_unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
