//! Who is running: the task of this OS thread at this moment, kept in thread-local words.
//!
//! On a worker that is the running coroutine's task, set and reset around each resume. On any other OS thread it is
//! that thread's own task, made on first use and given up with the thread: `new_os_thread` to `os_thread_ends`. Since a
//! coroutine never leaves its OS thread, an address of these words that the compiler has kept across a switch stays right.

use std::alloc::{GlobalAlloc, Layout, System, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::time::Instant;

use crate::pal;

use super::locals::{Header, LocalIndex, Table};
use super::reason::Reason;
use super::spawn::or_abort;
use super::task::{NO_STACK, Origin, Task, TaskRef, VTable};
use super::worker::Worker;

thread_local! {
    static CURRENT: Current =
        const { Current { task: Cell::new(ptr::null()), locals: Cell::new(Table::empty()) } };
    /// The worker that this OS thread is.
    static WORKER: Cell<*const Worker> = const { Cell::new(ptr::null()) };
    /// What the running coroutine may still do before others have their turn.
    static BUDGET: Cell<u32> = const { Cell::new(0) };
    /// The task of this OS thread itself.
    static OS_THREAD: Cell<*const Task> = const { Cell::new(ptr::null()) };
    /// Whether that task has been given up.
    static ENDED: Cell<bool> = const { Cell::new(false) };
    static AT_END: AtEnd = const { AtEnd };
}

/// Who runs here.
struct Current {
    /// Null where nobody has asked yet, and in a worker's own loop.
    task: Cell<*const Task>,
    /// Its table of thread-locals: what `task.locals.table()` is, or another one without values if that has none.
    locals: Cell<Table>,
}

/// What a coroutine may spend in one turn. An operation that does not block costs [`OPERATION`]; what costs next to nothing
/// itself, 1: with 128 system calls or 4096 locks (some 20 µs) in a row, a switch costs a fraction of a percent.
const BUDGET_OF_A_TURN: u32 = 128 * OPERATION;
/// The price of an operation that does not block.
pub(crate) const OPERATION: u32 = 32;

/// The coroutine that runs on this OS thread, at a moment when it may be switched away from.
#[derive(Clone, Copy)]
pub(crate) struct Coroutine<'a> {
    task: &'a Task,
    worker: &'a Worker,
}

impl<'a> Coroutine<'a> {
    pub(crate) fn task(self) -> &'a Task {
        self.task
    }

    /// The worker that it runs on.
    pub(crate) fn worker(self) -> &'a Worker {
        self.worker
    }

    /// Parks it. `false` when the deadline has passed.
    #[inline(always)]
    pub(crate) fn park(self, deadline: Option<Instant>, reason: Reason) -> bool {
        self.task.set_reason(reason);
        self.worker.park(self.task, deadline)
    }

    /// Lets the others on this worker go first.
    #[inline]
    pub(crate) fn yield_now(self) {
        self.worker.yield_now(self.task);
    }

    /// As [`yield_now`](Self::yield_now), after a call that has kept the worker for long.
    pub(crate) fn yield_after_long(self) {
        self.worker.yield_after_long(self.task);
    }
}

/// The coroutine that runs this code; `None` on a plain OS thread, and where nothing may be switched (in a panic hook).
#[inline]
pub(crate) fn current_coroutine<'a>() -> Option<Coroutine<'a>> {
    let worker = worker()?;
    let task = current();
    if task.is_null() || !worker.may_switch() {
        return None;
    }
    // SAFETY: on a worker that is the running coroutine's task, which is alive at least until it switches away for the
    // last time; the caller is code of that coroutine. The lifetime is the caller's stack frame at most: neither value
    // can be sent away, for both are `!Send` through `Worker`.
    Some(unsafe { Coroutine { task: &*task, worker } })
}

/// The task of the coroutine that runs this code, also where nothing may be switched.
#[inline]
pub(crate) fn running_coroutine<'a>() -> Option<&'a Task> {
    worker()?;
    // SAFETY: see `current_coroutine`.
    unsafe { current().as_ref() }
}

/// The worker that this OS thread is, whatever it is doing.
#[inline]
pub(crate) fn worker<'a>() -> Option<&'a Worker> {
    // SAFETY: a worker lives for ever, on the stack of its OS thread, and only that thread sees this word.
    unsafe { WORKER.get().as_ref() }
}

