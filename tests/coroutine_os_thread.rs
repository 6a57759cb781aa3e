//! `coroutine::os_thread`: real OS threads that coroutines can join.

use costd::coroutine::{Event, is_coroutine, os_thread};
use costd::panic::{self, AssertUnwindSafe};
use costd::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use costd::sync::{Arc, Mutex, mpsc};
use costd::thread;
use costd::time::Duration;

mod sync_support;

on_workers! {
    a_join_does_not_stop_the_worker
    a_scope_does_not_stop_the_worker
    results_and_panics
    destructors_of_locals_have_run
    destructors_may_wait_for_coroutines
    handles_that_are_dropped
    thread_is_the_threads_own
    scopes
    panics_in_scopes
    many
}

fn both(part: fn()) {
    thread::spawn(part).join().unwrap();
    part();
}

/// The thread ends only when another coroutine, of the only worker perhaps, has run while its joiner waits.
fn a_join_does_not_stop_the_worker() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let joining = thread::spawn(move || {
        let thread = os_thread::spawn(move || receiver.recv().unwrap());
        thread.join().unwrap()
    });
    let others = thread::spawn(move || {
        for _ in 0..10 {
            thread::yield_now();
        }
        sender.send(5).unwrap();
    });
    assert_eq!(joining.join().unwrap(), 5);
    others.join().unwrap();
}

fn a_scope_does_not_stop_the_worker() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let waiting = thread::spawn(move || {
        let mut number = 0;
        os_thread::scope(|s| {
            let number = &mut number;
            s.spawn(move || *number = receiver.recv().unwrap());
        });
        number
    });
    let others = thread::spawn(move || {
        for _ in 0..10 {
            thread::yield_now();
        }
        sender.send(5).unwrap();
    });
    assert_eq!(waiting.join().unwrap(), 5);
    others.join().unwrap();
}

fn results_and_panics() {
    both(|| {
        let thread = os_thread::spawn(|| {
            assert!(!is_coroutine());
            (std::thread::current().id(), String::from("text"))
        });
        let (id, text) = thread.join().unwrap();
        assert_eq!(text, "text");
        assert_ne!(id, std::thread::current().id());
        let panicked = os_thread::spawn(|| panic!("on purpose")).join();
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"on purpose"));
        assert!(!thread::panicking());
        // Another coroutine may join than the one that has spawned.
        let thread = os_thread::spawn(|| 7);
        assert_eq!(thread::spawn(move || thread.join().unwrap()).join().unwrap(), 7);
    });
}

/// Sets what it has when it is dropped, a moment later.
struct Slow(Arc<AtomicBool>);

impl Drop for Slow {
    fn drop(&mut self) {
        std::thread::sleep(Duration::from_millis(20));
        self.0.store(true, Ordering::Relaxed);
    }
}

costd::thread_local!(static OURS: Mutex<Option<Slow>> = const { Mutex::new(None) });
std::thread_local!(static REAL: Mutex<Option<Slow>> = const { Mutex::new(None) });

fn destructors_of_locals_have_run() {
    both(|| {
        let dropped = [Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false))];
        let theirs = dropped.clone();
        let thread = os_thread::spawn(move || {
            let [ours, real] = theirs;
            OURS.with(|local| *local.lock().unwrap() = Some(Slow(ours)));
            REAL.with(|local| *local.lock().unwrap() = Some(Slow(real)));
        });
        thread.join().unwrap();
        assert!(dropped.iter().all(|dropped| dropped.load(Ordering::Relaxed)));
    });
}

/// The end of the thread takes a coroutine of the joiner's worker.
fn destructors_may_wait_for_coroutines() {
    struct Waits(mpsc::Receiver<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.recv().unwrap();
        }
    }
    std::thread_local!(static WAITS: Mutex<Option<Waits>> = const { Mutex::new(None) });
    thread::spawn(|| {
        let (sender, receiver) = mpsc::channel();
        let ended = os_thread::spawn(move || WAITS.with(|local| *local.lock().unwrap() = Some(Waits(receiver))));
        while !ended.is_finished() {
            thread::yield_now();
        }
        let joining = Arc::new(AtomicBool::new(false));
        let about_to = Arc::clone(&joining);
        let sending = thread::spawn(move || {
            while !joining.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(5));
            sender.send(()).unwrap();
        });
        about_to.store(true, Ordering::Relaxed);
        ended.join().unwrap();
        sending.join().unwrap();
    })
    .join()
    .unwrap();
}

