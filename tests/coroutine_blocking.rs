//! `coroutine::blocking` and `is_coroutine`.

use costd::coroutine::{blocking, is_coroutine, os_thread};
use costd::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use costd::sync::{Arc, Barrier, Mutex, mpsc};
use costd::time::{Duration, Instant};
use costd::{panic, thread};

mod sync_support;

on_workers! {
    the_worker_goes_on
    there_is_no_limit
    it_borrows
    panics_go_on_in_the_caller
    in_a_destructor_while_panicking
    inside_it_is_a_plain_thread
    in_a_panic_hook
}

/// Runs `part` in a coroutine, and on this OS thread.
fn both(part: fn()) {
    thread::spawn(part).join().unwrap();
    part();
}

/// What is blocked ends only when another coroutine, of the only worker perhaps, has run.
fn the_worker_goes_on() {
    let (to_blocked, from_others) = std::sync::mpsc::channel();
    let blocked = thread::spawn(move || blocking(move || from_others.recv().unwrap()));
    let others = thread::spawn(move || {
        for _ in 0..10 {
            thread::yield_now();
        }
        to_blocked.send(5).unwrap();
    });
    assert_eq!(blocked.join().unwrap(), 5);
    others.join().unwrap();
}

/// Each of them waits for all the others, on an OS thread.
fn there_is_no_limit() {
    let barrier = Arc::new(std::sync::Barrier::new(100));
    let blocked: Vec<_> = (0..100)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || blocking(|| barrier.wait().is_leader()))
        })
        .collect();
    assert_eq!(blocked.into_iter().map(|one| one.join().unwrap()).filter(|leads| *leads).count(), 1);
}

fn it_borrows() {
    both(|| {
        let mut numbers = vec![1, 2, 3];
        let text = String::from("text");
        let borrowed: &str = blocking(|| {
            numbers.push(text.len());
            &text
        });
        assert_eq!(borrowed, "text");
        let moved = blocking(move || numbers);
        assert_eq!(moved, [1, 2, 3, 4]);
    });
}

fn panics_go_on_in_the_caller() {
    both(|| {
        for round in 0..20 {
            let caught = panic::catch_unwind(|| {
                blocking(|| {
                    if round % 2 == 0 {
                        panic::resume_unwind(Box::new(round));
                    }
                    panic!("on purpose");
                })
            });
            assert!(!thread::panicking() && !std::thread::panicking());
            let payload = caught.unwrap_err();
            if round % 2 == 0 {
                assert_eq!(payload.downcast_ref(), Some(&round));
            } else {
                assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
            }
        }
        // What was held is poisoned, as by any panic.
        let mutex = Mutex::new(());
        let caught = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let _guard = mutex.lock().unwrap();
            blocking(|| panic!("on purpose"))
        }));
        assert!(caught.is_err() && mutex.is_poisoned());
    });
    let result = thread::spawn(|| blocking(|| panic!("on purpose"))).join();
    assert_eq!(result.unwrap_err().downcast_ref(), Some(&"on purpose"));
}

/// Others run meanwhile on the same worker, and do not take themselves for panicking.
fn in_a_destructor_while_panicking() {
    struct Blocks(Arc<AtomicBool>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            assert!(thread::panicking());
            let inside = blocking(|| {
                while !self.0.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_micros(100));
                }
                thread::panicking()
            });
            assert!(!inside && thread::panicking());
        }
    }
    let go = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&go);
    let unwinding = thread::spawn(move || {
        let _blocks = Blocks(theirs);
        panic!("on purpose");
    });
    let others = thread::spawn(move || {
        for _ in 0..100 {
            assert!(!thread::panicking());
            thread::yield_now();
        }
        let caught = panic::catch_unwind(|| blocking(|| panic!("on purpose")));
        assert!(caught.is_err() && !thread::panicking());
        go.store(true, Ordering::Release);
    });
    others.join().unwrap();
    assert_eq!(unwinding.join().unwrap_err().downcast_ref(), Some(&"on purpose"));
}

costd::thread_local!(static LOCAL: AtomicUsize = const { AtomicUsize::new(0) });

fn inside_it_is_a_plain_thread() {
    thread::spawn(|| {
        assert!(is_coroutine());
        LOCAL.with(|local| local.store(1, Ordering::Relaxed));
        let outside = thread::current().id();
        blocking(|| {
            assert!(!is_coroutine());
            assert_ne!(thread::current().id(), outside);
            assert_eq!(LOCAL.with(|local| local.load(Ordering::Relaxed)), 0);
            // Inside of itself it is in place.
            let os_thread = std::thread::current().id();
            blocking(|| assert_eq!(std::thread::current().id(), os_thread));
        });
        assert_eq!(thread::current().id(), outside);
        assert_eq!(LOCAL.with(|local| local.load(Ordering::Relaxed)), 1);
        // What waits does so, for coroutines as well.
        let (ping, pings) = mpsc::sync_channel(0);
        let (pong, pongs) = mpsc::channel();
        let mutex = Arc::new(Mutex::new(0_usize));
        let barrier = Arc::new(Barrier::new(2));
        let theirs = Arc::clone(&mutex);
        let others = {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || {
                for n in pings {
                    *theirs.lock().unwrap() += n;
                    pong.send(n + 1).unwrap();
                }
                barrier.wait();
            })
        };
        let sum = blocking(move || {
            let sum: usize = (0..50)
                .map(|n: usize| {
                    ping.send(n).unwrap();
                    pongs.recv().unwrap()
                })
                .sum();
            drop(ping);
            barrier.wait();
            // A coroutine can be started and joined from there.
            sum + thread::spawn(|| usize::from(is_coroutine())).join().unwrap()
        });
        assert_eq!((sum, *mutex.lock().unwrap()), (1275 + 1, 1225));
        others.join().unwrap();
    })
    .join()
    .unwrap();
}

/// Where nothing may be switched it runs in place.
fn in_a_panic_hook() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let before = panic::take_hook();
    panic::set_hook(Box::new(|_| {
        let here = std::thread::current().id();
        blocking(|| assert_eq!(std::thread::current().id(), here));
        CALLS.fetch_add(1 + usize::from(is_coroutine()), Ordering::Relaxed);
    }));
    assert!(thread::spawn(|| panic!("on purpose")).join().is_err());
    assert!(os_thread::spawn(|| panic!("on purpose")).join().is_err());
    panic::set_hook(before);
    assert_eq!(CALLS.load(Ordering::Relaxed), 2 + 1);
}

#[test]
fn who_is_a_coroutine() {
    assert!(!is_coroutine());
    assert!(!std::thread::spawn(is_coroutine).join().unwrap());
    assert!(!os_thread::spawn(is_coroutine).join().unwrap());
    assert!(thread::spawn(is_coroutine).join().unwrap());
    assert!(thread::scope(|s| s.spawn(is_coroutine).join().unwrap()));
}

#[test]
fn as_long_as_it_lasts() {
    let start = Instant::now();
    thread::spawn(|| blocking(|| std::thread::sleep(Duration::from_millis(20)))).join().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(20));
}
