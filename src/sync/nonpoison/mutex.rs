use std::fmt;

use super::super::poison;
use super::{TryLockResult, WouldBlock, attempt, either, guard_like_its_inner};

/// A mutual exclusion primitive for shared data that does not become poisoned. See [`poison::Mutex`].
///
/// # Examples
///
/// ```
/// use costd::sync::nonpoison::Mutex;
///
/// let mutex = Mutex::new(0);
/// *mutex.lock() += 1;
/// assert_eq!(mutex.into_inner(), 1);
/// ```
pub struct Mutex<T: ?Sized>(poison::Mutex<T>);

/// The right to the data of a locked [`Mutex`], which it unlocks when dropped.
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized + 'a>(poison::MutexGuard<'a, T>);

/// The right to a part of the data of a locked [`Mutex`], made by [`MutexGuard::map`].
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MappedMutexGuard<'a, T: ?Sized + 'a>(poison::MappedMutexGuard<'a, T>);

guard_like_its_inner!(MutexGuard);
guard_like_its_inner!(MappedMutexGuard);

impl<T> Mutex<T> {
    /// Creates a new mutex in an unlocked state ready for use.
    #[inline]
    pub const fn new(t: T) -> Mutex<T> {
        Mutex(poison::Mutex::new(t))
    }

    /// Returns a clone of the value.
    pub fn get_cloned(&self) -> T
    where
        T: Clone,
    {
        self.lock().clone()
    }

    /// Sets the value; the old one is dropped after the mutex has been unlocked.
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Sets the value and returns the old one.
    pub fn replace(&self, value: T) -> T {
        std::mem::replace(&mut *self.lock(), value)
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Acquires the mutex; waits until it can. Where this thread holds it already, that is for ever.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(either(self.0.lock()))
    }

    /// Acquires the mutex if nobody holds it.
    ///
    /// # Errors
    /// It is locked.
    #[inline]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        attempt(self.0.try_lock()).map(MutexGuard)
    }

    /// Consumes the mutex, returning the data.
    pub fn into_inner(self) -> T
    where
        T: Sized,
    {
        either(self.0.into_inner())
    }

    /// The data, without locking: nobody else can have the mutex.
    pub fn get_mut(&mut self) -> &mut T {
        either(self.0.get_mut())
    }

    /// A pointer to the data; it is for the caller to have the mutex locked when following it.
    #[inline]
    pub const fn data_ptr(&self) -> *mut T {
        self.0.data_ptr()
    }

    /// Calls `f` with the data, and the mutex locked.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::nonpoison::Mutex;
    ///
    /// let mutex = Mutex::new(2);
    /// assert_eq!(mutex.with_mut(|number| { *number += 3; *number * 5 }), 25);
    /// ```
    pub fn with_mut<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        f(&mut self.lock())
    }
}

impl<T> From<T> for Mutex<T> {
    /// Creates a new mutex in an unlocked state ready for use.
    fn from(t: T) -> Self {
        Mutex::new(t)
    }
}

impl<T: Default> Default for Mutex<T> {
    /// Creates a `Mutex<T>`, with the `Default` value for T.
    fn default() -> Mutex<T> {
        Mutex::new(Default::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut d = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => d.field("data", &&*guard),
            Err(WouldBlock) => d.field("data", &"<locked>"),
        };
        d.finish_non_exhaustive()
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// What a condition variable wants.
    #[inline]
    pub(super) fn raw(guard: &Self) -> &'a crate::sys::sync::Mutex {
        poison::MutexGuard::raw(&guard.0)
    }

    /// Makes a guard for a part of the data.
    pub fn map<U, F>(orig: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
        U: ?Sized,
    {
        MappedMutexGuard(poison::MutexGuard::map(orig.0, f))
    }

    /// Makes a guard for a part of the data, if there is one.
    ///
    /// # Errors
    /// The original guard, if `f` returns `None`.
    pub fn filter_map<U, F>(orig: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
        U: ?Sized,
    {
        poison::MutexGuard::filter_map(orig.0, f).map(MappedMutexGuard).map_err(MutexGuard)
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// Makes a guard for a part of this part.
    pub fn map<U, F>(orig: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
        U: ?Sized,
    {
        MappedMutexGuard(poison::MappedMutexGuard::map(orig.0, f))
    }

    /// Makes a guard for a part of this part, if there is one.
    ///
    /// # Errors
    /// The original guard, if `f` returns `None`.
    pub fn filter_map<U, F>(orig: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
        U: ?Sized,
    {
        poison::MappedMutexGuard::filter_map(orig.0, f).map(MappedMutexGuard).map_err(MappedMutexGuard)
    }
}
