//! A task that is cancelled while it waits: what has taken effect is returned, and nothing is lost to the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::sync::Arc;
use loom::thread;

use crate::channel::new;
use crate::locks::condvar::Condvar;
use crate::locks::mutex::Mutex;
use crate::sched::interrupt::Cancelled;
use crate::task::Unparker;

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(f);
}

/// What `f` returns, or `None` if it was interrupted.
pub(super) fn or_interrupted<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => Some(value),
        Err(payload) => {
            assert!(payload.is::<Cancelled>());
            None
        }
    }
}

/// A message that a cancelled receiver has not returned is there for the next one; and so with a sender.
#[test]
fn a_receiver_is_cancelled() {
    for capacity in [None, Some(1)] {
        model(move || {
            let (tx, rx) = new(capacity);
            let canceller = {
                let unparker = Unparker::current();
                thread::spawn(move || unparker.cancel())
            };
            let sender = thread::spawn(move || tx.send(1, None).unwrap());
            let received = or_interrupted(|| rx.recv(None));
            canceller.join().unwrap();
            sender.join().unwrap();
            // The task is cancelled for good, and a try does not wait.
            match received {
                Some(message) => assert_eq!(message, Ok(1)),
                None => assert_eq!(rx.try_recv(), Ok(1)),
            }
        });
    }
}

/// At a rendezvous either both have met, or neither: a sender that was interrupted has sent nothing.
#[test]
fn a_rendezvous_is_cancelled() {
    model(|| {
        let (tx, rx) = new(Some(0));
        let canceller = {
            let unparker = Unparker::current();
            thread::spawn(move || unparker.cancel())
        };
        let receiver = thread::spawn(move || rx.recv(None).is_ok());
        let sent = or_interrupted(|| tx.send(1, None).unwrap()).is_some();
        drop(tx);
        canceller.join().unwrap();
        assert_eq!(receiver.join().unwrap(), sent);
    });
}

/// Of two that wait at a condition variable, one is cancelled: a notification reaches the other, if it did not reach the one.
/// The mutex is held again in the unwinding.
#[test]
fn a_waiter_is_cancelled() {
    model(|| {
        let shared = Arc::new((Mutex::new(), Condvar::new()));
        let canceller = {
            let unparker = Unparker::current();
            thread::spawn(move || unparker.cancel())
        };
        let notifier = {
            let shared = shared.clone();
            thread::spawn(move || shared.1.notify_all())
        };
        shared.0.lock();
        let _ = or_interrupted(|| {
            // SAFETY: locked above.
            unsafe { shared.1.wait(&shared.0, None) }
        });
        assert!(!shared.0.try_lock(), "it is held again");
        // SAFETY: as above.
        unsafe { shared.0.unlock() };
        canceller.join().unwrap();
        notifier.join().unwrap();
    });
}
