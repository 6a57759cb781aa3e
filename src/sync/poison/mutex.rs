use std::cell::UnsafeCell;
use std::fmt;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::park;
use crate::sys::sync as sys;

use super::MutexGuard;
use super::flag::Flag;

/// A mutual exclusion primitive for shared data, as [`std::sync::Mutex`].
///
/// A lock that is free costs what std's costs. A coroutine that has to wait lets the others of its worker run; it may be
/// held across anything that blocks. Who has waited longest is woken first, but may find that another has been faster;
/// after a few such losses the lock is handed to it. Locking it twice in one thread is a deadlock, as in std.
///
/// See [`poison`](super) for what happens when its holder panics.
///
/// # Examples
///
/// ```
/// use costd::sync::{Arc, Mutex};
/// use costd::thread;
///
/// let count = Arc::new(Mutex::new(0));
/// let threads: Vec<_> = (0..10)
///     .map(|_| {
///         let count = Arc::clone(&count);
///         thread::spawn(move || *count.lock().unwrap() += 1)
///     })
///     .collect();
/// for thread in threads {
///     thread.join().unwrap();
/// }
/// assert_eq!(*count.lock().unwrap(), 10);
/// ```
pub struct Mutex<T: ?Sized> {
    pub(super) raw: sys::Mutex,
    pub(super) flag: Flag,
    pub(super) data: UnsafeCell<T>,
}

// SAFETY: the lock sees to it that one thread at a time reaches the data, by `&mut` even; so `T: Sync` is not needed.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
impl<T: ?Sized> UnwindSafe for Mutex<T> {}
impl<T: ?Sized> RefUnwindSafe for Mutex<T> {}

impl<T> Mutex<T> {
    /// Creates a new mutex in an unlocked state ready for use.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    /// NAMES.lock().unwrap().push("costd".to_string());
    /// ```
    #[inline]
    pub const fn new(t: T) -> Mutex<T> {
        Mutex { raw: sys::Mutex::new(), flag: Flag::new(), data: UnsafeCell::new(t) }
    }

    /// Returns a clone of the value. Unstable in std.
    ///
    /// # Errors
    /// The mutex is poisoned.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// assert_eq!(Mutex::new(7).get_cloned().unwrap(), 7);
    /// ```
    pub fn get_cloned(&self) -> Result<T, PoisonError<()>>
    where
        T: Clone,
    {
        match self.lock() {
            Ok(guard) => Ok(guard.clone()),
            Err(_) => Err(PoisonError::new(())),
        }
    }

    /// Sets the value; the old one is dropped after the mutex has been unlocked. Unstable in std.
    ///
    /// # Errors
    /// The mutex is poisoned; `value` comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// let mutex = Mutex::new(7);
    /// mutex.set(11).unwrap();
    /// assert_eq!(mutex.get_cloned().unwrap(), 11);
    /// ```
    pub fn set(&self, value: T) -> Result<(), PoisonError<T>> {
        self.replace(value).map(drop)
    }

    /// Sets the value and returns the old one. Unstable in std.
    ///
    /// # Errors
    /// The mutex is poisoned; `value` comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// let mutex = Mutex::new(7);
    /// assert_eq!(mutex.replace(11).unwrap(), 7);
    /// ```
    pub fn replace(&self, value: T) -> LockResult<T> {
        match self.lock() {
            Ok(mut guard) => Ok(mem::replace(&mut *guard, value)),
            Err(_) => Err(PoisonError::new(value)),
        }
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Acquires the mutex; waits until it can.
    ///
    /// # Errors
    /// Another thread has panicked with the mutex. The error holds the guard.
    ///
    /// # Panics
    /// Never; where this thread holds the mutex already, it waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// let mutex = Mutex::new(0);
    /// *mutex.lock().unwrap() = 10;
    /// assert_eq!(*mutex.lock().unwrap(), 10);
    /// ```
    #[inline]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.raw.lock();
        // SAFETY: it is locked, just now.
        unsafe { MutexGuard::new(self) }
    }

    pub(crate) fn raw_mutex(&self) -> &sys::Mutex {
        &self.raw
    }

    /// The guard for what [`raw_mutex`](Self::raw_mutex) says is locked.
    ///
    /// # Safety
    /// The caller has locked it, and leaves the rest to the guard.
    pub(crate) unsafe fn guard(&self) -> LockResult<MutexGuard<'_, T>> {
        // SAFETY: the caller's promise.
        unsafe { MutexGuard::new(self) }
    }

    /// Acquires the mutex if nobody holds it.
    ///
    /// # Errors
    /// [`Poisoned`](TryLockError::Poisoned) with the guard if another thread has panicked with the mutex,
    /// [`WouldBlock`](TryLockError::WouldBlock) if it is locked.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::{Mutex, TryLockError};
    ///
    /// let mutex = Mutex::new(0);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    /// # drop(guard);
    /// ```
    #[inline]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        if !self.raw.try_lock() {
            return Err(TryLockError::WouldBlock);
        }
        // SAFETY: it is locked, just now.
        Ok(unsafe { MutexGuard::new(self) }?)
    }

    /// Determines whether the mutex is poisoned. Another thread may change that at any time.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// assert!(!Mutex::new(0).is_poisoned());
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
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// let mutex = Mutex::new(0);
    /// costd::thread::scope(|s| {
    ///     let poisoner = s.spawn(|| {
    ///         let _guard = mutex.lock();
    ///         panic!();
    ///     });
    ///     assert!(poisoner.join().is_err());
    /// });
    /// *mutex.lock().unwrap_err().into_inner() = 1;
    /// mutex.clear_poison();
    /// assert!(!mutex.is_poisoned());
    /// ```
    #[inline]
    pub fn clear_poison(&self) {
        self.flag.clear();
    }

    /// Consumes the mutex, returning the data.
    ///
    /// # Errors
    /// Another thread has panicked with the mutex. The error holds the data.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// assert_eq!(Mutex::new(1).into_inner().unwrap(), 1);
    /// ```
    pub fn into_inner(self) -> LockResult<T>
    where
        T: Sized,
    {
        let poisoned = self.flag.get();
        let data = self.data.into_inner();
        if poisoned { Err(PoisonError::new(data)) } else { Ok(data) }
    }

    /// The data, without locking: nobody else can have the mutex.
    ///
    /// # Errors
    /// Another thread has panicked with the mutex. The error holds the reference.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Mutex;
    ///
    /// let mut mutex = Mutex::new(1);
    /// *mutex.get_mut().unwrap() += 1;
    /// assert_eq!(mutex.into_inner().unwrap(), 2);
    /// ```
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.flag.wrap(self.data.get_mut())
    }

    /// A pointer to the data; it is for the caller to have the mutex locked when following it. Unstable in std.
    #[inline]
    pub const fn data_ptr(&self) -> *mut T {
        self.data.get()
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
            Err(TryLockError::Poisoned(error)) => d.field("data", &&**error.get_ref()),
            Err(TryLockError::WouldBlock) => d.field("data", &"<locked>"),
        };
        d.field("poisoned", &self.flag.get()).finish_non_exhaustive()
    }
}
