use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::sys::sync as sys;

use super::NotSend;
use super::flag::{Flag, Watch};

/// The right to read a part of the data of a [`RwLock`](super::RwLock), made by
/// [`RwLockReadGuard::map`](super::RwLockReadGuard::map). Unstable in std.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MappedRwLockReadGuard<'rwlock, T: ?Sized + 'rwlock> {
    /// See `RwLockReadGuard`.
    data: NonNull<T>,
    raw: &'rwlock sys::RwLock,
    _not_send: NotSend,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockReadGuard<'_, T> {}

/// The right to read and write a part of the data of a [`RwLock`](super::RwLock), made by
/// [`RwLockWriteGuard::map`](super::RwLockWriteGuard::map). Unstable in std.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MappedRwLockWriteGuard<'rwlock, T: ?Sized + 'rwlock> {
    /// A pointer and not a reference: see `MappedMutexGuard`.
    data: NonNull<T>,
    raw: &'rwlock sys::RwLock,
    flag: &'rwlock Flag,
    watch: Watch,
    /// Invariant over `T`, as what gives out `&mut T` must be.
    _data: PhantomData<&'rwlock mut T>,
    _not_send: NotSend,
}

// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockWriteGuard<'_, T> {}

impl<'rwlock, T: ?Sized> MappedRwLockReadGuard<'rwlock, T> {
    /// # Safety
    /// `raw` is locked for reading, which is the guard's from now on; `data` is (a part of) what it guards, valid for
    /// `'rwlock`.
    pub(super) unsafe fn new(data: NonNull<T>, raw: &'rwlock sys::RwLock) -> Self {
        MappedRwLockReadGuard { data, raw, _not_send: PhantomData }
    }

    /// Makes a guard for a part of this part. Unstable in std.
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

    /// Makes a guard for a part of this part, if there is one. Unstable in std.
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

impl<'rwlock, T: ?Sized> MappedRwLockWriteGuard<'rwlock, T> {
    /// # Safety
    /// `raw` is locked for writing, `data` is (a part of) what it guards, valid for `'rwlock` and reached by this guard
    /// alone; `flag` and `watch` belong to the lock. All that is the guard's from now on.
    pub(super) unsafe fn new(data: NonNull<T>, raw: &'rwlock sys::RwLock, flag: &'rwlock Flag, watch: Watch) -> Self {
        MappedRwLockWriteGuard { data, raw, flag, watch, _data: PhantomData, _not_send: PhantomData }
    }

    /// The same lock for other data.
    fn part<U: ?Sized>(orig: Self, data: NonNull<U>) -> MappedRwLockWriteGuard<'rwlock, U> {
        let this = ManuallyDrop::new(orig);
        // SAFETY: both callers got `data` from what this guard guards; the lock goes from `orig`, which is not dropped, to
        // the new guard.
        unsafe { MappedRwLockWriteGuard::new(data, this.raw, this.flag, this.watch) }
    }

    /// Makes a guard for a part of this part. Unstable in std.
    pub fn map<U, F>(mut orig: Self, f: F) -> MappedRwLockWriteGuard<'rwlock, U>
    where
        F: FnOnce(&mut T) -> &mut U,
        U: ?Sized,
    {
        let part = NonNull::from(f(&mut orig));
        Self::part(orig, part)
    }

    /// Makes a guard for a part of this part, if there is one. Unstable in std.
    ///
    /// # Errors
    /// The original guard, if `f` returns `None`.
    pub fn filter_map<U, F>(mut orig: Self, f: F) -> Result<MappedRwLockWriteGuard<'rwlock, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
        U: ?Sized,
    {
        match f(&mut orig).map(NonNull::from) {
            Some(part) => Ok(Self::part(orig, part)),
            None => Err(orig),
        }
    }
}

impl<T: ?Sized> Deref for MappedRwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: see `new`.
        unsafe { self.data.as_ref() }
    }
}

impl<T: ?Sized> Deref for MappedRwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: see `new`.
        unsafe { self.data.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedRwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: see `new`.
        unsafe { self.data.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedRwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: see `new`.
        unsafe { self.raw.read_unlock() }
    }
}

impl<T: ?Sized> Drop for MappedRwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.flag.done(self.watch);
        // SAFETY: see `new`.
        unsafe { self.raw.write_unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedRwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedRwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
