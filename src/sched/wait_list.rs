//! A list of tasks that wait for one thing, under somebody else's lock.
//!
//! The waiters stand in a doubly linked list whose nodes lie on their own stacks. The list itself is plain data: whoever
//! owns it keeps it under the lock that also guards what is waited for (a channel), or under one of its own
//! (`sched::wait_queue`). It knows nothing of parking: `park::wait` composes the two.
//!
//! | state of a waiter | meaning |
//! |---|---|
//! | `IDLE` | in no list |
//! | `QUEUED` | in a list; links, task and cargo are touched under the list's lock only (or in a slot: `sched::slot`) |
//! | `NOTIFIED` | popped, and about to be unparked or unparked already; nobody but its owner touches it any more |
//!
//! Whoever takes a whole list away from under its lock, to pop from it alone, sees to it that no owner removes itself meanwhile
//! (`sys::sync::barrier`).
//!
//! A node belongs to the list from `push` until it is popped by a notifier (which marks it NOTIFIED, under the lock, as
//! the last touch) or removed by its owner (under the lock). The notifier makes sure of the task first (`sched::chosen`): the
//! waiter may see the mark, return and end before it is unparked.
//!
//! The *cargo* is for a wait whose end is an exchange (a rendezvous): a pointer to what the waiter offers, which lies on
//! its stack like the node. A notifier uses it under the lock and before it pops, so that whoever sees NOTIFIED, or finds
//! itself still QUEUED, knows what has become of it.

use std::cell::Cell;
use std::ptr;

use super::chosen::{Chosen, Sleeper};
use super::primitive::atomic::{AtomicU32, Ordering};

/// A waiter's place in a [`WaitList`]. Must not move while it is in it.
pub(crate) struct Waiter {
    /// Whose it is, from `push` on.
    sleeper: Cell<Option<Sleeper>>,
    /// See the module's text; null for most.
    cargo: Cell<*mut ()>,
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
            sleeper: Cell::new(None),
            cargo: Cell::new(cargo),
            prev: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            state: AtomicU32::new(IDLE),
        }
    }

    /// Changes the cargo, by the owner of a waiter that is in no list.
    pub(crate) fn set_cargo(&self, cargo: *mut ()) {
        self.cargo.set(cargo);
    }

    /// Has a notifier chosen this waiter?
    #[inline]
    pub(crate) fn is_notified(&self) -> bool {
        // Acquire: what the notifier did before is visible to the waiter.
        self.state.load(Ordering::Acquire) == NOTIFIED
    }

    /// It was taken out of where it was.
    #[inline]
    pub(super) fn rest(&self) {
        self.state.store(IDLE, Ordering::Relaxed);
    }

    /// By its owner, before it is put where notifiers find it.
    #[inline]
    pub(super) fn prepare(&self, sleeper: Sleeper) {
        self.sleeper.set(Some(sleeper));
        self.state.store(QUEUED, Ordering::Relaxed);
    }

    /// By a notifier that has taken it out of there. It is to be unparked.
    ///
    /// # Safety
    /// It was prepared, and nobody but the caller and its owner, who waits for the mark, can touch it any more.
    #[inline]
    pub(super) unsafe fn choose(&self) -> Chosen {
        let sleeper = self.sleeper.take().expect("a waiter that is somewhere was prepared");
        // SAFETY: its task has not ended, for it waits for the mark.
        let chosen = unsafe { sleeper.choose() };
        // Release: see `is_notified`. The last touch of the node: its owner may be gone right after it.
        self.state.store(NOTIFIED, Ordering::Release);
        chosen
    }
}

#[cfg(any(debug_assertions, loom))]
impl Drop for Waiter {
    fn drop(&mut self) {
        let state = self.state.load(Ordering::Relaxed);
        assert!(state != QUEUED || std::thread::panicking(), "a waiter ends, and others may still touch it");
    }
}

/// See the module's text.
pub(crate) struct WaitList {
    head: *const Waiter,
    tail: *const Waiter,
}

// SAFETY: the pointers lead to nodes whose owners cannot return while they are linked (`push`), and are followed only
// with the list borrowed, that is under the lock of the list's owner, or by the one who has taken it away from there.
unsafe impl Send for WaitList {}

impl WaitList {
    pub(crate) const fn new() -> WaitList {
        WaitList { head: ptr::null(), tail: ptr::null() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Enqueues `waiter`, whose task is `sleeper`.
    ///
    /// # Safety
    /// `waiter` is in no list. It must neither move nor end, nor its cargo, nor its task, until [`Waiter::is_notified`] or after
    /// [`remove`](Self::remove) from this very list.
    #[inline]
    pub(crate) unsafe fn push(&mut self, waiter: &Waiter, sleeper: Sleeper) {
        waiter.prepare(sleeper);
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
    pub(crate) unsafe fn push_front(&mut self, waiter: &Waiter, sleeper: Sleeper) {
        waiter.prepare(sleeper);
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
        unsafe { self.head.as_ref() }.map(|waiter| waiter.cargo.get())
    }

    /// Takes out the waiter that has waited longest. It is to be unparked, after the lock's release.
    #[inline]
    #[must_use]
    pub(crate) fn pop(&mut self) -> Option<Chosen> {
        self.pop_if(|_| true)
    }

    /// As [`pop`](Self::pop), of those whose cargo `suits`: the first that does, and `suits` is asked no more after that.
    #[inline]
    #[must_use]
    pub(crate) fn pop_if(&mut self, mut suits: impl FnMut(*mut ()) -> bool) -> Option<Chosen> {
        let mut next = self.head;
        let waiter = loop {
            // SAFETY: as in `push`.
            let waiter = unsafe { next.as_ref() }?;
            if suits(waiter.cargo.get()) {
                break waiter;
            }
            next = waiter.next.get();
        };
        // SAFETY: it is in this list.
        unsafe { self.unlink(waiter) };
        // SAFETY: pushed, and taken out, and this thread has the list.
        Some(unsafe { waiter.choose() })
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
        waiter.rest();
    }
}
