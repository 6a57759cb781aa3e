use std::cell::{Cell, RefCell};
use std::fmt;
use std::thread::AccessError;

use super::local_impl::Key;

/// A thread-local storage key which owns its contents, as [`std::thread::LocalKey`]: each coroutine has a value of its
/// own, and so has each OS thread outside of one.
///
/// It is made by [`thread_local!`](crate::thread_local). The value is initialised on first access in a coroutine, stays
/// with it wherever it waits, and is dropped at its end, before [`join`](super::JoinHandle::join) returns; the value
/// initialised last is dropped first. An OS thread drops its values when it ends.
///
/// If a destructor panics, the process is aborted, as with std's.
///
/// # Examples
///
/// ```
/// use costd::cell::Cell;
/// use costd::thread;
///
/// costd::thread_local!(static FOO: Cell<u32> = const { Cell::new(1) });
///
/// assert_eq!(FOO.get(), 1);
/// FOO.set(2);
/// // Each coroutine starts out with the initial value.
/// let other = thread::spawn(|| {
///     assert_eq!(FOO.get(), 1);
///     FOO.set(3);
/// });
/// other.join().unwrap();
/// assert_eq!(FOO.get(), 2);
/// ```
pub struct LocalKey<T: 'static> {
    /// A function and not a reference, for a constant may not refer to what changes, and `LocalKey`s are constants.
    key: fn() -> &'static Key<T>,
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// std's own `AccessError`, which can be had from nowhere but a thread-local of std's that is destroyed.
fn access_error() -> AccessError {
    // SAFETY: `AccessError` is a public, `Copy` unit struct that means something only by being returned; it has no bytes,
    // so no invalid ones. Should it ever get any, this does not compile.
    unsafe { std::mem::transmute::<(), AccessError>(()) }
}

#[cold]
#[inline(never)]
#[track_caller]
fn panic_access_error() -> ! {
    let error = access_error();
    panic!("cannot access a Thread Local Storage value during or after destruction: {error:?}")
}

impl<T: 'static> LocalKey<T> {
    /// For the macro alone.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(key: fn() -> &'static Key<T>) -> LocalKey<T> {
        LocalKey { key }
    }

    /// Calls `f` with the current thread's value, initialising it if this is the first access. As std's.
    ///
    /// # Panics
    /// The value is being, or has been, destroyed; or its initialiser panics.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local! {
    ///     pub static STATIC: String = String::from("I am");
    /// }
    ///
    /// assert_eq!(STATIC.with(|value| format!("{value} initialized")), "I am initialized");
    /// ```
    #[inline]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match (self.key)().get_or_init() {
            // SAFETY: see `try_with`.
            Some(value) => f(unsafe { value.as_ref() }),
            None => panic_access_error(),
        }
    }

    /// As [`with`](Self::with), but an error where the value is being, or has been, destroyed. As std's.
    ///
    /// # Errors
    /// The value is being, or has been, destroyed.
    ///
    /// # Panics
    /// The initialiser panics.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local! {
    ///     pub static STATIC: String = String::from("I am");
    /// }
    ///
    /// assert_eq!(STATIC.try_with(|value| format!("{value} initialized")), Ok("I am initialized".to_string()));
    /// ```
    #[inline]
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        match (self.key)().get_or_init() {
            // SAFETY: the value belongs to the current task, which drops it at its end and not while this call lasts;
            // `f` cannot keep the reference, and the task cannot change while it runs.
            Some(value) => Ok(f(unsafe { value.as_ref() })),
            None => Err(access_error()),
        }
    }

    /// Calls `f` with the value; with `init` itself where it was not used because the thread had a value already, or the
    /// key's is a constant.
    #[inline]
    fn initialize_with<F, R>(&'static self, init: T, f: F) -> R
    where
        F: FnOnce(Option<T>, &T) -> R,
    {
        let key = (self.key)();
        if let Some(value) = key.get() {
            // SAFETY: see `try_with`.
            return f(Some(init), unsafe { value.as_ref() });
        }
        let mut init = Some(init);
        match key.get_or_init_with(&mut init) {
            // SAFETY: see `try_with`.
            Some(value) => f(init, unsafe { value.as_ref() }),
            None => panic_access_error(),
        }
    }
}

