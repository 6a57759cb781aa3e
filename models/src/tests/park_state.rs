//! Park and unpark.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::park_state::ParkState;
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

/// An OS thread stops on the word itself. Two conditions, as above.
#[test]
fn an_os_thread() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Arc::new((ParkState::new(), [AtomicBool::new(false), AtomicBool::new(false)]));
        let wakers: Vec<_> = (0..2)
            .map(|n| {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.1[n].store(true, Ordering::Relaxed);
                    shared.0.notify();
                })
            })
            .collect();
        let (state, conditions) = &*shared;
        while !conditions.iter().all(|condition| condition.load(Ordering::Relaxed)) {
            if !state.take() && state.publish() {
                while !state.is_woken() {
                    thread::yield_now();
                }
            }
        }
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

/// A deadline and a wake-up: the one who stops is told of the wake-up, at once or by its next park.
#[test]
fn a_deadline() {
    loom::model(|| {
        let shared = Arc::new((ParkState::new(), AtomicBool::new(false)));
        let waker = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.notify()
            })
        };
        let (state, condition) = &*shared;
        let gave_up = state.publish() && state.give_up();
        if !gave_up {
            assert!(condition.load(Ordering::Relaxed));
        }
        let found_parked = waker.join().unwrap();
        assert!(!(gave_up && found_parked), "both think that it is theirs to go on with");
        assert_eq!(state.take(), gave_up, "the wake-up is lost, or comes twice");
    });
}
