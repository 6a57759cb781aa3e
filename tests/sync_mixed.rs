//! The same locks, used by coroutines and plain OS threads together.

use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, RwLockWriteGuard};
use costd::thread;
use costd::time::{Duration, Instant};

mod sync_support;

on_workers! {
    mutex
    rwlock
    downgrade_lets_readers_in
    bounded_buffer
    notify_all
    a_notification_is_never_lost_to_a_timeout
    timeouts
    barrier
    once
    lazy
    once_poison
}

/// Runs `part` in so many coroutines and so many OS threads, telling each its number.
fn together(coroutines: usize, os_threads: usize, part: impl Fn(usize) + Send + Sync + 'static) {
    let part = Arc::new(part);
    let ours: Vec<_> = (0..coroutines)
        .map(|index| {
            let part = Arc::clone(&part);
            thread::spawn(move || part(index))
        })
        .collect();
    let theirs: Vec<_> = (coroutines..coroutines + os_threads)
        .map(|index| {
            let part = Arc::clone(&part);
            std::thread::spawn(move || part(index))
        })
        .collect();
    for one in ours {
        one.join().unwrap();
    }
    for one in theirs {
        one.join().unwrap();
    }
}

/// A little time, differing from call to call.
fn pause(seed: usize) {
    match seed % 7 {
        0 => thread::yield_now(),
        1 => std::hint::spin_loop(),
        2 if seed.is_multiple_of(91) => thread::sleep(Duration::from_micros(50)),
        _ => {}
    }
}

fn mutex() {
    const EACH: usize = 5_000;
    let mutex = Arc::new(Mutex::new((0, 0)));
    let theirs = Arc::clone(&mutex);
    together(6, 3, move |index| {
        for turn in 0..EACH {
            let mut guard = if turn % 5 == 0 {
                match theirs.try_lock() {
                    Ok(guard) => guard,
                    Err(_) => theirs.lock().unwrap(),
                }
            } else {
                theirs.lock().unwrap()
            };
            guard.0 += 1;
            pause(index + turn);
            guard.1 += 1;
            assert_eq!(guard.0, guard.1);
        }
    });
    assert_eq!(*mutex.lock().unwrap(), (9 * EACH, 9 * EACH));
}

fn rwlock() {
    const EACH: usize = 3_000;
    let lock = Arc::new(RwLock::new((0, 0)));
    let writes = Arc::new(AtomicUsize::new(0));
    let (theirs, counted) = (Arc::clone(&lock), Arc::clone(&writes));
    together(6, 3, move |index| {
        for turn in 0..EACH {
            match (index + turn) % 8 {
                0 | 1 => {
                    let mut guard = theirs.write().unwrap();
                    guard.0 += 1;
                    pause(index + turn);
                    guard.1 += 1;
                    counted.fetch_add(1, Ordering::Relaxed);
                    if turn % 3 == 0 {
                        let guard = RwLockWriteGuard::downgrade(guard);
                        pause(turn);
                        assert_eq!(guard.0, guard.1);
                    }
                }
                2 => {
                    if let Ok(mut guard) = theirs.try_write() {
                        guard.0 += 1;
                        guard.1 += 1;
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                }
                3 => {
                    if let Ok(guard) = theirs.try_read() {
                        assert_eq!(guard.0, guard.1);
                    }
                }
                _ => {
                    let guard = theirs.read().unwrap();
                    let before = *guard;
                    pause(index + turn);
                    assert_eq!((guard.0, guard.0), *guard);
                    assert_eq!(before, *guard);
                }
            }
        }
    });
    assert_eq!(lock.read().unwrap().0, writes.load(Ordering::Relaxed));
    assert!(lock.try_write().is_ok(), "nobody is left");
}

/// Readers that wait for a writer get in when that becomes a reader, also with another writer waiting.
fn downgrade_lets_readers_in() {
    thread::spawn(|| {
        let lock = Arc::new(RwLock::new(1));
        let writer = lock.write().unwrap();
        let second = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *lock.write().unwrap() = 2)
        };
        let readers: Vec<_> = (0..40)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || *lock.read().unwrap())
            })
            .collect();
        thread::sleep(Duration::from_millis(20));
        let reader = RwLockWriteGuard::downgrade(writer);
        for one in readers {
            assert_eq!(one.join().unwrap(), 1);
        }
        assert!(!second.is_finished());
        drop(reader);
        second.join().unwrap();
        assert_eq!(*lock.read().unwrap(), 2);
    })
    .join()
    .unwrap();
}

