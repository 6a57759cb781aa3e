//! `coroutine::Semaphore`: from coroutines and OS threads, in order, with deadlines.

use costd::coroutine::{Semaphore, is_coroutine, os_thread};
use costd::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use costd::sync::Arc;
use costd::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use costd::thread;
use costd::time::{Duration, Instant};

mod sync_support;

on_workers! {
    no_more_than_permits
    many_and_few
    deadlines_lose_no_permit
    who_leaves_lets_the_next_one_go
    loops_let_others_run
    coroutines_and_os_threads
    a_panic_gives_back
}

/// By the semaphore's own rule: a try fails if anybody waits.
fn until_somebody_waits(semaphore: &Semaphore) {
    while semaphore.try_acquire().is_some() {
        thread::yield_now();
    }
}

fn no_more_than_permits() {
    static SEMAPHORE: Semaphore = Semaphore::new(3);
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let threads: Vec<_> = (0..50)
        .map(|_| {
            thread::spawn(|| {
                for _ in 0..50 {
                    let guard = SEMAPHORE.acquire();
                    let inside = INSIDE.fetch_add(1, Ordering::Relaxed) + 1;
                    assert!(inside <= 3);
                    MOST.fetch_max(inside, Ordering::Relaxed);
                    thread::yield_now();
                    INSIDE.fetch_sub(1, Ordering::Relaxed);
                    drop(guard);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(MOST.load(Ordering::Relaxed), 3, "permits lie idle");
    assert_eq!(SEMAPHORE.available_permits(), 3);
}

fn many_and_few() {
    static SEMAPHORE: Semaphore = Semaphore::new(10);
    static USED: AtomicUsize = AtomicUsize::new(0);
    let threads: Vec<_> = (0..40)
        .map(|n| {
            thread::spawn(move || {
                for round in 0..50 {
                    let wanted = (n * 7 + round * 3) % 11;
                    let guard = SEMAPHORE.acquire_many(wanted);
                    assert_eq!(guard.permits(), wanted);
                    assert!(USED.fetch_add(wanted, Ordering::Relaxed) + wanted <= 10);
                    if round % 4 == 0 {
                        thread::yield_now();
                    }
                    USED.fetch_sub(wanted, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(SEMAPHORE.available_permits(), 10);
}

/// Also before those who want less, and before those who only try.
#[test]
fn who_comes_first_is_served_first() {
    // With one worker, a coroutine that has said that it is about to wait, and does not run any more, waits.
    sync_support::with_workers(1, "who_comes_first_is_served_first", || {
        thread::spawn(one_after_the_other).join().unwrap()
    });
}

fn one_after_the_other() {
    let semaphore = Arc::new(Semaphore::new(1));
    let mut threads = Vec::new();
    for n in 0..10 {
        let begun = Arc::new(AtomicBool::new(false));
        let (theirs, has_begun) = (Arc::clone(&semaphore), Arc::clone(&begun));
        threads.push(thread::spawn(move || {
            begun.store(true, Ordering::Relaxed);
            // The first one wants more than there is.
            theirs.acquire_many(if n == 0 { 2 } else { 1 }).forget();
        }));
        while !has_begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        // It may have been switched away from before it waits.
        thread::yield_now();
    }
    assert_eq!(semaphore.available_permits(), 1);
    assert!(semaphore.try_acquire().is_none(), "others wait");
    assert!(semaphore.try_acquire_many(0).is_some(), "that is always there");
    for thread in threads {
        assert!(!thread.is_finished());
        semaphore.add_permits(1);
        assert!(semaphore.try_acquire().is_none(), "it is not for those who come now");
        thread.join().unwrap();
    }
    assert_eq!(semaphore.available_permits(), 0);
}

fn deadlines_lose_no_permit() {
    static SEMAPHORE: Semaphore = Semaphore::new(2);
    static GOT: AtomicUsize = AtomicUsize::new(0);
    static LATE: AtomicUsize = AtomicUsize::new(0);
    let part = |n: u64| {
        for round in 0..100 {
            let timeout = Duration::from_micros((n * 37 + round * 11) % 300);
            match SEMAPHORE.acquire_many_timeout(1 + (round % 2) as usize, timeout) {
                Some(_guard) => {
                    GOT.fetch_add(1, Ordering::Relaxed);
                    if round % 3 == 0 {
                        thread::sleep(Duration::from_micros(50));
                    }
                }
                None => {
                    LATE.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    };
    let threads: Vec<_> = (0..20).map(|n| thread::spawn(move || part(n))).collect();
    let os_threads: Vec<_> = (20..24).map(|n| os_thread::spawn(move || part(n))).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    for thread in os_threads {
        thread.join().unwrap();
    }
    assert_eq!(GOT.load(Ordering::Relaxed) + LATE.load(Ordering::Relaxed), 2400);
    assert!(GOT.load(Ordering::Relaxed) > 0 && LATE.load(Ordering::Relaxed) > 0);
    assert_eq!(SEMAPHORE.available_permits(), 2);
    assert!(SEMAPHORE.try_acquire_many(2).is_some(), "nobody is in the queue");
}

fn who_leaves_lets_the_next_one_go() {
    let semaphore = Arc::new(Semaphore::new(1));
    let theirs = Arc::clone(&semaphore);
    let leaving = thread::spawn(move || {
        let start = Instant::now();
        assert!(theirs.acquire_many_timeout(2, Duration::from_millis(200)).is_none());
        assert!(start.elapsed() >= Duration::from_millis(200));
    });
    until_somebody_waits(&semaphore);
    let guard = semaphore.acquire();
    leaving.join().unwrap();
    drop(guard);
    assert_eq!(semaphore.available_permits(), 1);
}

fn loops_let_others_run() {
    thread::spawn(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let giving = {
            let (semaphore, done) = (Arc::clone(&semaphore), Arc::clone(&done));
            thread::spawn(move || {
                semaphore.add_permits(1);
                thread::yield_now();
                semaphore.add_permits(1);
                thread::yield_now();
                done.store(true, Ordering::Relaxed);
            })
        };
        while semaphore.available_permits() == 0 {}
        while semaphore.try_acquire_many(2).is_none() {}
        while !done.load(Ordering::Relaxed) {
            drop(semaphore.acquire());
        }
        giving.join().unwrap();
    })
    .join()
    .unwrap();
}

fn coroutines_and_os_threads() {
    static SEMAPHORE: Semaphore = Semaphore::new(1);
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    let part = |rounds: usize| {
        for _ in 0..rounds {
            let guard = SEMAPHORE.acquire();
            assert_eq!(TAKEN.fetch_add(1, Ordering::Relaxed) % 2, 0);
            if is_coroutine() {
                thread::yield_now();
            }
            TAKEN.fetch_add(1, Ordering::Relaxed);
            drop(guard);
        }
    };
    let os_threads: Vec<_> = (0..3).map(|_| os_thread::spawn(move || part(300))).collect();
    let threads: Vec<_> = (0..10).map(|_| thread::spawn(move || part(300))).collect();
    part(300);
    for thread in threads {
        thread.join().unwrap();
    }
    for thread in os_threads {
        thread.join().unwrap();
    }
    assert_eq!(TAKEN.load(Ordering::Relaxed), 14 * 300 * 2);
}

fn a_panic_gives_back() {
    static SEMAPHORE: Semaphore = Semaphore::new(1);
    let panicking = thread::spawn(|| {
        let _guard = SEMAPHORE.acquire();
        panic!("on purpose");
    });
    assert!(panicking.join().is_err());
    // One that waits is served by the guard that is dropped while its owner is being unwound.
    let guard = SEMAPHORE.acquire();
    let waiting = thread::spawn(|| drop(SEMAPHORE.acquire()));
    thread::yield_now();
    let result = thread::spawn(move || {
        let _guard = guard;
        panic!("on purpose");
    })
    .join();
    assert!(result.is_err());
    waiting.join().unwrap();
    assert_eq!(SEMAPHORE.available_permits(), 1);
}

#[test]
fn numbers_out_of_range() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert!(catch_unwind(|| semaphore.add_permits(1)).is_err());
    semaphore.acquire_many(Semaphore::MAX_PERMITS).forget();
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.add_permits(1);
    for too_many in [Semaphore::MAX_PERMITS + 1, usize::MAX] {
        assert!(catch_unwind(|| Semaphore::new(too_many)).is_err());
        assert!(catch_unwind(|| semaphore.acquire_many(too_many)).is_err());
        assert!(catch_unwind(|| semaphore.try_acquire_many(too_many).is_some()).is_err());
        assert!(catch_unwind(|| semaphore.acquire_many_timeout(too_many, Duration::ZERO).is_some()).is_err());
        assert!(catch_unwind(|| semaphore.add_permits(too_many)).is_err());
    }
    assert!(catch_unwind(|| semaphore.add_permits(Semaphore::MAX_PERMITS)).is_err());
    assert_eq!(semaphore.available_permits(), 1);
    assert!(semaphore.try_acquire().is_some());
    assert!(semaphore.acquire_timeout(Duration::MAX).is_some());
}

#[test]
fn shape() {
    fn all<T: Send + Sync + UnwindSafe + RefUnwindSafe>(_: &T) {}
    let semaphore = Semaphore::new(2);
    all(&semaphore);
    let guard = semaphore.acquire();
    all(&guard);
    assert_eq!(format!("{semaphore:?}"), "Semaphore { available_permits: 1, .. }");
    assert_eq!(format!("{guard:?}"), "SemaphoreGuard { permits: 1, .. }");
}