/// Runs `f`, in which whoever waits stops this OS thread, also in a coroutine.
pub(crate) fn without_switching<R>(f: impl FnOnce() -> R) -> R {
    match worker() {
        Some(worker) => worker.without_switching(f),
        None => f(),
    }
}

/// The running task spends `price` of its budget; when that is gone, the others of its worker have their turn. On a plain
/// OS thread it only counts: telling the two apart would cost more.
#[inline]
pub(crate) fn spend(price: u32) {
    match BUDGET.get().checked_sub(price) {
        Some(left) => BUDGET.set(left),
        None => spent(),
    }
}

#[cold]
fn spent() {
    refill();
    if let Some(coroutine) = polite_coroutine() {
        coroutine.yield_now();
    }
}

/// The running task has made a call that has kept its worker for long: all others have their turn now, also those whose time
/// has come meanwhile.
pub(crate) fn spend_turn() {
    if let Some(coroutine) = polite_coroutine() {
        coroutine.yield_after_long();
    }
}

/// The coroutine that runs this code, if it is to let others go first though it need not wait.
fn polite_coroutine<'a>() -> Option<Coroutine<'a>> {
    // In a destructor that runs because of a panic, a switch costs more and nobody expects it.
    if super::panics::panicking() { None } else { current_coroutine() }
}

/// At the beginning of a turn.
#[inline]
pub(super) fn refill() {
    BUDGET.set(BUDGET_OF_A_TURN);
}

pub(super) fn set_worker(worker: &'static Worker) {
    WORKER.set(worker);
}

/// Around each resume: who runs on this OS thread now.
#[inline]
pub(super) fn set_current(task: Option<&Task>) {
    CURRENT.with(|current| {
        current.task.set(task.map_or(ptr::null(), ptr::from_ref));
        current.locals.set(task.map_or(Table::empty(), |task| task.locals.table()));
    });
}

#[inline]
fn current() -> *const Task {
    CURRENT.with(|current| current.task.get())
}

/// The task that runs this code; `None` where [`current_task`] would have to make it first.
#[inline]
pub(super) fn present_task<'a>() -> Option<&'a Task> {
    // SAFETY: as in `current_task`.
    unsafe { current().as_ref() }
}

/// Is this code where nothing may be switched?
pub(super) fn is_pinned() -> bool {
    worker().is_some_and(|worker| !worker.may_switch())
}

/// The current task's table of thread-locals; an empty one where [`current_task`] would have to make the task first.
#[inline]
pub(crate) fn local_table() -> Table {
    CURRENT.with(|current| current.locals.get())
}

/// Takes over a value of the current task, for a key that it has none of.
///
/// # Safety
/// See [`Locals::put`](super::locals::Locals::put).
pub(crate) unsafe fn put_local(index: &LocalIndex, header: NonNull<Header>, value: NonNull<()>) {
    let task = current_task();
    // SAFETY: the caller's promise.
    unsafe { task.locals.put(index, header, value) };
    locals_changed(task);
}

/// The current task, whose destructors have run, uses no thread-locals any more, or starts again with none.
pub(super) fn clear_locals() {
    let task = current_task();
    task.locals.clear();
    locals_changed(task);
}

fn locals_changed(task: &Task) {
    CURRENT.with(|current| {
        // Not in a worker's own loop, which is not a task but has one.
        if ptr::eq(current.task.get(), task) {
            current.locals.set(task.locals.table());
        }
    });
}

/// The task that runs this code, for its identity and its thread-locals: a coroutine also where nothing may be switched.
#[inline]
pub(crate) fn current_task<'a>() -> &'a Task {
    let task = current();
    if task.is_null() {
        return current_task_slow();
    }
    // SAFETY: see `current_coroutine`; for an OS thread it is alive until the very end of the thread, and then the
    // word is null.
    unsafe { &*task }
}

#[cold]
fn current_task_slow<'a>() -> &'a Task {
    let task = os_thread().0;
    // SAFETY: the OS thread has a count of its task until `os_thread_ends`.
    unsafe { &*task.as_ptr() }
}

/// The task of an OS thread, seen from that thread.
#[derive(Clone, Copy)]
pub(crate) struct OsThread(NonNull<Task>);

impl OsThread {
    /// Its task.
    pub(crate) fn task(&self) -> TaskRef {
        // SAFETY: this thread's own task is alive while the thread runs.
        unsafe { TaskRef::share(self.0) }
    }

