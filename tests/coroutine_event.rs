//! `coroutine::Event`: set, reset, and waits with and without deadlines.

use costd::coroutine::{Event, os_thread};
use costd::panic::{RefUnwindSafe, UnwindSafe};
use costd::sync::Arc;
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::thread;
use costd::time::{Duration, Instant};

mod sync_support;

on_workers! {
    all_who_wait_go_on
    a_reset_right_after_takes_nothing_back
    no_work_is_missed
    deadlines
    loops_let_others_run
}

fn all_who_wait_go_on() {
    static EVENT: Event = Event::new();
    static DATA: AtomicUsize = AtomicUsize::new(0);
    let wait = || {
        EVENT.wait();
        DATA.load(Ordering::Relaxed)
    };
    let threads: Vec<_> = (0..50).map(|_| thread::spawn(wait)).collect();
    let os_threads: Vec<_> = (0..3).map(|_| os_thread::spawn(wait)).collect();
    thread::sleep(Duration::from_millis(5));
    assert!(threads.iter().all(|thread| !thread.is_finished()));
    DATA.store(7, Ordering::Relaxed);
    EVENT.set();
    assert!(EVENT.is_set());
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 7);
    }
    for thread in os_threads {
        assert_eq!(thread.join().unwrap(), 7);
    }
    // It stays set.
    EVENT.wait();
    thread::spawn(|| EVENT.wait()).join().unwrap();
    assert!(EVENT.reset() && !EVENT.reset() && !EVENT.is_set());
}

/// Who waits when it is set has its turn. (It waits when it has said so and does not run any more, which another coroutine of
/// its only worker can tell; with more workers a second set helps who was late.)
fn a_reset_right_after_takes_nothing_back() {
    let one_worker = std::env::var("COSTD_WORKERS").unwrap() == "1";
    thread::spawn(move || {
        for _ in 0..500 {
            let shared = Arc::new((Event::new(), AtomicUsize::new(0)));
            let waiting: Vec<_> = (0..3)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || {
                        shared.1.fetch_add(1, Ordering::Relaxed);
                        shared.0.wait();
                    })
                })
                .collect();
            while shared.1.load(Ordering::Relaxed) < 3 {
                thread::yield_now();
            }
            // Once more: what has been counted may have been switched away from before it waits.
            thread::yield_now();
            shared.0.set();
            shared.0.reset();
            if !one_worker {
                thread::yield_now();
                shared.0.set();
            }
            for waiting in waiting {
                waiting.join().unwrap();
            }
        }
    })
    .join()
    .unwrap();
}

fn no_work_is_missed() {
    static WORK: AtomicUsize = AtomicUsize::new(0);
    static CHANGED: Event = Event::new();
    let working = thread::spawn(|| {
        let mut done = 0;
        while done < 6 * 2000 {
            CHANGED.reset();
            match WORK.swap(0, Ordering::Relaxed) {
                0 => CHANGED.wait(),
                some => done += some,
            }
        }
    });
    let make = || {
        for n in 0..2000 {
            WORK.fetch_add(1, Ordering::Relaxed);
            CHANGED.set();
            if n % 16 == 0 {
                thread::yield_now();
            }
        }
    };
    let threads: Vec<_> = (0..4).map(|_| thread::spawn(make)).collect();
    let os_threads: Vec<_> = (0..2).map(|_| os_thread::spawn(make)).collect();
    working.join().unwrap();
    for thread in threads {
        thread.join().unwrap();
    }
    for thread in os_threads {
        thread.join().unwrap();
    }
}

fn deadlines() {
    let part = || {
        let event = Event::new();
        let start = Instant::now();
        assert!(!event.wait_timeout(Duration::from_millis(10)));
        assert!(start.elapsed() >= Duration::from_millis(10));
        assert!(!event.wait_timeout(Duration::ZERO));
        event.set();
        assert!(event.wait_timeout(Duration::ZERO));
        assert!(event.wait_timeout(Duration::MAX));
        event.reset();
        thread::scope(|s| {
            s.spawn(|| {
                thread::sleep(Duration::from_millis(5));
                event.set();
            });
            assert!(event.wait_timeout(Duration::from_secs(30)));
            assert!(event.wait_timeout(Duration::MAX));
        });
    };
    part();
    thread::spawn(part).join().unwrap();
    // Sets and deadlines at the same time: whoever is told that it was set has been before it is reset.
    static EVENT: Event = Event::new();
    static SETS: AtomicUsize = AtomicUsize::new(0);
    let waiting: Vec<_> = (0..20)
        .map(|n| {
            thread::spawn(move || {
                let mut seen = 0;
                for round in 0..100 {
                    let before = SETS.load(Ordering::Acquire);
                    if EVENT.wait_timeout(Duration::from_micros((n * 13 + round * 7) % 200)) {
                        // It is counted before it is set; and a set from before this round was reset again, or is still seen.
                        assert!(SETS.load(Ordering::Acquire) >= before.max(1));
                        seen += 1;
                    }
                }
                seen
            })
        })
        .collect();
    let mut rounds = 0;
    while waiting.iter().any(|waiting| !waiting.is_finished()) {
        SETS.fetch_add(1, Ordering::Release);
        EVENT.set();
        rounds += 1;
        EVENT.reset();
        thread::sleep(Duration::from_micros(100));
    }
    let seen: usize = waiting.into_iter().map(|waiting| waiting.join().unwrap()).sum();
    assert!(rounds > 0 && seen > 0);
}

fn loops_let_others_run() {
    /// Repeats `part` until another coroutine has run.
    fn beside(part: impl Fn()) {
        let others = thread::spawn(thread::yield_now);
        while !others.is_finished() {
            part();
        }
        others.join().unwrap();
    }
    thread::spawn(|| {
        let event = Arc::new(Event::new());
        let theirs = Arc::clone(&event);
        let setting = thread::spawn(move || theirs.set());
        while !event.is_set() {}
        setting.join().unwrap();
        beside(|| event.wait());
        beside(|| event.set());
        beside(|| _ = event.reset());
        beside(|| assert!(!event.wait_timeout(Duration::ZERO)));
    })
    .join()
    .unwrap();
}

#[test]
fn shape() {
    fn all<T: Send + Sync + UnwindSafe + RefUnwindSafe>(_: &T) {}
    let event = Event::default();
    all(&event);
    assert_eq!(format!("{event:?}"), "Event { is_set: false, .. }");
    event.set();
    assert_eq!(format!("{event:?}"), "Event { is_set: true, .. }");
}
