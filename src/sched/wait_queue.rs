//! A queue of tasks that wait for one thing, with a lock of its own: for a condition that changes without a lock.
//!
//! The list is `sched::wait_list`'s; an OS lock guards it for a few instructions at a time. What is guarded by a lock
//! anyway has its waiters under that lock and needs none of this.
//!
//! The two halves of the race, for a condition that changes without the queue's lock:
//!
//! ```text
//! a waiter (all of it under the lock)        a notifier
//!   a. enqueue itself, `len` = n              1. make the condition true
//!   b. SeqCst fence                           2. SeqCst fence
//!   c. look at the condition                  3. `len` = 0 ? done : lock, dequeue one, wake it
//! ```
//!
//! Of two SeqCst fences one comes first. If b does, 3 sees a's `len`, and the lock makes it wait until the waiter has
//! made up its mind; if 2 does, c sees the condition true and the waiter does not wait.

use super::chosen::{Chosen, Sleeper};
use super::primitive::atomic::{AtomicU32, Ordering, fence};
use super::primitive::{Mutex, lock};
use super::wait_list::WaitList;

pub(crate) use super::wait_list::Waiter;

/// See the module's text.
pub(crate) struct WaitQueue {
    list: Mutex<WaitList>,
    /// How many are in the list; written under the lock, read without.
    len: AtomicU32,
}

impl WaitQueue {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> WaitQueue {
        WaitQueue { list: Mutex::new(WaitList::new()), len: AtomicU32::new(0) }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> WaitQueue {
        WaitQueue { list: Mutex::new(WaitList::new()), len: AtomicU32::new(0) }
    }

    /// Enqueues `waiter`, whose task is `sleeper`, unless `ready` (called under the queue's lock, after enqueuing: see
    /// the module's text) says that there is nothing to wait for; then returns `false`. `ready` must be short and must
    /// not park.
    ///
    /// # Safety
    /// `waiter` is in no list. If this returns `true`, it must neither move nor end, nor its task, until [`Waiter::is_notified`] or after
    /// [`remove`](Self::remove).
    pub(crate) unsafe fn push_unless(&self, waiter: &Waiter, sleeper: Sleeper, ready: impl FnOnce() -> bool) -> bool {
        let mut list = lock(&self.list);
        // SAFETY: the caller's promise; if it is taken out again below, it is before this returns.
        unsafe { list.push(waiter, sleeper) };
        self.set_len(1);
        fence(Ordering::SeqCst);
        if ready() {
            // SAFETY: pushed above.
            unsafe { list.remove(waiter) };
            self.set_len(-1);
            return false;
        }
        true
    }

    /// Takes `waiter` out again, after a deadline say. `false`: it is no longer in, a notifier has chosen it.
    ///
    /// # Safety
    /// `waiter` was pushed to this queue, and to nothing else since.
    pub(crate) unsafe fn remove(&self, waiter: &Waiter) -> bool {
        let mut list = lock(&self.list);
        // SAFETY: the caller's promise.
        let was_in = unsafe { list.remove(waiter) };
        if was_in {
            self.set_len(-1);
        }
        was_in
    }

    /// Is anybody waiting? For a notifier that has made the condition true and then a SeqCst fence; and as a hint.
    #[inline]
    pub(crate) fn has_waiters(&self) -> bool {
        self.len.load(Ordering::Relaxed) != 0
    }

    /// Wakes the waiter that has waited longest. `false`: there was none.
    pub(crate) fn notify_one(&self) -> bool {
        self.notify_one_and(|_| ())
    }

    /// As [`notify_one`](Self::notify_one); calls `last` under the lock, with whether waiters are left, before the
    /// chosen one can run.
    pub(crate) fn notify_one_and(&self, last: impl FnOnce(bool)) -> bool {
        let mut list = lock(&self.list);
        let chosen = self.pop(&mut list);
        last(!list.is_empty());
        drop(list);
        match chosen {
            Some(chosen) => {
                chosen.unpark();
                true
            }
            None => false,
        }
    }

    /// Wakes everybody who is waiting now. Returns how many that were.
    pub(crate) fn notify_all(&self) -> usize {
        // One at a time, so that nobody is unparked under the lock; no more than there were at the start, so that those
        // who come back to wait again are not woken for ever.
        let mut list = lock(&self.list);
        let mut left = self.len.load(Ordering::Relaxed);
        let mut woken = 0;
        while let Some(chosen) = if left > 0 { self.pop(&mut list) } else { None } {
            drop(list);
            chosen.unpark();
            woken += 1;
            left -= 1;
            if left == 0 {
                return woken;
            }
            list = lock(&self.list);
        }
        woken
    }

    fn pop(&self, list: &mut WaitList) -> Option<Chosen> {
        let chosen = list.pop()?;
        self.set_len(-1);
        Some(chosen)
    }

    /// Under the lock: the only writer.
    fn set_len(&self, change: i32) {
        let len = self.len.load(Ordering::Relaxed).wrapping_add_signed(change);
        self.len.store(len, Ordering::Relaxed);
    }
}
