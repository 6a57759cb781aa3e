use std::fmt;
use std::time::{Duration, Instant};

use crate::park::Reason;
use crate::sys::sync as sys;

/// A flag that threads can wait for. It stays set until somebody resets it.
///
/// What a thread has done before it sets the flag is visible to those who have waited for it, have found it set or have
/// reset it.
///
/// # Examples
///
/// ```
/// use costd::coroutine::Event;
/// use costd::thread;
///
/// static READY: Event = Event::new();
///
/// let waiters: Vec<_> = (0..10).map(|_| thread::spawn(|| READY.wait())).collect();
/// assert!(!READY.is_set());
/// READY.set();
/// for waiter in waiters {
///     waiter.join().unwrap();
/// }
/// ```
///
/// With [`reset`](Self::reset) *before* one looks at what there is to do, nothing is missed:
///
/// ```
/// use costd::coroutine::Event;
/// use costd::sync::atomic::{AtomicU32, Ordering};
/// use costd::thread;
///
/// static WORK: AtomicU32 = AtomicU32::new(0);
/// static CHANGED: Event = Event::new();
///
/// let worker = thread::spawn(|| {
///     let mut done = 0;
///     while done < 100 {
///         CHANGED.reset();
///         match WORK.swap(0, Ordering::Relaxed) {
///             0 => CHANGED.wait(),
///             some => done += some,
///         }
///     }
/// });
/// for _ in 0..100 {
///     WORK.fetch_add(1, Ordering::Relaxed);
///     CHANGED.set();
/// }
/// worker.join().unwrap();
/// ```
pub struct Event {
    raw: sys::Event,
}

impl Event {
    pub(super) fn raw(&self) -> &sys::Event {
        &self.raw
    }

    /// Creates an event that is not set.
    #[must_use]
    #[inline]
    pub const fn new() -> Event {
        Event { raw: sys::Event::new() }
    }

    /// Sets the flag, and wakes all who wait for it. Those go on also if it is reset right afterwards.
    pub fn set(&self) {
        self.raw.set();
    }

    /// Clears the flag. Returns whether it was set.
    pub fn reset(&self) -> bool {
        self.raw.reset()
    }

    /// Is the flag set?
    #[must_use]
    #[inline]
    pub fn is_set(&self) -> bool {
        self.raw.is_set()
    }

    /// Waits until the flag is set; returns at once if it is.
    pub fn wait(&self) {
        self.raw.wait(None, Reason::Event);
    }

    /// As [`wait`](Self::wait), but for no longer than `timeout`. Returns `false` if the flag was not set in that time.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::Event;
    /// use costd::time::Duration;
    ///
    /// let event = Event::new();
    /// assert!(!event.wait_timeout(Duration::from_millis(1)));
    /// event.set();
    /// assert!(event.wait_timeout(Duration::ZERO));
    /// ```
    #[must_use = "whether it was in time"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        // Past the end of the clock nobody will see the end of the wait.
        self.raw.wait(Instant::now().checked_add(timeout), Reason::Event)
    }
}

impl Default for Event {
    /// Creates an event that is not set.
    fn default() -> Event {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).finish_non_exhaustive()
    }
}
