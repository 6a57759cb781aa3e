use std::fmt;
use std::mem;
use std::time::{Duration, Instant};

use crate::sys::sync as sys;

/// A counter of permits: so many may do something at a time.
///
/// Whoever wants permits and finds too few of them free waits, and nobody who comes later is served before, not even one who
/// wants fewer. A permit is not bound to who has taken it: one task may take it and another give it.
///
/// # Examples
///
/// ```
/// use costd::coroutine::Semaphore;
/// use costd::sync::atomic::{AtomicUsize, Ordering};
/// use costd::thread;
///
/// static SLOTS: Semaphore = Semaphore::new(3);
/// static INSIDE: AtomicUsize = AtomicUsize::new(0);
///
/// thread::scope(|s| {
///     for _ in 0..20 {
///         s.spawn(|| {
///             let _slot = SLOTS.acquire();
///             assert!(INSIDE.fetch_add(1, Ordering::Relaxed) < 3);
///             thread::yield_now();
///             INSIDE.fetch_sub(1, Ordering::Relaxed);
///         });
///     }
/// });
/// assert_eq!(SLOTS.available_permits(), 3);
/// ```
pub struct Semaphore {
    raw: sys::Semaphore,
}

/// Permits that were taken from a [`Semaphore`], which get them back when this is dropped.
#[must_use = "if unused the permits are given back at once"]
#[clippy::has_significant_drop]
pub struct SemaphoreGuard<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl Semaphore {
    /// No more permits can be free at a time.
    pub const MAX_PERMITS: usize = sys::Semaphore::MAX_PERMITS;

    /// Creates a semaphore with so many permits. It may be 0.
    ///
    /// # Panics
    /// There are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[must_use]
    #[track_caller]
    pub const fn new(permits: usize) -> Semaphore {
        assert!(permits <= Self::MAX_PERMITS, "a semaphore has too many permits");
        Semaphore { raw: sys::Semaphore::new(permits) }
    }

    /// Takes a permit; waits until there is one.
    pub fn acquire(&self) -> SemaphoreGuard<'_> {
        self.acquire_many(1)
    }

    /// Takes so many permits at once; waits until there are as many. 0 are always there.
    ///
    /// # Panics
    /// There can never be as many, as it is more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::Semaphore;
    ///
    /// let memory = Semaphore::new(1024);
    /// let large = memory.acquire_many(1000);
    /// assert!(memory.try_acquire_many(100).is_none());
    /// drop(large);
    /// assert!(memory.try_acquire_many(100).is_some());
    /// ```
    #[track_caller]
    pub fn acquire_many(&self, permits: usize) -> SemaphoreGuard<'_> {
        check(permits);
        self.raw.acquire(permits, None);
        self.guard(permits)
    }

    /// Takes a permit if there is one, and nobody waits.
    pub fn try_acquire(&self) -> Option<SemaphoreGuard<'_>> {
        self.try_acquire_many(1)
    }

    /// Takes so many permits if there are as many, and nobody waits.
    ///
    /// # Panics
    /// As [`acquire_many`](Self::acquire_many).
    #[track_caller]
    pub fn try_acquire_many(&self, permits: usize) -> Option<SemaphoreGuard<'_>> {
        check(permits);
        self.raw.try_acquire(permits).then(|| self.guard(permits))
    }

    /// As [`acquire`](Self::acquire), but waits for no longer than `timeout`, and returns `None` then.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::Semaphore;
    /// use costd::time::Duration;
    ///
    /// let semaphore = Semaphore::new(1);
    /// let guard = semaphore.acquire_timeout(Duration::from_millis(1));
    /// assert!(guard.is_some());
    /// assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<SemaphoreGuard<'_>> {
        self.acquire_many_timeout(1, timeout)
    }

    /// As [`acquire_many`](Self::acquire_many), but waits for no longer than `timeout`, and returns `None` then.
    ///
    /// # Panics
    /// As [`acquire_many`](Self::acquire_many).
    #[track_caller]
    pub fn acquire_many_timeout(&self, permits: usize, timeout: Duration) -> Option<SemaphoreGuard<'_>> {
        check(permits);
        // Past the end of the clock nobody will see the end of the wait.
        let deadline = Instant::now().checked_add(timeout);
        self.raw.acquire(permits, deadline).then(|| self.guard(permits))
    }

    /// Gives so many permits to those who wait, or to those who come: new ones, or such as were
    /// [forgotten](SemaphoreGuard::forget).
    ///
    /// # Panics
    /// More than [`MAX_PERMITS`](Self::MAX_PERMITS) would be free.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::Semaphore;
    /// use costd::thread;
    ///
    /// static ITEMS: Semaphore = Semaphore::new(0);
    ///
    /// let consumer = thread::spawn(|| (0..10).for_each(|_| ITEMS.acquire().forget()));
    /// for _ in 0..10 {
    ///     ITEMS.add_permits(1);
    /// }
    /// consumer.join().unwrap();
    /// assert_eq!(ITEMS.available_permits(), 0);
    /// ```
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        check(permits);
        self.raw.release(permits);
    }

    /// How many permits are free at this moment. There may be some while others wait for more.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.raw.available()
    }

    pub(super) fn raw(&self) -> &sys::Semaphore {
        &self.raw
    }

    pub(super) fn guard(&self, permits: usize) -> SemaphoreGuard<'_> {
        SemaphoreGuard { semaphore: self, permits }
    }
}

#[track_caller]
pub(super) fn check(permits: usize) {
    assert!(permits <= Semaphore::MAX_PERMITS, "a semaphore cannot have so many permits");
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("available_permits", &self.available_permits()).finish_non_exhaustive()
    }
}

impl SemaphoreGuard<'_> {
    /// How many permits it holds.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Ends the guard without giving the permits back: the semaphore has so many fewer, until
    /// [`add_permits`](Semaphore::add_permits).
    pub fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for SemaphoreGuard<'_> {
    fn drop(&mut self) {
        self.semaphore.raw.release(self.permits);
    }
}

impl fmt::Debug for SemaphoreGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphoreGuard").field("permits", &self.permits).finish_non_exhaustive()
    }
}
