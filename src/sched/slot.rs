//! A place for one waiter, without a lock: for what nearly always has one at most.
//!
//! The waiter lies on its own stack, as those of a list do (`sched::wait_list`). Whoever takes it out of the slot has it: a
//! notifier, who marks it NOTIFIED as the last touch, or its owner. So an owner who finds its slot without itself waits for the
//! mark before its frame ends.
//!
//! When to look into a slot is for its user to know (`sched::readiness`).

use std::ptr;

use super::chosen::{Chosen, Sleeper};
use super::primitive::atomic::{AtomicPtr, Ordering};
use super::wait_list::Waiter;

/// See the module's text.
pub(super) struct Slot(AtomicPtr<Waiter>);

impl Slot {
    pub(super) fn new() -> Slot {
        Slot(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts `waiter`, whose task is `sleeper`, into the slot if that is empty.
    ///
    /// # Safety
    /// `waiter` is in no list and no slot. It must neither move nor end, nor its task, until [`Waiter::is_notified`] or
    /// after [`withdraw`](Self::withdraw) has said `true`.
    #[inline]
    pub(super) unsafe fn occupy(&self, waiter: &Waiter, sleeper: Sleeper) -> bool {
        if !self.0.load(Ordering::Relaxed).is_null() {
            return false;
        }
        waiter.prepare(sleeper);
        // Release: whoever takes the waiter out sees it whole.
        let raw = ptr::from_ref(waiter).cast_mut();
        let is_in = self.0.compare_exchange(ptr::null_mut(), raw, Ordering::Release, Ordering::Relaxed).is_ok();
        if !is_in {
            waiter.rest();
        }
        is_in
    }

    /// Takes `waiter` out, by its owner. `false`: somebody else has, and is going to mark it NOTIFIED.
    #[inline]
    pub(super) fn withdraw(&self, waiter: &Waiter) -> bool {
        let raw = ptr::from_ref(waiter).cast_mut();
        // Relaxed: nobody has touched it.
        let was_in = self.0.compare_exchange(raw, ptr::null_mut(), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if was_in {
            waiter.rest();
        }
        was_in
    }

    /// Where who stands here lies, at this moment: for the caches alone.
    #[inline]
    pub(super) fn address(&self) -> usize {
        self.0.load(Ordering::Relaxed).addr()
    }

    /// Takes out the waiter that is there, which is to be unparked.
    #[inline]
    #[must_use]
    pub(super) fn choose(&self) -> Option<Chosen> {
        // Acquire: pairs with `occupy`.
        let waiter = self.0.swap(ptr::null_mut(), Ordering::Acquire);
        // SAFETY: null, or a waiter that was there and whose owner waits for the mark, now that it can no longer take it out.
        unsafe { waiter.as_ref().map(|waiter| waiter.choose()) }
    }
}
