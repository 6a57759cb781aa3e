//! Where a spawn starts: at home if its parent is about to wait, elsewhere if it is not.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use costd::thread;

/// One test at a time: each wants all workers to itself.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn os_thread() -> std::thread::ThreadId {
    std::thread::current().id()
}

/// Keeps the worker until `done` or a minute has passed: a parent that computes.
fn compute_until(done: &AtomicBool) -> bool {
    let start = Instant::now();
    while !done.load(Ordering::Acquire) {
        if start.elapsed() > Duration::from_secs(60) {
            return false;
        }
        std::hint::spin_loop();
    }
    true
}

fn several_workers() -> bool {
    let asked = std::env::var("COSTD_WORKERS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or_else(|| thread::available_parallelism().map_or(1, |n| n.get())) > 1
}

#[test]
fn a_child_of_a_computing_parent_runs_elsewhere() {
    let _alone = alone();
    if !several_workers() {
        return;
    }
    for round in 0..200 {
        let parent = thread::spawn(|| {
            let done = Arc::new(AtomicBool::new(false));
            let child = thread::spawn({
                let done = Arc::clone(&done);
                move || {
                    done.store(true, Ordering::Release);
                    os_thread()
                }
            });
            (compute_until(&done), child.join().unwrap() != os_thread())
        });
        assert_eq!(parent.join().unwrap(), (true, true), "round {round}");
    }
}

#[test]
fn a_lone_child_of_a_waiting_parent_stays_at_home() {
    let _alone = alone();
    let parent = thread::spawn(|| {
        let at_home = (0..1000).filter(|_| thread::spawn(os_thread).join().unwrap() == os_thread());
        at_home.count()
    });
    let at_home = parent.join().unwrap();
    // The operating system may take the CPU from the parent between its spawn and its wait, and then the child is taken.
    assert!(at_home > 900, "{at_home} of 1000");
}

#[test]
fn a_fan_out_uses_every_worker() {
    let _alone = alone();
    if !several_workers() {
        return;
    }
    // Two children that can end only if they run at the same time.
    let parent = thread::spawn(|| {
        let here = Arc::new(AtomicUsize::new(0));
        let children: Vec<_> = (0..2)
            .map(|_| {
                let here = Arc::clone(&here);
                thread::spawn(move || {
                    here.fetch_add(1, Ordering::AcqRel);
                    let start = Instant::now();
                    while here.load(Ordering::Acquire) < 2 {
                        if start.elapsed() > Duration::from_secs(60) {
                            return false;
                        }
                        std::hint::spin_loop();
                    }
                    true
                })
            })
            .collect();
        children.into_iter().all(|child| child.join().unwrap())
    });
    assert!(parent.join().unwrap());
}

#[test]
fn coroutines_that_have_started_stay_where_they_are() {
    let _alone = alone();
    let threads: Vec<_> = (0..200)
        .map(|n| {
            thread::spawn(move || {
                let home = os_thread();
                (0..50).all(|round| {
                    if (n + round) % 3 == 0 {
                        thread::sleep(Duration::from_micros(50));
                    } else {
                        thread::yield_now();
                    }
                    os_thread() == home
                })
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}
