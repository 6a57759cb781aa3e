//! Where other OS threads leave tasks for a worker, and the word that says whether it sleeps.
//!
//! One word: null (awake, nothing there), ASLEEP (asleep, nothing there), or the last of a chain of tasks, linked
//! through themselves. The two halves of the race:
//!
//! ```text
//! the worker                               somebody with a task for it
//!   a. null -> ASLEEP, or find tasks         1. swap the task in (its link: the chain that was there)
//!   b. sleep until the waker rings           2. was it ASLEEP? ring the waker
//!   c. swap null in, take what was there
//! ```
//!
//! If 1 comes before a, a finds the task and the worker stays awake; if after, whoever moved the word away from ASLEEP
//! rings, and nobody else has to: at most one system call a sleep, none for a worker that is awake. The waker is level:
//! a ring before b ends b at once, and one that comes too late makes a later b return for nothing.

use std::ptr::{self, NonNull};

use super::primitive::atomic::{AtomicPtr, Ordering};

/// What has a link for the chain of an [`Inbox`].
pub(crate) trait Linked: Sized {
    fn link(&self) -> &AtomicPtr<Self>;
}

/// See the module's text.
pub(crate) struct Inbox<T> {
    last: AtomicPtr<T>,
}

fn asleep<T>() -> *mut T {
    ptr::without_provenance_mut(1)
}

impl<T: Linked> Inbox<T> {
    pub(crate) fn new() -> Inbox<T> {
        Inbox { last: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Step 1. `true`: the worker was asleep, the caller must ring its waker.
    ///
    /// # Safety
    /// `item` is in no queue, and stays alive until the worker has taken it out.
    pub(crate) unsafe fn push(&self, item: NonNull<T>) -> bool {
        // SAFETY: the caller's promise.
        let link = unsafe { item.as_ref() }.link();
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let chain = if last == asleep() { ptr::null_mut() } else { last };
            link.store(chain, Ordering::Relaxed);
            // Release: the worker sees the item's link, and what the waker did before. (A chain of such exchanges is one
            // release sequence, so the worker's Acquire of the last one covers them all.)
            match self.last.compare_exchange_weak(last, item.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return last == asleep(),
                Err(now) => last = now,
            }
        }
    }

    /// Moves a sleeping worker's word away from ASLEEP with nothing for it. `true`: it was, the caller must ring.
    pub(crate) fn rouse(&self) -> bool {
        // Release: what the caller wants looked at comes before.
        self.last.compare_exchange(asleep(), ptr::null_mut(), Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// The worker: step a. `false`: there is something, do not sleep.
    pub(crate) fn fall_asleep(&self) -> bool {
        // SeqCst: comes before the worker's last look at what it might steal (`sched::idle`).
        self.last.compare_exchange(ptr::null_mut(), asleep(), Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// Is there anything to take?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.last.load(Ordering::Relaxed).is_null()
    }

    /// Does the worker sleep, with nothing there?
    pub(crate) fn is_asleep(&self) -> bool {
        self.last.load(Ordering::Relaxed) == asleep()
    }

    /// The worker: step c, and while it is awake. Calls `each` with what was there, first come first.
    pub(crate) fn take(&self, each: impl FnMut(NonNull<T>)) {
        // Acquire: see `push`.
        let last = self.last.swap(ptr::null_mut(), Ordering::Acquire);
        Self::unchain(if last == asleep() { ptr::null_mut() } else { last }, each);
    }

    /// As [`take`](Self::take), for somebody else, while the worker cannot come to it. Leaves one that sleeps alone.
    pub(crate) fn take_in_its_place(&self, each: impl FnMut(NonNull<T>)) {
        let mut last = self.last.load(Ordering::Relaxed);
        while !last.is_null() && last != asleep() {
            // Acquire: see `push`.
            match self.last.compare_exchange_weak(last, ptr::null_mut(), Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Self::unchain(last, each),
                Err(now) => last = now,
            }
        }
    }

    /// Calls `each` with what is in a chain that was taken out, first come first.
    fn unchain(mut newest: *mut T, mut each: impl FnMut(NonNull<T>)) {
        let mut oldest = ptr::null_mut();
        while !newest.is_null() {
            // SAFETY: what is in the chain is alive, and its links are the caller's now.
            let older = unsafe { (*newest).link().swap(oldest, Ordering::Relaxed) };
            oldest = newest;
            newest = older;
        }
        while let Some(item) = NonNull::new(oldest) {
            // SAFETY: as above; read before `each` links it into something else.
            oldest = unsafe { item.as_ref() }.link().load(Ordering::Relaxed);
            each(item);
        }
    }
}