/// Counts how often it is dropped.
struct Counted(&'static AtomicUsize);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn handles_that_are_dropped() {
    both(|| {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        let before = DROPPED.load(Ordering::Relaxed);
        // The thread goes on, and drops its result itself.
        let go = Arc::new(Event::new());
        let (theirs, (sender, receiver)) = (Arc::clone(&go), mpsc::channel::<()>());
        drop(os_thread::spawn(move || {
            theirs.wait();
            // Moved into the result's neighbour, so that its end is seen after the result's.
            (Counted(&DROPPED), sender)
        }));
        assert_eq!(DROPPED.load(Ordering::Relaxed), before);
        go.set();
        assert!(receiver.recv().is_err(), "the result is dropped");
        assert_eq!(DROPPED.load(Ordering::Relaxed), before + 1);
        // It has ended, and its handle drops the result.
        let thread = os_thread::spawn(|| Counted(&DROPPED));
        while !thread.is_finished() {
            thread::sleep(Duration::from_micros(100));
        }
        drop(thread);
        // By whichever of the two comes last; neither waits for the other.
        let (sender, receiver) = mpsc::channel::<()>();
        drop(os_thread::spawn(move || (Counted(&DROPPED), sender)));
        assert!(receiver.recv().is_err());
        assert_eq!(DROPPED.load(Ordering::Relaxed), before + 3);
    });
}

fn thread_is_the_threads_own() {
    both(|| {
        let (sender, receiver) = mpsc::channel();
        let thread = os_thread::Builder::new()
            .name("engine".into())
            .stack_size(128 * 1024)
            .spawn(move || {
                sender.send(thread::current()).unwrap();
                // Until the handle's owner unparks it.
                thread::park();
                std::thread::current().name().map(String::from)
            })
            .unwrap();
        assert_eq!(thread.thread().name(), Some("engine"));
        let current = receiver.recv().unwrap();
        assert_eq!(thread.thread().id(), current.id());
        assert_ne!(thread.thread().id(), thread::current().id());
        thread.thread().unpark();
        assert_eq!(thread.join().unwrap().as_deref(), Some("engine"));
        // Also when it has ended, and nobody has asked before.
        let thread = os_thread::spawn(|| thread::current().id());
        while !thread.is_finished() {
            thread::sleep(Duration::from_micros(100));
        }
        let id = thread.thread().id();
        assert_eq!(thread.thread().name(), None);
        assert_eq!(thread.join().unwrap(), id);
    });
}

fn scopes() {
    both(|| {
        let mut numbers = vec![1, 2, 3];
        let total = AtomicUsize::new(0);
        let joined = os_thread::scope(|s| {
            for n in &mut numbers {
                let total = &total;
                s.spawn(move || {
                    *n *= 2;
                    // Threads of the scope may spawn more.
                    s.spawn(move || total.fetch_add(*n, Ordering::Relaxed));
                });
            }
            let named = os_thread::Builder::new().name("named".into());
            let handle = named.spawn_scoped(s, || thread::current().name().map(String::from)).unwrap();
            assert_eq!(handle.thread().name(), Some("named"));
            handle.join().unwrap()
        });
        assert_eq!(joined.as_deref(), Some("named"));
        assert_eq!(numbers, [2, 4, 6]);
        assert_eq!(total.into_inner(), 12);
        // Results that borrow, of handles that are given up at any time.
        struct Borrows<'a>(&'a AtomicUsize);
        impl Drop for Borrows<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        for round in 0..50 {
            let dropped = AtomicUsize::new(0);
            os_thread::scope(|s| {
                let early = s.spawn(|| Borrows(&dropped));
                let late = s.spawn(|| Borrows(&dropped));
                drop(early);
                if round % 2 == 0 {
                    thread::sleep(Duration::from_micros(50));
                }
                drop(late);
            });
            assert_eq!(dropped.into_inner(), 2);
        }
    });
}