fn bounded_buffer() {
    const EACH: usize = 3_000;
    struct Buffer {
        items: Mutex<Vec<usize>>,
        has_room: Condvar,
        has_items: Condvar,
        sum: AtomicUsize,
    }
    let buffer = Arc::new(Buffer {
        items: Mutex::new(Vec::new()),
        has_room: Condvar::new(),
        has_items: Condvar::new(),
        sum: AtomicUsize::new(0),
    });
    let theirs = Arc::clone(&buffer);
    // Even ones produce, odd ones consume; among the coroutines as among the OS threads.
    together(6, 4, move |index| {
        for turn in 0..EACH {
            if index % 2 == 0 {
                let mut items = theirs.items.lock().unwrap();
                while items.len() >= 3 {
                    items = theirs.has_room.wait(items).unwrap();
                }
                items.push(turn);
                drop(items);
                theirs.has_items.notify_one();
            } else {
                let items = theirs.items.lock().unwrap();
                let mut items = theirs.has_items.wait_while(items, |items| items.is_empty()).unwrap();
                theirs.sum.fetch_add(items.pop().unwrap(), Ordering::Relaxed);
                theirs.has_room.notify_one();
                drop(items);
            }
        }
    });
    assert_eq!(buffer.sum.load(Ordering::Relaxed), 5 * EACH * (EACH - 1) / 2);
}

fn notify_all() {
    const ROUNDS: usize = 200;
    let round = Arc::new((Mutex::new((0, 0)), Condvar::new(), Condvar::new()));
    let theirs = Arc::clone(&round);
    together(31, 3, move |index| {
        let (state, begun, ended) = &*theirs;
        for round in 1..=ROUNDS {
            if index == 0 {
                let mut state = state.lock().unwrap();
                *state = (round, 0);
                begun.notify_all();
                drop(ended.wait_while(state, |state| state.1 < 33).unwrap());
            } else {
                let mut state = begun.wait_while(state.lock().unwrap(), |state| state.0 < round).unwrap();
                state.1 += 1;
                if state.1 == 33 {
                    ended.notify_one();
                }
            }
        }
    });
}

