//! What waits for other tasks: locks, condition variables, and their like; sleep, park, join; futures; the blocking pool.

use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::Duration;

use costd::coroutine::{Event, Semaphore, WaitGroup, block_on, blocking, os_thread};
use costd::sync::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock, mpsc};
use costd::thread;

use crate::storm::{FOREVER, Storm};

pub fn all(storm: &mut Storm, each: usize) {
    condition(storm, each);
    locks(storm, each);
    semaphore(storm, each);
    event(storm, each);
    wait_group(storm, each);
    barrier(storm, each);
    sleeping(storm, each);
    parking(storm, each);
    joining(storm, each);
    futures(storm, each);
    others(storm, each.min(32));
}

/// Those who wait at a condition variable hold its mutex when they unwind.
fn condition(storm: &mut Storm, each: usize) {
    let shared = Arc::new((Mutex::new((0_usize, 0_usize)), Condvar::new()));
    for n in 0..each {
        let shared = Arc::clone(&shared);
        storm.spawn_once(move || {
            let mut pair = shared.0.lock().unwrap();
            loop {
                pair.0 += 1;
                pair.1 += 1;
                shared.1.notify_one();
                pair = match n % 2 {
                    0 => shared.1.wait(pair).unwrap(),
                    _ => shared.1.wait_timeout(pair, FOREVER).unwrap().0,
                };
                assert_eq!(pair.0, pair.1);
            }
        });
    }
    let woken = Arc::clone(&shared);
    storm.wake_by(move || woken.1.notify_all());
    storm.check_at_end("a condition variable", move || {
        let pair = shared.0.try_lock().expect("neither held nor poisoned");
        assert_eq!(pair.0, pair.1);
    });
}

/// Those who hold one sleep with it, and are cancelled there; those who want one get it all the same.
fn locks(storm: &mut Storm, each: usize) {
    let shared = Arc::new((Mutex::new(0_usize), RwLock::new((0_usize, 0_usize)), OnceLock::new()));
    for n in 0..each {
        let shared = Arc::clone(&shared);
        storm.spawn(move || match n % 3 {
            0 => {
                let mut count = shared.0.lock().unwrap();
                *count += 1;
                thread::yield_now();
            }
            1 => {
                let mut pair = shared.1.write().unwrap();
                pair.0 += 1;
                pair.1 += 1;
                thread::yield_now();
            }
            _ => {
                let pair = shared.1.read().unwrap();
                assert_eq!(pair.0, pair.1);
                thread::yield_now();
                shared.2.get_or_init(thread::yield_now);
            }
        });
    }
    storm.check_at_end("locks", move || {
        drop(shared.0.try_lock().expect("neither held nor poisoned"));
        let pair = shared.1.try_write().expect("neither held nor poisoned");
        assert_eq!(pair.0, pair.1);
    });
}

fn semaphore(storm: &mut Storm, each: usize) {
    const PERMITS: usize = 5;
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    for n in 0..each {
        let semaphore = Arc::clone(&semaphore);
        storm.spawn(move || {
            let _some = match n % 3 {
                0 => semaphore.acquire(),
                1 => semaphore.acquire_many(3),
                _ => semaphore.acquire_timeout(FOREVER).expect("it is given back"),
            };
            thread::yield_now();
        });
    }
    storm.check_at_end("a semaphore", move || {
        assert_eq!(semaphore.available_permits(), PERMITS);
        drop(semaphore.try_acquire_many(PERMITS).expect("nobody is before us"));
    });
}

fn event(storm: &mut Storm, each: usize) {
    let event = Arc::new(Event::new());
    for n in 0..each {
        let event = Arc::clone(&event);
        storm.spawn(move || {
            if n % 2 == 0 {
                event.wait();
            } else {
                assert!(event.wait_timeout(FOREVER));
            }
            event.reset();
            thread::yield_now();
        });
    }
    let woken = Arc::clone(&event);
    storm.wake_by(move || woken.set());
    storm.check_at_end("an event", move || {
        event.reset();
        assert!(!event.wait_timeout(Duration::ZERO));
        event.set();
        event.wait();
    });
}

