use std::cell::UnsafeCell;
use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::Once;

/// A value which is initialized on the first access, as [`std::sync::LazyLock`].
///
/// Accessing one that has been initialized costs a load. Whoever comes while another thread runs the closure waits for its
/// end; accessing it from within the closure is a deadlock, as in std. If the closure panics the `LazyLock` is poisoned, and
/// every access panics from then on.
///
/// # Examples
///
/// ```
/// use costd::collections::HashMap;
/// use costd::sync::LazyLock;
///
/// static NAMES: LazyLock<HashMap<u32, &str>> = LazyLock::new(|| HashMap::from([(1, "one"), (2, "two")]));
/// assert_eq!(NAMES[&2], "two");
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    once: Once,
    data: UnsafeCell<Data<T, F>>,
}

/// Changes by the closure of the one call of `once`, or with `&mut LazyLock`.
enum Data<T, F> {
    /// `once` is incomplete, or running (before it has taken the closure).
    Init(F),
    /// `once` is complete.
    Value(T),
    /// `once` is running or poisoned: the closure has been taken.
    Taken,
}

// SAFETY: the value is shared only after it has been written, and then only as `&T`; `T: Send` since another thread than the
// one that has made it may drop it. The closure is used by one thread only, so it need not be `Sync`.
unsafe impl<T: Sync + Send, F: Send> Sync for LazyLock<T, F> {}
impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Creates a new lazy value with the given initializing function.
    #[inline]
    pub const fn new(f: F) -> LazyLock<T, F> {
        LazyLock { once: Once::new(), data: UnsafeCell::new(Data::Init(f)) }
    }

    /// Consumes it, returning the value, or the closure if it has not run. Unstable in std.
    ///
    /// # Errors
    /// The closure.
    ///
    /// # Panics
    /// It is poisoned.
    pub fn into_inner(this: Self) -> Result<T, F> {
        match this.data.into_inner() {
            Data::Value(value) => Ok(value),
            Data::Init(f) => Err(f),
            Data::Taken => poisoned(),
        }
    }

    /// Makes it have its value, and returns that. For exclusive access.
    ///
    /// # Panics
    /// The closure panics, or has.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::LazyLock;
    ///
    /// let mut lazy = LazyLock::new(|| 92);
    /// *LazyLock::force_mut(&mut lazy) += 1;
    /// assert_eq!(*lazy, 93);
    /// ```
    #[inline]
    pub fn force_mut(this: &mut LazyLock<T, F>) -> &mut T {
        #[cold]
        fn initialize<T, F: FnOnce() -> T>(this: &mut LazyLock<T, F>) {
            match mem::replace(this.data.get_mut(), Data::Taken) {
                Data::Init(f) => {
                    // If `f` panics.
                    this.once.set_result(false);
                    *this.data.get_mut() = Data::Value(f());
                    this.once.set_result(true);
                }
                _ => poisoned(),
            }
        }
        if !matches!(this.data.get_mut(), Data::Value(_)) {
            initialize(this);
        }
        match this.data.get_mut() {
            Data::Value(value) => value,
            _ => unreachable!("initialized just now"),
        }
    }

    /// Makes it have its value, and returns that. The same as `&*this`.
    ///
    /// # Panics
    /// The closure panics, or has.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::LazyLock;
    ///
    /// let lazy = LazyLock::new(|| 92);
    /// assert_eq!(LazyLock::force(&lazy), &92);
    /// assert_eq!(&*lazy, &92);
    /// ```
    #[inline]
    pub fn force(this: &LazyLock<T, F>) -> &T {
        this.once.call_once_force(|state| {
            if state.is_poisoned() {
                poisoned();
            }
            // SAFETY: this closure runs once, nobody reads before it has completed, and the reference does not last into `f`.
            let data = unsafe { mem::replace(&mut *this.data.get(), Data::Taken) };
            let Data::Init(f) = data else { unreachable!("it is taken once") };
            let value = f();
            // SAFETY: as above.
            unsafe { *this.data.get() = Data::Value(value) };
        });
        // SAFETY: the call has returned, so one has completed.
        unsafe { Self::value(this) }
    }
}

impl<T, F> LazyLock<T, F> {
    /// The value if it has been initialized. For exclusive access.
    #[inline]
    pub fn get_mut(this: &mut LazyLock<T, F>) -> Option<&mut T> {
        match this.data.get_mut() {
            Data::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The value if it has been initialized. Never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::LazyLock;
    ///
    /// let lazy = LazyLock::new(|| 92);
    /// assert_eq!(LazyLock::get(&lazy), None);
    /// let _ = LazyLock::force(&lazy);
    /// assert_eq!(LazyLock::get(&lazy), Some(&92));
    /// ```
    #[inline]
    pub fn get(this: &LazyLock<T, F>) -> Option<&T> {
        // SAFETY: completed.
        if this.once.is_completed() { Some(unsafe { Self::value(this) }) } else { None }
    }

    /// # Safety
    /// `once` is completed, and the caller has seen it.
    #[inline]
    unsafe fn value(this: &Self) -> &T {
        // SAFETY: nobody writes to it any more without `&mut self`.
        match unsafe { &*this.data.get() } {
            Data::Value(value) => value,
            // SAFETY: see `Data`.
            _ => unsafe { std::hint::unreachable_unchecked() },
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    /// As [`force`](LazyLock::force).
    #[inline]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    /// As [`force_mut`](LazyLock::force_mut).
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        LazyLock::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    /// Creates a new lazy value using `Default` as the initializing function.
    #[inline]
    fn default() -> LazyLock<T> {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut d = f.debug_tuple("LazyLock");
        match LazyLock::get(self) {
            Some(value) => d.field(value),
            None => d.field(&format_args!("<uninit>")),
        };
        d.finish()
    }
}

impl<T, F> From<T> for LazyLock<T, F> {
    /// One that has its value already. In std since 1.96.
    #[inline]
    fn from(value: T) -> Self {
        LazyLock { once: Once::new_complete(), data: UnsafeCell::new(Data::Value(value)) }
    }
}

#[cold]
#[inline(never)]
fn poisoned() -> ! {
    panic!("LazyLock instance has previously been poisoned")
}
