use std::fmt;

use super::super::poison;
use super::{RwLockReadGuard, TryLockResult, WouldBlock, attempt, either, guard_like_its_inner};

/// A reader-writer lock that does not become poisoned. See [`poison::RwLock`].
///
/// # Examples
///
/// ```
/// use costd::sync::nonpoison::RwLock;
///
/// let lock = RwLock::new(5);
/// *lock.write() += 1;
/// assert_eq!(*lock.read(), 6);
/// ```
pub struct RwLock<T: ?Sized>(poison::RwLock<T>);

/// The right to read and write the data of a [`RwLock`], which it gives up when dropped.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'rwlock, T: ?Sized + 'rwlock>(poison::RwLockWriteGuard<'rwlock, T>);

/// The right to read and write a part of the data of a [`RwLock`], made by [`RwLockWriteGuard::map`].
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MappedRwLockWriteGuard<'rwlock, T: ?Sized + 'rwlock>(poison::MappedRwLockWriteGuard<'rwlock, T>);

guard_like_its_inner!(RwLockWriteGuard);
guard_like_its_inner!(MappedRwLockWriteGuard);

impl<T> RwLock<T> {
    /// Creates a new instance of an `RwLock<T>` which is unlocked.
    #[inline]
    pub const fn new(t: T) -> RwLock<T> {
        RwLock(poison::RwLock::new(t))
    }

    /// Returns a clone of the value.
    pub fn get_cloned(&self) -> T
    where
        T: Clone,
    {
        self.read().clone()
    }

    /// Sets the value; the old one is dropped after the lock has been released.
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Sets the value and returns the old one.
    pub fn replace(&self, value: T) -> T {
        std::mem::replace(&mut *self.write(), value)
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks for reading; waits while there is a writer, or one that waits.
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        either(self.0.read())
    }

    /// Locks for reading if that needs no wait.
    ///
    /// # Errors
    /// There is a writer, or one that waits.
    #[inline]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        attempt(self.0.try_read())
    }

    /// Locks for writing; waits until it can.
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        RwLockWriteGuard(either(self.0.write()))
    }

    /// Locks for writing if that needs no wait.
    ///
    /// # Errors
    /// It is locked.
    #[inline]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        attempt(self.0.try_write()).map(RwLockWriteGuard)
    }

    /// Consumes the lock, returning the data.
    pub fn into_inner(self) -> T
    where
        T: Sized,
    {
        either(self.0.into_inner())
    }

    /// The data, without locking: nobody else can have the lock.
    pub fn get_mut(&mut self) -> &mut T {
        either(self.0.get_mut())
    }

    /// A pointer to the data; it is for the caller to have the lock when following it.
    #[inline]
    pub const fn data_ptr(&self) -> *mut T {
        self.0.data_ptr()
    }

    /// Calls `f` with the data, and the lock taken for reading.
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        f(&self.read())
    }

    /// Calls `f` with the data, and the lock taken for writing.
    pub fn with_mut<F, R>(&self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        f(&mut self.write())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut d = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => d.field("data", &&*guard),
            Err(WouldBlock) => d.field("data", &format_args!("<locked>")),
        };
        d.finish_non_exhaustive()
    }
}

impl<T: Default> Default for RwLock<T> {
    /// Creates a new `RwLock<T>`, with the `Default` value for T.
    fn default() -> RwLock<T> {
        RwLock::new(Default::default())
    }
}

impl<T> From<T> for RwLock<T> {
    /// Creates a new instance of an `RwLock<T>` which is unlocked.
    fn from(t: T) -> Self {
        RwLock::new(t)
    }
}

impl<'rwlock, T: ?Sized> RwLockWriteGuard<'rwlock, T> {
    /// Becomes a guard for reading, without anybody writing in between. Whoever waits to read may do so, too.
    pub fn downgrade(s: Self) -> RwLockReadGuard<'rwlock, T> {
        poison::RwLockWriteGuard::downgrade(s.0)
    }

    /// Makes a guard for a part of the data.
    pub fn map<U, F>(orig: Self, f: F) -> MappedRwLockWriteGuard<'rwlock, U>
    where
        F: FnOnce(&mut T) -> &mut U,
        U: ?Sized,
    {
        MappedRwLockWriteGuard(poison::RwLockWriteGuard::map(orig.0, f))
    }

    /// Makes a guard for a part of the data, if there is one.
    ///
    /// # Errors
    /// The original guard, if `f` returns `None`.
    pub fn filter_map<U, F>(orig: Self, f: F) -> Result<MappedRwLockWriteGuard<'rwlock, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
        U: ?Sized,
    {
        poison::RwLockWriteGuard::filter_map(orig.0, f).map(MappedRwLockWriteGuard).map_err(RwLockWriteGuard)
    }
}

impl<'rwlock, T: ?Sized> MappedRwLockWriteGuard<'rwlock, T> {
    /// Makes a guard for a part of this part.
    pub fn map<U, F>(orig: Self, f: F) -> MappedRwLockWriteGuard<'rwlock, U>
    where
        F: FnOnce(&mut T) -> &mut U,
        U: ?Sized,
    {
        MappedRwLockWriteGuard(poison::MappedRwLockWriteGuard::map(orig.0, f))
    }

    /// Makes a guard for a part of this part, if there is one.
    ///
    /// # Errors
    /// The original guard, if `f` returns `None`.
    pub fn filter_map<U, F>(orig: Self, f: F) -> Result<MappedRwLockWriteGuard<'rwlock, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
        U: ?Sized,
    {
        poison::MappedRwLockWriteGuard::filter_map(orig.0, f)
            .map(MappedRwLockWriteGuard)
            .map_err(MappedRwLockWriteGuard)
    }
}
