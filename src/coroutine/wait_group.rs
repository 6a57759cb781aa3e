use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sys::sync as sys;

/// Waits for the end of many threads, or of any other work.
///
/// Each clone is a member of the group, until it is dropped; [`wait`](Self::wait) gives up its own and waits until there is no
/// other. So a member that panics counts as done, nobody can be counted out twice, and nobody waits before the last has been
/// counted in: that is why it has this shape, and not Go's with `Add` and `Done`.
///
/// To wait for threads that borrow, or for their results, use [`thread::scope`](crate::thread::scope) and
/// [`JoinHandle::join`](crate::thread::JoinHandle::join).
///
/// # Examples
///
/// ```
/// use costd::coroutine::WaitGroup;
/// use costd::sync::atomic::{AtomicU32, Ordering};
/// use costd::thread;
///
/// static DONE: AtomicU32 = AtomicU32::new(0);
///
/// let group = WaitGroup::new();
/// for _ in 0..100 {
///     let member = group.clone();
///     thread::spawn(move || {
///         DONE.fetch_add(1, Ordering::Relaxed);
///         drop(member);
///     });
/// }
/// group.wait();
/// assert_eq!(DONE.load(Ordering::Relaxed), 100);
/// ```
pub struct WaitGroup {
    raw: Arc<sys::WaitGroup>,
}

impl WaitGroup {
    /// Creates a group with one member, which is returned.
    #[must_use]
    pub fn new() -> WaitGroup {
        WaitGroup { raw: Arc::new(sys::WaitGroup::new()) }
    }

    /// Gives up this member, and waits until there is no other. What the members have done is visible then.
    ///
    /// Any number of threads may wait; they do not wait for one another.
    pub fn wait(self) {
        let raw = Arc::clone(&self.raw);
        drop(self);
        raw.wait(None);
    }

    /// [`wait`](Self::wait) as an alternative of a select. Gives up this member at once.
    pub(super) fn emptying(self) -> sys::arms::Emptying {
        sys::arms::Emptying::new(Arc::clone(&self.raw))
    }

    /// As [`wait`](Self::wait), but for no longer than `timeout`.
    ///
    /// # Errors
    /// There are members left. Then this one is a member again.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::WaitGroup;
    /// use costd::time::Duration;
    ///
    /// let group = WaitGroup::new();
    /// let member = group.clone();
    /// let group = group.wait_timeout(Duration::from_millis(1)).unwrap_err();
    /// drop(member);
    /// assert!(group.wait_timeout(Duration::ZERO).is_ok());
    /// ```
    pub fn wait_timeout(self, timeout: Duration) -> Result<(), WaitGroup> {
        // Past the end of the clock nobody will see the end of the wait.
        let deadline = Instant::now().checked_add(timeout);
        let raw = Arc::clone(&self.raw);
        drop(self);
        // Somebody else's wait may be over meanwhile, since this one was no member.
        if raw.wait(deadline) || !raw.enter_again() { Ok(()) } else { Err(WaitGroup { raw }) }
    }
}

impl Clone for WaitGroup {
    /// One more member of the group.
    fn clone(&self) -> WaitGroup {
        self.raw.enter();
        WaitGroup { raw: Arc::clone(&self.raw) }
    }
}

impl Drop for WaitGroup {
    fn drop(&mut self) {
        self.raw.leave();
    }
}

impl Default for WaitGroup {
    /// Creates a group with one member, which is returned.
    fn default() -> WaitGroup {
        WaitGroup::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup").field("members", &self.raw.members()).finish_non_exhaustive()
    }
}
