//! Unwindings that wait on the way, dozens at once, beside others that notice nothing; panics across scopes; and what is
//! dropped where nobody expects a panic.

mod child;

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, panic_any};
use std::time::Duration;

use child::{case, run};
use costd::coroutine::{JoinHandleExt, Semaphore};
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::sync::mpsc::{channel, sync_channel};
use costd::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock};
use costd::{panic, thread};

/// Runs `f` on one worker, where everybody meets everybody, and on several; quietly.
fn on_workers(test: &str, f: impl FnOnce()) {
    match case() {
        None => {
            for workers in ["1", "3"] {
                run(test, "child", &[("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        Some(_) => {
            let hangs = std::thread::spawn({
                let test = test.to_owned();
                move || {
                    std::thread::park_timeout(Duration::from_secs(60));
                    eprintln!("{test}: hangs");
                    std::process::abort();
                }
            });
            panic::set_hook(Box::new(|_| ()));
            f();
            // Not unparked: the process ends.
            drop(hangs);
        }
    }
}

/// Runs its function when it is dropped in an unwinding, and finds that before and after.
struct WhileUnwinding<F: FnMut()>(F);

impl<F: FnMut()> Drop for WhileUnwinding<F> {
    fn drop(&mut self) {
        assert!(thread::panicking());
        (self.0)();
        assert!(thread::panicking());
    }
}

/// What they all share.
#[derive(Default)]
struct Common {
    lock: Mutex<usize>,
    rw: RwLock<usize>,
    changed: Condvar,
}

impl Common {
    /// All the ways to wait that have to do with others; more than one of them meets those who unwind.
    fn wait(&self, n: usize) {
        let panicking = thread::panicking();
        match n % 8 {
            0 => {
                // Held over a switch, so that others wait for it.
                let mut guard = self.lock.lock().unwrap();
                thread::yield_now();
                *guard += 1;
            }
            1 => {
                let guard = self.rw.read().unwrap();
                thread::yield_now();
                drop(guard);
                *self.rw.write().unwrap() += 1;
            }
            2 => {
                let (sender, receiver) = sync_channel(0);
                let child = thread::spawn(move || (receiver.recv().unwrap(), thread::panicking()));
                sender.send(n).unwrap();
                assert_eq!(child.join().unwrap(), (n, false));
            }
            3 => {
                let (sender, receiver) = channel();
                let child = thread::spawn(move || sender.send(thread::panicking()).unwrap());
                assert!(!receiver.recv().unwrap());
                child.join().unwrap();
            }
            4 => {
                let guard = self.lock.lock().unwrap();
                drop(self.changed.wait_timeout(guard, Duration::from_micros(100)).unwrap());
                self.changed.notify_one();
            }
            5 => {
                let sum = AtomicUsize::new(0);
                thread::scope(|scope| {
                    for _ in 0..3 {
                        scope.spawn(|| sum.fetch_add(1 + usize::from(thread::panicking()), Ordering::Relaxed));
                    }
                });
                assert_eq!(sum.into_inner(), 3);
            }
            6 => {
                static TWO: Semaphore = Semaphore::new(2);
                let permit = TWO.acquire();
                thread::sleep(Duration::from_micros(50));
                drop(permit);
            }
            _ => {
                let once = Arc::new(Once::new());
                let child = {
                    let once = Arc::clone(&once);
                    thread::spawn(move || once.call_once(thread::yield_now))
                };
                once.call_once(thread::yield_now);
                child.join().unwrap();
            }
        }
        assert_eq!(thread::panicking(), panicking);
    }
}

#[test]
fn dozens_unwind_beside_hundreds_that_do_not() {
    const UNWINDING: usize = 60;
    const CALM: usize = 400;
    on_workers("dozens_unwind_beside_hundreds_that_do_not", || {
        let common = Arc::new(Common::default());
        let in_the_midst = Arc::new(Barrier::new(UNWINDING));
        let over = Arc::new(AtomicUsize::new(0));
        let unwinding: Vec<_> = (0..UNWINDING)
            .map(|n| {
                let (common, in_the_midst, over) = (Arc::clone(&common), Arc::clone(&in_the_midst), Arc::clone(&over));
                let held = Arc::new((Mutex::new(()), RwLock::new(())));
                let mine = Arc::clone(&held);
                let thread = thread::spawn(move || {
                    // Held when the panic begins, and until its waits are over: these two are poisoned.
                    let _guards = (mine.0.lock().unwrap(), mine.1.write().unwrap());
                    let _waits = WhileUnwinding(|| {
                        // All of them are suspended at this point at once.
                        in_the_midst.wait();
                        (0..16).for_each(|step| common.wait(n + step));
                        let caught = panic::catch_unwind(AssertUnwindSafe(|| {
                            let _waits = WhileUnwinding(|| common.wait(n));
                            panic_any(n);
                        }));
                        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&n));
                        over.fetch_add(1, Ordering::Relaxed);
                    });
                    panic_any(n);
                });
                (thread, held)
            })
            .collect();
        let calm: Vec<_> = (0..CALM)
            .map(|n| {
                let (common, over) = (Arc::clone(&common), Arc::clone(&over));
                thread::spawn(move || {
                    let own = (Mutex::new(()), RwLock::new(()));
                    let mut rounds = 0;
                    while rounds < 8 || over.load(Ordering::Relaxed) < UNWINDING {
                        assert!(!thread::panicking());
                        let guards = (own.0.lock().unwrap(), own.1.write().unwrap());
                        common.wait(n + rounds);
                        drop(guards);
                        assert!(!own.0.is_poisoned() && !own.1.is_poisoned());
                        rounds += 1;
                    }
                })
            })
            .collect();
        for (n, (thread, held)) in unwinding.into_iter().enumerate() {
            assert_eq!(thread.join().unwrap_err().downcast_ref(), Some(&n));
            assert!(held.0.is_poisoned() && held.1.is_poisoned());
        }
        calm.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!common.lock.is_poisoned() && !common.rw.is_poisoned());
    });
}

/// Of the scope's body, of its threads, joined or not, and of both; each while all the others have ended before it goes on.
fn panics_in_scopes() {
    let ended = AtomicUsize::new(0);
    let slow = || {
        thread::sleep(Duration::from_millis(5));
        ended.fetch_add(1, Ordering::Relaxed);
    };
    let caught = |f: &dyn Fn()| -> Box<dyn Any + Send> { panic::catch_unwind(AssertUnwindSafe(f)).unwrap_err() };

    let body = caught(&|| {
        thread::scope(|scope| {
            scope.spawn(slow);
            let _waits = WhileUnwinding(thread::yield_now);
            panic_any(1);
        });
    });
    assert_eq!((body.downcast_ref(), ended.load(Ordering::Relaxed)), (Some(&1), 1));

    let a_thread = caught(&|| {
        thread::scope(|scope| {
            scope.spawn(slow);
            scope.spawn(|| panic_any(2));
        });
    });
    let text = a_thread.downcast_ref::<&str>();
    assert_eq!((text, ended.load(Ordering::Relaxed)), (Some(&"a scoped thread panicked"), 2));

    thread::scope(|scope| {
        let joined = scope.spawn(|| {
            let _waits = WhileUnwinding(slow);
            panic_any(3);
        });
        assert_eq!(joined.join().map(drop).unwrap_err().downcast_ref(), Some(&3));
    });
    assert_eq!(ended.load(Ordering::Relaxed), 3);

    // The body's own panic is what goes on.
    let both = caught(&|| {
        thread::scope(|scope| {
            scope.spawn(|| panic_any(4));
            thread::sleep(Duration::from_millis(2));
            panic_any(5);
        });
    });
    assert_eq!(both.downcast_ref(), Some(&5));

    // A scope of a destructor, in an unwinding, with a thread that panics.
    let outer = caught(&|| {
        let _scope = WhileUnwinding(|| {
            let inner = panic::catch_unwind(|| thread::scope(|scope| drop(scope.spawn(|| panic_any(6)))));
            assert!(inner.is_err());
        });
        panic_any(7);
    });
    assert_eq!(outer.downcast_ref(), Some(&7));
    assert!(!thread::panicking());
}

#[test]
fn across_scopes() {
    on_workers("across_scopes", || {
        panics_in_scopes();
        let many: Vec<_> = (0..20).map(|_| thread::spawn(panics_in_scopes)).collect();
        many.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Panics with this when it is dropped.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        thread::yield_now();
        panic_any(self.0);
    }
}

/// The destructor of what a closure has captured is part of its run; where the spawn is refused, it is the caller's.
#[test]
fn closures_that_panic_when_they_are_dropped() {
    on_workers("closures_that_panic_when_they_are_dropped", || {
        let bomb = Bomb(1);
        let thread = thread::spawn(move || {
            let _bomb = &bomb;
            thread::yield_now();
        });
        assert_eq!(thread.join().unwrap_err().downcast_ref(), Some(&1_u32));

        let too_large = || thread::Builder::new().stack_size(1 << 50);
        let bomb = Bomb(2);
        let refused = panic::catch_unwind(AssertUnwindSafe(|| too_large().spawn(move || drop(bomb)).is_err()));
        assert_eq!(refused.unwrap_err().downcast_ref(), Some(&2_u32));

        // The scope does not wait for a thread that there is not.
        let refused = panic::catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                let bomb = Bomb(3);
                let _ = too_large().spawn_scoped(scope, move || drop(bomb));
            });
        }));
        assert_eq!(refused.unwrap_err().downcast_ref(), Some(&3_u32));
    });
}

