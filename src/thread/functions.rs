use std::io;
use std::num::NonZero;
use std::time::{Duration, Instant};

use crate::park::{self, Reason};
use crate::sched::{self, pinning};
use crate::sys::thread::token;

use super::{Builder, JoinHandle};

/// Spawns a coroutine that runs `f`, and returns a [`JoinHandle`] for it. As [`std::thread::spawn`].
///
/// The coroutine may start on any worker, and stays on the one that it started on.
///
/// # Panics
/// The system refuses the memory for the stack; [`Builder::spawn`] returns that as an error.
///
/// # Examples
///
/// ```
/// use costd::sync::mpsc::channel;
/// use costd::thread;
///
/// let (tx, rx) = channel();
/// let sender = thread::spawn(move || tx.send("Hello, thread").expect("Unable to send on channel"));
/// let receiver = thread::spawn(move || rx.recv().expect("Unable to receive from channel"));
/// sender.join().expect("The sender thread has panicked");
/// assert_eq!(receiver.join().unwrap(), "Hello, thread");
/// ```
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T,
    F: Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// How many threads can run at one time, by what the system says. As [`std::thread::available_parallelism`]: a coroutine is told
/// what the process may use, also where its worker is pinned to one CPU.
///
/// # Errors
/// The system does not say.
pub fn available_parallelism() -> io::Result<NonZero<usize>> {
    pinning::unpinned(std::thread::available_parallelism)
}

/// Lets other threads go first. As [`std::thread::yield_now`]; in a coroutine: the others of its worker.
#[inline]
pub fn yield_now() {
    park::enter();
    match sched::current_coroutine() {
        Some(coroutine) => coroutine.yield_now(),
        None => std::thread::yield_now(),
    }
}

/// Determines whether the current thread is unwinding because of a panic. As [`std::thread::panicking`], for the
/// coroutine alone: what others on the same worker do does not show.
#[inline]
#[must_use]
pub fn panicking() -> bool {
    sched::panics::panicking()
}

/// Puts the current thread to sleep for at least `ms` milliseconds.
#[deprecated(since = "1.6.0", note = "replaced by `std::thread::sleep`")]
pub fn sleep_ms(ms: u32) {
    sleep(Duration::from_millis(u64::from(ms)));
}

/// Puts the current thread to sleep for at least `dur`. As [`std::thread::sleep`]; a coroutine does not stop its worker.
pub fn sleep(dur: Duration) {
    if dur.is_zero() {
        return;
    }
    // Past the end of the clock nobody will see the end of the sleep.
    sleep_to(Instant::now().checked_add(dur));
}

/// Puts the current thread to sleep until `deadline` has passed. Unstable in std.
pub fn sleep_until(deadline: Instant) {
    sleep_to(Some(deadline));
}

fn sleep_to(deadline: Option<Instant>) {
    while deadline.is_none_or(|deadline| Instant::now() < deadline) {
        // Nobody knows of this park, so only the deadline ends it, but for a wake-up that is left from an earlier one.
        let _ = park::park_or_unwind(deadline, Reason::Sleep);
    }
}

/// Blocks unless or until the current thread's token is made available by [`Thread::unpark`](super::Thread::unpark). As
/// [`std::thread::park`].
///
/// # Examples
///
/// ```
/// use costd::sync::Arc;
/// use costd::sync::atomic::{AtomicBool, Ordering};
/// use costd::thread;
///
/// let flag = Arc::new(AtomicBool::new(false));
/// let parked_thread = thread::spawn({
///     let flag = Arc::clone(&flag);
///     move || {
///         while !flag.load(Ordering::Relaxed) {
///             thread::park();
///         }
///     }
/// });
/// flag.store(true, Ordering::Relaxed);
/// parked_thread.thread().unpark();
/// parked_thread.join().unwrap();
/// ```
pub fn park() {
    token::park(None);
}

/// As [`park_timeout`], in milliseconds.
#[deprecated(since = "1.6.0", note = "replaced by `std::thread::park_timeout`")]
pub fn park_timeout_ms(ms: u32) {
    park_timeout(Duration::from_millis(u64::from(ms)));
}

/// As [`park`], but for no longer than `dur`. As [`std::thread::park_timeout`].
pub fn park_timeout(dur: Duration) {
    token::park(Instant::now().checked_add(dur));
}
