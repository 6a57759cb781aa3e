//! The rare orders of events of `costd::thread`.

mod child;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use costd::thread;

/// In a panic hook nothing is switched, but an `unpark` still ends a `park`.
#[test]
fn park_in_a_panic_hook() {
    if child::case().is_none() {
        child::run("park_in_a_panic_hook", "hook", &[]).succeeded();
        return;
    }
    costd::panic::set_hook(Box::new(|_| {
        let me = thread::current();
        let waker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            me.unpark();
        });
        let start = Instant::now();
        thread::park_timeout(Duration::from_secs(1000));
        assert!(start.elapsed() < Duration::from_secs(900));
        waker.join().unwrap();
        // And one that is there already.
        thread::current().unpark();
        thread::park();
        thread::park_timeout(Duration::from_millis(1));
    }));
    assert!(thread::spawn(|| panic!("once")).join().is_err());
}

/// Spawns that never end to spawn others keep nobody from running, on one worker or several: neither who is ready nor
/// what is spawned outside.
#[test]
fn endless_spawns_starve_nobody() {
    const TEST: &str = "endless_spawns_starve_nobody";
    fn go_on(stop: &Arc<AtomicBool>) {
        if !stop.load(Ordering::Relaxed) {
            let stop = Arc::clone(stop);
            thread::spawn(move || go_on(&stop));
        }
    }
    let Some(case) = child::case() else {
        for case in ["ready", "outside"] {
            for workers in ["1", "2"] {
                child::run(TEST, case, &[("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        return;
    };
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(10));
        eprintln!("starved");
        std::process::exit(1);
    });
    let stop = Arc::new(AtomicBool::new(false));
    let sleeper = (case == "ready").then(|| {
        let stop = Arc::clone(&stop);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            stop.store(true, Ordering::Relaxed);
        })
    });
    thread::spawn({
        let stop = Arc::clone(&stop);
        move || (0..1000).for_each(|_| go_on(&stop))
    })
    .join()
    .unwrap();
    match sleeper {
        Some(sleeper) => sleeper.join().unwrap(),
        None => {
            std::thread::sleep(Duration::from_millis(100));
            thread::spawn(move || stop.store(true, Ordering::Relaxed)).join().unwrap();
        }
    }
}

/// A destructor of a thread-local panics with what panics again when dropped.
#[test]
fn a_payload_that_panics() {
    if child::case().is_none() {
        let ended = child::run("a_payload_that_panics", "go", &[]);
        assert_eq!(ended.signal(), Some(6), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("fatal runtime error: thread local panicked on drop, aborting"),
            "{}",
            ended.stderr
        );
        return;
    }
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("the payload, too");
        }
    }
    struct Value;
    impl Drop for Value {
        fn drop(&mut self) {
            std::panic::panic_any(Payload);
        }
    }
    costd::thread_local!(static VALUE: Value = const { Value });
    let _ = thread::spawn(|| VALUE.with(|_| ())).join();
}

/// As std's.
#[test]
fn a_thread_may_cross_a_caught_panic() {
    fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    unwind_safe::<std::thread::Thread>();
    unwind_safe::<thread::Thread>();
}
