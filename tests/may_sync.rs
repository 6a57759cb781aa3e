//! What may's own tests ask of what threads wait for, of costd's: locks and conditions, flags and counters, groups; with some of
//! those who wait cancelled.

use std::sync::atomic::{AtomicUsize, Ordering};

use costd::coroutine::{Event, JoinHandleExt, Semaphore, WaitGroup, blocking, is_coroutine};
use costd::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use costd::thread::{self, JoinHandle};
use costd::time::Duration;
use may_common::{assert_cancelled, begun, crowd};

mod may_common;
mod sync_support;

on_workers! {
    a_lock_of_many
    the_holder_of_a_lock_is_cancelled
    who_waits_for_a_lock_is_cancelled
    a_lock_for_readers
    conditions_for_one_and_all
    a_condition_whose_waiters_are_cancelled
    two_locks_and_one_condition
    a_barrier
    permits
    permits_whose_waiters_are_cancelled
    a_flag
    a_group
    a_stopped_thread
}

const SHORT: Duration = Duration::from_millis(5);

fn a_lock_of_many() {
    static TOTAL: Mutex<usize> = Mutex::new(0);
    crowd(12, |_| {
        for n in 0..2000 {
            let mut total = TOTAL.lock().unwrap();
            *total += 1;
            if n % 100 == 0 {
                thread::yield_now();
            }
        }
    });
    assert_eq!(*TOTAL.lock().unwrap(), 24_000);
    let held = TOTAL.lock().unwrap();
    assert!(TOTAL.try_lock().is_err());
    drop(held);
    assert!(TOTAL.try_lock().is_ok());
}

/// Its guard is dropped in the unwinding, without poison, and the next one has the lock.
fn the_holder_of_a_lock_is_cancelled() {
    let lock = Arc::new(Mutex::new(0));
    let (holds, is_held) = mpsc::channel();
    let holder = thread::spawn({
        let lock = Arc::clone(&lock);
        move || {
            let mut held = lock.lock().unwrap();
            *held = 7;
            holds.send(()).unwrap();
            thread::park();
            drop(held);
        }
    });
    is_held.recv().unwrap();
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let lock = Arc::clone(&lock);
            begun(move || *lock.lock().unwrap())
        })
        .collect();
    holder.cancel();
    assert_cancelled(holder);
    waiting.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), 7));
    assert!(!lock.is_poisoned());
}

/// May's leave the queue. Costd's wait for their turn, since who asks for a lock is in the middle of something; but the next call
/// that waits ends them. Either way nobody behind them is forgotten.
fn who_waits_for_a_lock_is_cancelled() {
    let locks = Arc::new((Mutex::new(()), RwLock::new(())));
    let had_it = Arc::new(AtomicUsize::new(0));
    let held = (locks.0.lock().unwrap(), locks.1.write().unwrap());
    let waiting: Vec<_> = (0..9)
        .map(|n| {
            let (locks, had_it) = (Arc::clone(&locks), Arc::clone(&had_it));
            begun(move || {
                match n % 3 {
                    0 => drop(locks.0.lock().unwrap()),
                    1 => drop(locks.1.read().unwrap()),
                    _ => drop(locks.1.write().unwrap()),
                }
                had_it.fetch_add(1, Ordering::Relaxed);
                thread::park();
            })
        })
        .collect();
    waiting.iter().for_each(JoinHandle::cancel);
    thread::sleep(SHORT);
    assert!(waiting.iter().all(|thread| !thread.is_finished()));
    drop(held);
    waiting.into_iter().for_each(assert_cancelled);
    assert_eq!(had_it.load(Ordering::Relaxed), 9);
    assert!(locks.0.try_lock().is_ok() && locks.1.try_write().is_ok());
}

fn a_lock_for_readers() {
    static PAIR: RwLock<(usize, usize)> = RwLock::new((0, 0));
    crowd(12, |n| {
        for round in 0..500 {
            if (n + round) % 5 == 0 {
                let mut pair = PAIR.write().unwrap();
                pair.0 += 1;
                thread::yield_now();
                pair.1 += 1;
            } else {
                let pair = PAIR.read().unwrap();
                assert_eq!(pair.0, pair.1);
            }
        }
    });
    assert_eq!(*PAIR.read().unwrap(), (1200, 1200));
    let (one, other) = (PAIR.read().unwrap(), PAIR.read().unwrap());
    assert!(PAIR.try_write().is_err());
    drop((one, other));
    assert!(PAIR.try_write().is_ok());
}

fn conditions_for_one_and_all() {
    static STATE: (Mutex<(usize, usize)>, Condvar, Condvar) = (Mutex::new((0, 0)), Condvar::new(), Condvar::new());
    let opening = thread::spawn(|| {
        let (lock, all_there, open) = &STATE;
        drop(all_there.wait_while(lock.lock().unwrap(), |state| state.0 < 12).unwrap());
        // One by one, then all that are left.
        for _ in 0..5 {
            lock.lock().unwrap().1 += 1;
            open.notify_one();
        }
        lock.lock().unwrap().1 += 7;
        open.notify_all();
    });
    crowd(12, |_| {
        let (lock, all_there, open) = &STATE;
        let mut state = lock.lock().unwrap();
        state.0 += 1;
        all_there.notify_one();
        let mut state = open.wait_while(state, |state| state.1 == 0).unwrap();
        state.1 -= 1;
    });
    opening.join().unwrap();
    let state = STATE.0.lock().unwrap();
    assert_eq!(*state, (12, 0));
    assert!(STATE.2.wait_timeout(state, SHORT).unwrap().1.timed_out());
}

