use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::sys::sync as sys;

use super::NotSend;
use super::flag::{Flag, Watch};

/// The right to a part of the data of a locked [`Mutex`](super::Mutex), made by
/// [`MutexGuard::map`](super::MutexGuard::map). Unstable in std.
///
/// # Examples
///
/// ```
/// use costd::sync::{MappedMutexGuard, Mutex, MutexGuard};
///
/// let pair = Mutex::new((1, [2, 3]));
/// let array = MutexGuard::map(pair.lock().unwrap(), |pair| &mut pair.1);
/// let mut last = MappedMutexGuard::map(array, |array| &mut array[1]);
/// *last = 4;
/// # drop(last);
/// # assert_eq!(pair.into_inner().unwrap(), (1, [2, 4]));
/// ```
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MappedMutexGuard<'a, T: ?Sized + 'a> {
    /// A pointer and not a reference: a guard that is passed to a function is unique only until it is dropped in there, and
    /// not until the function returns.
    data: NonNull<T>,
    raw: &'a sys::Mutex,
    flag: &'a Flag,
    watch: Watch,
    /// Invariant over `T`, as what gives out `&mut T` must be.
    _data: PhantomData<&'a mut T>,
    _not_send: NotSend,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MappedMutexGuard<'_, T> {}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// # Safety
    /// `raw` is locked, `data` is (a part of) what it guards, valid for `'a` and reached by this guard alone; `flag` and
    /// `watch` belong to the lock. All that is the guard's from now on.
    pub(super) unsafe fn new(data: NonNull<T>, raw: &'a sys::Mutex, flag: &'a Flag, watch: Watch) -> Self {
        MappedMutexGuard { data, raw, flag, watch, _data: PhantomData, _not_send: PhantomData }
    }

    /// The same lock for other data.
    fn part<U: ?Sized>(orig: Self, data: NonNull<U>) -> MappedMutexGuard<'a, U> {
        let this = ManuallyDrop::new(orig);
        // SAFETY: both callers got `data` from what this guard guards; the lock goes from `orig`, which is not dropped, to
        // the new guard.
        unsafe { MappedMutexGuard::new(data, this.raw, this.flag, this.watch) }
    }

    /// Makes a guard for a part of this part. Unstable in std.
    pub fn map<U, F>(mut orig: Self, f: F) -> MappedMutexGuard<'a, U>
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
    pub fn filter_map<U, F>(mut orig: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
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

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: see `new`.
        unsafe { self.data.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: see `new`.
        unsafe { self.data.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedMutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.flag.done(self.watch);
        // SAFETY: see `new`.
        unsafe { self.raw.unlock() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
