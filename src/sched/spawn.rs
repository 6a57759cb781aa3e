//! A closure becomes a task: one allocation that holds the header and, in turn, the closure and its result.

use std::any::Any;
use std::cell::UnsafeCell;
use std::io;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe, Location};
use std::ptr::NonNull;

use super::current::{clear_locals, worker};
use super::inherited;
use super::interrupt::{self, is_interruption};
use super::runtime::{Reporter, runtime};
use super::stack;
use super::task::{Origin, Stage, Task, TaskRef, VTable};
use crate::pal::clock;

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// What a spawn may say.
pub(crate) struct Options {
    pub(crate) name: Option<Box<str>>,
    /// Who spawns.
    pub(crate) spawned_at: &'static Location<'static>,
    /// For the first spawn of all.
    pub(crate) reporter: Reporter,
    /// In bytes; else the default.
    pub(crate) stack_size: Option<usize>,
}

impl Options {
    /// Of a spawn that says nothing but where it is.
    pub(crate) fn at(spawned_at: &'static Location<'static>, reporter: Reporter) -> Options {
        Options { name: None, spawned_at, stack_size: None, reporter }
    }
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
    body: UnsafeCell<Body<F, T>>,
    /// Called once; for most it is nothing at all.
    at_end: UnsafeCell<ManuallyDrop<E>>,
}

union Body<F, T> {
    closure: ManuallyDrop<F>,
    result: ManuallyDrop<Option<Outcome<T>>>,
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
    let origin = Origin {
        spawned_at: Some(options.spawned_at),
        born: here.map_or_else(clock::coarse, |worker| worker.coarse_time()),
    };
    let mut spawned = Box::<Spawned<F, T, E>>::new_uninit();
    let place = spawned.as_mut_ptr();
    // SAFETY: every field is written, once, in fresh memory.
    let spawned = unsafe {
        // Part by part: the compiler would make the whole elsewhere, and copy it here.
        (&raw mut (*place).header).write(Task::new(Vtables::<F, T, E>::TABLE, options.name, class, origin, 2));
        (&raw mut (*place).body).write(UnsafeCell::new(Body { closure: ManuallyDrop::new(f) }));
        (&raw mut (*place).at_end).write(UnsafeCell::new(ManuallyDrop::new(at_end)));
        spawned.assume_init()
    };
    // In its place already: the header would have to be moved there otherwise.
    inherited::hand_on(&spawned.header.locals);
    let task = NonNull::from(Box::leak(spawned)).cast::<Task>();
    // SAFETY: one of the two references is the handle's.
    let handle = Handle { task: unsafe { TaskRef::from_raw(task) }, result: PhantomData };
    match here {
        Some(worker) => worker.spawn(task),
        None => {
            runtime.take_reporter(options.reporter);
            runtime.spawn_from_outside(task);
        }
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
    header.stage.set(Stage::Nothing);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| __rust_begin_short_backtrace(f)));
    header.panics.set(0);
    header.interrupts.finish();
    let mut unseen_panic = false;
    if header.ending.is_detached() {
        unseen_panic = is_panic(&outcome);
        drop_or_abort(outcome, "thread result panicked on drop");
    } else {
        // SAFETY: as above.
        unsafe { (*spawned.body.get()).result = ManuallyDrop::new(Some(outcome)) };
        header.stage.set(Stage::Result);
    }
    or_abort(|| header.locals.run_destructors(), "thread local panicked on drop");
    clear_locals();
    // SAFETY: only here, once.
    let at_end = unsafe { ManuallyDrop::take(&mut *spawned.at_end.get()) };
    if header.ending.end() && header.stage.get() == Stage::Result {
        // SAFETY: the task is done and detached: the body is ours for good.
        let outcome = unsafe { (*(&raw mut (*spawned.body.get()).result).cast::<Option<Outcome<T>>>()).take() };
        unseen_panic = outcome.as_ref().is_some_and(is_panic);
        drop_or_abort(outcome, "thread result panicked on drop");
        // The result's destructor may have made new ones.
        or_abort(|| header.locals.run_destructors(), "thread local panicked on drop");
        clear_locals();
    }
    at_end(unseen_panic);
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

/// As std does with a result whose destructor panics where nobody can catch it. If it waits, it is not interrupted, for that would
/// be such a panic.
pub(crate) fn drop_or_abort<T>(value: T, message: &str) {
    or_abort(|| interrupt::shield(|| drop(value)), message);
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
        self.task.ending.is_done()
    }

    /// What the coroutine returned, or panicked with; only once it [`is_done`](Self::is_done), and only once.
    pub(crate) fn take(&mut self) -> Option<Outcome<T>> {
        if !self.task.ending.is_done() {
            return None;
        }
        let task = self.task.as_ptr();
        // SAFETY: the task is done, and was not detached before it was (`join` never detaches, and `detach` comes here only
        // if its `Ending::detach` was the first and found the task done), so the body holds the `Option` of this very type
        // (`Handle<T>` was made with the `T` of the spawn), and the handle is its only user.
        unsafe { (*(task.as_ref().vtable.result)(task).cast::<ManuallyDrop<Option<Outcome<T>>>>()).take() }
    }
}

impl<T> Handle<T> {
    /// Gives up the result. If the coroutine has ended, here it is, to be dropped; else the coroutine will drop it, and the
    /// handle's own end does nothing more.
    pub(crate) fn detach(&mut self) -> Option<Outcome<T>> {
        if self.task.ending.detach() { self.take() } else { None }
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        if let Some(outcome) = self.detach() {
            drop_or_abort(outcome, "thread result panicked on drop");
        }
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
        let options = Options { name: None, stack_size: None, spawned_at: Location::caller(), reporter: String::new };
        // SAFETY: nothing is borrowed.
        let mut handle = unsafe { spawn(options, body, |_| ()) }.unwrap();
        assert!(handle.detach().is_none(), "it has not ended");
        go.store(true, Ordering::Release);
        while !handle.is_done() {
            yield_now();
        }
        drop(handle);
        assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
    }
}
