//! A program whose allocator uses costd itself.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use child::{case, run};
use costd::sync::Mutex;
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::sync::mpsc::channel;
use costd::thread;
use fault_common::watch;

/// Counts, for each coroutine; and takes a lock when it is told to.
struct Counting;

costd::thread_local!(static COUNT: Cell<usize> = const { Cell::new(0) });
static LOCK: Mutex<()> = Mutex::new(());
/// The next allocation of a coroutine that has so many bytes (or any, if it is `ANY`) waits for `LOCK`.
static TRAP: AtomicUsize = AtomicUsize::new(0);
const ANY: usize = usize::MAX;
static TRAPPED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's, which this only hands on to.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        let trap = TRAP.load(Ordering::Relaxed);
        if trap != 0 && (trap == ANY || trap == layout.size()) && costd::coroutine::is_coroutine() {
            TRAP.store(0, Ordering::Relaxed);
            TRAPPED.fetch_add(1, Ordering::Relaxed);
            drop(LOCK.lock());
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Thread-locals are made without it, so it may have its own.
#[test]
fn one_that_counts_by_coroutine() {
    let counts = |n: usize| {
        move || {
            let before = COUNT.get();
            let boxes: Vec<_> = (0..n).map(Box::new).collect();
            thread::yield_now();
            assert!(boxes.len() == n);
            COUNT.get() - before
        }
    };
    let all: Vec<_> = (0..100).map(|n| (n, thread::spawn(counts(n)))).collect();
    for (n, thread) in all {
        assert_eq!(thread.join().unwrap(), n + usize::from(n > 0));
    }
}

/// One that waits for a lock of costd's. In the program's own code that goes well. Where costd itself asks for memory in the midst
/// of something, either nothing is switched, and a lock that is held on that very worker is never unlocked; or the worker finds
/// something half done, and the process ends.
#[test]
fn one_that_waits_for_a_lock() {
    let test = "one_that_waits_for_a_lock";
    let Some(case) = case() else {
        run(test, "in the program's code", &[("COSTD_WORKERS", "1")]).succeeded();
        let ended = run(test, "in a timed wait", &[("COSTD_WORKERS", "1")]);
        assert_eq!(ended.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
        assert!(ended.stderr.contains("already"), "{}", ended.stderr);
        let ended = run(test, "in a spawn", &[("COSTD_WORKERS", "1")]);
        assert_eq!(ended.output.status.code(), Some(3), "{}", ended.stderr);
        return;
    };
    watch(test);
    let (locked, is_locked) = channel();
    let (unlock, may_unlock) = channel();
    let holder = thread::spawn(move || {
        let guard = LOCK.lock().unwrap();
        locked.send(()).unwrap();
        may_unlock.recv().unwrap();
        drop(guard);
    });
    is_locked.recv().unwrap();
    let waits = thread::spawn(move || match case.as_str() {
        "in the program's code" => {
            TRAP.store(ANY, Ordering::Relaxed);
            drop(std::hint::black_box(Box::new(5)));
        }
        // The first of its worker: the list of timers has no memory yet.
        "in a timed wait" => {
            TRAP.store(ANY, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(1));
        }
        // The list of what has not started has room for 64, and then wants twice as much.
        _ => {
            TRAP.store(128 * size_of::<usize>(), Ordering::Relaxed);
            (0..100).for_each(|_| drop(thread::spawn(|| ())));
        }
    });
    while TRAPPED.load(Ordering::Relaxed) == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    // Where it goes well, it may take its time.
    std::thread::sleep(Duration::from_millis(200));
    unlock.send(()).unwrap();
    while !waits.is_finished() {
        std::thread::sleep(Duration::from_millis(50));
        if LOCK.try_lock().is_err() {
            std::process::exit(3);
        }
    }
    waits.join().unwrap();
    holder.join().unwrap();
}
