//! Spawners and workers about to sleep.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::idle::Idle;

struct Shared {
    idle: Idle,
    /// Tasks that anybody may take.
    queue: AtomicU32,
    /// Who was rung.
    rung: [AtomicU32; 2],
}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared { idle: Idle::new(2), queue: AtomicU32::new(0), rung: [AtomicU32::new(0), AtomicU32::new(0)] })
    }

    fn spawn(&self) {
        self.queue.fetch_add(1, Ordering::Relaxed);
        if let Some(chosen) = self.idle.choose_searcher(true) {
            self.rung[chosen].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The worker's half: `true` if it goes to sleep.
    fn try_sleep(&self, worker: usize) -> bool {
        self.idle.mark_asleep(worker);
        if self.queue.load(Ordering::Relaxed) > 0 && self.idle.become_searcher() {
            assert!(self.idle.unmark(worker), "there is one searcher at a time");
            // It searches, and finds.
            self.queue.store(0, Ordering::Relaxed);
            self.idle.resign();
            return false;
        }
        true
    }
}

/// A spawn is not slept over: if the worker sleeps and the task is there, the worker was rung.
#[test]
fn a_spawn_is_seen_or_rings() {
    loom::model(|| {
        let shared = Shared::new();
        let spawner = {
            let shared = shared.clone();
            thread::spawn(move || shared.spawn())
        };
        let asleep = shared.try_sleep(0);
        spawner.join().unwrap();
        if asleep && shared.queue.load(Ordering::Relaxed) > 0 {
            assert_eq!(shared.rung[0].load(Ordering::Relaxed), 1);
        }
    });
}

/// Two spawners, one of whom may rely on the other's choice while nobody is asleep yet.
#[test]
fn two_spawners() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Shared::new();
        let spawners: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || shared.spawn())
            })
            .collect();
        let asleep = shared.try_sleep(0);
        for spawner in spawners {
            spawner.join().unwrap();
        }
        if asleep && shared.queue.load(Ordering::Relaxed) > 0 {
            assert_eq!(shared.rung[0].load(Ordering::Relaxed), 1);
        }
    });
}

/// A searcher that has found something, and so does not go to sleep, may have been relied on: what it looks at after it has
/// resigned.
#[test]
fn a_searcher_that_goes_to_work() {
    loom::model(|| {
        let shared = Shared::new();
        assert!(shared.idle.become_searcher());
        shared.idle.mark_asleep(1);
        let spawner = {
            let shared = shared.clone();
            thread::spawn(move || shared.spawn())
        };
        shared.idle.resign();
        if shared.queue.load(Ordering::Relaxed) > 0
            && let Some(chosen) = shared.idle.choose_searcher(false)
        {
            shared.rung[chosen].fetch_add(1, Ordering::Relaxed);
        }
        spawner.join().unwrap();
        assert!(shared.rung[1].load(Ordering::Relaxed) > 0);
    });
}
