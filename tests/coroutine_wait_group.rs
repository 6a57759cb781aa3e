//! `coroutine::WaitGroup`.

use costd::coroutine::{WaitGroup, os_thread};
use costd::panic::{RefUnwindSafe, UnwindSafe};
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::thread;
use costd::time::{Duration, Instant};

mod sync_support;

on_workers! {
    all_are_waited_for
    many_wait_for_one_another
    a_member_that_panics_is_done
    deadlines
}

fn all_are_waited_for() {
    static DONE: AtomicUsize = AtomicUsize::new(0);
    let part = || {
        for round in 0..50 {
            DONE.store(0, Ordering::Relaxed);
            let group = WaitGroup::new();
            for n in 0..20 {
                let member = group.clone();
                let work = move || {
                    if n % 2 == 0 {
                        thread::yield_now();
                    }
                    DONE.fetch_add(1, Ordering::Relaxed);
                    drop(member);
                };
                if round % 10 == 0 && n < 3 {
                    drop(os_thread::spawn(work));
                } else {
                    drop(thread::spawn(work));
                }
            }
            group.wait();
            assert_eq!(DONE.load(Ordering::Relaxed), 20);
        }
    };
    part();
    thread::spawn(part).join().unwrap();
    WaitGroup::new().wait();
    drop(WaitGroup::default());
}

/// As a barrier: whoever waits is no member any more.
fn many_wait_for_one_another() {
    static COME: AtomicUsize = AtomicUsize::new(0);
    let group = WaitGroup::new();
    let meet = |member: WaitGroup| {
        COME.fetch_add(1, Ordering::Relaxed);
        member.wait();
        assert_eq!(COME.load(Ordering::Relaxed), 14);
    };
    let members: Vec<_> = (0..10).map(|_| group.clone()).collect();
    let threads: Vec<_> = members.into_iter().map(|member| thread::spawn(move || meet(member))).collect();
    let members: Vec<_> = (0..3).map(|_| group.clone()).collect();
    let os_threads: Vec<_> = members.into_iter().map(|member| os_thread::spawn(move || meet(member))).collect();
    meet(group);
    for thread in threads {
        thread.join().unwrap();
    }
    for thread in os_threads {
        thread.join().unwrap();
    }
}

fn a_member_that_panics_is_done() {
    let group = WaitGroup::new();
    let member = group.clone();
    let panicking = thread::spawn(move || {
        let _member = member;
        panic!("on purpose");
    });
    group.wait();
    assert!(panicking.join().is_err());
}

fn deadlines() {
    let part = || {
        let group = WaitGroup::new();
        let member = group.clone();
        let start = Instant::now();
        let group = group.wait_timeout(Duration::from_millis(10)).unwrap_err();
        assert!(start.elapsed() >= Duration::from_millis(10));
        assert_eq!(format!("{group:?}"), "WaitGroup { members: 2, .. }");
        // It is a member again.
        let member = member.wait_timeout(Duration::ZERO).unwrap_err();
        let leaving = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            drop(member);
        });
        group.wait_timeout(Duration::from_secs(30)).unwrap();
        leaving.join().unwrap();
        assert!(WaitGroup::new().wait_timeout(Duration::ZERO).is_ok());
        assert!(WaitGroup::new().wait_timeout(Duration::MAX).is_ok());
    };
    part();
    thread::spawn(part).join().unwrap();
    // Deadlines and ends at the same time.
    for round in 0..200 {
        let mut group = WaitGroup::new();
        let threads: Vec<_> = (0..5)
            .map(|n| {
                let member = group.clone();
                thread::spawn(move || {
                    thread::sleep(Duration::from_micros((n * 31 + round * 17) % 200));
                    drop(member);
                })
            })
            .collect();
        while let Err(again) = group.wait_timeout(Duration::from_micros(20)) {
            group = again;
        }
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

#[test]
fn shape() {
    fn all<T: Send + Sync + UnwindSafe + RefUnwindSafe>(_: &T) {}
    let group = WaitGroup::new();
    all(&group);
    assert_eq!(format!("{group:?}"), "WaitGroup { members: 1, .. }");
}