/// Half of them are members, and leave when they are cancelled; the others wait for that, and are cancelled, too.
fn wait_group(storm: &mut Storm, each: usize) {
    let group = WaitGroup::new();
    for n in 0..each {
        let member = group.clone();
        storm.spawn_once(move || {
            if n % 2 == 0 {
                let _member = member;
                thread::park();
                thread::sleep(FOREVER);
            } else {
                member.wait();
            }
        });
    }
    storm.check_at_end("a wait group", || group.wait());
}

/// Those that wait there and are cancelled have not come.
fn barrier(storm: &mut Storm, each: usize) {
    const MEMBERS: usize = 7;
    let barrier = Arc::new(Barrier::new(MEMBERS));
    for _ in 0..each {
        let barrier = Arc::clone(&barrier);
        storm.spawn(move || _ = barrier.wait());
    }
    storm.check_at_end("a barrier", move || {
        let leaders = thread::scope(|s| {
            let waiting: Vec<_> = (0..MEMBERS).map(|_| s.spawn(|| barrier.wait().is_leader())).collect();
            waiting.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>()
        });
        assert_eq!(leaders, 1);
    });
}

fn sleeping(storm: &mut Storm, each: usize) {
    for n in 0..each as u64 {
        // Some wake up at about the time when they are cancelled.
        let time = if n % 2 == 0 { FOREVER } else { Duration::from_micros(n % 1000) };
        storm.spawn(move || thread::sleep(time));
    }
}

fn parking(storm: &mut Storm, each: usize) {
    // The real std's: nobody waits for it, least of all the storm.
    let known = Arc::new(std::sync::Mutex::new(Vec::new()));
    for n in 0..each {
        let known = Arc::clone(&known);
        storm.spawn_once(move || {
            known.lock().unwrap().push(thread::current());
            loop {
                if n % 2 == 0 {
                    thread::park();
                } else {
                    thread::park_timeout(FOREVER);
                }
            }
        });
    }
    let mut next = 0;
    storm.wake_by(move || {
        let known = known.lock().unwrap();
        for _ in 0..8 {
            next += 1;
            if let Some(thread) = known.get(next % known.len().max(1)) {
                thread.unpark();
            }
        }
    });
}

fn joining(storm: &mut Storm, each: usize) {
    for n in 0..each / 2 {
        storm.spawn_joined(move || if n % 2 == 0 { thread::park_timeout(FOREVER) } else { thread::sleep(FOREVER) });
    }
    for _ in 0..each / 4 {
        storm.spawn_once(|| {
            thread::scope(|s| {
                s.spawn(|| thread::sleep(FOREVER));
            });
        });
    }
}

/// A future that is never ready, and is polled whenever somebody wakes it.
fn futures(storm: &mut Storm, each: usize) {
    let (wakers, lives) = (Arc::new(std::sync::Mutex::new(Vec::<Waker>::new())), Arc::new(()));
    for _ in 0..each {
        let (wakers, life) = (Arc::clone(&wakers), Arc::clone(&lives));
        storm.spawn_once(move || {
            block_on(poll_fn(move |context| {
                let _life = &life;
                wakers.lock().unwrap().push(context.waker().clone());
                Poll::<()>::Pending
            }));
        });
    }
    storm.wake_by(move || {
        let mut wakers = wakers.lock().unwrap();
        let some = wakers.len() / 2;
        wakers.drain(some..).for_each(Waker::wake);
    });
    storm.check_at_end("futures", move || assert_eq!(Arc::strong_count(&lives), 1));
}

/// What has an OS thread each.
fn others(storm: &mut Storm, each: usize) {
    for _ in 0..each {
        storm.spawn(|| {
            let mut borrowed = 0;
            blocking(|| {
                std::thread::sleep(Duration::from_millis(1));
                borrowed += 1;
            });
            assert_eq!(borrowed, 1);
            // What an OS thread does in its stead is waited for. This is where it ends.
            thread::yield_now();
        });
        storm.spawn_once(|| {
            let (sender, receiver) = mpsc::channel::<()>();
            let thread = os_thread::spawn(move || receiver.recv());
            // Dropped in the unwinding, upon which the thread ends.
            let _sender = sender;
            let _ = thread.join();
        });
    }
}
