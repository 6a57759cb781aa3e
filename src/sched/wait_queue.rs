//! A queue of tasks that wait for one thing, and the wakes that end their waits.
//!
//! The waiters stand in a doubly linked list whose nodes lie on their own stacks; an OS lock guards the list for a few
//! instructions at a time. The queue holds unparkers and knows nothing of parking: `park::wait` composes the two.
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
//!
//! A node belongs to the queue from `push` until it is popped by a notifier (which marks it NOTIFIED or GRANTED, under the
//! lock, as the last touch) or removed by its owner (under the lock). The notifier moves the unparker, and with it a reference of
//! the task, out of the node first: the waiter may see the mark, return and end before it is unparked.

use std::cell::Cell;
use std::ptr;

use super::primitive::atomic::{AtomicU32, Ordering, fence};
use super::primitive::{Mutex, lock};

use super::task::Unparker;

/// A waiter's place in a [`WaitQueue`]. Must not move while it is enqueued.
pub(crate) struct Waiter {
    /// Moved out by the notifier that pops the node.
    unparker: Cell<Option<Unparker>>,
    prev: Cell<*const Waiter>,
    next: Cell<*const Waiter>,
    state: AtomicU32,
}

/// In no queue.
const IDLE: u32 = 0;
/// In a queue; the links are the queue's.
const QUEUED: u32 = 1;
/// Popped and (about to be) unparked.
const NOTIFIED: u32 = 2;
/// As NOTIFIED; and what the queue is for belongs to the waiter already.
const GRANTED: u32 = 3;

/// Where a waiter takes its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// Behind those who wait.
    Back,
    /// Before them: for one who has been chosen already and came too late.
    Front,
}

/// Whom a notifier has found; see [`WaitQueue::grant_one`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Chosen {
    /// Nobody waits.
    Nobody,
    /// A waiter, and no other is left.
    TheLast,
    /// A waiter, and others are left.
    OneOfSeveral,
}

impl Waiter {
    pub(crate) fn new(unparker: Unparker) -> Waiter {
        Waiter {
            unparker: Cell::new(Some(unparker)),
            prev: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            state: AtomicU32::new(IDLE),
        }
    }

    /// Has a notifier chosen this waiter?
    pub(crate) fn is_notified(&self) -> bool {
        // Acquire: what the notifier did before is visible to the waiter.
        self.state.load(Ordering::Acquire) >= NOTIFIED
    }

    /// Has a notifier given this waiter what it waited for? For one that [`is_notified`](Self::is_notified).
    pub(crate) fn is_granted(&self) -> bool {
        // Relaxed: read after `is_notified`, or after the queue's lock has been taken.
        self.state.load(Ordering::Relaxed) == GRANTED
    }
}

struct List {
    head: *const Waiter,
    tail: *const Waiter,
}

// SAFETY: the pointers lead to nodes whose owners cannot return while they are linked, and are followed only under the
// queue's lock.
unsafe impl Send for List {}

/// See the module's text.
pub(crate) struct WaitQueue {
    list: Mutex<List>,
    /// How many are in the list; written under the lock, read without.
    len: AtomicU32,
}

impl WaitQueue {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> WaitQueue {
        WaitQueue { list: Mutex::new(List { head: ptr::null(), tail: ptr::null() }), len: AtomicU32::new(0) }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> WaitQueue {
        WaitQueue { list: Mutex::new(List { head: ptr::null(), tail: ptr::null() }), len: AtomicU32::new(0) }
    }

    /// Enqueues `waiter`, unless `ready` (called under the queue's lock, after enqueuing: see the module's text) says
    /// that there is nothing to wait for; then returns `false`. `ready` must be short and must not park.
    ///
    /// # Safety
    /// If this returns `true`, `waiter` must neither move nor end until [`Waiter::is_notified`] or after
    /// [`remove`](Self::remove).
    pub(crate) unsafe fn push_unless(&self, waiter: &Waiter, end: End, ready: impl FnOnce() -> bool) -> bool {
        let mut list = lock(&self.list);
        waiter.state.store(QUEUED, Ordering::Relaxed);
        let (prev, next) = match end {
            End::Back => (list.tail, ptr::null()),
            End::Front => (ptr::null(), list.head),
        };
        waiter.prev.set(prev);
        waiter.next.set(next);
        // SAFETY: a linked node is alive (the caller of its own `push_unless` upholds it), and we hold the lock.
        match unsafe { prev.as_ref() } {
            Some(prev) => prev.next.set(waiter),
            None => list.head = waiter,
        }
        // SAFETY: as above.
        match unsafe { next.as_ref() } {
            Some(next) => next.prev.set(waiter),
            None => list.tail = waiter,
        }
        self.set_len(1);
        fence(Ordering::SeqCst);
        if ready() {
            self.unlink(&mut list, waiter);
            return false;
        }
        true
    }

