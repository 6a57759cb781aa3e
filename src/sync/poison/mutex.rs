use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::park;
use crate::sys::sync as sys;

use super::flag::{Flag, Watch};
use super::{MappedMutexGuard, NotSend};

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
    raw: sys::Mutex,
    flag: Flag,
    data: UnsafeCell<T>,
}

// SAFETY: the lock sees to it that one thread at a time reaches the data, by `&mut` even; so `T: Sync` is not needed.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
impl<T: ?Sized> UnwindSafe for Mutex<T> {}
impl<T: ?Sized> RefUnwindSafe for Mutex<T> {}

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

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// # Safety
    /// The caller has locked `lock`, and leaves the rest to the guard.
    #[inline]
    unsafe fn new(lock: &'a Mutex<T>) -> LockResult<MutexGuard<'a, T>> {
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