fn panics_in_scopes() {
    both(|| {
        let seen = os_thread::scope(|s| s.spawn(|| panic!("on purpose")).join());
        assert_eq!(seen.unwrap_err().downcast_ref(), Some(&"on purpose"));
        let unseen = panic::catch_unwind(|| os_thread::scope(|s| drop(s.spawn(|| panic!("on purpose")))));
        assert_eq!(unseen.unwrap_err().downcast_ref(), Some(&"a scoped thread panicked"));
        let ended = panic::catch_unwind(|| {
            os_thread::scope(|s| {
                let thread = s.spawn(|| panic!("on purpose"));
                while !thread.is_finished() {
                    thread::sleep(Duration::from_micros(100));
                }
            })
        });
        assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"a scoped thread panicked"));
        // The scope's own panic goes on when its threads have ended.
        let done = AtomicBool::new(false);
        let own = panic::catch_unwind(AssertUnwindSafe(|| {
            os_thread::scope(|s| {
                s.spawn(|| {
                    thread::sleep(Duration::from_millis(5));
                    done.store(true, Ordering::Relaxed);
                });
                panic!("mine");
            })
        }));
        assert_eq!(own.unwrap_err().downcast_ref(), Some(&"mine"));
        assert!(done.into_inner() && !thread::panicking());
        // What is not spawned is not waited for.
        let null = panic::catch_unwind(|| {
            os_thread::scope(|s| {
                let _ = os_thread::Builder::new().name("n\0ll".into()).spawn_scoped(s, || ());
            })
        });
        assert!(null.is_err());
        let too_large = os_thread::scope(|s| {
            os_thread::Builder::new().stack_size(isize::MAX as usize / 2).spawn_scoped(s, || ()).is_err()
        });
        assert!(too_large);
        assert!(os_thread::Builder::new().stack_size(isize::MAX as usize / 2).spawn(|| ()).is_err());
    });
}

fn many() {
    let sum = thread::spawn(|| {
        let joining: Vec<_> = (0..50)
            .map(|n| {
                let thread = os_thread::spawn(move || {
                    std::thread::sleep(Duration::from_micros(n * 20));
                    n
                });
                thread::spawn(move || thread.join().unwrap())
            })
            .collect();
        joining.into_iter().map(|joining| joining.join().unwrap()).sum::<u64>()
    });
    assert_eq!(sum.join().unwrap(), 1225);
}

#[cfg(unix)]
#[test]
fn it_has_a_pthread() {
    use std::os::unix::thread::JoinHandleExt;
    let go = Arc::new(Event::new());
    let theirs = Arc::clone(&go);
    let thread = os_thread::spawn(move || {
        theirs.wait();
        // SAFETY: no condition.
        unsafe { libc::pthread_self() }
    });
    let pthread = thread.as_pthread_t();
    go.set();
    assert_eq!(thread.join().unwrap(), pthread);
    let pthread = os_thread::spawn(|| ()).into_pthread_t();
    // SAFETY: the thread is neither joined nor detached, and nobody else has it.
    assert_eq!(unsafe { libc::pthread_join(pthread, std::ptr::null_mut()) }, 0);
}

#[test]
fn shape() {
    fn send_and_sync<T: Send + Sync>(_: &T) {}
    let thread = os_thread::spawn(|| std::cell::Cell::new(1));
    assert_eq!(format!("{thread:?}"), "JoinHandle { .. }");
    let unshared = thread.join().unwrap();
    assert_eq!(unshared.get(), 1);
    let thread = os_thread::spawn(|| 1);
    send_and_sync(&thread);
    thread.join().unwrap();
    os_thread::scope(|s| {
        send_and_sync(s);
        assert_eq!(format!("{s:?}"), "Scope { num_running_threads: 0, .. }");
        let thread = s.spawn(|| 1);
        send_and_sync(&thread);
        assert_eq!(format!("{thread:?}"), "ScopedJoinHandle { .. }");
    });
}
