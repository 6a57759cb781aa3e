use crate::park::Reason;
use crate::sched::blocking_pool;
use crate::sched::inherited::Inheritance;

/// Runs `f`, which may block the OS thread that it is on, and returns its result. Meanwhile the other coroutines of the
/// caller's worker run.
///
/// From a coroutine `f` runs on an OS thread that is kept for such calls, while the coroutine is parked. There are as many of
/// these threads as there are calls at a time; those that have nothing to do end after a while. On a plain OS thread, and in a
/// panic hook, `f` runs in place; also where the system has not one thread to give.
///
/// It is for foreign code that waits: a driver of a database, a C library, the real std in a crate that is not covered. What
/// costd has itself waits without it. It costs some 10 µs. Nothing limits how much runs at a time: for work that keeps a CPU
/// busy use [`thread::spawn`](crate::thread::spawn), and a [`Semaphore`](super::Semaphore) for a limit.
///
/// `f` may borrow from the caller, since this does not return before `f` has; nor does it if the caller is unwound.
///
/// Inside `f`, as on any OS thread:
///
/// * [`is_coroutine`](super::is_coroutine) is false, and what waits (also a lock or a channel of costd's) blocks;
/// * [`thread::current`](crate::thread::current), thread-locals and
///   [`thread::panicking`](crate::thread::panicking) are those of the OS thread, which lives on after `f` and may run another;
/// * an [`InheritableLocal`](super::InheritableLocal) has the caller's value.
///
/// # Panics
/// If `f` panics, the panic goes on in the caller. Its message names the thread that `f` ran on.
///
/// # Examples
///
/// ```
/// use costd::coroutine;
/// use costd::thread;
///
/// /// Of a crate that knows nothing of coroutines.
/// fn checksum(bytes: &[u8]) -> u32 {
///     bytes.iter().map(|byte| u32::from(*byte)).sum()
/// }
///
/// let sum = thread::spawn(|| {
///     let mut bytes = vec![1, 2];
///     let sum = coroutine::blocking(|| {
///         bytes.push(3);
///         checksum(&bytes)
///     });
///     (sum, bytes.len())
/// });
/// assert_eq!(sum.join().unwrap(), (6, 3));
/// ```
pub fn blocking<F, R>(f: F) -> R
where
    F: FnOnce() -> R + Send,
    R: Send,
{
    // Why borrowed data is sound: the pool has a pointer to a frame below this one, and that frame waits for the job to be done
    // before it ends, also by its destructor if its park is left by unwinding (`sched::blocking_pool`). There is no handle
    // that could be leaked instead, and the stack of a parked coroutine is never freed.
    let inheritance = Inheritance::of_current_task();
    blocking_pool::run_waiting(Reason::BlockingSection, || inheritance.within(f))
}
