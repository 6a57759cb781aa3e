//! A closure becomes a task: one allocation that holds the header and, in turn, the closure and its result.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::io;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::ptr::NonNull;

use super::current::{clear_locals, worker};
use super::inherited;
use super::interrupt::is_interruption;
use super::runtime::runtime;
use super::stack;
use super::task::{Task, TaskRef, VTable};

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// What a spawn may say.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<Box<str>>,
    /// In bytes; else the default.
    pub(crate) stack_size: Option<usize>,
}

/// The one who may ask for the result.
pub(crate) struct Handle<T> {
    task: TaskRef,
    /// It lies with the task, so that moving the handle does not move it.
    result: PhantomData<Box<T>>,
}

// SAFETY: it hands a `T` from one task to another, which the bounds of spawning allow; nothing else can be reached by it.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: by reference there is nothing to reach at all.
unsafe impl<T> Sync for Handle<T> {}

#[repr(C)]
struct Spawned<F, T, E> {
    header: Task,
    stage: Cell<Stage>,
    body: UnsafeCell<Body<F, T>>,
    at_end: UnsafeCell<Option<E>>,
}

union Body<F, T> {
    closure: ManuallyDrop<F>,
    result: ManuallyDrop<Option<Outcome<T>>>,
}

/// What the body holds. Changed by the task alone until it is done, and not at all afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Closure,
    Nothing,
    Result,
}

/// Spawns a coroutine that runs `f`, and then `at_end` with whether a panic was seen by nobody.
///
/// # Safety
/// The caller makes sure that what `f`, `T` and `at_end` borrow outlives the call of `at_end`, and the [`Handle`].
pub(crate) unsafe fn spawn<F, T, E>(options: Options, f: F, at_end: E) -> io::Result<Handle<T>>
where
    F: FnOnce() -> T + Send,
    T: Send,
    E: FnOnce(bool) + Send,
{
    let class = match options.stack_size {
        Some(size) => stack::class_of(size)?,
        None => stack::default_class(),
    };
    let runtime = runtime()?;
    let here = worker();
    match here {
        Some(worker) => worker.promise_stack(class)?,
        None => stack::promise(class)?,
    }
    // One reference for the handle, one for the coroutine itself until it has finished.
    let header = Task::new(Vtables::<F, T, E>::TABLE, options.name, class, 2);
    let spawned = Box::new(Spawned::<F, T, E> {
        header,
        stage: Cell::new(Stage::Closure),
        body: UnsafeCell::new(Body { closure: ManuallyDrop::new(f) }),
        at_end: UnsafeCell::new(Some(at_end)),
    });
    // In its place already: the header would have to be moved there otherwise.
    inherited::hand_on(&spawned.header.locals);
    let task = NonNull::from(Box::leak(spawned)).cast::<Task>();
    // SAFETY: one of the two references is the handle's.
    let handle = Handle { task: unsafe { TaskRef::from_raw(task) }, result: PhantomData };
    match here {
        Some(worker) => worker.spawn(task),
        None => runtime.inject(task),
    }
    Ok(handle)
}

struct Vtables<F, T, E>(PhantomData<(F, T, E)>);

impl<F, T, E> Vtables<F, T, E>
where
    F: FnOnce() -> T,
    E: FnOnce(bool),
{
    const TABLE: &'static VTable = &VTable {
        run: run::<F, T, E>,
        result: result::<F, T, E>,
        wake: |_| unreachable!("a coroutine that has parked belongs to a worker"),
        free: free::<F, T, E>,
    };
}

/// # Safety
/// `task` is a `Spawned<F, T, E>` that runs for the first time, on its own stack.
unsafe fn run<F, T, E>(task: NonNull<Task>)
where
    F: FnOnce() -> T,
    E: FnOnce(bool),
{
    // SAFETY: alive until it has finished, as it holds a reference of itself.
    let spawned = unsafe { task.cast::<Spawned<F, T, E>>().as_ref() };
    let header = &spawned.header;
    // SAFETY: the stage says what the body holds, and only the task touches it before it is done.
    let f = unsafe { ManuallyDrop::take(&mut (*spawned.body.get()).closure) };
    spawned.stage.set(Stage::Nothing);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| __rust_begin_short_backtrace(f)));
    header.panics.set(0);
    let mut unseen_panic = false;
    if header.is_detached() {
        unseen_panic = is_panic(&outcome);
        drop_or_abort(outcome, "thread result panicked on drop");
    } else {
        // SAFETY: as above.
        unsafe { (*spawned.body.get()).result = ManuallyDrop::new(Some(outcome)) };
        spawned.stage.set(Stage::Result);
    }
    or_abort(|| header.locals.run_destructors(), "thread local panicked on drop");
    clear_locals();
    // SAFETY: only here, once.
    let at_end = unsafe { (*spawned.at_end.get()).take() };
    if header.set_done() && spawned.stage.get() == Stage::Result {
        // SAFETY: the task is done and detached: the body is ours for good.
        let outcome = unsafe { (*(&raw mut (*spawned.body.get()).result).cast::<Option<Outcome<T>>>()).take() };
        unseen_panic = outcome.as_ref().is_some_and(is_panic);
        drop_or_abort(outcome, "thread result panicked on drop");
        // The result's destructor may have made new ones.
        or_abort(|| header.locals.run_destructors(), "thread local panicked on drop");
        clear_locals();
    }
    if let Some(at_end) = at_end {
        at_end(unseen_panic);
    }
}

