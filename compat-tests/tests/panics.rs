//! A panic is the affair of the coroutine that panics, whatever its destructors do on the way out.

use compat_tests::child::{self, Child};
use compat_tests::watchdog::Watchdog;
use compat_tests::{in_coroutine, on_both, os_thread, pair, panic_text};
use std::any::Any;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

#[test]
fn the_payload_reaches_join() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let payload = |body: fn()| thread::spawn(body).join().unwrap_err();
        assert_eq!(panic_text(payload(|| panic!("a literal"))), "a literal");
        assert_eq!(panic_text(payload(|| panic!("a {}", "format"))), "a format");
        assert_eq!(payload(|| panic_any(vec![1, 2])).downcast_ref::<Vec<i32>>(), Some(&vec![1, 2]));
        assert_eq!(panic_text(payload(|| resume_unwind(Box::new("resumed")))), "resumed");
        assert!(!thread::panicking());
    });
}

fn oops() {
    panic!("a message of\ntwo lines");
}

#[test]
fn the_message_names_the_coroutine_as_std_names_a_thread() {
    use std::__std::thread as real;
    let test = "the_message_names_the_coroutine_as_std_names_a_thread";
    match child::case().as_deref() {
        None => {
            for name in ["named", "unnamed"] {
                let costd = Child::new(test, &format!("costd {name}")).succeed();
                let real = Child::new(test, &format!("real {name}")).succeed();
                assert!(real.stderr.contains("panicked at"), "{}", real.stderr);
                assert_eq!(costd.stderr_without_ids(), real.stderr_without_ids());
            }
        }
        Some("costd named") => assert!(Builder::new().name("a name".into()).spawn(oops).unwrap().join().is_err()),
        Some("real named") => assert!(real::Builder::new().name("a name".into()).spawn(oops).unwrap().join().is_err()),
        Some("costd unnamed") => assert!(thread::spawn(oops).join().is_err()),
        Some(_) => assert!(real::spawn(oops).join().is_err()),
    }
}

/// Runs its function while a panic unwinds, and sees to it that the panic is noticed before and after.
struct WhileUnwinding<F: FnMut()>(F);

impl<F: FnMut()> Drop for WhileUnwinding<F> {
    fn drop(&mut self) {
        assert!(thread::panicking());
        (self.0)();
        assert!(thread::panicking());
    }
}

fn panic_and_then(name: &'static str, then: impl FnMut() + Send + 'static) -> (&'static str, JoinHandle<()>) {
    let body = move || {
        let _guard = WhileUnwinding(then);
        panic!("{name}");
    };
    (name, thread::spawn(body))
}

/// One coroutine for each way to block in a destructor.
fn panicking_coroutines() -> Vec<(&'static str, JoinHandle<()>)> {
    vec![
        panic_and_then("lock", || {
            let lock = Arc::new(Mutex::new(0));
            let (held, is_held) = channel();
            let (wanted, is_wanted) = channel();
            let holder = thread::spawn({
                let lock = lock.clone();
                move || {
                    let mut guard = lock.lock().unwrap();
                    held.send(()).unwrap();
                    is_wanted.recv().unwrap();
                    assert!(!thread::panicking());
                    *guard = 1;
                }
            });
            is_held.recv().unwrap();
            wanted.send(()).unwrap();
            let guard = lock.lock().unwrap();
            assert_eq!(*guard, 1);
            thread::yield_now();
            drop(guard);
            // The panic was there before the lock was taken: std does not call that poison.
            assert!(!lock.is_poisoned());
            holder.join().unwrap();
        }),
        panic_and_then("rendezvous", || {
            let (sender, receiver) = sync_channel(0);
            let receives = thread::spawn(move || (receiver.recv(), thread::panicking()));
            sender.send(1).unwrap();
            assert_eq!(receives.join().unwrap(), (Ok(1), false));
        }),
        panic_and_then("join", || {
            let (sender, receiver) = channel();
            let child = thread::spawn(move || receiver.recv().unwrap() + i32::from(thread::panicking()));
            sender.send(41).unwrap();
            assert_eq!(child.join().unwrap(), 41);
        }),
        panic_and_then("a child that panics", || {
            let (name, child) = panic_and_then("child", thread::yield_now);
            assert_eq!(panic_text(child.join().unwrap_err()), name);
        }),
        panic_and_then("scope", || {
            let mut numbers = [0; 10];
            thread::scope(|scope| numbers.iter_mut().for_each(|number| drop(scope.spawn(|| *number = 1))));
            assert_eq!(numbers, [1; 10]);
        }),
        panic_and_then("catch", || {
            let caught = catch_unwind(|| {
                thread::yield_now();
                panic!("inside");
            });
            assert_eq!(panic_text(caught.unwrap_err()), "inside");
        }),
        panic_and_then("sleep", || thread::sleep(Duration::from_millis(20))),
        panic_and_then("yield", || (0..100).for_each(|_| thread::yield_now())),
        panic_and_then("socket", || {
            let (mut near, mut far) = pair::tcp();
            let echo = thread::spawn(move || {
                let mut byte = [0];
                far.read_exact(&mut byte).unwrap();
                far.write_all(&byte).unwrap();
            });
            near.write_all(b"x").unwrap();
            near.read_exact(&mut [0]).unwrap();
            echo.join().unwrap();
        }),
    ]
}