/// Of two waiters one has a deadline that comes at about the same time as the only notification: if it says that its time was
/// up, the other one has been notified.
fn a_notification_is_never_lost_to_a_timeout() {
    let timed_out = Arc::new(AtomicUsize::new(0));
    for turn in 0..600u64 {
        let pair = Arc::new((Mutex::new(0), Condvar::new()));
        let notified = Arc::new(AtomicUsize::new(0));
        let body = |deadline: Option<Duration>| {
            let (pair, notified, timed_out) = (Arc::clone(&pair), Arc::clone(&notified), Arc::clone(&timed_out));
            move || {
                let mut guard = pair.0.lock().unwrap();
                *guard += 1;
                let in_time = match deadline {
                    None => {
                        drop(pair.1.wait(guard).unwrap());
                        true
                    }
                    Some(deadline) => !pair.1.wait_timeout(guard, deadline).unwrap().1.timed_out(),
                };
                if in_time {
                    notified.fetch_add(1, Ordering::Relaxed);
                } else {
                    timed_out.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let short = body(Some(Duration::from_micros(200 + turn % 40)));
        let on_os_thread = turn % 2 == 0;
        let (first, second) =
            if on_os_thread { (None, Some(std::thread::spawn(short))) } else { (Some(thread::spawn(short)), None) };
        while *pair.0.lock().unwrap() < 1 {}
        let patient = thread::spawn(body(None));
        while *pair.0.lock().unwrap() < 2 {}
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(turn % 300) {}
        pair.1.notify_one();
        if let Some(first) = first {
            first.join().unwrap();
        }
        if let Some(second) = second {
            second.join().unwrap();
        }
        if notified.load(Ordering::Relaxed) == 1 && !patient.is_finished() {
            // The other one had it.
            pair.1.notify_one();
        }
        patient.join().unwrap();
        assert!(notified.load(Ordering::Relaxed) >= 1);
    }
    println!("{} of 600 timed out", timed_out.load(Ordering::Relaxed));
}

fn timeouts() {
    fn check() {
        let pair = (Mutex::new(()), Condvar::new());
        let start = Instant::now();
        let (guard, result) = pair.1.wait_timeout(pair.0.lock().unwrap(), Duration::from_millis(20)).unwrap();
        assert!(result.timed_out() && start.elapsed() >= Duration::from_millis(20));
        assert!(pair.0.try_lock().is_err(), "it is locked again");
        let (guard, result) = pair.1.wait_timeout(guard, Duration::ZERO).unwrap();
        assert!(result.timed_out());
        drop(guard);
    }
    check();
    thread::spawn(check).join().unwrap();
}

fn barrier() {
    const ROUNDS: usize = 300;
    let barrier = Arc::new(Barrier::new(12));
    let counts: Arc<Vec<AtomicUsize>> = Arc::new((0..ROUNDS).map(|_| AtomicUsize::new(0)).collect());
    let leaders = Arc::new(AtomicUsize::new(0));
    let (counted, led) = (Arc::clone(&counts), Arc::clone(&leaders));
    together(9, 3, move |_| {
        for count in counted.iter() {
            count.fetch_add(1, Ordering::Relaxed);
            if barrier.wait().is_leader() {
                led.fetch_add(1, Ordering::Relaxed);
            }
            assert_eq!(count.load(Ordering::Relaxed), 12);
        }
    });
    assert_eq!(leaders.load(Ordering::Relaxed), ROUNDS);
    // More threads than it is for: they pass in groups, in whatever order they come.
    let barrier = Arc::new(Barrier::new(4));
    let led = Arc::new(AtomicUsize::new(0));
    let (theirs, counted) = (Arc::clone(&barrier), Arc::clone(&led));
    together(12, 4, move |_| {
        if theirs.wait().is_leader() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!(led.load(Ordering::Relaxed), 4);
    assert!(Barrier::new(0).wait().is_leader() && Barrier::new(1).wait().is_leader());
}

fn once() {
    for turn in 0..100 {
        let once = Arc::new((Once::new(), OnceLock::new(), AtomicUsize::new(0)));
        let theirs = Arc::clone(&once);
        together(8, 3, move |index| {
            pause(index + turn);
            if index == 3 {
                theirs.0.wait();
            } else {
                theirs.0.call_once(|| {
                    thread::yield_now();
                    theirs.2.fetch_add(1, Ordering::Relaxed);
                });
            }
            assert_eq!(theirs.2.load(Ordering::Relaxed), 1);
            let first = if index == 4 {
                *theirs.1.wait()
            } else {
                *theirs.1.get_or_init(|| {
                    thread::sleep(Duration::from_micros(10));
                    index
                })
            };
            assert_eq!(theirs.1.get(), Some(&first));
        });
    }
}

fn lazy() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static VALUE: LazyLock<String> = LazyLock::new(|| {
        thread::sleep(Duration::from_millis(5));
        RUNS.fetch_add(1, Ordering::Relaxed);
        String::from("value")
    });
    together(20, 4, |_| assert_eq!(*VALUE, "value"));
    assert_eq!(RUNS.load(Ordering::Relaxed), 1);
}

/// Those who wait while the initialiser panics see it poisoned, or run their own.
fn once_poison() {
    let once = Arc::new(Once::new());
    let runs = Arc::new(AtomicUsize::new(0));
    let first = {
        let once = Arc::clone(&once);
        thread::spawn(move || {
            once.call_once(|| {
                thread::sleep(Duration::from_millis(10));
                panic!("on purpose");
            })
        })
    };
    while runs.load(Ordering::Relaxed) == 0 {
        // Until the first is at it.
        thread::sleep(Duration::from_millis(2));
        runs.fetch_add(1, Ordering::Relaxed);
    }
    let others: Vec<_> = (0..4)
        .map(|_| {
            let once = Arc::clone(&once);
            thread::spawn(move || once.call_once(|| unreachable!()))
        })
        .collect();
    let waiter = {
        let once = Arc::clone(&once);
        std::thread::spawn(move || once.wait_force())
    };
    assert!(first.join().is_err());
    for other in others {
        assert_eq!(
            *other.join().unwrap_err().downcast::<&str>().unwrap(),
            "Once instance has previously been poisoned"
        );
    }
    once.call_once_force(|state| assert!(state.is_poisoned()));
    waiter.join().unwrap();
    once.call_once(|| unreachable!());
}
