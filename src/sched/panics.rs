//! Which panics are whose.
//!
//! std counts the panics of an OS thread. While a coroutine waits in a destructor, in the middle of an unwinding, its
//! panic is still in that count, and `std::thread::panicking()` is true for every coroutine of the worker. So there is an
//! account of our own, of which as little is used as will do:
//!
//! * Each worker knows how many of its coroutines are suspended in the middle of an unwinding. While there is none, std's
//!   answer is right for the one that runs, and it is the only one asked.
//! * While there are some, the account of the running task decides: `task.panics`, more than 0 if it is unwinding.
//!
//! The account is kept thus:
//!
//! | event | the task's account |
//! |---|---|
//! | a panic: our hook runs (`sched::panic_hook`) | 1 more |
//! | our `resume_unwind`, an interruption | 1 more |
//! | our `catch_unwind` returns, either way | what it was when that was called |
//! | a switch, with nobody suspended in an unwinding | set by std's answer: at least 1, or 0 |
//! | the coroutine's function has returned or unwound | 0 |
//!
//! What can make it wrong is code that is not covered: a real `std::panic::resume_unwind` is not counted, and a real
//! `catch_unwind` does not take back what it catches. Both matter only while another coroutine of the worker is suspended
//! in an unwinding, and the next switch after that puts it right.
//!
//! On a plain OS thread std's answer is right. The account is kept there as well, for it tells interruptions from panics
//! (`sched::interrupt`).
//!
//! std's own count stays balanced by itself: a coroutine never leaves its OS thread, so each panic that is counted there
//! is caught there.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, UnwindSafe};

use super::current::{current_task, present_task, running_coroutine, worker};
use super::interrupt;
use super::task::Task;

/// What a worker knows of the panics of its coroutines.
pub(crate) struct WorkerPanics {
    /// How many of them are suspended in the middle of an unwinding.
    suspended: Cell<u32>,
    /// A panic hook is running.
    in_hook: Cell<bool>,
}

impl WorkerPanics {
    pub(crate) const fn new() -> WorkerPanics {
        WorkerPanics { suspended: Cell::new(0), in_hook: Cell::new(false) }
    }

    /// The running coroutine, whose task this is, is about to switch away. `true`: in the middle of an unwinding, and
    /// [`after_switch`](Self::after_switch) is to be called when it is back.
    #[inline]
    pub(crate) fn before_switch(&self, task: &Task) -> bool {
        if std::thread::panicking() {
            return self.before_switch_while_panicking(task);
        }
        task.panics.set(0);
        false
    }

    #[cold]
    fn before_switch_while_panicking(&self, task: &Task) -> bool {
        if self.suspended.get() == 0 {
            task.panics.set(task.panics.get().max(1));
        }
        let panicking = task.panics.get() > 0;
        self.suspended.set(self.suspended.get() + u32::from(panicking));
        panicking
    }

    /// It has come back, after `before_switch` had returned `true`.
    pub(crate) fn after_switch(&self) {
        self.suspended.set(self.suspended.get() - 1);
    }
}

/// `thread::panicking`, for the current task.
#[inline]
pub(crate) fn panicking() -> bool {
    std::thread::panicking() && panicking_ourselves()
}

/// Somebody on this OS thread is panicking; is it the current task?
#[cold]
fn panicking_ourselves() -> bool {
    match worker() {
        Some(worker) if worker.panics.suspended.get() > 0 => {
            running_coroutine().is_some_and(|task| task.panics.get() > 0)
        }
        _ => true,
    }
}

/// Runs the body of a panic hook: counts the panic, and nothing is switched meanwhile. A hook inside a hook is just run.
pub(super) fn in_hook(body: impl FnOnce()) {
    let Some(task) = present_task() else { return body() };
    let Some(worker) = worker() else {
        task.count_panic();
        return body();
    };
    if worker.panics.in_hook.replace(true) {
        return body();
    }
    /// For a body that leaves by `resume_unwind`, which std lets pass. (A panic in it ends the process.)
    struct Over<'a>(&'a Cell<bool>);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }
    let _over = Over(&worker.panics.in_hook);
    task.count_panic();
    worker.without_switching(body);
}

/// As `std::panic::catch_unwind`.
pub(crate) fn catch_unwind<F: FnOnce() -> R + UnwindSafe, R>(f: F) -> std::thread::Result<R> {
    let before = present_task().map_or(0, |task| task.panics.get());
    let result = panic::catch_unwind(f);
    // An OS thread may have become a task inside.
    if let Some(task) = present_task() {
        // Every panic that began inside has ended, and those that were in flight before still are.
        task.panics.set(before);
        task.interrupts.caught(before);
    }
    result
}

/// Has the current task a panic in flight that is more than an interruption, and so poisons the locks that it holds?
#[inline]
pub(crate) fn poisons() -> bool {
    std::thread::panicking() && poisons_ourselves()
}

#[cold]
fn poisons_ourselves() -> bool {
    let task = current_task();
    panicking_ourselves() && !task.interrupts.unwinds(task.panics.get())
}

impl Task {
    /// One more is in flight, which is no interruption. What has the same number, or a higher one, was caught by code that is
    /// not covered.
    fn count_panic(&self) {
        self.interrupts.caught(self.panics.get());
        self.panics.set(self.panics.get() + 1);
    }
}

/// Unwinds `task`, the current one, by an interruption.
pub(super) fn interrupt(task: &Task, payload: Box<dyn Any + Send>) -> ! {
    task.panics.set(task.panics.get() + 1);
    task.interrupts.set_unwinding(task.panics.get());
    panic::resume_unwind(payload)
}

/// As `std::panic::resume_unwind`.
pub(crate) fn resume_unwind(payload: Box<dyn Any + Send>) -> ! {
    if interrupt::is_interruption(&*payload) {
        interrupt(current_task(), payload);
    }
    if let Some(task) = present_task() {
        task.count_panic();
    }
    panic::resume_unwind(payload)
}
