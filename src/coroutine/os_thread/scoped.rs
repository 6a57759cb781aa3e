use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, RefUnwindSafe};
use std::sync::Arc;
use std::thread::Result;

use crate::park::Reason;
use crate::sched::panics::{catch_unwind, resume_unwind};
use crate::sched::spawn::drop_or_abort;
use crate::sys::sync::Event;
use crate::sys::thread::os::{self, Handle};
use crate::sys::thread::running::{Begun, Running};
use crate::thread::Thread;

use super::Builder;

/// A scope to spawn scoped OS threads in, as the real [`std::thread::Scope`]. See [`scope`].
pub struct Scope<'scope, 'env: 'scope> {
    running: Arc<Running>,
    /// Invariant over 'scope, or a thread could be spawned that borrows for less than the scope lasts.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// What a panic may leave behind are two atomics, and who is to be woken.
impl RefUnwindSafe for Scope<'_, '_> {}

/// An owned permission to join on a scoped OS thread, as the real [`std::thread::ScopedJoinHandle`]; a coroutine that joins is
/// parked.
pub struct ScopedJoinHandle<'scope, T> {
    /// `None` only after `join`.
    handle: Option<Handle<T>>,
    running: Arc<Running>,
    scope: PhantomData<&'scope ()>,
}

/// Creates a scope for spawning OS threads that borrow from outside it, and waits for them at its end. As the real
/// [`std::thread::scope`]; a coroutine that waits at the end is parked.
///
/// # Panics
/// A thread of the scope has panicked and was not joined.
///
/// # Examples
///
/// ```
/// use costd::coroutine::os_thread;
/// use costd::thread;
///
/// let counting = thread::spawn(|| {
///     let mut numbers = vec![1, 2, 3];
///     let mut x = 0;
///     os_thread::scope(|s| {
///         s.spawn(|| assert_eq!(numbers.len(), 3));
///         s.spawn(|| x += numbers[0] + numbers[2]);
///     });
///     numbers.push(x);
///     numbers
/// });
/// assert_eq!(counting.join().unwrap(), [1, 2, 3, 4]);
/// ```
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope { running: Arc::new(Running::new()), env: PhantomData, scope: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    scope.running.wait(Reason::OsThreadScope, false);
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if scope.running.has_panicked() => panic!("a scoped thread panicked"),
        Ok(result) => result,
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns an OS thread within the scope.
    ///
    /// # Panics
    /// As [`spawn`](super::spawn).
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, f).expect("failed to spawn thread")
    }
}

impl Builder {
    /// Spawns an OS thread within a scope, with the settings of this `Builder`.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let begun = Begun::new(&scope.running);
        // SAFETY: `scope` does not return before `begun.at_end()` has been called, and everything borrowed outlives `'scope`; the
        // handle cannot outlive `'scope` by its type.
        let handle = unsafe { os::spawn(self.0, f, begun.at_end()) }?;
        let running = begun.spawned();
        Ok(ScopedJoinHandle { handle: Some(handle), running, scope: PhantomData })
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    fn handle(&self) -> &Handle<T> {
        self.handle.as_ref().expect("only `join` takes it, and consumes this")
    }

    pub(crate) fn ended(&self) -> &Event {
        self.handle().ended()
    }

    /// The thread that this is the handle of. As [`JoinHandle::thread`](super::JoinHandle::thread).
    #[must_use]
    pub fn thread(&self) -> &Thread {
        Thread::from_task(self.handle().task())
    }

    /// Waits for the thread to end, as [`JoinHandle::join`](super::JoinHandle::join).
    ///
    /// # Errors
    /// The payload of the thread's panic, which the scope then does not repeat.
    pub fn join(mut self) -> Result<T> {
        let handle = self.handle.take();
        handle.expect("only `join` takes it, and consumes this").join()
    }

    /// Has the thread's function returned, so that [`join`](Self::join) would not wait for long?
    pub fn is_finished(&self) -> bool {
        self.handle().is_ended()
    }
}

impl<T> Drop for ScopedJoinHandle<'_, T> {
    fn drop(&mut self) {
        // A thread that has ended leaves its outcome to the handle: if that is a panic which nobody has asked for, the scope
        // shall know.
        if let Some(handle) = &mut self.handle {
            let outcome = handle.detach();
            if matches!(outcome, Some(Err(_))) {
                self.running.set_panicked();
            }
            drop_or_abort(outcome, "thread result panicked on drop");
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("num_running_threads", &self.running.threads()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
