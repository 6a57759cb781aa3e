//! `thread::park` and `Thread::unpark`.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::thread;

use super::interrupt::or_interrupted;
use crate::task::{Unparker, current};
use crate::token;

fn bounded(test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(test);
}

/// Who is unparked sees what was done before; two calls may be one.
#[test]
fn what_was_done_before_is_seen() {
    bounded(|| {
        let done = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let threads = [0, 1].map(|n| {
            let (done, parks) = (done.clone(), current());
            thread::spawn(move || {
                done[n].store(true, Ordering::Relaxed);
                token::unpark(&parks);
            })
        });
        while !done.iter().all(|done| done.load(Ordering::Relaxed)) {
            token::park(None);
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A wake-up of another kind does not end a park, and the token is still there after it.
#[test]
fn another_wake_up_is_not_a_token() {
    bounded(|| {
        let given = Arc::new(AtomicU32::new(0));
        let other = {
            let parks = Unparker::current();
            thread::spawn(move || parks.unpark())
        };
        let thread = {
            let (given, parks) = (given.clone(), current());
            thread::spawn(move || {
                given.store(1, Ordering::Relaxed);
                token::unpark(&parks);
            })
        };
        token::park(None);
        assert_eq!(given.load(Ordering::Relaxed), 1);
        other.join().unwrap();
        thread.join().unwrap();
    });
}

/// Cancelled while it parks: it ends, whether or not there is a token.
#[test]
fn it_is_cancelled() {
    bounded(|| {
        let canceller = {
            let parks = Unparker::current();
            thread::spawn(move || parks.cancel())
        };
        let thread = {
            let parks = current();
            thread::spawn(move || token::unpark(&parks))
        };
        let _ = or_interrupted(|| token::park(None));
        let _ = or_interrupted(|| token::park(None));
        canceller.join().unwrap();
        thread.join().unwrap();
    });
}
