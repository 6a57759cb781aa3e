//! The end of a task, which its one waiter does not sleep over, and whose result somebody drops, once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::ending::Ending;
use crate::park;
use crate::sched::interrupt::Cancelled;
use crate::sched::reason::Reason;
use crate::task::{Unparker, current};

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(f);
}

/// A task with a result: 0 before there is one.
struct Joined {
    ending: Ending,
    result: UnsafeCell<u32>,
}

// SAFETY: the ending says who may touch the result; that it does is what is tested.
unsafe impl Sync for Joined {}

impl Joined {
    fn new() -> Arc<Joined> {
        Arc::new(Joined { ending: Ending::new(), result: UnsafeCell::new(0) })
    }

    /// What the task does at its end. `true`: it has dropped its result.
    fn end(&self) -> bool {
        // SAFETY: it has not ended yet.
        self.result.with_mut(|result| unsafe { *result = 7 });
        let detached = self.ending.end();
        if detached {
            self.take();
        }
        detached
    }

    fn take(&self) {
        // SAFETY: as the ending says, nobody else does.
        self.result.with_mut(|result| assert_eq!(std::mem::take(unsafe { &mut *result }), 7));
    }
}

#[test]
fn it_is_joined() {
    model(|| {
        let joined = Joined::new();
        let task = thread::spawn({
            let joined = joined.clone();
            move || joined.end()
        });
        park::wait_for_end(&joined.ending);
        joined.take();
        assert!(!task.join().unwrap());
    });
}

/// The waiter's reference of itself is given back, whoever takes it.
#[test]
fn the_joiner_is_cancelled() {
    model(|| {
        let joined = Joined::new();
        let canceller = {
            let unparker = Unparker::current();
            thread::spawn(move || unparker.cancel())
        };
        let task = thread::spawn({
            let joined = joined.clone();
            move || joined.end()
        });
        let wait = catch_unwind(AssertUnwindSafe(|| park::wait_for_end(&joined.ending)));
        let dropped_here = match wait {
            Ok(()) => true,
            Err(payload) => {
                assert!(payload.is::<Cancelled>());
                joined.ending.detach()
            }
        };
        if dropped_here {
            joined.take();
        }
        canceller.join().unwrap();
        assert_ne!(task.join().unwrap(), dropped_here);
        assert_eq!(Arc::strong_count(&current()), 2, "the thread's own, and this one");
    });
}

#[test]
fn it_is_detached() {
    model(|| {
        let joined = Joined::new();
        let task = thread::spawn({
            let joined = joined.clone();
            move || joined.end()
        });
        let dropped_here = joined.ending.detach();
        if dropped_here {
            joined.take();
        }
        assert!(!joined.ending.detach(), "it is said once");
        assert_ne!(task.join().unwrap(), dropped_here);
    });
}

/// Two wait who borrow the handle, and then its owner joins.
#[test]
fn several_wait() {
    model(|| {
        let joined = Joined::new();
        let task = thread::spawn({
            let joined = joined.clone();
            move || joined.end()
        });
        let wait = |joined: &Joined| {
            while !joined.ending.is_done() {
                let _ = park::wait(joined.ending.queue(), None, Reason::SelectEnd, || joined.ending.is_done());
            }
        };
        let other = thread::spawn({
            let joined = joined.clone();
            move || wait(&joined)
        });
        wait(&joined);
        other.join().unwrap();
        park::wait_for_end(&joined.ending);
        joined.take();
        assert!(!task.join().unwrap());
    });
}

/// The owner comes after somebody has wanted the queue, and frees it or finds that the task has ended.
#[test]
fn it_is_joined_after_a_look() {
    model(|| {
        let joined = Joined::new();
        let task = thread::spawn({
            let joined = joined.clone();
            move || joined.end()
        });
        assert!(!joined.ending.queue().has_waiters());
        park::wait_for_end(&joined.ending);
        joined.take();
        assert!(!task.join().unwrap());
    });
}
