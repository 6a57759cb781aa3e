//! A task that parks as `costd::park` does, with an OS thread's way of stopping.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Condvar, Mutex};

use crate::park_state::ParkState;

pub(crate) struct Task {
    pub(crate) state: ParkState,
    runnable: Mutex<bool>,
    made_runnable: Condvar,
    cancelled: AtomicBool,
}

#[derive(Clone)]
pub(crate) struct Unparker(pub(crate) Arc<Task>);

impl Task {
    pub(crate) fn new() -> Arc<Task> {
        Arc::new(Task {
            state: ParkState::new(),
            runnable: Mutex::new(false),
            made_runnable: Condvar::new(),
            cancelled: AtomicBool::new(false),
        })
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        // As there: a look, and a second one if there is something.
        self.cancelled.load(Ordering::Relaxed) && self.cancelled.load(Ordering::Acquire)
    }

    /// Stops, is published, and runs again when its waker makes it: the order of a coroutine's park.
    pub(crate) fn park(&self) {
        if self.state.take() || !self.state.publish() {
            return;
        }
        let mut runnable = self.runnable.lock().unwrap();
        while !*runnable {
            runnable = self.made_runnable.wait(runnable).unwrap();
        }
        *runnable = false;
        drop(runnable);
        self.state.resume();
    }
}

loom::thread_local! {
    static CURRENT: Arc<Task> = Task::new();
}

/// The task of this thread.
pub(crate) fn current() -> Arc<Task> {
    CURRENT.with(Arc::clone)
}

impl Unparker {
    pub(crate) fn current() -> Unparker {
        Unparker(current())
    }

    /// As `sched::interrupt` has it.
    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.unpark();
    }

    pub(crate) fn unpark(&self) {
        if self.0.state.notify() {
            let mut runnable = self.0.runnable.lock().unwrap();
            assert!(!*runnable, "a task is enqueued twice");
            *runnable = true;
            self.0.made_runnable.notify_one();
        }
    }
}
