//! The end of a scope.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use crate::park::Reason;
use crate::running::Running;
use crate::task::{Unparker, current};

struct Scope {
    running: Running,
    /// What the threads borrow, one each.
    borrowed: [UnsafeCell<u32>; 2],
}

// SAFETY: loom checks what the scope is there to make sure of.
unsafe impl Sync for Scope {}
// SAFETY: as above.
unsafe impl Send for Scope {}

fn bounded(test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(test);
}

/// Its owner goes on when all threads have ended, and sees what they have done.
#[test]
fn all_are_waited_for() {
    bounded(|| {
        let scope = Arc::new(Scope { running: Running::new(), borrowed: [UnsafeCell::new(0), UnsafeCell::new(0)] });
        let threads = [0, 1].map(|n| {
            scope.running.begin();
            let scope = scope.clone();
            thread::spawn(move || {
                // SAFETY: its own until it has ended.
                scope.borrowed[n].with_mut(|value| unsafe { *value = 1 });
                scope.running.end(n == 1);
            })
        });
        scope.running.wait(Reason::Scope, false);
        for value in &scope.borrowed {
            // SAFETY: nobody runs any more.
            value.with(|value| assert_eq!(unsafe { *value }, 1));
        }
        assert!(scope.running.has_panicked());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Its owner is cancelled while it waits: so is its thread, which would wait for ever, and that is waited for.
#[test]
fn it_is_cancelled() {
    bounded(|| {
        let scope = Arc::new(Scope { running: Running::new(), borrowed: [UnsafeCell::new(0), UnsafeCell::new(0)] });
        scope.running.begin();
        let (known, is_known) = loom::sync::mpsc::channel();
        let thread = {
            let scope = scope.clone();
            thread::spawn(move || {
                known.send(Unparker::current()).unwrap();
                while !current().is_cancelled() {
                    current().park();
                }
                // SAFETY: its own until it has ended.
                scope.borrowed[0].with_mut(|value| unsafe { *value = 1 });
                scope.running.end(false);
            })
        };
        // As a spawn has it: the scope knows of it from the beginning.
        scope.running.note(&is_known.recv().unwrap());
        let canceller = {
            let unparker = Unparker::current();
            thread::spawn(move || unparker.cancel())
        };
        scope.running.wait(Reason::Scope, false);
        // SAFETY: nobody runs any more.
        scope.borrowed[0].with(|value| assert_eq!(unsafe { *value }, 1));
        thread.join().unwrap();
        canceller.join().unwrap();
    });
}
