//! A list of tasks that wait for one thing, under somebody else's lock.
//!
//! The waiters stand in a doubly linked list whose nodes lie on their own stacks. The list itself is plain data: whoever
//! owns it keeps it under the lock that also guards what is waited for (a channel), or under one of its own
//! (`sched::wait_queue`). It holds unparkers and knows nothing of parking: `park::wait` composes the two.
//!
//! | state of a waiter | meaning |
//! |---|---|
//! | `IDLE` | in no list |
//! | `QUEUED` | in a list; links, unparker and cargo are touched under the list's lock only |
//! | `NOTIFIED` | popped, and about to be unparked or unparked already; nobody but its owner touches it any more |
//!
//! A node belongs to the list from `push` until it is popped by a notifier (which marks it NOTIFIED, under the lock, as
//! the last touch) or removed by its owner (under the lock). The notifier moves the unparker, and with it a reference of
//! the task, out of the node first: the waiter may see the mark, return and end before it is unparked.
//!
//! The *cargo* is for a wait whose end is an exchange (a rendezvous): a pointer to what the waiter offers, which lies on
//! its stack like the node. A notifier uses it under the lock and before it pops, so that whoever sees NOTIFIED, or finds
//! itself still QUEUED, knows what has become of it.

use std::cell::Cell;
use std::ptr;

use super::primitive::atomic::{AtomicU32, Ordering};
use super::task::Unparker;

/// A waiter's place in a [`WaitList`]. Must not move while it is in it.
pub(crate) struct Waiter {
    /// Moved out by the notifier that pops the node.
    unparker: Cell<Option<Unparker>>,
    /// See the module's text; null for most.
    cargo: *mut (),
    prev: Cell<*const Waiter>,
    next: Cell<*const Waiter>,
    state: AtomicU32,
}

const IDLE: u32 = 0;
const QUEUED: u32 = 1;
const NOTIFIED: u32 = 2;

impl Waiter {
    pub(crate) fn new(cargo: *mut ()) -> Waiter {
        Waiter {
            unparker: Cell::new(None),
            cargo,
            prev: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            state: AtomicU32::new(IDLE),
        }
    }

    /// Has a notifier chosen this waiter?
    #[inline]
    pub(crate) fn is_notified(&self) -> bool {
        // Acquire: what the notifier did before is visible to the waiter.
        self.state.load(Ordering::Acquire) == NOTIFIED
    }

    /// Lets go of the unparker, by the owner of a waiter that is in no list any more. For one that lies in what its own
    /// unparker keeps alive.
    pub(crate) fn disarm(&self) {
        drop(self.unparker.take());
    }
}

/// See the module's text.
pub(crate) struct WaitList {
    head: *const Waiter,
    tail: *const Waiter,
}

// SAFETY: the pointers lead to nodes whose owners cannot return while they are linked (`push`), and are followed only
// with the list borrowed, that is under the lock of the list's owner.
unsafe impl Send for WaitList {}

impl WaitList {
    pub(crate) const fn new() -> WaitList {
        WaitList { head: ptr::null(), tail: ptr::null() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Enqueues `waiter`, to be woken by `unparker`.
    ///
    /// # Safety
    /// `waiter` is in no list. It must neither move nor end, nor its cargo, until [`Waiter::is_notified`] or after
    /// [`remove`](Self::remove) from this very list.
    #[inline]
    pub(crate) unsafe fn push(&mut self, waiter: &Waiter, unparker: Unparker) {
        waiter.unparker.set(Some(unparker));
        waiter.state.store(QUEUED, Ordering::Relaxed);
        waiter.prev.set(self.tail);
        waiter.next.set(ptr::null());
        if self.tail.is_null() {
            self.head = waiter;
        } else {
            // SAFETY: a linked node is alive (the caller of its own `push` upholds it), and the list is borrowed.
            unsafe { (*self.tail).next.set(waiter) };
        }
        self.tail = waiter;
    }

    /// As [`push`](Self::push), but before all that are in the list already.
    ///
    /// # Safety
    /// As `push`.
    pub(crate) unsafe fn push_front(&mut self, waiter: &Waiter, unparker: Unparker) {
        waiter.unparker.set(Some(unparker));
        waiter.state.store(QUEUED, Ordering::Relaxed);
        waiter.prev.set(ptr::null());
        waiter.next.set(self.head);
        // SAFETY: as in `push`.
        match unsafe { self.head.as_ref() } {
            Some(head) => head.prev.set(waiter),
            None => self.tail = waiter,
        }
        self.head = waiter;
    }

    /// The cargo of the waiter that has waited longest.
    #[inline]
    pub(crate) fn first_cargo(&self) -> Option<*mut ()> {
        // SAFETY: as in `push`.
        unsafe { self.head.as_ref() }.map(|waiter| waiter.cargo)
    }

    /// Takes out the waiter that has waited longest. It is to be unparked, after the lock's release.
    #[inline]
    #[must_use]
    pub(crate) fn pop(&mut self) -> Option<Unparker> {
        // SAFETY: as in `push`.
        let waiter = unsafe { self.head.as_ref() }?;
        // SAFETY: it is the first of this list.
        unsafe { self.unlink(waiter) };
        let unparker = waiter.unparker.take();
        // Release: see `is_notified`. The last touch of the node: its owner may be gone right after it.
        waiter.state.store(NOTIFIED, Ordering::Release);
        debug_assert!(unparker.is_some(), "a waiter is popped once");
        unparker
    }

    /// Takes `waiter` out again, after a deadline say. `false`: it is no longer in, a notifier has chosen it.
    ///
    /// # Safety
    /// `waiter` was pushed to this list, and to no other since.
    pub(crate) unsafe fn remove(&mut self, waiter: &Waiter) -> bool {
        if waiter.state.load(Ordering::Relaxed) != QUEUED {
            return false;
        }
        // SAFETY: QUEUED, and by the caller's promise in this list.
        unsafe { self.unlink(waiter) };
        true
    }

    /// # Safety
    /// `waiter` is in this list.
    #[inline]
    unsafe fn unlink(&mut self, waiter: &Waiter) {
        let (prev, next) = (waiter.prev.get(), waiter.next.get());
        if prev.is_null() {
            self.head = next;
        } else {
            // SAFETY: neighbours of a linked node are linked, therefore alive; the list is borrowed.
            unsafe { (*prev).next.set(next) };
        }
        if next.is_null() {
            self.tail = prev;
        } else {
            // SAFETY: as above.
            unsafe { (*next).prev.set(prev) };
        }
        waiter.state.store(IDLE, Ordering::Relaxed);
    }
}
