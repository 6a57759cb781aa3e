//! What `docs/soundness.md` claims and no other test shows.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use std::cell::{Cell, RefCell};
use std::fs;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use child::{case, run};
use costd::coroutine::{
    Cancelled, Event, JoinHandleExt, Semaphore, WaitGroup, block_on, blocking, join_async, os_thread, timeout,
};
use costd::io::{self, Read, Write};
use costd::net::{TcpListener, TcpStream};
use costd::process::Command;
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::sync::mpsc::{channel, sync_channel};
use costd::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock};
use costd::{panic, thread};
use fault_common::watch;

/// Runs `f` in processes of its own with so many workers.
fn on_workers(test: &str, workers: &[&str], f: impl FnOnce()) {
    if case().is_none() {
        workers.iter().for_each(|workers| drop(run(test, "go", &[("COSTD_WORKERS", workers)]).succeeded()));
        return;
    }
    watch(test);
    f();
}

std::thread_local!(static REAL: Cell<usize> = const { Cell::new(0) });

/// The OS thread that runs this, and the place of a real thread-local on it.
#[inline(never)]
fn place() -> (std::thread::ThreadId, usize) {
    (std::thread::current().id(), REAL.with(|real| std::ptr::from_ref(real).addr()))
}

/// One wait of each kind.
const WAITS: &[(&str, fn())] = &[
    ("yield_now", thread::yield_now),
    ("sleep", || thread::sleep(Duration::from_micros(100))),
    ("park", || {
        let me = thread::current();
        thread::spawn(move || me.unpark());
        thread::park();
    }),
    ("join", || thread::spawn(thread::yield_now).join().unwrap()),
    ("scope", || thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(thread::yield_now))))),
    ("locks", || {
        static LOCKS: (Mutex<()>, RwLock<()>) = (Mutex::new(()), RwLock::new(()));
        let guard = LOCKS.0.lock().unwrap();
        thread::yield_now();
        drop(guard);
        let guard = LOCKS.1.write().unwrap();
        thread::yield_now();
        drop(guard);
        thread::yield_now();
        drop(LOCKS.1.read().unwrap());
    }),
    ("Condvar", || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&pair);
        thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_all();
        });
        drop(pair.1.wait_while(pair.0.lock().unwrap(), |done| !*done).unwrap());
    }),
    ("Barrier and Once", || {
        let both = Arc::new((Barrier::new(2), Once::new()));
        let other = Arc::clone(&both);
        thread::spawn(move || {
            other.0.wait();
            other.1.call_once(thread::yield_now);
        });
        both.0.wait();
        both.1.call_once(thread::yield_now);
    }),
    ("channels", || {
        let ((to, from), (back, answers)) = (sync_channel(0), channel());
        thread::spawn(move || from.iter().for_each(|n: u32| back.send(n).unwrap()));
        to.send(1).unwrap();
        assert_eq!(answers.recv(), Ok(1));
    }),
    ("Event, Semaphore, WaitGroup", || {
        let all = Arc::new((Event::new(), Semaphore::new(0)));
        let group = WaitGroup::new();
        let (other, member) = (Arc::clone(&all), group.clone());
        thread::spawn(move || {
            other.0.set();
            other.1.add_permits(1);
            drop(member);
        });
        all.0.wait();
        all.1.acquire().forget();
        group.wait();
    }),
    ("TCP", || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || TcpStream::connect(address).unwrap().write_all(b"x").unwrap());
        listener.accept().unwrap().0.read_exact(&mut [0]).unwrap();
    }),
    ("pipe", || {
        let (mut reader, mut writer) = io::pipe().unwrap();
        thread::spawn(move || writer.write_all(b"x").unwrap());
        reader.read_exact(&mut [0]).unwrap();
    }),
    ("child", || assert!(Command::new("true").status().unwrap().success())),
    ("blocking", || assert_eq!(blocking(|| 5), 5)),
    ("file", || drop(costd::fs::read("/proc/self/comm").unwrap())),
    ("block_on", || {
        let other = thread::spawn(|| 5);
        assert_eq!(block_on(join_async(other)).unwrap(), 5);
    }),
    ("a thread of the system", || os_thread::spawn(|| ()).join().unwrap()),
    ("a destructor", || {
        struct Waits;
        impl Drop for Waits {
            fn drop(&mut self) {
                thread::sleep(Duration::from_micros(100));
            }
        }
        let result = panic::catch_unwind(|| {
            let _waits = Waits;
            panic::resume_unwind(Box::new(()));
        });
        assert!(result.is_err());
    }),
];

