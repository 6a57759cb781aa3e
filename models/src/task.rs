//! A task that parks as `costd::park` does, with an OS thread's way of stopping.

use std::ops::Deref;
use std::ptr::NonNull;
use std::time::Instant;

use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::sync::{Arc, Condvar, Mutex};

use crate::park_state::ParkState;

pub(crate) struct Task {
    pub(crate) state: ParkState,
    runnable: Mutex<bool>,
    made_runnable: Condvar,
    cancelled: AtomicBool,
    /// Of the user's `park`.
    pub(crate) token: AtomicU32,
    pub(crate) os_parker: NoParker,
    /// What is noted of a scope is noted before it ends.
    pub(crate) ending: NotYet,
}

/// Of a task that has not ended.
pub(crate) struct NotYet;

impl NotYet {
    pub(crate) fn is_done(&self) -> bool {
        false
    }
}

/// Here no coroutine is kept from switching, so no OS thread stops on a token.
pub(crate) struct NoParker;

impl NoParker {
    pub(crate) fn wait(&self, _word: &AtomicU32, _expected: u32, _deadline: Option<Instant>) -> bool {
        unreachable!("nobody is pinned")
    }

    pub(crate) fn wake(&self, _word: &AtomicU32) {
        unreachable!("as above")
    }
}

pub(crate) type TaskRef = Unparker;

#[derive(Clone)]
pub(crate) struct Unparker(pub(crate) Arc<Task>);

impl Task {
    pub(crate) fn new() -> Arc<Task> {
        Arc::new(Task {
            state: ParkState::new(),
            runnable: Mutex::new(false),
            made_runnable: Condvar::new(),
            cancelled: AtomicBool::new(false),
            token: AtomicU32::new(0),
            os_parker: NoParker,
            ending: NotYet,
        })
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        // As there: a look, and a second one if there is something.
        self.cancelled.load(Ordering::Relaxed) && self.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn home(&self) -> Option<()> {
        None
    }

    pub(crate) fn unpark(&self) {
        if self.state.notify() {
            let mut runnable = self.runnable.lock().unwrap();
            assert!(!*runnable, "a task is enqueued twice");
            *runnable = true;
            self.made_runnable.notify_one();
        }
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

    pub(crate) fn into_raw(self) -> NonNull<Task> {
        NonNull::new(Arc::into_raw(self.0).cast_mut()).unwrap()
    }

    /// # Safety
    /// See costd's.
    pub(crate) unsafe fn from_raw(task: NonNull<Task>) -> Unparker {
        // SAFETY: the caller's promise: it comes from `into_raw`, and its count is the caller's.
        Unparker(unsafe { Arc::from_raw(task.as_ptr()) })
    }

    /// As `sched::interrupt` has it.
    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.unpark();
    }

    pub(crate) fn unpark(&self) {
        self.0.unpark();
    }
}

impl Deref for Unparker {
    type Target = Task;

    fn deref(&self) -> &Task {
        &self.0
    }
}
