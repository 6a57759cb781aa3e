//! The notice of `coroutine::block_on`.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::notice::Notice;
use crate::task::Unparker;

fn check(f: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(f);
}

/// Waits until `ready` says `all`, and returns how often it has looked.
fn wait_for(notice: &Notice, ready: &AtomicU32, all: u32) -> u32 {
    let mut looked = 0;
    loop {
        notice.clear();
        looked += 1;
        // Relaxed: it is the notice that makes it seen.
        if ready.load(Ordering::Relaxed) == all {
            return looked;
        }
        notice.wait();
    }
}

/// Two make it ready, half each: neither's half is overlooked, the one's who finds the notice given least of all.
#[test]
fn nothing_is_overlooked() {
    check(|| {
        let notice = Arc::new(Notice::new());
        let ready = Arc::new(AtomicU32::new(0));
        let givers = [1, 2].map(|half| {
            let (notice, ready) = (Arc::clone(&notice), Arc::clone(&ready));
            thread::spawn(move || {
                ready.fetch_add(half, Ordering::Relaxed);
                notice.give();
            })
        });
        assert!(wait_for(&notice, &ready, 3) <= 3);
        for giver in givers {
            giver.join().unwrap();
        }
    });
}

/// A wake-up that is not a notice ends no wait, and hides none.
#[test]
fn a_stray_unpark() {
    check(|| {
        let notice = Arc::new(Notice::new());
        let ready = Arc::new(AtomicU32::new(0));
        let unparker = Unparker::current();
        let stray = thread::spawn(move || unparker.unpark());
        let giver = {
            let (notice, ready) = (Arc::clone(&notice), Arc::clone(&ready));
            thread::spawn(move || {
                ready.store(1, Ordering::Relaxed);
                notice.give();
            })
        };
        assert!(wait_for(&notice, &ready, 1) <= 2);
        stray.join().unwrap();
        giver.join().unwrap();
    });
}

/// Whoever has been given notice and is cancelled then does not unwind from that wait.
#[test]
fn given_and_then_cancelled() {
    check(|| {
        let notice = Arc::new(Notice::new());
        let ready = Arc::new(AtomicU32::new(0));
        let unparker = Unparker::current();
        let giver = {
            let (notice, ready) = (Arc::clone(&notice), Arc::clone(&ready));
            thread::spawn(move || {
                ready.store(1, Ordering::Relaxed);
                notice.give();
                unparker.cancel();
            })
        };
        assert!(wait_for(&notice, &ready, 1) <= 2);
        giver.join().unwrap();
    });
}
