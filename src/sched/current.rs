//! Who is running: the task of this OS thread at this moment, kept in one thread-local word.
//!
//! On a worker the word is the running coroutine's task, set and reset around each resume. On any other OS thread it is
//! that thread's own task, made on first use and ended with the thread. Since a coroutine never leaves its OS thread, an
//! address of this word that the compiler has kept across a switch stays right.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::time::Instant;

use super::reason::Reason;
use super::task::{Task, TaskRef, VTable};
use super::worker::Worker;

thread_local! {
    static CURRENT: Cell<*const Task> = const { Cell::new(ptr::null()) };
    /// The worker that this OS thread is.
    static WORKER: Cell<*const Worker> = const { Cell::new(ptr::null()) };
    /// What the running coroutine may still do before others have their turn.
    static BUDGET: Cell<u32> = const { Cell::new(0) };
    static OS_THREAD: OsThreadSlot = const { OsThreadSlot(Cell::new(None)) };
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
    pub(crate) fn park(self, deadline: Option<Instant>, reason: Reason) -> bool {
        self.task.set_reason(reason);
        self.worker.park(self.task, deadline)
    }

    /// Lets the others on this worker go first.
    pub(crate) fn yield_now(self) {
        self.worker.yield_now(self.task);
    }
}

/// The coroutine that runs this code; `None` on a plain OS thread, and where nothing may be switched (in a panic hook).
#[inline]
pub(crate) fn current_coroutine<'a>() -> Option<Coroutine<'a>> {
    let worker = worker()?;
    let task = CURRENT.get();
    if task.is_null() || !worker.may_switch() {
        return None;
    }
    // SAFETY: CURRENT on a worker is the running coroutine's task, which is alive at least until it switches away for the
    // last time; the caller is code of that coroutine. The lifetime is the caller's stack frame at most: neither value
    // can be sent away, for both are `!Send` through `Worker`.
    Some(unsafe { Coroutine { task: &*task, worker } })
}

/// The worker that this OS thread is, whatever it is doing.
#[inline]
pub(crate) fn worker<'a>() -> Option<&'a Worker> {
    // SAFETY: a worker lives for ever, on the stack of its OS thread, and only that thread sees this word.
    unsafe { WORKER.get().as_ref() }
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
    // In a destructor that runs because of a panic, a switch costs more and nobody expects it.
    if !super::panics::panicking()
        && let Some(coroutine) = current_coroutine()
    {
        coroutine.yield_now();
    }
}

/// At the beginning of a turn.
#[inline]
pub(super) fn refill() {
    BUDGET.set(BUDGET_OF_A_TURN);
}

pub(super) fn set_worker(worker: &'static Worker) {
    WORKER.set(worker);
}

/// Around each resume: what runs on this OS thread now.
#[inline]
pub(super) fn set_current(task: *const Task) {
    CURRENT.set(task);
}

/// The task that runs this code, for its identity and its thread-locals: a coroutine also where nothing may be switched.
#[inline]
pub(crate) fn current_task<'a>() -> &'a Task {
    let task = CURRENT.get();
    if task.is_null() {
        return current_task_slow();
    }
    // SAFETY: see `current_coroutine`; for an OS thread it is alive until the thread's own thread-locals end, and then
    // the word is null.
    unsafe { &*task }
}

#[cold]
fn current_task_slow<'a>() -> &'a Task {
    let task = os_thread().0;
    // SAFETY: the thread's slot, or nobody, keeps the count; see `os_thread`.
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

    /// Parks this OS thread. `false` when the deadline has passed.
    pub(crate) fn park(self, deadline: Option<Instant>, reason: Reason) -> bool {
        // SAFETY: as above.
        unsafe { self.0.as_ref() }.park_os_thread(deadline, reason)
    }
}

/// The task of this OS thread itself, also while a coroutine runs on it.
pub(crate) fn os_thread() -> OsThread {
    let known = OS_THREAD.try_with(|slot| {
        let task = slot.0.take();
        let known = task.as_ref().map(TaskRef::as_ptr);
        slot.0.set(task);
        known
    });
    match known {
        Ok(Some(task)) => OsThread(task),
        Ok(None) => {
            let task = new_os_thread();
            let known = task.as_ptr();
            OS_THREAD.with(|slot| slot.0.set(Some(task)));
            if worker().is_none() {
                CURRENT.set(known.as_ptr());
            }
            OsThread(known)
        }
        // The thread's own thread-locals are being destroyed, and a destructor among them blocks or asks who it is. It
        // gets an identity for the rest of the thread's life; nothing can give that one back.
        Err(_) => {
            let task = new_os_thread().into_raw();
            if worker().is_none() {
                CURRENT.set(task.as_ptr());
            }
            OsThread(task)
        }
    }
}

/// Owns the task of an OS thread until the thread ends.
struct OsThreadSlot(Cell<Option<TaskRef>>);

impl Drop for OsThreadSlot {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.locals.run_destructors();
            if worker().is_none() {
                CURRENT.set(ptr::null());
            }
        }
    }
}

fn new_os_thread() -> TaskRef {
    static VTABLE: VTable = VTable {
        run: |_| unreachable!("an OS thread is not resumed"),
        result: |_| ptr::null_mut(),
        // SAFETY: made by `Box::new` below, and the last reference is gone.
        free: |task| drop(unsafe { Box::from_raw(task.as_ptr()) }),
    };
    let name = std::thread::current().name().map(Box::from);
    let task = Box::new(Task::new(&VTABLE, name, 0, 1));
    // SAFETY: its one count goes to the reference.
    unsafe { TaskRef::from_raw(NonNull::from(Box::leak(task))) }
}