/// Locks and unlocks beside the panics, and notices nothing of them.
fn bystander(over: Arc<AtomicBool>) -> usize {
    let lock = Mutex::new(0);
    while !over.load(SeqCst) {
        let mut guard = lock.lock().unwrap();
        thread::yield_now();
        assert!(!thread::panicking());
        *guard += 1;
        drop(guard);
        assert!(!lock.is_poisoned());
        // One that panics and recovers, itself, in the midst of the others' panics.
        let caught: Result<(), Box<dyn Any + Send>> = catch_unwind(|| {
            let _guard = WhileUnwinding(thread::yield_now);
            resume_unwind(Box::new(0));
        });
        assert!(caught.is_err() && !thread::panicking());
    }
    lock.into_inner().unwrap()
}

#[test]
fn destructors_block_while_unwinding_and_others_notice_nothing() {
    let Some(_) = child::case() else {
        for workers in [1, 2] {
            let test = "destructors_block_while_unwinding_and_others_notice_nothing";
            Child::new(test, "run").env("COSTD_WORKERS", workers).succeed();
        }
        return;
    };
    on_both(|| {
        let over = Arc::new(AtomicBool::new(false));
        let bystanders: Vec<_> = (0..4).map(|_| over.clone()).map(|over| thread::spawn(|| bystander(over))).collect();
        for _ in 0..20 {
            for (name, coroutine) in panicking_coroutines() {
                assert_eq!(panic_text(coroutine.join().unwrap_err()), name);
                assert!(!thread::panicking());
            }
        }
        over.store(true, SeqCst);
        bystanders.into_iter().for_each(|bystander| assert!(bystander.join().unwrap() > 0));
    });
}

#[test]
fn a_lock_held_over_a_panic_is_poisoned() {
    let Some(_) = child::case() else {
        let test = "a_lock_held_over_a_panic_is_poisoned";
        Child::new(test, "run").env("COSTD_WORKERS", 1).succeed();
        return;
    };
    on_both(|| {
        let lock = Arc::new(Mutex::new(0));
        let holder = thread::spawn({
            let lock = lock.clone();
            move || {
                // Dropped in the opposite order: it blocks first and unlocks then.
                let _guard = lock.lock().unwrap();
                let _blocks = WhileUnwinding(thread::yield_now);
                panic!("with a lock");
            }
        });
        assert!(holder.join().is_err());
        assert!(lock.is_poisoned() && lock.lock().is_err());
        lock.clear_poison();
        // Held over a panic that was caught inside: not poisoned.
        let guard = lock.lock().unwrap();
        assert!(catch_unwind(|| panic!("inside")).is_err());
        drop(guard);
        assert!(!lock.is_poisoned());
    });
}

