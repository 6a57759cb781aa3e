//! A process with little address space: every spawn that is accepted runs.

#![cfg(target_os = "linux")]

mod child;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use costd::thread;

/// One worker keeps idle stacks for itself, and computes; the other's threads that find none then must not wait for ever.
#[test]
fn accepted_spawns_start() {
    if child::case().is_none() {
        child::run("accepted_spawns_start", "go", &[("COSTD_WORKERS", "2")]).succeeded();
        return;
    }
    thread::spawn(|| ()).join().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').next().unwrap().parse().unwrap();
    let limit = libc::rlimit { rlim_cur: pages * 4096 + (24 << 20), rlim_max: libc::RLIM_INFINITY };
    // SAFETY: only reads the limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    let as_many_as_can_be = |body: fn(&AtomicUsize), count: &Arc<AtomicUsize>| {
        let spawn = || {
            let count = Arc::clone(count);
            thread::Builder::new().spawn(move || body(&count))
        };
        std::iter::from_fn(|| spawn().ok()).collect::<Vec<_>>()
    };
    // All stacks have been in use, and lie in the pool when the workers have been idle for a while.
    let count = Arc::new(AtomicUsize::new(0));
    for thread in as_many_as_can_be(|_| thread::sleep(Duration::from_millis(300)), &count) {
        thread.join().unwrap();
    }
    std::thread::sleep(Duration::from_millis(2500));
    let release = Arc::new(AtomicBool::new(false));
    let computing = thread::spawn({
        let release = Arc::clone(&release);
        move || {
            while !release.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        }
    });
    std::thread::sleep(Duration::from_millis(50));
    let body = |count: &AtomicUsize| {
        count.fetch_add(1, Ordering::Relaxed);
        thread::park();
    };
    let threads = as_many_as_can_be(body, &count);
    std::thread::sleep(Duration::from_millis(300));
    release.store(true, Ordering::Relaxed);
    computing.join().unwrap();
    let start = Instant::now();
    while count.load(Ordering::Relaxed) < threads.len() {
        assert!(start.elapsed() < Duration::from_secs(60), "{count:?} of {} have started", threads.len());
        std::thread::sleep(Duration::from_millis(10));
    }
    for thread in threads {
        thread.thread().unpark();
        thread.join().unwrap();
    }
}
