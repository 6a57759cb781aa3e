use crate::sched::current_task;
use crate::sched::interrupt::{self, Interrupts};
use crate::thread::{JoinHandle, ScopedJoinHandle, Thread};

pub use crate::sched::interrupt::Cancelled;

/// Cancels a coroutine: it unwinds from the blocking call that it is in, or from its next one. Returns whether `thread` is a
/// coroutine; an OS thread cannot be cancelled, and goes on.
///
/// The unwinding runs all destructors and no panic hook. [`join`](JoinHandle::join) returns an error whose payload is
/// [`Cancelled`], by which it is told from a panic.
///
/// **What can be interrupted:** every call of the mirror that waits, or may have to: channels, `Condvar` and `Barrier`,
/// `sleep`, `park`, `yield_now`, `join`, sockets, pipes, standard streams and children, and what
/// [`coroutine`](super) has to wait for. **What cannot:** taking a lock
/// ([`Mutex`](crate::sync::Mutex), [`RwLock`](crate::sync::RwLock), `Once` and what is built on it), for whoever asks for a lock
/// is in the middle of something, and gets it soon; and what an OS thread does in the coroutine's stead (files, name
/// resolution; waiting for a child on a kernel that has no descriptors of processes), which is waited for. A coroutine that computes is not interrupted before it blocks.
///
/// **A call that has taken effect is not interrupted.** A receiver that was handed a message returns it, an accepted
/// connection is returned, a write that has written a part returns how much, and the coroutine unwinds from its next call.
///
/// **Destructors** that run in the unwinding may block: they are not interrupted. **Locks** that are held are released and not
/// poisoned: nothing has gone wrong with what they guard but that its holder has left at a place where it was
/// waiting for something else, which is a place that it can be read to be. A panic on the way poisons as ever; and an
/// initialisation that is left has failed, as by a panic: `Once` and `LazyLock` are poisoned, `OnceLock` stays empty.
///
/// **Whoever catches it** (by [`catch_unwind`](crate::panic::catch_unwind)) is interrupted again at its next blocking call.
///
/// **A scope** ([`thread::scope`](crate::thread::scope)) that is cancelled, by its owner's being cancelled inside it or
/// while it waits at the end, cancels its threads, and waits for them.
///
/// It works by unwinding: in a program with `panic = "abort"` the process ends. And a crate that is built on costd may have
/// `unsafe` code that relies on std's `park`, `Condvar::wait` or the like not to unwind (`once_cell` and crossbeam's channels do):
/// **do not cancel a coroutine that may be waiting in such a crate**, or put a [`shield`] around the call into it. It would be
/// undefined behaviour there; `docs/soundness.md` says more.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{self, Cancelled};
/// use costd::sync::mpsc;
/// use costd::thread;
///
/// let (_sender, receiver) = mpsc::channel::<u32>();
/// let waiting = thread::spawn(move || receiver.recv());
/// assert!(coroutine::cancel(waiting.thread()));
/// assert!(waiting.join().unwrap_err().is::<Cancelled>());
/// ```
pub fn cancel(thread: &Thread) -> bool {
    let task = thread.task();
    if task.is_coroutine() {
        Interrupts::cancel(task);
    }
    task.is_coroutine()
}

/// Has somebody cancelled the current coroutine? For what computes for long, and wants to leave early.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{JoinHandleExt, is_cancelled};
/// use costd::thread;
///
/// let computing = thread::spawn(|| {
///     let mut steps = 0_u64;
///     while !is_cancelled() {
///         steps += 1;
///     }
///     steps
/// });
/// computing.cancel();
/// computing.join().unwrap();
/// ```
#[must_use]
pub fn is_cancelled() -> bool {
    current_task().interrupts.is_cancelled()
}

/// Runs `f` without interruption: one that comes meanwhile waits for the first blocking call after it. The time of a
/// [`timeout`](super::timeout) waits, too.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{self, Cancelled, JoinHandleExt, shield};
/// use costd::sync::mpsc;
/// use costd::thread;
/// use std::time::Duration;
///
/// let (done, is_done) = mpsc::channel();
/// let (started, has_started) = mpsc::channel();
/// let thread = thread::spawn(move || {
///     shield(|| {
///         started.send(()).unwrap();
///         thread::sleep(Duration::from_millis(5));
///         done.send("all of it").unwrap();
///     });
///     thread::park();
/// });
/// has_started.recv().unwrap();
/// thread.cancel();
/// assert_eq!(is_done.recv(), Ok("all of it"));
/// assert!(thread.join().unwrap_err().is::<Cancelled>());
/// ```
pub fn shield<R>(f: impl FnOnce() -> R) -> R {
    interrupt::shield(f)
}

mod sealed {
    pub trait Sealed {}
}

impl<T> sealed::Sealed for JoinHandle<T> {}
impl<T> sealed::Sealed for ScopedJoinHandle<'_, T> {}

/// What a handle can do beyond std's.
pub trait JoinHandleExt: sealed::Sealed {
    /// Cancels the coroutine that this is the handle of: see [`cancel`].
    fn cancel(&self);
}

impl<T> JoinHandleExt for JoinHandle<T> {
    fn cancel(&self) {
        cancel(self.thread());
    }
}

impl<T> JoinHandleExt for ScopedJoinHandle<'_, T> {
    fn cancel(&self) {
        cancel(self.thread());
    }
}
