use std::cell::UnsafeCell;
use std::fmt;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::park;
use crate::sys::sync as sys;

use super::flag::Flag;
use super::{RwLockReadGuard, RwLockWriteGuard};

/// A reader-writer lock, as [`std::sync::RwLock`]: any number of readers at a time, or one writer.
///
/// A writer that waits keeps new readers out, and when one writer is done all that wait to read come before the next: so
/// neither kind starves the other. Taking it to read twice in one thread may be a deadlock, with a writer waiting in
/// between, as in std.
///
/// It becomes poisoned when a thread panics while it has the lock to write, and not while it reads; see
/// [`poison`](super).
///
/// # Examples
///
/// ```
/// use costd::sync::RwLock;
///
/// let lock = RwLock::new(5);
/// {
///     let (one, another) = (lock.read().unwrap(), lock.read().unwrap());
///     assert_eq!(*one + *another, 10);
/// }
/// *lock.write().unwrap() += 1;
/// assert_eq!(*lock.read().unwrap(), 6);
/// ```
pub struct RwLock<T: ?Sized> {
    pub(super) raw: sys::RwLock,
    pub(super) flag: Flag,
    pub(super) data: UnsafeCell<T>,
}

// SAFETY: sent and dropped as `T` is.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: the lock gives `&mut T` to one thread at a time (hence `Send`) and `&T` to several (hence `Sync`), never both.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}
impl<T: ?Sized> UnwindSafe for RwLock<T> {}
impl<T: ?Sized> RefUnwindSafe for RwLock<T> {}

impl<T> RwLock<T> {
    /// Creates a new instance of an `RwLock<T>` which is unlocked.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::RwLock;
    ///
    /// static LIMIT: RwLock<u32> = RwLock::new(5);
    /// assert_eq!(*LIMIT.read().unwrap(), 5);
    /// ```
    #[inline]
    pub const fn new(t: T) -> RwLock<T> {
        RwLock { raw: sys::RwLock::new(), flag: Flag::new(), data: UnsafeCell::new(t) }
    }

    /// Returns a clone of the value. Unstable in std.
    ///
    /// # Errors
    /// The lock is poisoned.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::RwLock;
    ///
    /// assert_eq!(RwLock::new(7).get_cloned().unwrap(), 7);
    /// ```
    pub fn get_cloned(&self) -> Result<T, PoisonError<()>>
    where
        T: Clone,
    {
        match self.read() {
            Ok(guard) => Ok(guard.clone()),
            Err(_) => Err(PoisonError::new(())),
        }
    }

    /// Sets the value; the old one is dropped after the lock has been released. Unstable in std.
    ///
    /// # Errors
    /// The lock is poisoned; `value` comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::RwLock;
    ///
    /// let lock = RwLock::new(7);
    /// lock.set(11).unwrap();
    /// assert_eq!(lock.get_cloned().unwrap(), 11);
    /// ```
    pub fn set(&self, value: T) -> Result<(), PoisonError<T>> {
        self.replace(value).map(drop)
    }

    /// Sets the value and returns the old one. Unstable in std.
    ///
    /// # Errors
    /// The lock is poisoned; `value` comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::RwLock;
    ///
    /// assert_eq!(RwLock::new(7).replace(11).unwrap(), 7);
    /// ```
    pub fn replace(&self, value: T) -> LockResult<T> {
        match self.write() {
            Ok(mut guard) => Ok(mem::replace(&mut *guard, value)),
            Err(_) => Err(PoisonError::new(value)),
        }
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks for reading; waits while there is a writer, or one that waits.
    ///
    /// # Errors
    /// The lock is poisoned. The error holds the guard.
    ///
    /// # Panics
    /// There are 2^30 - 2 readers already.
    ///
    /// # Examples
    ///
    /// See [`RwLock`].
    #[inline]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.raw.read();
        // SAFETY: it is locked for reading, just now.
        self.flag.wrap(unsafe { RwLockReadGuard::new(self) })
    }

    pub(crate) fn raw_lock(&self) -> &sys::RwLock {
        &self.raw
    }

    /// The guard for what [`raw_lock`](Self::raw_lock) says is locked for reading.
    ///
    /// # Safety
    /// The caller has locked it so, and leaves the rest to the guard.
    pub(crate) unsafe fn read_guard(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        // SAFETY: the caller's promise.
        self.flag.wrap(unsafe { RwLockReadGuard::new(self) })
    }

