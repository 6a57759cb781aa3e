//! Coroutines that block in foreign code, or compute without an end: what has not started runs all the same.

use compat_tests::watchdog::Watchdog;
use std::__std as real;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// More than there are workers here.
const MANY: usize = 24;

/// As a lock of a crate that is not covered: it stops the OS thread.
fn foreign_barrier(n: usize) -> Arc<real::sync::Barrier> {
    Arc::new(real::sync::Barrier::new(n))
}

#[test]
fn all_block_until_the_last_one_has_started() {
    let _watchdog = Watchdog::start();
    let barrier = foreign_barrier(MANY);
    let threads: Vec<_> = (0..MANY)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || barrier.wait().is_leader())
        })
        .collect();
    let leaders = threads.into_iter().map(|thread| thread.join().unwrap()).filter(|leader| *leader);
    assert_eq!(leaders.count(), 1);
}

/// The same, spawned by a coroutine that blocks itself.
#[test]
fn a_parent_that_blocks_beside_its_children() {
    let _watchdog = Watchdog::start();
    thread::spawn(|| {
        let barrier = foreign_barrier(MANY + 1);
        let children: Vec<_> = (0..MANY)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                thread::spawn(move || {
                    barrier.wait();
                })
            })
            .collect();
        barrier.wait();
        for child in children {
            child.join().unwrap();
        }
    })
    .join()
    .unwrap();
}

/// Readers that spin without ever calling anything, and a writer that comes after all of them.
#[test]
fn all_spin_until_the_last_one_has_started() {
    let _watchdog = Watchdog::start();
    let flag = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..12)
        .map(|_| {
            let flag = Arc::clone(&flag);
            thread::spawn(move || {
                while !flag.load(Ordering::Acquire) {
                    hint::spin_loop();
                }
            })
        })
        .collect();
    let writer = thread::spawn(move || flag.store(true, Ordering::Release));
    writer.join().unwrap();
    for reader in readers {
        reader.join().unwrap();
    }
}

/// What a reserve has run belongs to it: it parks, is woken, spawns and ends as on any other worker.
#[test]
fn a_whole_life_on_a_reserve() {
    let _watchdog = Watchdog::start();
    let (release, released) = real::sync::mpsc::channel::<()>();
    let released = Arc::new(real::sync::Mutex::new(released));
    let (holding, holds) = real::sync::mpsc::channel();
    let holders: Vec<_> = (0..MANY)
        .map(|_| {
            let (released, holding) = (Arc::clone(&released), holding.clone());
            thread::spawn(move || {
                holding.send(()).unwrap();
                let _ = released.lock().unwrap().recv();
            })
        })
        .collect();
    // Every worker is held from here on.
    for _ in 0..MANY {
        holds.recv().unwrap();
    }
    let (to_main, from_lives) = mpsc::channel();
    let (to_life, from_main) = mpsc::channel::<u32>();
    let life = thread::spawn(move || {
        to_main.send("started").unwrap();
        let sum: u32 = from_main.iter().take(100).sum();
        assert_eq!(sum, 4950);
        let child = thread::spawn(|| {
            thread::sleep(std::time::Duration::from_millis(2));
            7
        });
        assert_eq!(child.join().unwrap(), 7);
        to_main.send("ended").unwrap();
    });
    assert_eq!(from_lives.recv().unwrap(), "started");
    for n in 0..100 {
        to_life.send(n).unwrap();
    }
    assert_eq!(from_lives.recv().unwrap(), "ended");
    life.join().unwrap();
    for _ in 0..MANY {
        release.send(()).unwrap();
    }
    for holder in holders {
        holder.join().unwrap();
    }
}

/// Again and again: reserves are used again, and there are not more and more of them.
#[test]
fn reserves_are_used_again() {
    let _watchdog = Watchdog::start();
    let threads = || real::fs::read_dir("/proc/self/task").unwrap().count();
    let round = || {
        let barrier = foreign_barrier(MANY);
        let ended = Arc::new(AtomicUsize::new(0));
        let all: Vec<_> = (0..MANY)
            .map(|_| {
                let (barrier, ended) = (Arc::clone(&barrier), Arc::clone(&ended));
                thread::spawn(move || {
                    barrier.wait();
                    ended.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        for one in all {
            one.join().unwrap();
        }
        assert_eq!(ended.load(Ordering::Relaxed), MANY);
    };
    round();
    for _ in 0..10 {
        round();
    }
    // Other tests of this process have theirs, at the same time.
    assert!(threads() < 128 + 64, "{}", threads());
}

/// More coroutines wait than there may be reserves, some on each of these; what comes then is run by one of them.
#[test]
fn reserves_that_have_coroutines_already() {
    let _watchdog = Watchdog::start();
    let go = Arc::new(std::sync::Barrier::new(301));
    let flag = Arc::new(AtomicBool::new(false));
    // Every worker computes, so all that waits goes to reserves.
    let spin = |flag: &Arc<AtomicBool>| {
        let flag = Arc::clone(flag);
        thread::spawn(move || {
            while !flag.load(Ordering::Acquire) {
                hint::spin_loop();
            }
        })
    };
    let mut threads: Vec<_> = (0..4).map(|_| spin(&flag)).collect();
    for _ in 0..300 {
        let go = Arc::clone(&go);
        threads.push(thread::spawn(move || _ = go.wait()));
    }
    threads.extend((0..12).map(|_| spin(&flag)));
    go.wait();
    let last = thread::spawn(move || flag.store(true, Ordering::Release));
    last.join().unwrap();
    for thread in threads {
        thread.join().unwrap();
    }
}
