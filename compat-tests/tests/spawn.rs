//! Starting and joining: who runs a new coroutine and when, and what `Builder`, `scope` and `join` promise.

use compat_tests::child::{self, Child};
use compat_tests::watchdog::Watchdog;
use compat_tests::{in_coroutine, on_both, os_thread, panic_text};
use std::collections::{HashMap, HashSet};
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{TryRecvError, channel};
use std::sync::{Arc, Barrier};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

fn compute_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

/// Starts children that compute, and checks which OS threads ran them.
fn fan_out(workers: usize) {
    const CHILDREN: usize = 64;
    let children: Vec<_> = (0..CHILDREN)
        .map(|_| {
            thread::spawn(|| {
                compute_for(Duration::from_millis(10));
                os_thread::id()
            })
        })
        .collect();
    let mut ran = HashMap::new();
    for child in children {
        *ran.entry(child.join().unwrap()).or_insert(0) += 1;
    }
    assert!(ran.len() >= workers, "{workers} workers, but only these ran anything: {ran:?}");
    assert!(ran.values().all(|&share| share <= CHILDREN / 2), "an uneven share: {ran:?}");
}

#[test]
fn a_fan_out_of_computing_children_uses_all_workers() {
    match child::case().as_deref() {
        None => {
            Child::new("a_fan_out_of_computing_children_uses_all_workers", "run").env("COSTD_WORKERS", 4).succeed();
        }
        // From an OS thread, and from a coroutine.
        _ => on_both(|| fan_out(4)),
    }
}

#[test]
fn the_child_of_a_computing_parent_is_run_by_somebody_else() {
    match child::case().as_deref() {
        None => {
            let test = "the_child_of_a_computing_parent_is_run_by_somebody_else";
            Child::new(test, "run").env("COSTD_WORKERS", 2).succeed();
        }
        _ => in_coroutine(|| {
            let mut waits: Vec<Duration> = (0..20).map(|_| time_until_child_runs()).collect();
            waits.sort();
            // Microseconds on a machine that is idle. The bounds leave room for one that is not.
            assert!(waits[10] < Duration::from_millis(50), "the parent had to compute this long: {waits:?}");
            assert!(waits[19] < Duration::from_secs(2), "the parent had to compute this long: {waits:?}");
        }),
    }
}

/// Starts a child and computes, without a word to the runtime, until the child has run.
fn time_until_child_runs() -> Duration {
    let ran = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let child = thread::spawn({
        let ran = ran.clone();
        move || ran.store(true, SeqCst)
    });
    while !ran.load(SeqCst) {
        spin_loop();
    }
    let time = start.elapsed();
    child.join().unwrap();
    time
}

#[test]
fn spawns_behind_a_worker_that_is_held_up_are_run_by_others() {
    match child::case().as_deref() {
        None => {
            let test = "spawns_behind_a_worker_that_is_held_up_are_run_by_others";
            Child::new(test, "run").env("COSTD_WORKERS", 2).succeed();
        }
        _ => {
            const CHILDREN: usize = 100;
            in_coroutine(|| {
                // This channel is the real std's: while it waits, the worker stands still.
                let (sender, receiver) = std::__std::sync::mpsc::channel();
                for _ in 0..CHILDREN {
                    let sender = sender.clone();
                    thread::spawn(move || sender.send(()).unwrap());
                }
                (0..CHILDREN).for_each(|_| receiver.recv().unwrap());

                // The same with spawns that come from outside meanwhile.
                os_thread::spawn(move || {
                    for _ in 0..CHILDREN {
                        let sender = sender.clone();
                        thread::spawn(move || sender.send(()).unwrap());
                    }
                });
                (0..CHILDREN).for_each(|_| receiver.recv().unwrap());
            });
        }
    }
}

#[test]
fn the_process_ends_with_main_whatever_coroutines_do() {
    match child::case().as_deref() {
        None => {
            for case in ["parked", "computing", "sleeping"] {
                Child::new("the_process_ends_with_main_whatever_coroutines_do", case).succeed();
            }
        }
        // The test returns and with it libtest's main.
        Some(case) => {
            let case = case.to_owned();
            let (sender, receiver) = channel();
            thread::spawn(move || {
                sender.send(()).unwrap();
                loop {
                    match case.as_str() {
                        "parked" => thread::park(),
                        "sleeping" => thread::sleep(Duration::from_secs(1000)),
                        _ => spin_loop(),
                    }
                }
            });
            receiver.recv().unwrap();
        }
    }
}

#[test]
fn names_are_those_given() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let named = Builder::new().name("a name".into()).spawn(|| thread::current().name().map(str::to_owned)).unwrap();
        assert_eq!(named.thread().name(), Some("a name"));
        assert_eq!(named.join().unwrap().as_deref(), Some("a name"));
        let unnamed = thread::spawn(|| thread::current().name().map(str::to_owned));
        assert_eq!(unnamed.thread().name(), None);
        assert_eq!(unnamed.join().unwrap(), None);
        // std's rule: a name is a C string.
        let refused = catch_unwind(|| Builder::new().name("a\0b".into()).spawn(|| ()));
        assert!(refused.is_err());
    });
}