/// Handles that are leaked: of threads that return, panic, or are cancelled. A scope ends all the same, and what it has lent is
/// used by nobody afterwards.
#[test]
fn leaked_handles() {
    on_workers("leaked_handles", || {
        for _ in 0..100 {
            let mut lent = vec![0; 16];
            let result = panic::catch_unwind(AssertUnwindSafe(|| {
                thread::scope(|scope| {
                    for (n, place) in lent.iter_mut().enumerate() {
                        let handle = scope.spawn(move || {
                            let _last = OnDrop(|| *place += 1);
                            thread::yield_now();
                            match n % 3 {
                                0 => (),
                                1 => panic_any(n),
                                _ => thread::park(),
                            }
                        });
                        if n % 3 == 2 {
                            handle.cancel();
                        }
                        std::mem::forget(handle);
                    }
                });
            }));
            // Nobody can see the panics any more. (std's scope would wait for ever.)
            assert!(result.is_ok());
            assert_eq!(lent, [1; 16]);
            std::mem::forget(thread::spawn(|| panic_any(0)));
        }
    });
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A value of a thread-local that waits in its destructor, and looks at itself and at others meanwhile.
#[test]
fn thread_locals_in_destruction() {
    struct First;
    struct Second(Cell<u32>);
    costd::thread_local! {
        static FIRST: First = const { First };
        static SECOND: Second = const { Second(Cell::new(0)) };
    }
    impl Drop for First {
        fn drop(&mut self) {
            assert!(FIRST.try_with(|_| ()).is_err());
            let before = SECOND.try_with(|second| second.0.get()).ok();
            thread::yield_now();
            let child = thread::spawn(|| SECOND.with(|second| second.0.get()));
            assert_eq!(child.join().unwrap(), 0);
            assert_eq!(SECOND.try_with(|second| second.0.get()).ok(), before);
        }
    }
    impl Drop for Second {
        fn drop(&mut self) {
            assert!(SECOND.try_with(|_| ()).is_err());
            thread::sleep(Duration::from_micros(100));
        }
    }
    fn body(n: u32) {
        // In either order, so that one sees the other alive, and dead.
        if n.is_multiple_of(2) {
            FIRST.with(|_| SECOND.with(|second| second.0.set(n)));
        } else {
            SECOND.with(|second| second.0.set(n));
            FIRST.with(|_| ());
        }
    }
    on_workers("thread_locals_in_destruction", || {
        let threads: Vec<_> = (1..20).map(|n| thread::spawn(move || body(n))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
