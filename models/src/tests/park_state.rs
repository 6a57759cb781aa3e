//! Park and unpark.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::task::{Task, Unparker};

/// A condition that is set with no ordering of its own must be seen by the task that it was unparked for.
#[test]
fn one_waker() {
    loom::model(|| {
        let task = Task::new();
        let condition = Arc::new(AtomicBool::new(false));
        let waker = {
            let (unparker, condition) = (Unparker(task.clone()), condition.clone());
            thread::spawn(move || {
                condition.store(true, Ordering::Relaxed);
                unparker.unpark();
            })
        };
        while !condition.load(Ordering::Relaxed) {
            task.park();
        }
        waker.join().unwrap();
    });
}

/// Two wakers, whose wake-ups may become one: both conditions must be seen.
#[test]
fn two_wakers() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let task = Task::new();
        let conditions = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let wakers: Vec<_> = (0..2)
            .map(|n| {
                let (unparker, conditions) = (Unparker(task.clone()), conditions.clone());
                thread::spawn(move || {
                    conditions[n].store(true, Ordering::Relaxed);
                    unparker.unpark();
                })
            })
            .collect();
        while !conditions.iter().all(|condition| condition.load(Ordering::Relaxed)) {
            task.park();
        }
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}
