//! A worker that is asked who is there: `sched::census`.

use std::mem;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::pal::clock;
use crate::sched::census::Request;
use crate::sched::task::{Task, TaskRef};

use super::{Fresh, Worker};

impl Worker {
    /// Answers a request that was taken out of the inbox, or goes on with it, for a slice.
    #[cold]
    pub(super) fn answer(&self, task: NonNull<Task>) {
        // SAFETY: it comes from the inbox, and is no coroutine's.
        let request = unsafe { Request::of(task) };
        let census = request.census();
        if request.is_flush() {
            request.hand_over(self.shared, true);
            // SAFETY: as below.
            drop(unsafe { TaskRef::from_raw(task) });
            return;
        }
        if request.begins() {
            self.coarse_time.set(clock::coarse());
            *self.census.borrow_mut() = Some(Arc::clone(census));
            self.each_unstarted(|task| request.count_unstarted(task, self.index()));
            // SAFETY: the request stays where it is until it has left, below.
            unsafe { self.roll.enter(request.marker()) };
        }
        // SAFETY: on this worker's OS thread, with no coroutine running; it is in the roll.
        let is_last = census.is_closed() || unsafe { request.go_on(self) };
        if !request.hand_over(self.shared, is_last) || is_last {
            // SAFETY: it was put in when the request began.
            unsafe { self.roll.leave(request.marker()) };
            // SAFETY: the one reference of the request, which nobody has any more.
            drop(unsafe { TaskRef::from_raw(task) });
        } else {
            self.shared.leave(task);
        }
    }

    /// This worker has taken an unstarted task from elsewhere.
    #[inline]
    pub(super) fn count_if_moved(&self, task: NonNull<Task>) {
        if self.census.borrow().is_some() {
            self.count_moved(task);
        }
    }

    /// This worker has taken `task` from elsewhere, and perhaps others, which are in its deque.
    #[cold]
    pub(super) fn count_moved(&self, task: NonNull<Task>) {
        let Some(census) = self.census.borrow().clone() else { return };
        if census.is_closed() {
            *self.census.borrow_mut() = None;
            return;
        }
        census.count_moved(task, Some(self.index()));
        self.each_unstarted(|task| census.count_moved(task, Some(self.index())));
    }

    /// Calls `each` for all unstarted tasks that this worker has.
    fn each_unstarted(&self, mut each: impl FnMut(NonNull<Task>)) {
        // Out of the deque, so that nobody takes them meanwhile, and into it again: the oldest first, as they were.
        let mut all = Vec::with_capacity(self.fresh.len());
        while let Some(Fresh(task)) = self.fresh.pop() {
            all.push(task);
        }
        for &task in all.iter().rev() {
            each(task);
            self.fresh.push(Fresh(task));
        }
        let starved = mem::take(&mut *self.starved.borrow_mut());
        starved.iter().copied().for_each(each);
        self.starved.borrow_mut().extend(starved);
        let runtime = self.runtime();
        if !all.is_empty() && self.is_one_of_several(runtime) {
            // Somebody may have looked here meanwhile in vain.
            runtime.ring_searcher(false);
        }
    }

    pub(crate) fn roll(&self) -> &crate::sched::roll::Roll {
        &self.roll
    }
}