#[test]
fn ids_are_never_shared() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let barrier = Arc::new(Barrier::new(20));
        let id = |barrier: Arc<Barrier>| {
            move || {
                let id = thread::current().id();
                barrier.wait();
                assert_eq!(thread::current().id(), id);
                id
            }
        };
        let coroutines: Vec<_> = (0..10).map(|_| thread::spawn(id(barrier.clone()))).collect();
        let os_threads: Vec<_> = (0..10).map(|_| os_thread::spawn(id(barrier.clone()))).collect();
        let mut ids = HashSet::from([thread::current().id()]);
        for coroutine in coroutines {
            let id = coroutine.thread().id();
            assert_eq!(coroutine.join().unwrap(), id);
            assert!(ids.insert(id));
        }
        assert!(os_threads.into_iter().all(|thread| ids.insert(os_thread::join(thread))));
        assert_eq!(ids.len(), 21);
    });
}

#[test]
fn a_stack_that_cannot_be_had_is_an_error() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        const TOO_LARGE: usize = 1 << 48;
        let real = std::__std::thread::Builder::new().stack_size(TOO_LARGE).spawn(|| ()).map(drop).unwrap_err();
        let error = Builder::new().stack_size(TOO_LARGE).spawn(|| ()).map(drop).unwrap_err();
        assert_eq!(error.kind(), real.kind());
        thread::scope(|scope| assert!(Builder::new().stack_size(TOO_LARGE).spawn_scoped(scope, || ()).is_err()));
    });
}

/// Uses so many bytes of stack, and hardly more.
fn descend(bytes: usize) -> usize {
    fn down(to: usize) -> usize {
        let frame = std::hint::black_box([0_u8; 1024]);
        let here = frame.as_ptr().addr();
        if here > to { down(to).min(here) } else { here }
    }
    let here = std::hint::black_box(&bytes) as *const usize;
    here.addr() - down(here.addr() - bytes)
}

#[test]
fn a_stack_is_as_large_as_asked_for() {
    if child::case().is_some() {
        // RUST_MIN_STACK says how large a stack is by default.
        return on_both(|| assert!(thread::spawn(|| descend(28 << 20)).join().unwrap() >= 28 << 20));
    }
    let _watchdog = Watchdog::start();
    on_both(|| {
        assert!(thread::spawn(|| descend(1 << 20)).join().unwrap() >= 1 << 20);
        let large = Builder::new().stack_size(64 << 20).spawn(|| descend(60 << 20)).unwrap();
        assert!(large.join().unwrap() >= 60 << 20);
        // What is too small for anything is made larger.
        assert!(Builder::new().stack_size(0).spawn(|| true).unwrap().join().unwrap());
    });
    Child::new("a_stack_is_as_large_as_asked_for", "run").env("RUST_MIN_STACK", 32 << 20).succeed();
}

#[test]
fn join_returns_the_value_or_the_panic() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        assert_eq!(thread::spawn(|| vec![1, 2, 3]).join().unwrap(), [1, 2, 3]);
        let panicked = thread::spawn(|| std::panic::panic_any(17_u64)).join().unwrap_err();
        assert_eq!(*panicked.downcast::<u64>().unwrap(), 17);
        // One that has long ended is joined as well.
        let early = thread::spawn(|| "early");
        while !early.is_finished() {
            thread::yield_now();
        }
        assert_eq!(early.join().unwrap(), "early");
        let (sender, receiver) = channel::<()>();
        let late = thread::spawn(move || receiver.recv().is_err());
        assert!(!late.is_finished());
        drop(sender);
        assert!(late.join().unwrap());
    });
}

#[test]
fn a_coroutine_outlives_its_handle() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (go, wait) = channel();
        let (done, is_done) = channel();
        drop(thread::spawn(move || done.send(wait.recv())));
        assert_eq!(is_done.try_recv(), Err(TryRecvError::Empty));
        go.send(5).unwrap();
        assert_eq!(is_done.recv(), Ok(Ok(5)));
    });
}

#[test]
fn a_scope_joins_all_and_lends_its_surroundings() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let mut numbers = vec![0; 100];
        let sum = AtomicUsize::new(0);
        let result = thread::scope(|scope| {
            for (i, number) in numbers.iter_mut().enumerate() {
                let sum = &sum;
                // A child of the scope may start more of them.
                scope.spawn(move || {
                    *number = i;
                    scope.spawn(move || sum.fetch_add(i, SeqCst));
                });
            }
            let named = Builder::new().name("scoped".into()).spawn_scoped(scope, || sum.load(SeqCst) < 5000).unwrap();
            assert_eq!(named.thread().name(), Some("scoped"));
            assert!(named.join().unwrap());
            "the scope's value"
        });
        assert_eq!(result, "the scope's value");
        assert_eq!(sum.into_inner(), 99 * 100 / 2);
        assert!(numbers.into_iter().eq(0..100));
    });
}

#[test]
fn a_scope_passes_on_the_panics_that_nobody_joined() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let finished = AtomicUsize::new(0);
        let payload = catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                scope.spawn(|| panic!("not joined"));
                scope.spawn(|| finished.fetch_add(1, SeqCst));
            })
        }));
        assert_eq!(panic_text(payload.unwrap_err()), "a scoped thread panicked");

        thread::scope(|scope| {
            let joined = scope.spawn(|| panic!("joined"));
            assert_eq!(panic_text(joined.join().unwrap_err()), "joined");
        });

        // If the body panics, that is the panic which goes on, after everybody has finished.
        let payload = catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                let (sender, receiver) = channel::<()>();
                let finished = &finished;
                scope.spawn(move || {
                    receiver.recv().unwrap_err();
                    finished.fetch_add(1, SeqCst);
                });
                let _ends_the_wait = sender;
                panic!("the body");
            })
        }));
        assert_eq!(panic_text(payload.unwrap_err()), "the body");
        assert_eq!(finished.into_inner(), 2);
    });
}