    /// The same for writing.
    ///
    /// # Safety
    /// As [`read_guard`](Self::read_guard).
    pub(crate) unsafe fn write_guard(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        // SAFETY: the caller's promise.
        self.flag.wrap(unsafe { RwLockWriteGuard::new(self) })
    }

    /// Locks for reading if that needs no wait.
    ///
    /// # Errors
    /// [`Poisoned`](TryLockError::Poisoned) with the guard if the lock is poisoned,
    /// [`WouldBlock`](TryLockError::WouldBlock) if there is a writer, or one that waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{RwLock, TryLockError};
    ///
    /// let lock = RwLock::new(1);
    /// assert_eq!(*lock.try_read().unwrap(), 1);
    /// let writer = lock.write();
    /// assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
    /// # drop(writer);
    /// ```
    #[inline]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        if !self.raw.try_read() {
            return Err(TryLockError::WouldBlock);
        }
        // SAFETY: it is locked for reading, just now.
        Ok(self.flag.wrap(unsafe { RwLockReadGuard::new(self) })?)
    }

    /// Locks for writing; waits until it can.
    ///
    /// # Errors
    /// The lock is poisoned. The error holds the guard.
    ///
    /// # Examples
    ///
    /// See [`RwLock`].
    #[inline]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.raw.write();
        // SAFETY: it is locked for writing, just now.
        self.flag.wrap(unsafe { RwLockWriteGuard::new(self) })
    }

    /// Locks for writing if that needs no wait.
    ///
    /// # Errors
    /// [`Poisoned`](TryLockError::Poisoned) with the guard if the lock is poisoned,
    /// [`WouldBlock`](TryLockError::WouldBlock) if it is locked.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{RwLock, TryLockError};
    ///
    /// let lock = RwLock::new(1);
    /// let reader = lock.read().unwrap();
    /// assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
    /// # drop(reader);
    /// ```
    #[inline]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        if !self.raw.try_write() {
            return Err(TryLockError::WouldBlock);
        }
        // SAFETY: it is locked for writing, just now.
        Ok(self.flag.wrap(unsafe { RwLockWriteGuard::new(self) })?)
    }

    /// Determines whether the lock is poisoned. Another thread may change that at any time.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::RwLock;
    ///
    /// assert!(!RwLock::new(0).is_poisoned());
    /// ```
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        park::tick();
        self.flag.get()
    }

    /// Clears the poisoned state: the data is as it should be again.
    ///
    /// # Examples
    ///
    /// See [`Mutex::clear_poison`](super::Mutex::clear_poison).
    #[inline]
    pub fn clear_poison(&self) {
        self.flag.clear();
    }

    /// Consumes the lock, returning the data.
    ///
    /// # Errors
    /// The lock is poisoned. The error holds the data.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::RwLock;
    ///
    /// assert_eq!(RwLock::new(1).into_inner().unwrap(), 1);
    /// ```
    pub fn into_inner(self) -> LockResult<T>
    where
        T: Sized,
    {
        let poisoned = self.flag.get();
        let data = self.data.into_inner();
        if poisoned { Err(PoisonError::new(data)) } else { Ok(data) }
    }

    /// The data, without locking: nobody else can have the lock.
    ///
    /// # Errors
    /// The lock is poisoned. The error holds the reference.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::RwLock;
    ///
    /// let mut lock = RwLock::new(1);
    /// *lock.get_mut().unwrap() += 1;
    /// assert_eq!(lock.into_inner().unwrap(), 2);
    /// ```
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.flag.wrap(self.data.get_mut())
    }

    /// A pointer to the data; it is for the caller to have the lock when following it. Unstable in std.
    #[inline]
    pub const fn data_ptr(&self) -> *mut T {
        self.data.get()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut d = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => d.field("data", &&*guard),
            Err(TryLockError::Poisoned(error)) => d.field("data", &&**error.get_ref()),
            Err(TryLockError::WouldBlock) => d.field("data", &format_args!("<locked>")),
        };
        d.field("poisoned", &self.flag.get()).finish_non_exhaustive()
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