/// Whatever a coroutine waits for, it goes on where it was: the same OS thread, the same thread-locals of the system's, at the same
/// address; and what cannot be sent is as it left it.
#[test]
fn every_wait_ends_where_it_began() {
    on_workers("every_wait_ends_where_it_began", &["1", "4"], || {
        let body = |n: usize| {
            let home = place();
            let shared = Rc::new(RefCell::new(Vec::new()));
            for step in 0..2 * WAITS.len() {
                let (name, wait) = WAITS[(n + step) % WAITS.len()];
                let borrowed = shared.borrow();
                let clone = Rc::clone(&shared);
                wait();
                assert_eq!(place(), home, "after {name}");
                assert_eq!((borrowed.len(), Rc::strong_count(&clone)), (step, 2));
                drop(borrowed);
                shared.borrow_mut().push(name);
            }
        };
        let all: Vec<_> = (0..100).map(|n| thread::spawn(move || body(n))).collect();
        all.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A borrow of a thread-local that is held over a wait is nobody else's affair; that of a *real* one meets the others of the
/// worker, in the way that its own checks report: a panic.
#[test]
fn borrows_of_thread_locals() {
    costd::thread_local!(static OURS: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) });
    std::thread_local!(static THEIRS: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) });
    on_workers("borrows_of_thread_locals", &["1"], || {
        let ours = |n| {
            OURS.with_borrow_mut(|values| {
                for step in 0..10 {
                    values.push(n);
                    thread::yield_now();
                    assert_eq!(*values, vec![n; step + 1]);
                }
            });
        };
        let all: Vec<_> = (0..100).map(|n| thread::spawn(move || ours(n))).collect();
        all.into_iter().for_each(|thread| thread.join().unwrap());

        let (begun, has_begun) = channel();
        let (go, may_go) = channel();
        let holds = thread::spawn(move || {
            THEIRS.with_borrow_mut(|values| {
                values.push(1);
                begun.send(()).unwrap();
                may_go.recv().unwrap();
                values.push(2);
            });
            THEIRS.take()
        });
        has_begun.recv().unwrap();
        let meets = thread::spawn(|| THEIRS.with_borrow_mut(|values| values.push(3)));
        assert!(meets.join().is_err());
        go.send(()).unwrap();
        assert_eq!(holds.join().unwrap(), [1, 2]);
    });
}

/// A context that is set for a call and put back after it, by hand, as a scoped thread-local does it: each coroutine has its own. In
/// a real thread-local the calls of several coroutines are one in another, and each puts back what it has found: the wrong one.
#[test]
fn contexts_that_are_set_by_hand() {
    costd::thread_local!(static OURS: Cell<usize> = const { Cell::new(0) });
    fn context(set: fn(usize) -> usize, get: fn() -> usize) -> (usize, usize, usize) {
        let (first_is_in, second_may_come) = channel();
        let (second_is_in, first_may_go) = channel();
        let (first_has_gone, second_may_go) = channel();
        let first = thread::spawn(move || {
            let before = set(1);
            first_is_in.send(()).unwrap();
            first_may_go.recv().unwrap();
            let seen = get();
            set(before);
            first_has_gone.send(()).unwrap();
            seen
        });
        let second = thread::spawn(move || {
            second_may_come.recv().unwrap();
            let before = set(2);
            second_is_in.send(()).unwrap();
            second_may_go.recv().unwrap();
            let seen = get();
            set(before);
            (seen, get())
        });
        let first = first.join().unwrap();
        let (second, after) = second.join().unwrap();
        (first, second, after)
    }
    on_workers("contexts_that_are_set_by_hand", &["1"], || {
        assert_eq!(context(|n| OURS.replace(n), || OURS.get()), (1, 2, 0));
        assert_eq!(context(|n| REAL.replace(n), || REAL.get()), (2, 0, 1));
    });
}