/// A notification is for somebody who is there.
fn a_condition_whose_waiters_are_cancelled() {
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let mut waiting: Vec<_> = (0..6)
        .map(|_| {
            let shared = Arc::clone(&shared);
            begun(move || {
                let mut tokens = shared.1.wait_while(shared.0.lock().unwrap(), |tokens| *tokens == 0).unwrap();
                *tokens -= 1;
            })
        })
        .collect();
    let stay = waiting.split_off(3);
    waiting.iter().for_each(JoinHandle::cancel);
    for _ in 0..3 {
        *shared.0.lock().unwrap() += 1;
        shared.1.notify_one();
    }
    // One that had been notified before it was cancelled has left its token to the others, or has taken it and ended well.
    let ended_well = waiting.into_iter().filter_map(|thread| thread.join().ok()).count();
    *shared.0.lock().unwrap() += ended_well;
    shared.1.notify_all();
    stay.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*shared.0.lock().unwrap(), 0);
    assert!(!shared.0.is_poisoned());
}

/// May refuses it with a panic, as std once did. There is nothing wrong with it here.
fn two_locks_and_one_condition() {
    let (one, other, condvar) = (Mutex::new(()), Mutex::new(()), Condvar::new());
    drop(condvar.wait_timeout(one.lock().unwrap(), SHORT).unwrap());
    drop(condvar.wait_timeout(other.lock().unwrap(), SHORT).unwrap());
}

fn a_barrier() {
    static BARRIER: Barrier = Barrier::new(10);
    static LEADERS: AtomicUsize = AtomicUsize::new(0);
    crowd(10, |_| {
        for round in 0..50 {
            let leads = BARRIER.wait().is_leader();
            LEADERS.fetch_add(usize::from(leads), Ordering::Relaxed);
            BARRIER.wait();
            assert_eq!(LEADERS.load(Ordering::Relaxed), round + 1);
        }
    });
}

fn permits() {
    static SLOTS: Semaphore = Semaphore::new(3);
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    crowd(12, |_| {
        for _ in 0..100 {
            let _slot = SLOTS.acquire();
            assert!(INSIDE.fetch_add(1, Ordering::Relaxed) < 3);
            thread::yield_now();
            INSIDE.fetch_sub(1, Ordering::Relaxed);
        }
    });
    assert_eq!(SLOTS.available_permits(), 3);
    // Given by some, and taken by others.
    static ITEMS: Semaphore = Semaphore::new(0);
    let taking = thread::spawn(|| (0..1000).for_each(|_| ITEMS.acquire().forget()));
    crowd(10, |_| (0..100).for_each(|_| ITEMS.add_permits(1)));
    taking.join().unwrap();
    assert_eq!(ITEMS.available_permits(), 0);
    for in_time in
        [thread::spawn(|| ITEMS.acquire_timeout(SHORT).is_some()).join().unwrap(), ITEMS.try_acquire().is_some()]
    {
        assert!(!in_time);
    }
}

fn permits_whose_waiters_are_cancelled() {
    let semaphore = Arc::new(Semaphore::new(0));
    let taken = Arc::new(AtomicUsize::new(0));
    let take = |permits| {
        let (semaphore, taken) = (Arc::clone(&semaphore), Arc::clone(&taken));
        begun(move || {
            semaphore.acquire_many(permits).forget();
            taken.fetch_add(permits, Ordering::Relaxed);
        })
    };
    // The first one wants more than there will be, and those behind it wait for it to leave.
    let large = take(100);
    let small: Vec<_> = (0..4).map(|_| take(1)).collect();
    semaphore.add_permits(4);
    thread::sleep(SHORT);
    assert_eq!(taken.load(Ordering::Relaxed), 0);
    large.cancel();
    assert_cancelled(large);
    small.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((taken.load(Ordering::Relaxed), semaphore.available_permits()), (4, 0));
}

fn a_flag() {
    let flag = Arc::new(Event::new());
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let flag = Arc::clone(&flag);
            begun(move || flag.wait())
        })
        .collect();
    assert!(!flag.wait_timeout(SHORT));
    let for_coroutine = Arc::clone(&flag);
    assert!(!thread::spawn(move || for_coroutine.wait_timeout(SHORT)).join().unwrap());
    waiting[3].cancel();
    waiting[7].cancel();
    let mut waiting: Vec<_> = waiting.into_iter().map(Some).collect();
    assert_cancelled(waiting[3].take().unwrap());
    assert_cancelled(waiting[7].take().unwrap());
    flag.set();
    waiting.into_iter().flatten().for_each(|thread| thread.join().unwrap());
    assert!(flag.wait_timeout(Duration::ZERO));
}

fn a_group() {
    let (group, count) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..20 {
        let (member, count) = (group.clone(), Arc::clone(&count));
        thread::spawn(move || {
            thread::yield_now();
            count.fetch_add(1, Ordering::Relaxed);
            drop(member);
        });
    }
    group.wait();
    assert_eq!(count.load(Ordering::Relaxed), 20);
    // One that is cancelled leaves it by unwinding.
    let group = WaitGroup::new();
    let member = group.clone();
    let parked = begun(move || {
        let _member = member;
        loop {
            thread::park();
        }
    });
    parked.cancel();
    group.wait();
    assert_cancelled::<()>(parked);
}

/// What stops its thread stops nobody else.
fn a_stopped_thread() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let stopped = begun(move || {
        assert!(is_coroutine());
        blocking(move || {
            assert!(!is_coroutine());
            receiver.recv().unwrap()
        })
    });
    assert_eq!(thread::spawn(|| 7).join().unwrap(), 7);
    sender.send(8).unwrap();
    assert_eq!(stopped.join().unwrap(), 8);
}
