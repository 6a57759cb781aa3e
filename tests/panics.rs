//! Whose panic is whose: accounts, hooks, payloads; where destructors wait in the middle of unwindings.

mod child;

use std::any::Any;
use std::cell::Cell;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use child::{case, run};
use costd::{panic, thread};

/// Runs `f` on one worker, where everybody meets everybody, and on several.
fn on_workers(test: &str, f: impl FnOnce()) {
    match case() {
        None => {
            for workers in ["1", "3"] {
                run(test, "child", &[("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        Some(_) => {
            if test != "messages" {
                panic::set_hook(Box::new(|_| ()));
            }
            f();
        }
    }
}

/// Does something when it is dropped, and finds the panic as it should be, before and after.
struct OnDrop<F: FnMut()>(bool, F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        assert_eq!(thread::panicking(), self.0);
        (self.1)();
        assert_eq!(thread::panicking(), self.0);
    }
}

fn while_unwinding(f: impl FnMut()) {
    let _guard = OnDrop(true, f);
    panic!("on purpose");
}

/// All the ways to wait that this test can do without locks.
fn wait(n: usize) {
    match n % 5 {
        0 => thread::yield_now(),
        1 => thread::sleep(Duration::from_micros(100)),
        2 => thread::park_timeout(Duration::from_micros(100)),
        3 => {
            let child = thread::spawn(|| {
                assert!(!thread::panicking());
                thread::yield_now();
                thread::panicking()
            });
            assert!(!child.join().unwrap());
        }
        _ => thread::scope(|scope| {
            let child = scope.spawn(|| while_unwinding(thread::yield_now));
            assert!(child.join().is_err());
        }),
    }
}

#[test]
fn many_unwindings_at_once() {
    on_workers("many_unwindings_at_once", || {
        let calm: Vec<_> = (0..50)
            .map(|n| {
                thread::spawn(move || {
                    for round in 0..100 {
                        assert!(!thread::panicking());
                        let _guard = OnDrop(false, || wait(n + round));
                    }
                })
            })
            .collect();
        let unwinding: Vec<_> = (0..200)
            .map(|n| {
                thread::spawn(move || {
                    for round in 0..10 {
                        let result = panic::catch_unwind(|| {
                            while_unwinding(|| {
                                wait(n + round);
                                // Another panic, inside the first, which ends inside it.
                                let inner = panic::catch_unwind(|| while_unwinding(|| wait(n + round + 1)));
                                assert!(inner.is_err());
                                let resumed = panic::catch_unwind(|| {
                                    let _guard = OnDrop(true, || wait(n + round + 2));
                                    panic::resume_unwind(Box::new(7));
                                });
                                assert_eq!(resumed.unwrap_err().downcast_ref(), Some(&7));
                            });
                        });
                        assert!(result.is_err());
                        assert!(!thread::panicking());
                        wait(n);
                        assert!(!thread::panicking());
                    }
                    // The last one is left to `join`.
                    let _guard = OnDrop(true, || wait(n));
                    std::panic::panic_any(n);
                })
            })
            .collect();
        for (n, thread) in unwinding.into_iter().enumerate() {
            assert_eq!(thread.join().unwrap_err().downcast_ref(), Some(&n));
        }
        for thread in calm {
            thread.join().unwrap();
        }
        assert!(!thread::panicking());
        // std's own counts are level: whoever asks it now, on any worker, hears no.
        let asked: Vec<_> = (0..100).map(|_| thread::spawn(std::thread::panicking)).collect();
        assert!(asked.into_iter().all(|thread| !thread.join().unwrap()));
    });
}

#[test]
fn payloads() {
    on_workers("payloads", || {
        fn payload(f: fn()) -> Box<dyn Any + Send> {
            thread::spawn(f).join().unwrap_err()
        }
        assert_eq!(payload(|| panic!("literal")).downcast_ref(), Some(&"literal"));
        assert_eq!(payload(|| panic!("{}", 1)).downcast_ref(), Some(&"1".to_string()));
        assert_eq!(payload(|| std::panic::panic_any([1, 2])).downcast_ref(), Some(&[1, 2]));
        assert_eq!(payload(|| panic::resume_unwind(Box::new('c'))).downcast_ref(), Some(&'c'));
        let through_scope = payload(|| thread::scope(|_| panic::resume_unwind(Box::new("scope"))));
        assert_eq!(through_scope.downcast_ref(), Some(&"scope"));
    });
}

#[test]
fn code_that_is_not_covered() {
    on_workers("code_that_is_not_covered", || {
        let wait_in_drop = thread::spawn(|| while_unwinding(|| thread::sleep(Duration::from_millis(200))));
        let foreign = thread::spawn(|| {
            thread::sleep(Duration::from_millis(50));
            // What it catches is not taken off the account, as long as the other is suspended ...
            let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(())));
            assert!(caught.is_err() && !thread::panicking());
            let caught = std::panic::catch_unwind(|| panic!("foreign"));
            assert!(caught.is_err());
            // ... but inside a catch of ours it is forgotten with that.
            let caught = panic::catch_unwind(|| {
                let caught = std::panic::catch_unwind(|| panic!("foreign"));
                assert!(caught.is_err());
            });
            assert!(caught.is_ok());
            thread::sleep(Duration::from_millis(400));
            thread::yield_now();
            // And when the other is done, all is right again.
            assert!(!thread::panicking());
        });
        assert!(wait_in_drop.join().is_err());
        foreign.join().unwrap();
        // An unwinding that a foreign crate has started is noticed at a switch.
        let unwinding = thread::spawn(|| {
            let _guard = OnDrop(true, || thread::sleep(Duration::from_millis(20)));
            std::panic::resume_unwind(Box::new(()));
        });
        let calm = thread::spawn(|| {
            thread::sleep(Duration::from_millis(10));
            thread::panicking()
        });
        assert!(unwinding.join().is_err());
        assert!(!calm.join().unwrap());
    });
}

type Seen = Arc<Mutex<Vec<String>>>;

fn note(seen: &Seen, who: &'static str) -> impl Fn(&PanicHookInfo<'_>) + Send + Sync + use<> {
    let seen = Arc::clone(seen);
    move |info| {
        assert!(thread::panicking());
        let name = thread::current().name().unwrap_or("-").to_string();
        seen.lock().unwrap().push(format!("{who} {name} {}", info.payload_as_str().unwrap()));
    }
}

fn panic_named(name: &str, payload: &'static str) {
    let builder = thread::Builder::new().name(name.into());
    assert!(builder.spawn(move || std::panic::panic_any(payload)).unwrap().join().is_err());
}

#[test]
fn hooks_in_hooks() {
    on_workers("hooks_in_hooks", || {
        let seen = Seen::default();
        panic::set_hook(Box::new(note(&seen, "first")));
        panic_named("a", "1");
        let previous = panic::take_hook();
        let second = note(&seen, "second");
        panic::set_hook(Box::new(move |info| {
            second(info);
            previous(info);
        }));
        panic_named("b", "2");
        let third = note(&seen, "third");
        panic::update_hook(move |previous, info| {
            third(info);
            previous(info);
        });
        // Counted once, whoever calls whom: it is over when it is caught, also while another one unwinds.
        let other = thread::spawn(|| while_unwinding(|| thread::sleep(Duration::from_millis(50))));
        thread::spawn(|| {
            thread::sleep(Duration::from_millis(20));
            assert!(panic::catch_unwind(|| panic!("3")).is_err());
            assert!(!thread::panicking());
        })
        .join()
        .unwrap();
        assert!(other.join().is_err());
        drop(panic::take_hook());
        let mut seen = seen.lock().unwrap();
        seen.retain(|line| !line.ends_with("on purpose"));
        assert_eq!(*seen, ["first a 1", "second b 2", "first b 2", "third - 3", "second - 3", "first - 3"]);
    });
}

/// The hook can be changed by a coroutine that does not panic, while another one of its worker does.
#[test]
fn hook_changed_beside_an_unwinding() {
    on_workers("hook_changed_beside_an_unwinding", || {
        let stop = Arc::new(AtomicBool::new(false));
        let unwinding = {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                while_unwinding(|| {
                    while !stop.load(SeqCst) {
                        thread::yield_now();
                    }
                    // This one is panicking, and may not.
                    assert!(panic::catch_unwind(|| drop(panic::take_hook())).is_err());
                });
            })
        };
        let seen = Seen::default();
        let seen2 = Arc::clone(&seen);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            panic::set_hook(Box::new(note(&seen2, "set")));
            assert!(panic::catch_unwind(|| panic!("x")).is_err());
            drop(panic::take_hook());
            panic::set_hook(Box::new(|_| ()));
        })
        .join()
        .unwrap();
        stop.store(true, SeqCst);
        assert!(unwinding.join().is_err());
        assert_eq!(*seen.lock().unwrap(), ["set - x"]);
    });
}

