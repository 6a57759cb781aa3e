//! Nobody is kept out of a lock, and no loop that only looks at one keeps its worker for itself.

use costd::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use costd::sync::{Arc, Mutex, Once, OnceLock, RwLock, TryLockError};
use costd::thread;
use costd::time::Duration;

mod sync_support;

on_workers! {
    holders_that_yield_inside_let_a_waiter_in
    a_loop_of_locks_lets_others_run
    a_loop_after_a_contended_release_lets_the_waiter_in
    loops_that_only_look_let_others_run
    readers_that_overlap_let_a_writer_in
    writers_that_yield_inside_let_a_reader_in
    writers_and_readers_all_get_on
}

/// Starts `part` in `count` coroutines, which repeat it until `body` has returned.
fn beside(count: usize, part: impl Fn() + Send + Sync + 'static, body: impl FnOnce() + Send + 'static) {
    let stop = Arc::new(AtomicBool::new(false));
    let part = Arc::new(part);
    let others: Vec<_> = (0..count)
        .map(|_| {
            let (stop, part) = (Arc::clone(&stop), Arc::clone(&part));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    part();
                }
            })
        })
        .collect();
    thread::spawn(body).join().unwrap();
    stop.store(true, Ordering::Relaxed);
    for other in others {
        other.join().unwrap();
    }
}

fn holders_that_yield_inside_let_a_waiter_in() {
    for holders in [1, 2, 5] {
        let mutex = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&mutex);
        beside(
            holders,
            move || {
                let mut guard = theirs.lock().unwrap();
                *guard += 1;
                thread::yield_now();
                drop(guard);
            },
            move || {
                for _ in 0..200 {
                    *mutex.lock().unwrap() += 1;
                    thread::yield_now();
                }
            },
        );
    }
}

fn a_loop_of_locks_lets_others_run() {
    thread::spawn(|| {
        let done = Arc::new((Mutex::new(false), RwLock::new(false), RwLock::new(false)));
        let theirs = Arc::clone(&done);
        thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            thread::yield_now();
            *theirs.1.write().unwrap() = true;
            thread::yield_now();
            *theirs.2.write().unwrap() = true;
        });
        while !*done.0.lock().unwrap() {}
        while !*done.1.read().unwrap() {}
        while !*done.2.write().unwrap() {}
    })
    .join()
    .unwrap();
}

fn a_loop_after_a_contended_release_lets_the_waiter_in() {
    thread::spawn(|| {
        let mutex = Arc::new(Mutex::new(false));
        let guard = mutex.lock().unwrap();
        let theirs = Arc::clone(&mutex);
        let waiter = thread::spawn(move || *theirs.lock().unwrap() = true);
        thread::sleep(Duration::from_millis(5));
        drop(guard);
        while !*mutex.lock().unwrap() {}
        waiter.join().unwrap();
    })
    .join()
    .unwrap();
}

fn loops_that_only_look_let_others_run() {
    static CELL: OnceLock<u32> = OnceLock::new();
    static ONCE: Once = Once::new();
    static LOCK: RwLock<()> = RwLock::new(());
    static MUTEX: Mutex<()> = Mutex::new(());
    thread::spawn(|| {
        let held = (LOCK.write().unwrap(), MUTEX.lock().unwrap());
        let looks = Arc::new(AtomicUsize::new(0));
        let looker = |look: fn() -> bool| {
            let looks = Arc::clone(&looks);
            thread::spawn(move || {
                while !look() {}
                looks.fetch_add(1, Ordering::Relaxed);
            })
        };
        let lookers = [
            looker(|| CELL.get().is_some()),
            looker(|| ONCE.is_completed()),
            looker(|| !matches!(LOCK.try_read(), Err(TryLockError::WouldBlock))),
            looker(|| !matches!(LOCK.try_write(), Err(TryLockError::WouldBlock))),
            looker(|| !matches!(MUTEX.try_lock(), Err(TryLockError::WouldBlock))),
            looker(|| LOCK.is_poisoned()),
            looker(|| MUTEX.is_poisoned()),
        ];
        thread::yield_now();
        CELL.set(1).unwrap();
        thread::yield_now();
        ONCE.call_once(|| ());
        thread::yield_now();
        drop(held);
        let poisoner = thread::spawn(|| {
            let _held = (LOCK.write(), MUTEX.lock());
            panic!("on purpose");
        });
        assert!(poisoner.join().is_err());
        for looker in lookers {
            looker.join().unwrap();
        }
        assert_eq!(looks.load(Ordering::Relaxed), 7);
    })
    .join()
    .unwrap();
}

fn readers_that_overlap_let_a_writer_in() {
    let lock = Arc::new(RwLock::new(0));
    let theirs = Arc::clone(&lock);
    beside(
        4,
        move || {
            let guard = theirs.read().unwrap();
            thread::yield_now();
            drop(guard);
        },
        move || {
            for _ in 0..200 {
                *lock.write().unwrap() += 1;
                thread::yield_now();
            }
        },
    );
}

fn writers_that_yield_inside_let_a_reader_in() {
    for writers in [1, 4] {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        beside(
            writers,
            move || {
                let mut guard = theirs.write().unwrap();
                *guard += 1;
                thread::yield_now();
                drop(guard);
            },
            move || {
                for _ in 0..200 {
                    drop(lock.read().unwrap());
                    thread::yield_now();
                }
            },
        );
    }
}

fn writers_and_readers_all_get_on() {
    let lock = Arc::new(RwLock::new(0));
    let all: Vec<_> = (0..6)
        .map(|index| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                for _ in 0..500 {
                    if index % 2 == 0 {
                        let mut guard = lock.write().unwrap();
                        *guard += 1;
                        thread::yield_now();
                    } else {
                        let guard = lock.read().unwrap();
                        let before = *guard;
                        thread::yield_now();
                        assert_eq!(before, *guard);
                    }
                }
            })
        })
        .collect();
    for one in all {
        one.join().unwrap();
    }
    assert_eq!(*lock.read().unwrap(), 1500);
}
