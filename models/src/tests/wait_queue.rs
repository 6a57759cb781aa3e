//! A queue of waiters.

use std::ptr;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering, fence};
use loom::thread;

use crate::chosen::Sleeper;
use crate::task::Task;
use crate::wait_list::Waiter;
use crate::wait_queue::WaitQueue;

struct Shared {
    queue: WaitQueue,
    permits: AtomicU32,
}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared { queue: WaitQueue::new(), permits: AtomicU32::new(0) })
    }

    fn try_take(&self) -> bool {
        let mut permits = self.permits.load(Ordering::Relaxed);
        while permits > 0 {
            match self.permits.compare_exchange(permits, permits - 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => permits = now,
            }
        }
        false
    }

    /// As `park::wait` composes it.
    fn take(&self) {
        let task = Task::new();
        while !self.try_take() {
            let waiter = Waiter::new(ptr::null_mut());
            // SAFETY: the waiter stays on this frame until it is notified.
            if unsafe {
                self.queue.push_unless(&waiter, Sleeper::of(&task), || self.permits.load(Ordering::Relaxed) > 0)
            } {
                while !waiter.is_notified() {
                    task.park();
                }
            }
        }
    }

    fn give(&self) {
        self.permits.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.queue.has_waiters() {
            self.queue.notify_one();
        }
    }
}

/// A condition that changes without the queue's lock is not missed.
#[test]
fn a_permit_reaches_the_waiter() {
    loom::model(|| {
        let shared = Shared::new();
        let giver = {
            let shared = shared.clone();
            thread::spawn(move || shared.give())
        };
        shared.take();
        giver.join().unwrap();
    });
}

/// Two waiters, two permits.
#[test]
fn each_permit_reaches_one() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let shared = Shared::new();
        let other = {
            let shared = shared.clone();
            thread::spawn(move || shared.take())
        };
        let giver = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.give();
                shared.give();
            })
        };
        shared.take();
        other.join().unwrap();
        giver.join().unwrap();
    });
}

/// A waiter that leaves at its deadline is either out, or chosen; never both, never neither.
#[test]
fn removal_races_with_notification() {
    loom::model(|| {
        let shared = Shared::new();
        let task = Task::new();
        let waiter = Waiter::new(ptr::null_mut());
        // SAFETY: the waiter stays on this frame until it is removed or notified.
        assert!(unsafe { shared.queue.push_unless(&waiter, Sleeper::of(&task), || false) });
        let notifier = {
            let shared = shared.clone();
            thread::spawn(move || shared.queue.notify_one())
        };
        // SAFETY: pushed to this queue above.
        let removed = unsafe { shared.queue.remove(&waiter) };
        assert_ne!(removed, waiter.is_notified());
        assert_ne!(notifier.join().unwrap(), removed);
        assert!(!shared.queue.has_waiters());
    });
}