/// Did it end by a panic, and not because it was cancelled?
pub(crate) fn is_panic<T>(outcome: &Outcome<T>) -> bool {
    outcome.as_ref().is_err_and(|payload| !is_interruption(&**payload))
}

/// Where a coroutine's own frames begin; whoever prints a short backtrace looks for this name.
#[inline(never)]
fn __rust_begin_short_backtrace<F: FnOnce() -> T, T>(f: F) -> T {
    let result = f();
    // Else the call above would be a jump, and this frame gone.
    std::hint::black_box(());
    result
}

/// # Safety
/// `task` is a `Spawned<F, T, E>`.
unsafe fn result<F, T, E>(task: NonNull<Task>) -> *mut () {
    let spawned = task.cast::<Spawned<F, T, E>>().as_ptr();
    // SAFETY: in bounds of the allocation; only an address is made.
    unsafe { (&raw mut (*spawned).body).cast() }
}

/// # Safety
/// `task` is a `Spawned<F, T, E>` whose last reference is gone.
unsafe fn free<F, T, E>(task: NonNull<Task>) {
    // SAFETY: made by `Box::new` in `spawn`. The body is a union: what is in it is not dropped. A closure was run (a task
    // that waits to run holds a reference of itself), and a result was taken by the handle or dropped.
    drop(unsafe { Box::from_raw(task.cast::<Spawned<F, T, E>>().as_ptr()) });
}

/// As std does with a result whose destructor panics where nobody can catch it.
pub(crate) fn drop_or_abort<T>(value: T, message: &str) {
    or_abort(|| drop(value), message);
}

/// As std does where a panic can go nowhere.
pub(crate) fn or_abort(f: impl FnOnce(), message: &str) {
    // The payload stays, for its destructor may panic, too.
    if let Err(_payload) = panic::catch_unwind(AssertUnwindSafe(f)) {
        eprintln!("fatal runtime error: {message}, aborting");
        std::process::abort();
    }
}

impl<T> Handle<T> {
    pub(crate) fn task(&self) -> &TaskRef {
        &self.task
    }

    /// Has the coroutine ended?
    pub(crate) fn is_done(&self) -> bool {
        self.task.is_done()
    }

    /// What the coroutine returned, or panicked with; only once it [`is_done`](Self::is_done), and only once.
    pub(crate) fn take(&mut self) -> Option<Outcome<T>> {
        if !self.task.is_done() {
            return None;
        }
        let task = self.task.as_ptr();
        // SAFETY: the task is done, and was not detached before it was (`join` never detaches, and `detach` comes here only
        // if its `Task::detach` was the first and found the task done), so the body holds the `Option` of this very type
        // (`Handle<T>` was made with the `T` of the spawn), and the handle is its only user.
        unsafe { (*(task.as_ref().vtable.result)(task).cast::<ManuallyDrop<Option<Outcome<T>>>>()).take() }
    }
}

impl<T> Handle<T> {
    /// Gives up the result. If the coroutine has ended, here it is, to be dropped; else the coroutine will drop it, and the
    /// handle's own end does nothing more.
    pub(crate) fn detach(&mut self) -> Option<Outcome<T>> {
        if self.task.detach() { self.take() } else { None }
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        drop_or_abort(self.detach(), "thread result panicked on drop");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread::yield_now;

    /// A handle may be detached and then dropped, with the end of its task in between: the result is dropped once, and
    /// what has never been one is not taken for one.
    #[test]
    fn detached_and_dropped() {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        struct Output(Box<u32>);
        impl Drop for Output {
            fn drop(&mut self) {
                assert_eq!(*self.0, 7);
                DROPPED.fetch_add(1, Ordering::Relaxed);
            }
        }
        let go = Arc::new(AtomicBool::new(false));
        let body = {
            let go = Arc::clone(&go);
            // What the closure holds would pass for `Some(Ok(_))` of a wild box.
            let bytes = [1_usize; 8];
            move || {
                while !go.load(Ordering::Acquire) {
                    yield_now();
                }
                std::hint::black_box(bytes);
                Output(Box::new(7))
            }
        };
        // SAFETY: nothing is borrowed.
        let mut handle = unsafe { spawn(Options::default(), body, |_| ()) }.unwrap();
        assert!(handle.detach().is_none(), "it has not ended");
        go.store(true, Ordering::Release);
        while !handle.is_done() {
            yield_now();
        }
        drop(handle);
        assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
    }
}