/// # Panics
/// As [`with`](Self::with); `set` does not run the initialiser.
impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the value; one that was not initialised yet is initialised with it, and its initialiser is not run. As
    /// std's.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::cell::Cell;
    ///
    /// costd::thread_local! {
    ///     static X: Cell<i32> = panic!("!");
    /// }
    ///
    /// // Calling X.get() here would result in a panic.
    /// X.set(123);
    /// assert_eq!(X.get(), 123);
    /// ```
    #[inline]
    pub fn set(&'static self, value: T) {
        self.initialize_with(Cell::new(value), |unused, cell| {
            if let Some(value) = unused {
                cell.set(value.into_inner());
            }
        });
    }

    /// A copy of the value. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::Cell<i32> = const { std::cell::Cell::new(1) });
    ///
    /// assert_eq!(X.get(), 1);
    /// ```
    #[inline]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes the value, leaving `Default::default()` in its place. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::Cell<Option<i32>> = const { std::cell::Cell::new(Some(1)) });
    ///
    /// assert_eq!(X.take(), Some(1));
    /// assert_eq!(X.take(), None);
    /// ```
    #[inline]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Replaces the value, returning the old one. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::Cell<i32> = const { std::cell::Cell::new(1) });
    ///
    /// assert_eq!(X.replace(2), 1);
    /// assert_eq!(X.replace(3), 2);
    /// ```
    #[inline]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }

    /// Replaces the value by what `f` makes of it. Unstable in std.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::Cell<i32> = const { std::cell::Cell::new(5) });
    ///
    /// X.update(|x| x + 1);
    /// assert_eq!(X.get(), 6);
    /// ```
    #[inline]
    pub fn update(&'static self, f: impl FnOnce(T) -> T)
    where
        T: Copy,
    {
        self.with(|cell| cell.update(f));
    }
}

/// # Panics
/// As [`with`](Self::with), and where the value is borrowed in a way that forbids the access; `set` does not run the
/// initialiser.
impl<T: 'static> LocalKey<RefCell<T>> {
    /// Calls `f` with the value, borrowed. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::RefCell<Vec<i32>> = std::cell::RefCell::default());
    ///
    /// X.with_borrow(|v| assert!(v.is_empty()));
    /// ```
    #[inline]
    pub fn with_borrow<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Calls `f` with the value, borrowed mutably. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::RefCell<Vec<i32>> = std::cell::RefCell::default());
    ///
    /// X.with_borrow_mut(|v| v.push(1));
    /// X.with_borrow(|v| assert_eq!(*v, [1]));
    /// ```
    #[inline]
    pub fn with_borrow_mut<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets the value; one that was not initialised yet is initialised with it, and its initialiser is not run. As
    /// std's.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::RefCell<Vec<i32>> = panic!("!"));
    ///
    /// X.set(vec![1, 2, 3]);
    /// X.with_borrow(|v| assert_eq!(*v, [1, 2, 3]));
    /// ```
    #[inline]
    pub fn set(&'static self, value: T) {
        self.initialize_with(RefCell::new(value), |unused, cell| {
            if let Some(value) = unused {
                *cell.borrow_mut() = value.into_inner();
            }
        });
    }

    /// Takes the value, leaving `Default::default()` in its place. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::RefCell<Vec<i32>> = std::cell::RefCell::new(vec![1]));
    ///
    /// assert_eq!(X.take(), [1]);
    /// X.with_borrow(|v| assert!(v.is_empty()));
    /// ```
    #[inline]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Replaces the value, returning the old one. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// costd::thread_local!(static X: std::cell::RefCell<Vec<i32>> = std::cell::RefCell::default());
    ///
    /// assert!(X.replace(vec![1, 2, 3]).is_empty());
    /// X.with_borrow(|v| assert_eq!(*v, [1, 2, 3]));
    /// ```
    #[inline]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}
