//! Cancelled coroutines at their end, and what an interruption leaves behind.

mod child;

use std::time::Duration;

use child::{case, run};
use costd::coroutine::{Cancelled, JoinHandleExt, timeout};
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::sync::mpsc::channel;
use costd::sync::{Arc, Mutex};
use costd::{panic, thread};

/// Waits when it is dropped, and counts that it has.
struct Waits(Arc<AtomicUsize>);

impl Drop for Waits {
    fn drop(&mut self) {
        thread::sleep(Duration::from_millis(1));
        let (sender, receiver) = channel();
        thread::spawn(move || sender.send(()).unwrap());
        receiver.recv().unwrap();
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The destructors of thread-locals and of results that nobody takes run when the unwinding is over, where a panic would end the
/// process. They wait as ever.
#[test]
fn destructors_after_the_unwinding() {
    if case().is_none() {
        for workers in ["1", "3"] {
            run("destructors_after_the_unwinding", "go", &[("COSTD_WORKERS", workers)]).succeeded();
        }
        return;
    }
    costd::thread_local!(static KEY: std::cell::RefCell<Option<Waits>> = const { std::cell::RefCell::new(None) });
    let dropped = Arc::new(AtomicUsize::new(0));
    for detached in [false, true] {
        for round in 0..20 {
            let (begun, has_begun) = channel();
            let (ended, has_ended) = channel::<()>();
            let (local, result) = (Waits(Arc::clone(&dropped)), Waits(Arc::clone(&dropped)));
            let thread = thread::spawn(move || {
                let _ended = ended;
                KEY.set(Some(local));
                begun.send(()).unwrap();
                if round % 2 == 0 {
                    thread::park();
                } else {
                    // It is cancelled, and gets to its end without noticing.
                    while !costd::coroutine::is_cancelled() {
                        costd::coroutine::shield(thread::yield_now);
                    }
                }
                result
            });
            has_begun.recv().unwrap();
            thread.cancel();
            if detached {
                drop(thread);
                assert!(has_ended.recv().is_err());
            } else {
                let outcome = thread.join().map_err(|payload| payload.is::<Cancelled>());
                assert_eq!(outcome.map(drop).err(), (round % 2 == 0).then_some(true));
            }
        }
    }
    while dropped.load(Ordering::Relaxed) < 80 {
        thread::sleep(Duration::from_millis(1));
    }
}

/// An interruption poisons nothing; but what panics when it has been caught, or on its way, poisons as ever.
#[test]
fn poison_after_an_interruption() {
    fn check() {
        panic::set_hook(Box::new(|_| ()));
        assert!(timeout(Duration::from_millis(1), || thread::sleep(Duration::from_secs(100))).is_err());
        let lock = Mutex::new(());
        let panicked = panic::catch_unwind(|| {
            let _guard = lock.lock().unwrap();
            panic::resume_unwind(Box::new(5));
        });
        assert!(panicked.is_err() && lock.is_poisoned());
        lock.clear_poison();
        // And one that is caught while a time is up.
        let inner = timeout(Duration::from_millis(1), || {
            struct Catches<'a>(&'a Mutex<()>);
            impl Drop for Catches<'_> {
                fn drop(&mut self) {
                    let caught = panic::catch_unwind(|| {
                        let _guard = self.0.lock().unwrap();
                        panic!("of its own");
                    });
                    assert!(caught.is_err());
                }
            }
            let _catches = Catches(&lock);
            thread::sleep(Duration::from_secs(100));
        });
        assert!(inner.is_err() && lock.is_poisoned());
    }
    if case().is_none() {
        run("poison_after_an_interruption", "go", &[]).succeeded();
        return;
    }
    thread::spawn(check).join().unwrap();
    std::thread::spawn(check).join().unwrap();
}
