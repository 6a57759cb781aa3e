//! A worker's inbox and its sleep.

use std::ptr::{self, NonNull};

use loom::sync::atomic::AtomicPtr;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::inbox::{Inbox, Linked};

struct Item {
    link: AtomicPtr<Item>,
    number: usize,
}

impl Linked for Item {
    fn link(&self) -> &AtomicPtr<Item> {
        &self.link
    }
}

/// The reactor's waker: a ring ends the present or the next sleep.
struct Bell {
    rung: Mutex<usize>,
    ring: Condvar,
}

struct Worker {
    inbox: Inbox<Item>,
    bell: Bell,
}

impl Worker {
    fn ring(&self) {
        *self.bell.rung.lock().unwrap() += 1;
        self.bell.ring.notify_one();
    }

    fn sleep(&self) {
        let mut rung = self.bell.rung.lock().unwrap();
        while *rung == 0 {
            rung = self.bell.ring.wait(rung).unwrap();
        }
        *rung -= 1;
    }
}

fn leave(worker: &Worker, number: usize) {
    let item = Box::leak(Box::new(Item { link: AtomicPtr::new(ptr::null_mut()), number }));
    // SAFETY: leaked, so it stays alive; the worker frees it.
    if unsafe { worker.inbox.push(NonNull::from(item)) } {
        worker.ring();
    }
}

fn receive(worker: &Worker, count: usize) -> Vec<usize> {
    let mut got = Vec::new();
    while got.len() < count {
        worker.inbox.take(|item| {
            // SAFETY: leaked by `leave`, and out of the inbox now.
            got.push(unsafe { Box::from_raw(item.as_ptr()) }.number);
        });
        if got.len() < count && worker.inbox.fall_asleep() {
            worker.sleep();
        }
    }
    got
}

/// All orders with up to two preemptions: more take minutes, and have not found more.
fn bounded(test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(test);
}

/// Nothing that is left for a worker is slept over, and no ring is more than one a sleep.
#[test]
fn nothing_is_slept_over() {
    bounded(|| {
        let worker = Arc::new(Worker { inbox: Inbox::new(), bell: Bell { rung: Mutex::new(0), ring: Condvar::new() } });
        let senders: Vec<_> = [1, 2]
            .map(|number| {
                let worker = worker.clone();
                thread::spawn(move || leave(&worker, number))
            })
            .into();
        let mut got = receive(&worker, 2);
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

/// First come, first served; and a rouse that races with a task loses nothing.
#[test]
fn order_and_rouse() {
    bounded(|| {
        let worker = Arc::new(Worker { inbox: Inbox::new(), bell: Bell { rung: Mutex::new(0), ring: Condvar::new() } });
        let sender = {
            let worker = worker.clone();
            thread::spawn(move || {
                leave(&worker, 1);
                leave(&worker, 2);
            })
        };
        let rouser = {
            let worker = worker.clone();
            thread::spawn(move || {
                if worker.inbox.rouse() {
                    worker.ring();
                }
            })
        };
        assert_eq!(receive(&worker, 2), [1, 2]);
        sender.join().unwrap();
        rouser.join().unwrap();
    });
}

/// Somebody takes in the worker's place, and leaves for it again what is the worker's: nothing is lost, taken twice, or slept
/// over.
#[test]
fn taken_in_its_place() {
    bounded(|| {
        let worker = Arc::new(Worker { inbox: Inbox::new(), bell: Bell { rung: Mutex::new(0), ring: Condvar::new() } });
        let sender = {
            let worker = worker.clone();
            thread::spawn(move || {
                leave(&worker, 1);
                leave(&worker, 2);
            })
        };
        let helper = {
            let worker = worker.clone();
            thread::spawn(move || {
                worker.inbox.take_in_its_place(|item| {
                    // SAFETY: out of the inbox now, alive, and in no queue.
                    if unsafe { worker.inbox.push(item) } {
                        worker.ring();
                    }
                });
            })
        };
        let mut got = receive(&worker, 2);
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        sender.join().unwrap();
        helper.join().unwrap();
    });
}