/// Whoever waits in a hook stops the OS thread: nobody else runs there, and a lock's owner elsewhere is waited for.
#[test]
fn nothing_is_switched_in_a_hook() {
    on_workers("nothing_is_switched_in_a_hook", || {
        static IN_HOOK: AtomicU32 = AtomicU32::new(0);
        static OS_THREAD: Mutex<Option<std::thread::ThreadId>> = Mutex::new(None);
        panic::set_hook(Box::new(|_| {
            *OS_THREAD.lock().unwrap() = Some(std::thread::current().id());
            IN_HOOK.fetch_add(1, SeqCst);
            thread::yield_now();
            thread::sleep(Duration::from_millis(5));
            thread::park_timeout(Duration::from_millis(5));
            IN_HOOK.fetch_sub(1, SeqCst);
            *OS_THREAD.lock().unwrap() = None;
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let others: Vec<_> = (0..10)
            .map(|_| {
                let stop = Arc::clone(&stop);
                thread::spawn(move || {
                    while !stop.load(SeqCst) {
                        let hook_runs_on = *OS_THREAD.lock().unwrap();
                        assert_ne!(hook_runs_on, Some(std::thread::current().id()));
                        thread::yield_now();
                    }
                })
            })
            .collect();
        for _ in 0..10 {
            assert!(thread::spawn(|| panic!("x")).join().is_err());
        }
        stop.store(true, SeqCst);
        others.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// The first spawn of the process is made where the hook cannot be changed.
#[test]
fn runtime_that_starts_in_an_unwinding() {
    on_workers_without_hook("runtime_that_starts_in_an_unwinding", || {
        let result = std::thread::spawn(|| {
            while_unwinding(|| assert_eq!(thread::spawn(|| 5).join().unwrap(), 5));
        });
        assert!(result.join().is_err());
    });
}

#[test]
fn runtime_that_starts_in_a_hook() {
    on_workers_without_hook("runtime_that_starts_in_a_hook", || {
        static SEEN: AtomicUsize = AtomicUsize::new(0);
        // A foreign hook, as it was there before costd.
        std::panic::set_hook(Box::new(|_| {
            SEEN.store(thread::spawn(|| 5).join().unwrap(), SeqCst);
        }));
        assert!(std::thread::spawn(|| panic!("x")).join().is_err());
        assert_eq!(SEEN.load(SeqCst), 5);
    });
}

fn on_workers_without_hook(test: &str, f: impl FnOnce()) {
    match case() {
        None => {
            for workers in ["1", "3"] {
                run(test, "child", &[("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        Some(_) => f(),
    }
}

/// The names in messages are the coroutines', also where the program had taken the default hook before it spawned.
#[test]
fn default_hook_that_was_taken_early() {
    match case() {
        None => {
            let text = run("default_hook_that_was_taken_early", "child", &[]).succeeded().text();
            assert!(text.contains("before\n\nthread 'early' (ID) panicked at tests/panics.rs:"), "{text}");
        }
        Some(_) => {
            let previous = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                eprintln!("before");
                previous(info);
            }));
            panic_named("early", "x");
        }
    }
}

/// A hook set behind costd's back is called, and one set by costd afterwards wins.
#[test]
fn foreign_hooks() {
    on_workers_without_hook("foreign_hooks", || {
        let seen = Seen::default();
        std::panic::set_hook(Box::new(note(&seen, "before the runtime")));
        panic_named("a", "1");
        std::panic::set_hook(Box::new(note(&seen, "foreign")));
        panic_named("b", "2");
        panic::set_hook(Box::new(note(&seen, "ours")));
        panic_named("c", "3");
        let ours = std::panic::take_hook();
        let foreign = note(&seen, "foreign around");
        std::panic::set_hook(Box::new(move |info| {
            foreign(info);
            ours(info);
        }));
        panic_named("d", "4");
        let expected = ["before the runtime a 1", "foreign b 2", "ours c 3", "foreign around d 4", "ours d 4"];
        assert_eq!(*seen.lock().unwrap(), expected);
        drop(std::panic::take_hook());
    });
}

#[test]
fn catch_unwind_gives_what_std_gives() {
    on_workers("catch_unwind_gives_what_std_gives", || {
        let f = || {
            assert_eq!(panic::catch_unwind(|| 5).unwrap(), 5);
            let cell = Cell::new(1);
            let changed = panic::catch_unwind(panic::AssertUnwindSafe(|| {
                cell.set(2);
                thread::yield_now();
                panic!("x");
            }));
            assert_eq!(changed.unwrap_err().downcast_ref(), Some(&"x"));
            assert_eq!(cell.get(), 2);
        };
        f();
        thread::spawn(f).join().unwrap();
    });
}