#[test]
fn a_second_panic_in_a_destructor_ends_the_process() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            thread::yield_now();
            panic!("the second");
        }
    }
    let body = || {
        let _panics = Panics;
        panic!("the first");
    };
    let test = "a_second_panic_in_a_destructor_ends_the_process";
    match child::case().as_deref() {
        None => {
            let (costd, real) = (Child::new(test, "costd").run(), Child::new(test, "real").run());
            assert_eq!(real.signal(), Some(libc::SIGABRT), "{}", real.stderr);
            assert_eq!(costd.signal(), Some(libc::SIGABRT), "{}", costd.stderr);
            for message in ["the first", "the second"] {
                assert!(costd.stderr.contains(message), "{}", costd.stderr);
            }
        }
        Some("costd") => drop(thread::spawn(body).join()),
        Some(_) => drop(os_thread::spawn(body).join()),
    }
}

#[test]
fn a_panic_hook_may_block() {
    let Some(_) = child::case() else {
        for workers in [1, 2] {
            Child::new("a_panic_hook_may_block", "run").env("COSTD_WORKERS", workers).succeed();
        }
        return;
    };
    // An OS thread holds the lock until the hook has begun, so the hook has to wait for it.
    let lock = Arc::new(Mutex::new(Vec::new()));
    let (begun, has_begun) = channel();
    let (release, released) = channel();
    let holder = os_thread::spawn({
        let lock = lock.clone();
        move || {
            while let Ok(()) = released.recv() {
                let guard = lock.lock().unwrap();
                has_begun.recv().unwrap();
                drop(guard);
            }
        }
    });
    let others = Arc::new(AtomicUsize::new(0));
    set_hook(Box::new({
        let (lock, others) = (lock.clone(), others.clone());
        move |info| {
            begun.send(()).unwrap();
            let line = format!("{:?} {:?}", thread::current().name(), info.payload_as_str());
            lock.lock().unwrap().push(line);
            others.fetch_add(1, SeqCst);
        }
    }));
    for round in 1..=20 {
        release.send(()).unwrap();
        let coroutine = Builder::new().name("panics".into()).spawn(|| panic!("hooked")).unwrap();
        assert_eq!(panic_text(coroutine.join().unwrap_err()), "hooked");
        assert_eq!(others.load(SeqCst), round);
    }
    // Without a hook there is nobody left who could say that it has begun.
    drop((take_hook(), release));
    os_thread::join(holder);
    assert_eq!(*lock.lock().unwrap(), vec!["Some(\"panics\") Some(\"hooked\")"; 20]);
}

#[test]
fn resuming_calls_no_hook() {
    let Some(_) = child::case() else {
        let ended = Child::new("resuming_calls_no_hook", "run").succeed();
        assert_eq!(ended.stderr, "");
        return;
    };
    on_both(|| assert!(thread::spawn(|| resume_unwind(Box::new("quietly"))).join().is_err()));
}

#[test]
fn unwinding_is_caught_across_blocking_calls() {
    let Some(_) = child::case() else {
        for workers in [1, 2] {
            let test = "unwinding_is_caught_across_blocking_calls";
            Child::new(test, "run").env("COSTD_WORKERS", workers).succeed();
        }
        return;
    };
    const COROUTINES: usize = 100;
    on_both(|| {
        let (barrier, lock) = (Arc::new(Barrier::new(COROUTINES)), Arc::new(Mutex::new(())));
        let body = |id: usize| {
            let (barrier, lock) = (barrier.clone(), lock.clone());
            move || {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    // All are inside at once, then they leave by a panic one by one.
                    barrier.wait();
                    let _all_unwind_at_once = WhileUnwinding(|| _ = barrier.wait());
                    let guard = lock.lock().unwrap();
                    thread::yield_now();
                    drop(guard);
                    panic!("{id}");
                }));
                assert!(!thread::panicking());
                panic_text(caught.unwrap_err())
            }
        };
        let coroutines: Vec<_> = (0..COROUTINES).map(|id| thread::spawn(body(id))).collect();
        for (id, coroutine) in coroutines.into_iter().enumerate() {
            assert_eq!(coroutine.join().unwrap(), id.to_string());
        }
        assert!(!lock.is_poisoned());
    });
    in_coroutine(|| assert!(!thread::panicking()));
}
