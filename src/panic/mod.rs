//! As `std::panic`, for coroutines.
//!
//! A panic unwinds the coroutine that it happens in; [`join`](crate::thread::JoinHandle::join) gets its payload, and
//! nobody else on the worker notices: not their [`panicking`](crate::thread::panicking), not the poison of their locks,
//! even where a destructor blocks in the middle of the unwinding and they run meanwhile.
//!
//! The hook works as std's does, for coroutines and OS threads alike. The default hook's message has the coroutine's name,
//! and in the place of the OS thread's number the coroutine's own. While a hook runs, its worker runs nothing else:
//! what blocks in a hook stops the OS thread.
//!
//! ```
//! use costd::{panic, thread};
//!
//! let payload = thread::spawn(|| panic!("on purpose")).join().unwrap_err();
//! assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
//!
//! let caught = thread::spawn(|| panic::catch_unwind(|| panic!("caught")).is_err());
//! assert!(caught.join().unwrap());
//! ```

use std::any::Any;

use crate::sched::{panic_hook, panics};

pub use ::std::panic::*;

/// Invokes a closure, capturing the cause of an unwinding panic if one occurs. As [`std::panic::catch_unwind`], also
/// where the closure blocks.
///
/// # Errors
/// The payload of the panic.
///
/// # Examples
///
/// ```
/// use costd::panic;
///
/// assert!(panic::catch_unwind(|| println!("hello!")).is_ok());
/// assert!(panic::catch_unwind(|| panic!("oh no!")).is_err());
/// ```
pub fn catch_unwind<F: FnOnce() -> R + UnwindSafe, R>(f: F) -> crate::thread::Result<R> {
    panics::catch_unwind(f)
}

/// Triggers a panic without invoking the panic hook. As [`std::panic::resume_unwind`].
///
/// # Panics
/// Always, with this payload.
///
/// # Examples
///
/// ```
/// use costd::{panic, thread};
///
/// let result = thread::spawn(|| panic::resume_unwind(Box::new(5))).join();
/// assert_eq!(result.unwrap_err().downcast_ref(), Some(&5));
/// ```
pub fn resume_unwind(payload: Box<dyn Any + Send>) -> ! {
    panics::resume_unwind(payload)
}

/// Registers a custom panic hook, replacing the previously registered hook. As [`std::panic::set_hook`]; there is one hook
/// for coroutines and OS threads.
///
/// # Panics
/// The current thread is panicking.
///
/// # Examples
///
/// ```should_panic
/// use costd::panic;
///
/// panic::set_hook(Box::new(|_| println!("Custom panic hook")));
///
/// panic!("Normal panic");
/// ```
pub fn set_hook(hook: Box<dyn Fn(&PanicHookInfo<'_>) + 'static + Sync + Send>) {
    panic_hook::set_hook(hook);
}

/// Unregisters the current panic hook and returns it, registering the default hook in its place. As
/// [`std::panic::take_hook`].
///
/// # Panics
/// The current thread is panicking.
///
/// # Examples
///
/// ```should_panic
/// use costd::panic;
///
/// panic::set_hook(Box::new(|_| println!("Custom panic hook")));
/// let _ = panic::take_hook();
///
/// panic!("Normal panic");
/// ```
#[must_use]
pub fn take_hook() -> Box<dyn Fn(&PanicHookInfo<'_>) + 'static + Sync + Send> {
    panic_hook::take_hook()
}

/// Takes the panic hook and sets one that is given it at each panic. Unstable in std. As `std::panic::update_hook`, but
/// a panic at that very moment elsewhere may see the default hook.
///
/// # Panics
/// The current thread is panicking.
///
/// # Examples
///
/// ```should_panic
/// use costd::panic;
///
/// panic::update_hook(|previous, info| {
///     println!("Print a message and go on as usual");
///     previous(info);
/// });
///
/// panic!("Custom and then normal");
/// ```
pub fn update_hook<F>(hook_fn: F)
where
    F: Fn(&(dyn Fn(&PanicHookInfo<'_>) + Send + Sync + 'static), &PanicHookInfo<'_>) + Sync + Send + 'static,
{
    panic_hook::update_hook(hook_fn);
}
