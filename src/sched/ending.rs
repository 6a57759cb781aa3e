//! The end of a task, and who waits for it.
//!
//! Nearly always that is one: who owns the handle, and nobody else can meanwhile. So a word says everything:
//!
//! | word | meaning |
//! |---|---|
//! | 0 | the task has not ended |
//! | an address | it has not, and the task of this address waits for that; the word owns a reference of it |
//! | an address with `QUEUE` | there is a queue for those who only borrow the handle (a select may, and several may at once) |
//!
//! | bit | meaning |
//! |---|---|
//! | `DONE` | it has ended; its result, if anybody may want it, stands in its place. The address of a task means nothing any more |
//! | `DETACHED` | nobody will ask for its result |
//!
//! ```text
//! the waiter                                  the task, when it ends
//!   a. 0 -> its address, or find DONE           1. set DONE
//!   b. park                                     2. a task's address was there? take the reference, unpark that task
//!   c. DONE? else b                             3. a queue was there? wake all who are in it
//! ```
//!
//! The read-modify-writes of one word have one order: either a finds DONE, or 1 finds the address. A waiter that gives up
//! does address -> 0, or finds DONE, and then its reference is 2's. The unpark of 2 may come after c has seen DONE, and ends
//! some later park of that task for nothing, as any wake-up may.
//!
//! Who waits in the queue looks at DONE under its lock, which 3 takes after 1 (`sched::wait_queue`). The queue is made for
//! the first who wants it. It ends with the task, or when the owner of the handle comes to wait, which means that all
//! borrows have ended: if 1 has not come by then, nobody uses the queue any more, and else it stays.

use std::ptr::{self, NonNull};

use super::primitive::atomic::{AtomicUsize, Ordering};
use super::task::Unparker;
use super::wait_queue::WaitQueue;

/// It has ended.
const DONE: usize = 1;
/// Nobody will ask for the result.
const DETACHED: usize = 2;
/// The address is a queue's.
const QUEUE: usize = 4;
/// No bits of an address.
const FLAGS: usize = DONE | DETACHED | QUEUE;

/// See the module's text.
pub(crate) struct Ending(AtomicUsize);

impl Ending {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Ending {
        Ending(AtomicUsize::new(0))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Ending {
        Ending(AtomicUsize::new(0))
    }

    /// Has the task ended?
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        // Acquire: the result is visible.
        self.0.load(Ordering::Acquire) & DONE != 0
    }

    /// Has [`detach`](Self::detach) been called?
    #[inline]
    pub(crate) fn is_detached(&self) -> bool {
        self.0.load(Ordering::Relaxed) & DETACHED != 0
    }

