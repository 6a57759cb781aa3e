use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sched::current_task;
use crate::sys::sync as sys;

/// A mutual exclusion lock that the thread which holds it may lock again. Unstable in std. There is no poison, and the
/// guards give out `&T` only.
///
/// The thread is the coroutine: another one on the same worker waits.
///
/// # Examples
///
/// ```
/// use costd::sync::ReentrantLock;
///
/// let lock = ReentrantLock::new(5);
/// let outer = lock.lock();
/// let inner = lock.lock();
/// assert_eq!(*outer + *inner, 10);
/// ```
pub struct ReentrantLock<T: ?Sized> {
    raw: sys::Mutex,
    /// The holder's number; 0 if there is none. Relaxed throughout: a thread that reads its own number has written it itself,
    /// and for any other it is enough that the number is not its own.
    owner: AtomicU64,
    /// How many guards there are. For the holder.
    guards: Cell<u32>,
    data: T,
}

// SAFETY: sent and dropped as `T` is; the rest is `Send`.
unsafe impl<T: ?Sized + Send> Send for ReentrantLock<T> {}
// SAFETY: `&T` and `guards` are used by one thread at a time, the holder.
unsafe impl<T: ?Sized + Send> Sync for ReentrantLock<T> {}
impl<T: ?Sized + UnwindSafe> UnwindSafe for ReentrantLock<T> {}
impl<T: ?Sized + RefUnwindSafe> RefUnwindSafe for ReentrantLock<T> {}

/// The right to the data of a locked [`ReentrantLock`]. Unstable in std.
#[must_use = "if unused the ReentrantLock will immediately unlock"]
pub struct ReentrantLockGuard<'a, T: ?Sized + 'a> {
    lock: &'a ReentrantLock<T>,
    _not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives out `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for ReentrantLockGuard<'_, T> {}

impl<T> ReentrantLock<T> {
    /// Creates a new lock, ready for use.
    pub const fn new(t: T) -> ReentrantLock<T> {
        ReentrantLock { raw: sys::Mutex::new(), owner: AtomicU64::new(0), guards: Cell::new(0), data: t }
    }

    /// Consumes the lock, returning the data.
    pub fn into_inner(self) -> T {
        self.data
    }
}

impl<T: ?Sized> ReentrantLock<T> {
    /// Acquires the lock; waits while another thread holds it.
    ///
    /// # Panics
    /// This thread has 2^32 - 1 guards of it.
    pub fn lock(&self) -> ReentrantLockGuard<'_, T> {
        match self.again() {
            Some(guard) => guard.expect("lock count overflow in reentrant mutex"),
            None => {
                self.raw.lock();
                self.first()
            }
        }
    }

    /// The data, without locking: nobody else can have the lock.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.data
    }

    /// Acquires the lock if no other thread holds it.
    #[doc(hidden)]
    pub fn try_lock(&self) -> Option<ReentrantLockGuard<'_, T>> {
        match self.again() {
            Some(guard) => guard,
            None => self.raw.try_lock().then(|| self.first()),
        }
    }

    /// A pointer to the data. Unstable in std.
    pub const fn data_ptr(&self) -> *const T {
        &raw const self.data
    }

    /// Just locked.
    fn first(&self) -> ReentrantLockGuard<'_, T> {
        self.owner.store(current_task().id().get(), Ordering::Relaxed);
        self.guards.set(1);
        ReentrantLockGuard { lock: self, _not_send: PhantomData }
    }

    /// If this thread holds the lock: another guard, or `None` if there are too many.
    fn again(&self) -> Option<Option<ReentrantLockGuard<'_, T>>> {
        if self.owner.load(Ordering::Relaxed) != current_task().id().get() {
            return None;
        }
        Some(self.guards.get().checked_add(1).map(|guards| {
            self.guards.set(guards);
            ReentrantLockGuard { lock: self, _not_send: PhantomData }
        }))
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut d = f.debug_struct("ReentrantLock");
        match self.try_lock() {
            Some(guard) => d.field("data", &&*guard),
            None => d.field("data", &format_args!("<locked>")),
        };
        d.finish_non_exhaustive()
    }
}

impl<T: Default> Default for ReentrantLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for ReentrantLock<T> {
    fn from(t: T) -> Self {
        Self::new(t)
    }
}

impl<T: ?Sized> Deref for ReentrantLockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.lock.data
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ReentrantLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> Drop for ReentrantLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let guards = self.lock.guards.get() - 1;
        self.lock.guards.set(guards);
        if guards == 0 {
            self.lock.owner.store(0, Ordering::Relaxed);
            // SAFETY: this thread holds the lock, and this was its last guard.
            unsafe { self.lock.raw.unlock() }
        }
    }
}
