//! What is spawned begins, also beside coroutines that are always ready.

mod sync_support;

use costd::sync::Arc;
use costd::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use costd::thread;

#[test]
fn spawns_begin_beside_busy_coroutines() {
    sync_support::with_workers(1, "spawns_begin_beside_busy_coroutines", || {
        const BUSY: usize = 500;
        const SPAWNS: usize = 2000;
        let main = thread::spawn(|| {
            let over = Arc::new(AtomicBool::new(false));
            let begun = Arc::new(AtomicUsize::new(0));
            let busy: Vec<_> = (0..BUSY)
                .map(|_| {
                    let (over, begun) = (Arc::clone(&over), Arc::clone(&begun));
                    thread::spawn(move || {
                        begun.fetch_add(1, Ordering::Relaxed);
                        while !over.load(Ordering::Relaxed) {
                            thread::yield_now();
                        }
                    })
                })
                .collect();
            while begun.load(Ordering::Relaxed) < BUSY {
                thread::yield_now();
            }
            let spawns: Vec<_> = (0..SPAWNS)
                .map(|_| {
                    let begun = Arc::clone(&begun);
                    thread::spawn(move || begun.fetch_add(1, Ordering::Relaxed))
                })
                .collect();
            // In each round all the others have a turn.
            let mut rounds = 0;
            while begun.load(Ordering::Relaxed) < BUSY + SPAWNS {
                thread::yield_now();
                rounds += 1;
            }
            over.store(true, Ordering::Relaxed);
            busy.into_iter().for_each(|thread| thread.join().unwrap());
            for thread in spawns {
                thread.join().unwrap();
            }
            rounds
        });
        let rounds = main.join().unwrap();
        assert!(rounds < 100, "{rounds} rounds");
    });
}
