use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::Once;

/// A cell which can be written to only once, as [`std::sync::OnceLock`].
///
/// Reading one that has been written costs a load. Whoever comes while another thread runs the initialiser waits for its end;
/// initialising it from within the initialiser is a deadlock, as in std.
///
/// # Examples
///
/// ```
/// use costd::sync::OnceLock;
/// use costd::thread;
///
/// static CELL: OnceLock<u32> = OnceLock::new();
/// assert!(CELL.get().is_none());
/// thread::spawn(|| assert_eq!(*CELL.get_or_init(|| 12345), 12345)).join().unwrap();
/// assert_eq!(CELL.get(), Some(&12345));
/// ```
pub struct OnceLock<T> {
    once: Once,
    /// `Some` if, and only if, `once` is completed. Written by the closure of a call of `once`, or with `&mut self`. (An
    /// `Option` drops and leaks as it should by itself; without a `Drop` of this type's own, `T` may be borrowed data that
    /// ends together with it, as with std's.)
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value is shared only after it has been written, and then only as `&T`. `Send`: another thread than the one that
// has written it may take or drop it.
unsafe impl<T: Sync + Send> Sync for OnceLock<T> {}
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// Creates a new uninitialized cell.
    #[inline]
    #[must_use]
    pub const fn new() -> OnceLock<T> {
        OnceLock { once: Once::new(), value: UnsafeCell::new(None) }
    }

    /// The value, or `None` if it has not been written yet. Never waits.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: completed.
        if self.once.is_completed() { Some(unsafe { self.written() }) } else { None }
    }

    /// The value, or `None` if it has not been written yet.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// The value, as soon as somebody has written it.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::OnceLock;
    /// use costd::thread;
    ///
    /// static VALUE: OnceLock<u32> = OnceLock::new();
    /// let waiter = thread::spawn(|| *VALUE.wait());
    /// VALUE.set(1).unwrap();
    /// assert_eq!(waiter.join().unwrap(), 1);
    /// ```
    #[inline]
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        // SAFETY: completed.
        unsafe { self.written() }
    }

    /// Writes the value, if nobody has. Waits if somebody is about to.
    ///
    /// # Errors
    /// It has been written; `value` comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::OnceLock;
    ///
    /// let cell = OnceLock::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(2));
    /// ```
    #[inline]
    pub fn set(&self, value: T) -> Result<(), T> {
        self.try_insert(value).map(|_| ()).map_err(|(_, value)| value)
    }

    /// As [`set`](Self::set); returns what is written then, too. Unstable in std.
    ///
    /// # Errors
    /// It has been written: what, and `value`.
    #[inline]
    pub fn try_insert(&self, value: T) -> Result<&T, (&T, T)> {
        let mut value = Some(value);
        let written = self.get_or_init(|| value.take().expect("called once"));
        match value {
            None => Ok(written),
            Some(value) => Err((written, value)),
        }
    }

    /// The value; written by `f` if nobody has. Of several threads that come together one runs its closure, and the others
    /// wait.
    ///
    /// # Panics
    /// `f` panics. The cell stays as it was.
    ///
    /// # Examples
    ///
    /// See [`OnceLock`].
    #[inline]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        let Ok(value) = self.get_or_try_init(|| Ok::<T, Infallible>(f()));
        value
    }

    /// As [`get_or_init`](Self::get_or_init), with exclusive access. Unstable in std.
    #[inline]
    pub fn get_mut_or_init<F>(&mut self, f: F) -> &mut T
    where
        F: FnOnce() -> T,
    {
        let Ok(value) = self.get_mut_or_try_init(|| Ok::<T, Infallible>(f()));
        value
    }

    /// As [`get_or_init`](Self::get_or_init), with a closure that may fail. Unstable in std.
    ///
    /// # Errors
    /// What `f` returned. The cell stays as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::OnceLock;
    ///
    /// let cell = OnceLock::new();
    /// assert_eq!(cell.get_or_try_init(|| Err(())), Err(()));
    /// assert_eq!(cell.get_or_try_init(|| Ok::<i32, ()>(92)), Ok(&92));
    /// ```
    #[inline]
    pub fn get_or_try_init<F, E>(&self, f: F) -> Result<&T, E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        self.initialize(f)?;
        // SAFETY: completed.
        Ok(unsafe { self.written() })
    }

    /// As [`get_or_try_init`](Self::get_or_try_init), with exclusive access. Unstable in std.
    ///
    /// # Errors
    /// What `f` returned. The cell stays as it was.
    #[inline]
    pub fn get_mut_or_try_init<F, E>(&mut self, f: F) -> Result<&mut T, E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        if self.get_mut().is_none() {
            self.initialize(f)?;
        }
        Ok(self.get_mut().expect("written just now"))
    }

    /// Consumes the cell, returning the value if it has been written.
    #[inline]
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value out, if it has been written; the cell is as new.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::OnceLock;
    ///
    /// let mut cell = OnceLock::from(1);
    /// assert_eq!(cell.take(), Some(1));
    /// assert_eq!(cell.get(), None);
    /// ```
    #[inline]
    pub fn take(&mut self) -> Option<T> {
        let value = self.value.get_mut().take();
        if value.is_some() {
            self.once = Once::new();
        }
        value
    }

    #[cold]
    fn initialize<F, E>(&self, f: F) -> Result<(), E>
    where
        F: FnOnce() -> Result<T, E>,
    {
        let mut result = Ok(());
        // Poison is none here: whoever comes after a closure that has failed runs its own.
        self.once.call_once_force(|state| match f() {
            // SAFETY: one such closure runs at a time, and nobody reads before one has completed.
            Ok(value) => unsafe { *self.value.get() = Some(value) },
            Err(error) => {
                result = Err(error);
                state.poison();
            }
        });
        result
    }

    /// # Safety
    /// `once` is completed, and the caller has seen it.
    #[inline]
    unsafe fn written(&self) -> &T {
        debug_assert!(self.once.is_completed());
        // SAFETY: then it is `Some`, and nobody writes to it any more without `&mut self`.
        unsafe { (*self.value.get()).as_ref().unwrap_unchecked() }
    }
}

impl<T> Default for OnceLock<T> {
    /// Creates a new uninitialized cell.
    #[inline]
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut d = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => d.field(value),
            None => d.field(&format_args!("<uninit>")),
        };
        d.finish()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[inline]
    fn clone(&self) -> OnceLock<T> {
        match self.get() {
            Some(value) => OnceLock::from(value.clone()),
            None => OnceLock::new(),
        }
    }
}

impl<T> From<T> for OnceLock<T> {
    /// Creates a new cell with its contents set to `value`.
    #[inline]
    fn from(value: T) -> Self {
        OnceLock { once: Once::new_complete(), value: UnsafeCell::new(Some(value)) }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[inline]
    fn eq(&self, other: &OnceLock<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}
