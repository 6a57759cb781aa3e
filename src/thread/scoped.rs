use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, RefUnwindSafe};
use std::sync::{Arc, Mutex};
use std::thread::Result;

use crate::park::Reason;
use crate::sched::interrupt;
use crate::sched::panics::{catch_unwind, resume_unwind};
use crate::sched::spawn::{self, Handle};
use crate::sched::task::TaskRef;
use crate::sys::thread::running::{Begun, Running};

use super::join_handle::join;
use super::{Builder, Thread, current};

/// A scope to spawn scoped threads in, as [`std::thread::Scope`]. See [`scope`].
pub struct Scope<'scope, 'env: 'scope> {
    running: Arc<Running>,
    main_thread: Thread,
    /// Invariant over 'scope, or a thread could be spawned that borrows for less than the scope lasts.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// What a panic may leave behind are two atomics, and who is to be woken.
impl RefUnwindSafe for Scope<'_, '_> {}

/// An owned permission to join on a scoped thread, as [`std::thread::ScopedJoinHandle`].
pub struct ScopedJoinHandle<'scope, T> {
    /// `None` only after `join`.
    handle: Option<Handle<T>>,
    running: Arc<Running>,
    scope: PhantomData<&'scope ()>,
    /// Sent and shared only where the result may be sent, as std's is. (`JoinHandle`, in std too, always.)
    result: PhantomData<Box<Mutex<T>>>,
}

/// Creates a scope for spawning threads that borrow from outside it, and waits for them at its end. As
/// [`std::thread::scope`].
///
/// # Panics
/// A thread of the scope has panicked and was not joined.
///
/// # Examples
///
/// ```
/// use costd::thread;
///
/// let mut numbers = vec![1, 2, 3];
/// let mut x = 0;
/// thread::scope(|s| {
///     s.spawn(|| println!("hello from the first scoped thread: {numbers:?}"));
///     s.spawn(|| x += numbers[0] + numbers[2]);
/// });
/// numbers.push(4);
/// assert_eq!(x, numbers.len());
/// ```
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope =
        Scope { running: Arc::new(Running::new()), main_thread: current(), env: PhantomData, scope: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    let interrupted = result.as_ref().is_err_and(|payload| interrupt::is_interruption(&**payload));
    scope.running.wait(Reason::Scope, interrupted);
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if interrupt::is_due() => interrupt::unwind(),
        Ok(_) if scope.running.has_panicked() => panic!("a scoped thread panicked"),
        Ok(result) => result,
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a coroutine within the scope. As std's.
    ///
    /// # Panics
    /// As [`spawn`](super::spawn).
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, f).expect("failed to spawn thread")
    }
}

impl Builder {
    /// Spawns a coroutine within a scope, with the settings of this `Builder`. As std's.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let options = self.into_options();
        let begun = Begun::new(&scope.running);
        // SAFETY: `scope` does not return before `begun.at_end()` has run, and everything borrowed outlives `'scope`; the handle
        // cannot outlive `'scope` by its type.
        let handle = unsafe { spawn::spawn(options, f, begun.at_end()) }?;
        let running = begun.spawned();
        running.note(handle.task());
        Ok(ScopedJoinHandle { handle: Some(handle), running, scope: PhantomData, result: PhantomData })
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    fn handle(&self) -> &Handle<T> {
        self.handle.as_ref().expect("only `join` takes it, and consumes this")
    }

    pub(crate) fn task(&self) -> &TaskRef {
        self.handle().task()
    }

    /// The thread that this is the handle of.
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
        join(handle.expect("only `join` takes it, and consumes this"))
    }

    /// Has the thread ended, so that [`join`](Self::join) would return at once?
    pub fn is_finished(&self) -> bool {
        self.handle().is_done()
    }
}

impl<T> Drop for ScopedJoinHandle<'_, T> {
    fn drop(&mut self) {
        // A thread that has ended leaves its result to the handle: if that is a panic which nobody has asked for, the
        // scope shall know.
        if let Some(handle) = &mut self.handle {
            let result = handle.detach();
            if result.as_ref().is_some_and(spawn::is_panic) {
                self.running.set_panicked();
            }
            spawn::drop_or_abort(result, "thread result panicked on drop");
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("num_running_threads", &self.running.threads())
            .field("a_thread_panicked", &self.running.has_panicked())
            .field("main_thread", &self.main_thread)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