    /// Step a, by the owner of the handle, who has no waiter there: has `waiter` woken at the end. `false`: the task has
    /// ended.
    #[inline]
    pub(crate) fn wait_for(&self, waiter: Unparker) -> bool {
        let task = waiter.into_raw();
        let address = task.as_ptr().expose_provenance();
        debug_assert!(address & FLAGS == 0, "a task is aligned");
        let mut word = self.0.load(Ordering::Acquire);
        while word & DONE == 0 {
            debug_assert!(word == 0 || word & FLAGS == QUEUE, "a second waiter, or one after a detach");
            // Release: who ends sees the waiter's task whole. Acquire: as in `is_done`, or the queue as its users left it.
            match self.0.compare_exchange(word, address, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    // SAFETY: all borrows of the handle have ended, and the task will not find it.
                    unsafe { drop_queue(word) };
                    return true;
                }
                Err(now) => word = now,
            }
        }
        // SAFETY: the reference from above, which the word does not own.
        drop(unsafe { Unparker::from_raw(task) });
        false
    }

    /// By the owner of the handle: takes its waiter out again, if it is in. `false`: the task has ended.
    pub(crate) fn leave(&self) -> bool {
        let word = self.0.load(Ordering::Acquire);
        if word & DONE != 0 {
            return false;
        }
        if word == 0 || word & QUEUE != 0 {
            return true;
        }
        // Acquire, both: of what this owner has put in itself, or as in `is_done`.
        if self.0.compare_exchange(word, 0, Ordering::Acquire, Ordering::Acquire).is_err() {
            // Nobody else changes the word but the task that ends.
            return false;
        }
        // SAFETY: the word has owned it, and does so no more.
        unsafe { take(word) };
        true
    }

    /// By the owner of the handle, who has no waiter there: nobody will ask for the result. `true`: it stands there already,
    /// and the caller is to drop it. Only the first call says so: after one that came before the end, the result is the
    /// task's own to drop.
    #[inline]
    pub(crate) fn detach(&self) -> bool {
        // Acquire: the result, if there. Nothing to release.
        self.0.fetch_or(DETACHED, Ordering::Acquire) & (DONE | DETACHED) == DONE
    }

    /// Steps 1 and 2, by the task, whose result stands in its place. `true`: it is detached, and the caller is to drop the
    /// result.
    #[inline]
    pub(crate) fn end(&self) -> bool {
        // Release: the result. Acquire: the waiter's task, or the queue.
        let word = self.0.fetch_or(DONE, Ordering::AcqRel);
        if word & QUEUE != 0 {
            self.wake_all(word);
        } else if word & !FLAGS != 0 {
            // SAFETY: the word has owned it until now; with DONE set it does so no more.
            unsafe { take(word) }.unpark();
        }
        word & DETACHED != 0
    }

    #[cold]
    fn wake_all(&self, word: usize) {
        // SAFETY: with DONE set, it stays until the task is freed.
        unsafe { &*queue(word) }.notify_all();
    }

    /// Where those wait who borrow the handle: [`is_done`](Self::is_done) is the condition, and nobody needs to notify. Not to
    /// be kept beyond that borrow.
    pub(crate) fn queue(&self) -> &WaitQueue {
        let mut word = self.0.load(Ordering::Acquire);
        if word & QUEUE == 0 {
            let fresh = Box::into_raw(Box::new(WaitQueue::new()));
            loop {
                debug_assert!(word & DONE != 0 || word & !FLAGS == 0, "somebody waits who owns the handle");
                let with_queue = fresh.expose_provenance() | QUEUE | (word & FLAGS);
                // Release: the queue. Acquire: another's.
                match self.0.compare_exchange(word, with_queue, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => word = with_queue,
                    Err(now) if now & QUEUE != 0 => {
                        // SAFETY: made above, and nobody has seen it.
                        drop(unsafe { Box::from_raw(fresh) });
                        word = now;
                    }
                    Err(now) => {
                        word = now;
                        continue;
                    }
                }
                break;
            }
        }
        // SAFETY: it stays at least as long as the handle is borrowed.
        unsafe { &*queue(word) }
    }
}

impl Drop for Ending {
    #[inline]
    fn drop(&mut self) {
        // Relaxed: nobody else has it any more.
        let word = self.0.load(Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { drop_queue(word) };
    }
}

/// The reference that a word has owned.
///
/// # Safety
/// The word is an address without flags, which `wait_for` has put in, and this is called once for that.
unsafe fn take(word: usize) -> Unparker {
    let task = ptr::with_exposed_provenance_mut(word);
    // SAFETY: `wait_for` has put in the address of a task, and given up a reference of it.
    unsafe { Unparker::from_raw(NonNull::new_unchecked(task)) }
}

/// The queue of a word that has one.
fn queue(word: usize) -> *mut WaitQueue {
    ptr::with_exposed_provenance_mut(word & !FLAGS)
}

/// Frees the queue of a word, if it has one.
///
/// # Safety
/// Nobody uses it any more, nor finds it.
unsafe fn drop_queue(word: usize) {
    if word & QUEUE != 0 {
        // SAFETY: made by `Box::new`, and the caller's promise.
        drop(unsafe { Box::from_raw(queue(word)) });
    }
}