    /// Takes `waiter` out again, after a deadline say. `false`: it is no longer in, a notifier has chosen it.
    pub(crate) fn remove(&self, waiter: &Waiter) -> bool {
        let mut list = lock(&self.list);
        if waiter.state.load(Ordering::Relaxed) != QUEUED {
            return false;
        }
        self.unlink(&mut list, waiter);
        true
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
        let chosen = self.pop(&mut list, NOTIFIED);
        last(!list.head.is_null());
        drop(list);
        match chosen {
            Some(unparker) => {
                unparker.unpark();
                true
            }
            None => false,
        }
    }

    /// Gives what this queue is for to the waiter that has waited longest, and wakes it. `settle` makes it so, under the
    /// lock, before the chosen one can see it; it learns whether there is one. `false`: there was none.
    ///
    /// Whoever waits in this queue must be prepared to own what it waits for, see `park::wait_turn`.
    pub(crate) fn grant_one(&self, settle: impl FnOnce(Chosen)) -> bool {
        let mut list = lock(&self.list);
        settle(match self.len.load(Ordering::Relaxed) {
            0 => Chosen::Nobody,
            1 => Chosen::TheLast,
            _ => Chosen::OneOfSeveral,
        });
        let chosen = self.pop(&mut list, GRANTED);
        drop(list);
        match chosen {
            Some(unparker) => {
                unparker.unpark();
                true
            }
            None => false,
        }
    }

    /// As [`grant_one`](Self::grant_one), to everybody who is waiting now. `settle` is called with how many it is about
    /// to be given to, perhaps several times.
    pub(crate) fn grant_all(&self, settle: impl FnMut(u32)) {
        self.wake_all(GRANTED, settle);
    }

    /// Wakes everybody who is waiting now. Returns how many that were.
    pub(crate) fn notify_all(&self) -> usize {
        self.wake_all(NOTIFIED, |_| ())
    }

    fn wake_all(&self, how: u32, mut settle: impl FnMut(u32)) -> usize {
        // Some at a time, so that nobody is unparked under the lock; no more than there were at the start, so that those
        // who come back to wait again are not woken for ever.
        const BATCH: usize = 16;
        let mut woken = 0;
        let mut left = usize::MAX;
        while left > 0 {
            let mut batch: [Option<Unparker>; BATCH] = [const { None }; BATCH];
            let mut list = lock(&self.list);
            left = left.min(self.len.load(Ordering::Relaxed) as usize);
            let now = left.min(BATCH);
            if now > 0 {
                settle(now as u32);
            }
            for slot in batch.iter_mut().take(now) {
                *slot = self.pop(&mut list, how);
            }
            drop(list);
            for unparker in batch.into_iter().flatten() {
                unparker.unpark();
                woken += 1;
                left -= 1;
            }
        }
        woken
    }

    fn pop(&self, list: &mut List, how: u32) -> Option<Unparker> {
        if list.head.is_null() {
            return None;
        }
        // SAFETY: a linked node is alive, and we hold the lock (the list is borrowed from its guard).
        let waiter = unsafe { &*list.head };
        self.unlink(list, waiter);
        let unparker = waiter.unparker.take();
        // Release: see `is_notified`. The last touch of the node: its owner may be gone right after it.
        waiter.state.store(how, Ordering::Release);
        debug_assert!(unparker.is_some(), "a waiter is popped once");
        unparker
    }

    fn unlink(&self, list: &mut List, waiter: &Waiter) {
        let (prev, next) = (waiter.prev.get(), waiter.next.get());
        if prev.is_null() {
            list.head = next;
        } else {
            // SAFETY: neighbours of a linked node are linked, therefore alive; we hold the lock.
            unsafe { (*prev).next.set(next) };
        }
        if next.is_null() {
            list.tail = prev;
        } else {
            // SAFETY: as above.
            unsafe { (*next).prev.set(prev) };
        }
        waiter.state.store(IDLE, Ordering::Relaxed);
        self.set_len(-1);
    }

    /// Under the lock: the only writer.
    fn set_len(&self, change: i32) {
        let len = self.len.load(Ordering::Relaxed).wrapping_add_signed(change);
        self.len.store(len, Ordering::Relaxed);
    }
}

// SAFETY: the nodes' cells are touched under the lock only; see `List`.
unsafe impl Sync for WaitQueue {}
// SAFETY: as above.
unsafe impl Send for WaitQueue {}