/// A lock of the real std that a coroutine holds over a wait is held by its worker's OS thread: `try_lock` says so, `lock` stops
/// the worker, with all that has started there. What has not started goes on elsewhere.
#[test]
fn real_locks_held_over_a_wait() {
    static REAL_LOCK: std::sync::Mutex<u32> = std::sync::Mutex::new(0);
    on_workers("real_locks_held_over_a_wait", &["1"], || {
        let (begun, has_begun) = channel();
        let (go, may_go) = channel();
        let (gone, has_gone) = channel();
        thread::spawn(move || {
            let mut guard = REAL_LOCK.lock().unwrap();
            begun.send(()).unwrap();
            may_go.recv().unwrap();
            *guard += 1;
            drop(guard);
            gone.send(()).unwrap();
        });
        has_begun.recv().unwrap();
        assert!(thread::spawn(|| REAL_LOCK.try_lock().is_err()).join().unwrap());
        thread::spawn(|| drop(REAL_LOCK.lock()));
        // It has stopped the worker when spawns are handed to reserves, whose OS threads have names of their own.
        let mine = || fs::read_to_string("/proc/thread-self/comm").unwrap();
        while !thread::spawn(mine).join().unwrap().starts_with("costd-reserve") {}
        go.send(()).unwrap();
        // The holder would be the next to run, and cannot.
        assert!(has_gone.recv_timeout(Duration::from_millis(300)).is_err());
        assert!(REAL_LOCK.try_lock().is_err());
    });
}

/// What `blocking` has lent is used to the end before its frame goes, though the coroutine is cancelled, or its time is up.
#[test]
fn a_blocking_section_outlasts_its_interruption() {
    on_workers("a_blocking_section_outlasts_its_interruption", &["1", "2"], || {
        for by_time in [false, true] {
            let (begun, has_begun) = std::sync::mpsc::channel();
            let (go, may_go) = std::sync::mpsc::channel();
            let may_go = std::sync::Mutex::new(may_go);
            let ended = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&ended);
            let thread = thread::spawn(move || {
                let mut lent = vec![0; 1000];
                let _last = OnDrop(|| _ = seen.fetch_add(1, Ordering::Relaxed));
                let mut section = || {
                    blocking(|| {
                        begun.send(()).unwrap();
                        may_go.lock().unwrap().recv().unwrap();
                        lent.fill(1);
                    });
                };
                if by_time {
                    let _ = timeout(Duration::from_millis(1), section);
                } else {
                    section();
                }
                assert_eq!(lent, vec![1; 1000]);
                thread::sleep(Duration::from_millis(1));
            });
            has_begun.recv().unwrap();
            if !by_time {
                thread.cancel();
            }
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(ended.load(Ordering::Relaxed), 0);
            go.send(()).unwrap();
            assert_eq!(thread.join().is_err_and(|payload| payload.is::<Cancelled>()), !by_time);
            assert_eq!(ended.load(Ordering::Relaxed), 1);
        }
    });
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A future is polled once and then leaked; what it waits for ends all the same.
fn poll_and_leak<F: Future + Unpin>(mut future: F) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(pin!(&mut future).poll(&mut context), Poll::Pending));
    std::mem::forget(future);
}

/// Everything that may be forgotten, forgotten while somebody needs it.
#[test]
fn leaks_of_every_kind() {
    on_workers("leaks_of_every_kind", &["1", "3"], || {
        let ended = Arc::new(AtomicUsize::new(0));
        for _ in 0..200 {
            let go = Arc::new(Event::new());
            let body = {
                let (go, ended) = (Arc::clone(&go), Arc::clone(&ended));
                move || {
                    go.wait();
                    ended.fetch_add(1, Ordering::Relaxed);
                    vec![1; 10]
                }
            };
            poll_and_leak(join_async(thread::spawn(body.clone())));
            std::mem::forget(thread::spawn(body.clone()));
            std::mem::forget(thread::current());
            std::mem::forget(os_thread::spawn(|| ()));
            go.set();
            assert_eq!(thread::spawn(body).join().unwrap(), [1; 10]);
            // Guards: the lock stays locked, and nothing else.
            let lock = Arc::new(Mutex::new(()));
            std::mem::forget(lock.lock().unwrap());
            assert!(lock.try_lock().is_err());
            let semaphore = Semaphore::new(1);
            std::mem::forget(semaphore.acquire());
            assert!(semaphore.try_acquire().is_none());
            let (sender, receiver) = channel();
            sender.send(Box::new(1)).unwrap();
            std::mem::forget(sender);
            assert_eq!(receiver.recv(), Ok(Box::new(1)));
        }
        while ended.load(Ordering::Relaxed) < 600 {
            thread::sleep(Duration::from_millis(1));
        }
    });
}
