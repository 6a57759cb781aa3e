use std::cell::Cell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sys::sync as sys;

/// A low-level synchronization primitive for one-time global execution, as [`std::sync::Once`].
///
/// Whoever comes while another thread runs the closure waits for its end; calling it from within the closure is a
/// deadlock, as in std. If the closure panics the `Once` is poisoned, and [`call_once`](Self::call_once) panics from then on.
///
/// # Examples
///
/// ```
/// use costd::sync::Once;
///
/// static START: Once = Once::new();
/// START.call_once(|| println!("only once"));
/// START.call_once(|| unreachable!());
/// ```
pub struct Once {
    raw: sys::Once,
}

impl UnwindSafe for Once {}
impl RefUnwindSafe for Once {}

/// What [`Once::call_once_force`] tells its closure, as [`std::sync::OnceState`].
pub struct OnceState {
    poisoned: bool,
    failed: Cell<bool>,
}

/// Initialization value for static [`Once`] values.
#[deprecated(since = "1.38.0", note = "the `Once::new()` function is now preferred")]
#[allow(clippy::declare_interior_mutable_const, reason = "std has it")]
pub const ONCE_INIT: Once = Once::new();

impl Once {
    /// Creates a new `Once` value.
    #[inline]
    #[must_use]
    #[allow(clippy::new_without_default, reason = "std's has none")]
    pub const fn new() -> Once {
        Once { raw: sys::Once::new() }
    }

    #[inline]
    pub(super) const fn new_complete() -> Once {
        Once { raw: sys::Once::new_complete() }
    }

    /// Runs `f` if this is the first call; returns when some thread has run its closure to the end.
    ///
    /// # Panics
    /// `f` panics, or the closure of an earlier call has.
    ///
    /// # Examples
    ///
    /// See [`Once`].
    #[inline]
    #[track_caller]
    pub fn call_once<F>(&self, f: F)
    where
        F: FnOnce(),
    {
        if self.raw.is_completed() {
            return;
        }
        let mut f = Some(f);
        self.raw.call(false, &mut |_| {
            f.take().expect("called once")();
            true
        });
    }

    /// As [`call_once`](Self::call_once), but runs `f` also if an earlier call has panicked; then
    /// [`OnceState::is_poisoned`] says so, and if `f` does not panic the `Once` is poisoned no longer.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Once;
    /// use costd::thread;
    ///
    /// static START: Once = Once::new();
    /// assert!(thread::spawn(|| START.call_once(|| panic!())).join().is_err());
    /// START.call_once_force(|state| assert!(state.is_poisoned()));
    /// START.call_once(|| unreachable!());
    /// ```
    #[inline]
    pub fn call_once_force<F>(&self, f: F)
    where
        F: FnOnce(&OnceState),
    {
        if self.raw.is_completed() {
            return;
        }
        let mut f = Some(f);
        self.raw.call(true, &mut |poisoned| {
            let state = OnceState { poisoned, failed: Cell::new(false) };
            f.take().expect("called once")(&state);
            !state.failed.get()
        });
    }

    /// Returns `true` if some [`call_once`](Self::call_once) has run its closure to the end. What that did is visible then.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Once;
    ///
    /// let once = Once::new();
    /// assert!(!once.is_completed());
    /// once.call_once(|| assert!(!once.is_completed()));
    /// assert!(once.is_completed());
    /// ```
    #[inline]
    pub fn is_completed(&self) -> bool {
        self.raw.poll()
    }

    /// Waits until some thread has run its closure to the end.
    ///
    /// # Panics
    /// A closure has panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::Once;
    /// use costd::thread;
    ///
    /// static READY: Once = Once::new();
    /// let waiter = thread::spawn(|| READY.wait());
    /// READY.call_once(|| println!("get ready"));
    /// waiter.join().unwrap();
    /// ```
    pub fn wait(&self) {
        if !self.raw.is_completed() {
            self.raw.wait(false);
        }
    }

    /// As [`wait`](Self::wait), but goes on waiting if a closure panics.
    pub fn wait_force(&self) {
        if !self.raw.is_completed() {
            self.raw.wait(true);
        }
    }

    /// What [`LazyLock::force_mut`](super::LazyLock::force_mut) has done without it.
    #[inline]
    pub(super) fn set_result(&mut self, done: bool) {
        self.raw.set_result(done);
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl OnceState {
    /// Returns `true` if an earlier closure of the [`Once`] has panicked.
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// The closure has failed, though it will not panic.
    #[inline]
    pub(super) fn poison(&self) {
        self.failed.set(true);
    }
}

impl fmt::Debug for OnceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceState").field("poisoned", &self.is_poisoned()).finish()
    }
}