    /// The same, not counted.
    pub(crate) fn as_ptr(&self) -> NonNull<Task> {
        self.0
    }

    /// Parks this OS thread. `false` when the deadline has passed.
    #[inline(never)]
    pub(crate) fn park(self, deadline: Option<Instant>, reason: Reason) -> bool {
        // SAFETY: as above.
        unsafe { self.0.as_ref() }.park_os_thread(deadline, reason)
    }
}

/// The task of this OS thread itself, also while a coroutine runs on it. Made on first use.
pub(crate) fn os_thread() -> OsThread {
    match NonNull::new(OS_THREAD.get().cast_mut()) {
        Some(task) => OsThread(task),
        None => new_os_thread(),
    }
}

/// Nothing here may ask the global allocator for memory before the task is in its place, for that allocator may use
/// thread-locals, and they ask for this task.
#[cold]
fn new_os_thread() -> OsThread {
    static VTABLE: VTable = VTable {
        run: |_| unreachable!("an OS thread is not resumed"),
        result: |_| ptr::null_mut(),
        wake: |task| {
            // SAFETY: whoever wakes it keeps it alive.
            let task = unsafe { task.as_ref() };
            task.os_parker.wake(task.state.word());
        },
        free: |task| {
            // SAFETY: the last reference is gone.
            unsafe { task.as_ptr().drop_in_place() };
            // SAFETY: allocated below, with this layout.
            unsafe { System.dealloc(task.as_ptr().cast(), Layout::new::<Task>()) };
        },
    };
    let layout = Layout::new::<Task>();
    // SAFETY: a task is not of size 0.
    let Some(task) = NonNull::new(unsafe { System.alloc(layout) }.cast::<Task>()) else { handle_alloc_error(layout) };
    // SAFETY: fresh memory of this layout. The one count belongs to the OS thread.
    unsafe { task.write(Task::new(&VTABLE, None, NO_STACK, Origin::NONE, 1)) };
    OS_THREAD.set(task.as_ptr());
    // SAFETY: just made, and this OS thread has a count of it.
    let header = unsafe { task.as_ref() };
    if worker().is_none() {
        set_current(Some(header));
    }
    if ENDED.get() {
        // Somebody asks who it is in the last moments of an OS thread, when nothing can be left with it any more. This
        // task is never freed, and is not to get values that somebody would have to drop.
        header.locals.close();
        return OsThread(task);
    }
    // If the first fails, the second still comes; if the second does, the task is leaked.
    let _ = AT_END.try_with(|_| ());
    pal::thread_exit::leave(task.cast(), os_thread_ends);
    if let Some(name) = std::thread::current().name() {
        header.set_name(name.into());
    }
    OsThread(task)
}

/// Drops the values of an OS thread's thread-locals at its end, where its real thread-locals are dropped.
struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Some(task) = NonNull::new(OS_THREAD.get().cast_mut()) {
            // SAFETY: the OS thread has a count of its task until `os_thread_ends`.
            as_itself(unsafe { task.as_ref() }, |task| task.locals.run_destructors());
        }
    }
}

/// The very end of an OS thread whose task this is: all of its thread-locals are gone. Their destructors may have made
/// values of ours meanwhile; these are dropped here.
extern "C" fn os_thread_ends(task: *mut ()) {
    let Some(task) = NonNull::new(task.cast::<Task>()) else { return };
    // SAFETY: the count that `new_os_thread` has left is given back here, once.
    let task = unsafe { TaskRef::from_raw(task) };
    let destructors = || as_itself(&task, |task| task.locals.run_destructors());
    or_abort(destructors, "thread local panicked on drop");
    task.locals.close();
    ENDED.set(true);
    OS_THREAD.set(ptr::null());
    if worker().is_none() {
        set_current(None);
    }
}

/// Runs `f` with the OS thread's own task for the current one. (It is not if a worker's OS thread is ended by `exit`, in
/// the middle of a coroutine.)
fn as_itself(task: &Task, f: impl FnOnce(&Task)) {
    struct Restore(*const Task);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: null, or a task that was current and so is alive.
            set_current(unsafe { self.0.as_ref() });
        }
    }
    let _restore = Restore(current());
    set_current(Some(task));
    // What is current now is no coroutine.
    without_switching(|| f(task));
}
