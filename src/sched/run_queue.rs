//! The coroutines of one worker that are ready to run: a queue, linked through the tasks themselves, and a next slot
//! before it.
//!
//! What a running coroutine wakes goes into the next slot, so that two who pass messages to and fro follow one another
//! directly; whom it displaces goes to the end of the queue. After `STREAK` such favours in a row the queue has its turn.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering;

use super::context::Context;
use super::task::Task;

/// How many times in a row the next slot comes before a queue that is not empty.
const STREAK: u32 = 32;

/// See the module's text. For the worker's OS thread alone.
pub(crate) struct RunQueue {
    next: Cell<*mut Task>,
    streak: Cell<u32>,
    head: Cell<*mut Task>,
    tail: Cell<*mut Task>,
    /// How many are in the queue, without the next slot.
    len: Cell<usize>,
}

/// Has the caches fetch what the next turns will touch, for in a long queue each was last touched long ago: of the third the
/// task, where its context is; of the second, whose task was fetched a turn ago, the context; of the first, whose context
/// was, its innermost frames. None of it is waited for.
///
/// # Safety
/// `first` is the head of a queue, as it will be at the next turn.
#[inline]
unsafe fn fetch_ahead(first: &Task) {
    // SAFETY: the caller's promise, for all who are in the queue: they do not run, and belong to this worker.
    unsafe {
        Context::prefetch_frames(first);
        if let Some(second) = first.link.load(Ordering::Relaxed).as_ref() {
            Context::prefetch(second);
            Task::prefetch(second.link.load(Ordering::Relaxed));
        }
    }
}

impl RunQueue {
    pub(crate) const fn new() -> RunQueue {
        RunQueue {
            next: Cell::new(ptr::null_mut()),
            streak: Cell::new(0),
            head: Cell::new(ptr::null_mut()),
            tail: Cell::new(ptr::null_mut()),
            len: Cell::new(0),
        }
    }

    /// How many wait in the queue.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// Is nobody to run?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.next.get().is_null() && self.head.get().is_null()
    }

    /// Enqueues `task`, which is in no queue and stays alive until it is popped.
    #[inline]
    pub(crate) fn push(&self, task: NonNull<Task>) {
        // SAFETY: what is enqueued is alive (here and below). Relaxed: only this OS thread uses the link of a task that is
        // in this queue.
        unsafe { task.as_ref() }.link.store(ptr::null_mut(), Ordering::Relaxed);
        self.len.set(self.len.get() + 1);
        let tail = self.tail.replace(task.as_ptr());
        if tail.is_null() {
            self.head.set(task.as_ptr());
        } else {
            // SAFETY: see above.
            unsafe { &*tail }.link.store(task.as_ptr(), Ordering::Relaxed);
        }
    }

    /// As [`push`](Self::push), of one that was parked: it may be one of many, each of which was touched long ago.
    #[inline]
    pub(crate) fn push_woken(&self, task: NonNull<Task>) {
        // SAFETY: see `push`.
        Context::prefetch(unsafe { task.as_ref() });
        self.push(task);
    }

    /// Puts `task`, which was parked, into the next slot.
    #[inline]
    pub(crate) fn push_next(&self, task: NonNull<Task>) {
        if let Some(displaced) = NonNull::new(self.next.replace(task.as_ptr())) {
            self.push_woken(displaced);
        }
    }

    /// Takes who is to run.
    #[inline]
    pub(crate) fn pop(&self) -> Option<NonNull<Task>> {
        let head = self.head.get();
        if let Some(next) = NonNull::new(self.next.replace(ptr::null_mut())) {
            let streak = self.streak.get();
            if head.is_null() || streak < STREAK {
                // Two who have nobody behind them may go on like this for ever.
                self.streak.set(streak.saturating_add(1));
                return Some(next);
            }
            self.push(next);
        }
        self.streak.set(0);
        let task = NonNull::new(head)?;
        self.len.set(self.len.get() - 1);
        // SAFETY: see `push`.
        let after = unsafe { task.as_ref() }.link.load(Ordering::Relaxed);
        self.head.set(after);
        // SAFETY: see `push`.
        match unsafe { after.as_ref() } {
            None => self.tail.set(ptr::null_mut()),
            // SAFETY: it does not run, and belongs to this worker.
            Some(after) => unsafe { fetch_ahead(after) },
        }
        Some(task)
    }
}
