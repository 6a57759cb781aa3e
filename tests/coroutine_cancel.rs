//! Cancelling coroutines: in every kind of wait, in destructors, in scopes, behind shields; and what locks and joiners see of it.

mod net_common;

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use costd::coroutine::{
    self, Cancelled, Event, JoinHandleExt, Semaphore, TimedOut, WaitGroup, is_cancelled, os_thread, shield, timeout,
};
use costd::io::{Read, Write, pipe};
use costd::net::{TcpListener, TcpStream, UdpSocket};
use costd::os::unix::net::UnixStream;
#[cfg(not(costd_portable))]
use costd::process::Command;
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use costd::thread::{self, JoinHandle};
use net_common::in_coroutine;

const FOREVER: Duration = Duration::from_secs(1000);

fn assert_cancelled<T>(thread: JoinHandle<T>) {
    let payload = thread.join().err().expect("it does not end by itself");
    assert!(payload.is::<Cancelled>());
}

type Wait = Box<dyn FnOnce() + Send>;

/// A wait without an end, of every kind.
fn waits() -> Vec<(&'static str, Wait)> {
    let mut waits = Vec::new();
    let mut wait = |name, f: Wait| waits.push((name, f));
    wait("park", Box::new(thread::park));
    wait("park_timeout", Box::new(|| thread::park_timeout(FOREVER)));
    wait("sleep", Box::new(|| thread::sleep(FOREVER)));
    wait(
        "yield_now",
        Box::new(|| {
            loop {
                thread::yield_now();
            }
        }),
    );
    for capacity in [None, Some(1), Some(0)] {
        wait(
            "recv",
            Box::new(move || {
                let (_tx, rx) = match capacity {
                    None => {
                        let (tx, rx) = mpsc::channel::<u8>();
                        (Ok(tx), rx)
                    }
                    Some(n) => {
                        let (tx, rx) = mpsc::sync_channel(n);
                        (Err(tx), rx)
                    }
                };
                let _ = rx.recv();
            }),
        );
        wait(
            "recv_timeout",
            Box::new(move || {
                let (_tx, rx) = mpsc::sync_channel::<u8>(capacity.unwrap_or(2));
                let _ = rx.recv_timeout(FOREVER);
            }),
        );
    }
    for capacity in [1, 0] {
        wait(
            "send",
            Box::new(move || {
                let (tx, _rx) = mpsc::sync_channel(capacity);
                loop {
                    tx.send(1).unwrap();
                }
            }),
        );
    }
    wait(
        "Condvar",
        Box::new(|| {
            let mutex = Mutex::new(());
            drop(Condvar::new().wait(mutex.lock().unwrap()));
        }),
    );
    wait(
        "Barrier",
        Box::new(|| {
            Barrier::new(2).wait();
        }),
    );
    wait("Semaphore", Box::new(|| drop(Semaphore::new(0).acquire())));
    wait("Event", Box::new(|| Event::new().wait()));
    wait(
        "WaitGroup",
        Box::new(|| {
            let group = WaitGroup::new();
            let _member = group.clone();
            group.wait();
        }),
    );
    wait(
        "os_thread join",
        Box::new(|| {
            let (tx, rx) = mpsc::channel::<()>();
            let thread = os_thread::spawn(move || rx.recv());
            let _tx = tx;
            let _ = thread.join();
        }),
    );
    wait(
        "join",
        Box::new(|| {
            let (tx, rx) = mpsc::channel::<()>();
            let thread = thread::spawn(move || rx.recv());
            // Dropped in the unwinding: the other one ends.
            let _tx = tx;
            let _ = thread.join();
        }),
    );
    wait("accept", Box::new(|| drop(TcpListener::bind("127.0.0.1:0").unwrap().accept())));
    wait(
        "TcpStream::read",
        Box::new(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let _other = listener.accept().unwrap();
            drop(stream.read(&mut [0]));
        }),
    );
    wait(
        "UnixStream::write",
        Box::new(|| {
            let (mut one, _other) = UnixStream::pair().unwrap();
            drop(one.write_all(&vec![0; 10_000_000]));
        }),
    );
    wait("UdpSocket::recv", Box::new(|| drop(UdpSocket::bind("127.0.0.1:0").unwrap().recv(&mut [0]))));
    wait(
        "pipe read",
        Box::new(|| {
            let (mut reader, _writer) = pipe().unwrap();
            drop(reader.read(&mut [0]));
        }),
    );
    wait(
        "pipe write",
        Box::new(|| {
            let (_reader, mut writer) = pipe().unwrap();
            drop(writer.write_all(&vec![0; 10_000_000]));
        }),
    );
    // Without a descriptor of the process an OS thread waits in the coroutine's stead.
    #[cfg(not(costd_portable))]
    wait(
        "Child::wait",
        Box::new(|| {
            struct Kill(costd::process::Child);
            impl Drop for Kill {
                fn drop(&mut self) {
                    self.0.kill().unwrap();
                    self.0.wait().unwrap();
                }
            }
            let mut child = Kill(Command::new("sleep").arg("1000").spawn().unwrap());
            child.0.wait().unwrap();
        }),
    );
    wait(
        "end of a scope",
        Box::new(|| {
            thread::scope(|s| {
                s.spawn(thread::park);
                s.spawn(|| thread::sleep(FOREVER));
            });
        }),
    );
    wait(
        "inside a scope",
        Box::new(|| {
            thread::scope(|s| {
                s.spawn(thread::park);
                thread::sleep(FOREVER);
            });
        }),
    );
    waits
}

/// Before it has started, before it waits, and while it does.
#[test]
fn every_kind_of_wait() {
    in_coroutine("every_kind_of_wait", || {
        for delay in [0, 1, 20] {
            let threads: Vec<_> = waits().into_iter().map(|(name, wait)| (name, thread::spawn(wait))).collect();
            if delay > 0 {
                thread::sleep(Duration::from_millis(delay));
            }
            for (_, thread) in &threads {
                thread.cancel();
            }
            for (name, thread) in threads {
                let payload = thread.join().err();
                assert!(payload.is_some_and(|payload| payload.is::<Cancelled>()), "{name}");
            }
        }
    });
}

/// What a write has written when it is interrupted is not forgotten: it returns that, and the next wait is left.
#[test]
fn a_write_that_is_done_in_part_returns_how_much() {
    fn check<W, R>(mut writer: W, mut reader: R)
    where
        W: Write + Send + 'static,
        R: Read,
    {
        let (written, is_written) = (Arc::new(AtomicUsize::new(0)), Arc::new(Event::new()));
        let thread = {
            let (written, is_written) = (Arc::clone(&written), Arc::clone(&is_written));
            thread::spawn(move || {
                let count = writer.write(&vec![7; 10_000_000]).unwrap();
                written.store(count, Ordering::Relaxed);
                is_written.set();
                drop(writer);
                thread::park();
            })
        };
        // There is something, so the writer waits for more room, or is about to.
        let mut read = reader.read(&mut [0; 1]).unwrap();
        thread.cancel();
        is_written.wait();
        assert_cancelled(thread);
        read += reader.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(read, written.load(Ordering::Relaxed));
        assert!(read < 10_000_000);
    }
    in_coroutine("a_write_that_is_done_in_part_returns_how_much", || {
        let (reader, writer) = pipe().unwrap();
        check(writer, reader);
        let (one, other) = UnixStream::pair().unwrap();
        check(one, other);
        let (one, other) = net_common::pair();
        check(one, other);
    });
}

#[test]
fn locks_are_taken_all_the_same() {
    in_coroutine("locks_are_taken_all_the_same", || {
        let shared = Arc::new((Mutex::new(0), RwLock::new(0)));
        let (locked, is_locked) = (shared.0.lock().unwrap(), shared.1.write().unwrap());
        let thread = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                *shared.0.lock().unwrap() += 1;
                *shared.1.write().unwrap() += 1;
                thread::park();
            })
        };
        thread.cancel();
        thread::sleep(Duration::from_millis(2));
        drop((locked, is_locked));
        assert_cancelled(thread);
        assert_eq!((*shared.0.lock().unwrap(), *shared.1.read().unwrap()), (1, 1));
    });
}

#[test]
fn locks_are_released_and_not_poisoned_but_by_a_panic() {
    in_coroutine("locks_are_released_and_not_poisoned_but_by_a_panic", || {
        let mutex = Arc::new(Mutex::new(()));
        let held = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                let _guard = mutex.lock().unwrap();
                thread::park();
            })
        };
        held.cancel();
        assert_cancelled(held);
        drop(mutex.lock().expect("not poisoned"));
        // A panic in a destructor of the unwinding, caught inside, poisons what is held inside.
        struct Panics(Arc<Mutex<()>>);
        impl Drop for Panics {
            fn drop(&mut self) {
                let result = costd::panic::catch_unwind(AssertUnwindSafe(|| {
                    let _guard = self.0.lock().unwrap();
                    panic!("on purpose");
                }));
                assert!(result.is_err());
            }
        }
        let thread = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                let _panics = Panics(mutex);
                thread::park();
            })
        };
        thread.cancel();
        assert_cancelled(thread);
        assert!(mutex.is_poisoned());
    });
}

#[test]
fn destructors_block_as_ever() {
    in_coroutine("destructors_block_as_ever", || {
        struct Slow(mpsc::Sender<&'static str>, Arc<Mutex<u32>>);
        impl Drop for Slow {
            fn drop(&mut self) {
                assert!(thread::panicking());
                thread::sleep(Duration::from_millis(3));
                *self.1.lock().unwrap() += 1;
                assert_eq!(thread::spawn(|| 5).join().unwrap(), 5);
                self.0.send("to the end").unwrap();
            }
        }
        let (tx, rx) = mpsc::channel();
        let count = Arc::new(Mutex::new(0));
        let slow = Slow(tx, Arc::clone(&count));
        let thread = thread::spawn(move || {
            let _slow = slow;
            thread::park();
        });
        thread.cancel();
        assert_eq!(rx.recv(), Ok("to the end"));
        assert_cancelled(thread);
        assert_eq!(*count.lock().unwrap(), 1);
    });
}

#[test]
fn whoever_catches_it_does_not_get_far() {
    in_coroutine("whoever_catches_it_does_not_get_far", || {
        let thread = thread::spawn(|| {
            let payload = costd::panic::catch_unwind(thread::park).unwrap_err();
            assert!(payload.is::<Cancelled>() && is_cancelled() && !thread::panicking());
            thread::sleep(FOREVER);
        });
        thread.cancel();
        assert_cancelled(thread);
    });
}

#[test]
fn shields_defer() {
    in_coroutine("shields_defer", || {
        let steps = Arc::new(AtomicUsize::new(0));
        let thread = {
            let steps = Arc::clone(&steps);
            thread::spawn(move || {
                shield(|| {
                    shield(|| thread::sleep(Duration::from_millis(3)));
                    steps.fetch_add(1, Ordering::Relaxed);
                    thread::yield_now();
                    steps.fetch_add(1, Ordering::Relaxed);
                });
                thread::yield_now();
                steps.fetch_add(1, Ordering::Relaxed);
            })
        };
        thread.cancel();
        assert_cancelled(thread);
        assert_eq!(steps.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_scope_and_its_threads() {
    in_coroutine("a_scope_and_its_threads", || {
        let ended = Arc::new(AtomicUsize::new(0));
        let (all, are_all) = mpsc::channel();
        let thread = {
            let ended = Arc::clone(&ended);
            thread::spawn(move || {
                struct End<'a>(&'a AtomicUsize);
                impl Drop for End<'_> {
                    fn drop(&mut self) {
                        self.0.fetch_add(1, Ordering::Relaxed);
                    }
                }
                thread::scope(|s| {
                    for _ in 0..50 {
                        s.spawn(|| {
                            let _end = End(&ended);
                            thread::park();
                        });
                        // Those that have ended are forgotten, and the others not.
                        s.spawn(|| ()).join().unwrap();
                    }
                    all.send(()).unwrap();
                });
            })
        };
        are_all.recv().unwrap();
        thread.cancel();
        assert_cancelled(thread);
        assert_eq!(ended.load(Ordering::Relaxed), 50);
        // One thread of a scope that is cancelled is no panic of the scope's.
        thread::scope(|s| {
            s.spawn(thread::park).cancel();
            let joined = s.spawn(thread::park);
            joined.cancel();
            assert!(joined.join().unwrap_err().is::<Cancelled>());
        });
    });
}

#[test]
fn a_barrier_goes_on_without_who_was_cancelled() {
    in_coroutine("a_barrier_goes_on_without_who_was_cancelled", || {
        let barrier = Arc::new(Barrier::new(2));
        let wait = || {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || barrier.wait().is_leader())
        };
        let cancelled = wait();
        thread::sleep(Duration::from_millis(1));
        cancelled.cancel();
        assert_cancelled(cancelled);
        let (one, other) = (wait(), wait());
        assert!(one.join().unwrap() != other.join().unwrap());
    });
}

#[test]
fn os_threads_are_left_alone() {
    let (tx, rx) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        tx.send(thread::current()).unwrap();
        thread::park_timeout(Duration::from_millis(20));
        7
    });
    assert!(!coroutine::cancel(&rx.recv().unwrap()));
    assert_eq!(thread.join().unwrap(), 7);
}

#[test]
fn timeouts() {
    let body = || {
        assert_eq!(timeout(FOREVER, || 5), Ok(5));
        assert_eq!(timeout(Duration::ZERO, || 5), Ok(5), "it has not blocked");
        assert_eq!(timeout(Duration::ZERO, || thread::sleep(FOREVER)), Err(TimedOut));
        assert_eq!(timeout(Duration::MAX, || 5), Ok(5));
        let start = Instant::now();
        // The outer one ends first, and so does what is inside.
        let result = timeout(Duration::from_millis(5), || timeout(FOREVER, thread::park));
        assert_eq!(result, Err(TimedOut));
        // The inner one, and the outer one goes on.
        let result = timeout(FOREVER, || {
            let inner = timeout(Duration::from_millis(5), thread::park);
            thread::sleep(Duration::from_millis(1));
            inner
        });
        assert_eq!(result, Ok(Err(TimedOut)));
        assert!(start.elapsed() < FOREVER / 10);
        // What it is unwound from is whole afterwards.
        let (tx, rx) = mpsc::channel();
        assert_eq!(timeout(Duration::from_millis(2), || rx.recv()), Err(TimedOut));
        tx.send(1).unwrap();
        assert_eq!(rx.recv(), Ok(1));
        let mutex = Mutex::new(());
        let result = timeout(Duration::from_millis(2), || drop(Condvar::new().wait(mutex.lock().unwrap())));
        assert_eq!(result, Err(TimedOut));
        drop(mutex.lock().expect("not poisoned"));
        // Children of a scope inside are cancelled.
        let result = timeout(Duration::from_millis(2), || {
            thread::scope(|s| {
                s.spawn(thread::park);
            });
        });
        assert_eq!(result, Err(TimedOut));
        // A deadline of one's own that comes earlier is one's own.
        let timed_out = timeout(FOREVER, || rx.recv_timeout(Duration::from_millis(1)));
        assert_eq!(timed_out, Ok(Err(mpsc::RecvTimeoutError::Timeout)));
        // A panic inside goes on.
        let payload = costd::panic::catch_unwind(|| timeout(FOREVER, || panic!("on purpose"))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
        assert!(!thread::panicking());
    };
    in_coroutine("timeouts", body);
    body();
}

#[test]
fn cancelled_inside_a_timeout() {
    in_coroutine("cancelled_inside_a_timeout", || {
        let thread = thread::spawn(|| timeout(FOREVER, thread::park));
        thread.cancel();
        assert_cancelled(thread);
    });
}

/// Thousands in every kind of wait, cancelled at any moment, while they are being woken: all end, no message is lost or doubled,
/// no lock is left held, and what they held is dropped.
#[test]
fn storms() {
    in_coroutine("storms", || {
        for round in 0..if cfg!(debug_assertions) { 2 } else { 20_u64 } {
            let (tx, rx) = mpsc::sync_channel::<usize>(4);
            let rx = Arc::new(costd::sync::nonpoison::Mutex::new(rx));
            let (meet, met) = costd::sync::mpmc::sync_channel::<usize>(0);
            let lock = Arc::new((Mutex::new(0_usize), Condvar::new()));
            let sent = Arc::new(AtomicUsize::new(0));
            let received = Arc::new(AtomicUsize::new(0));
            let held = Arc::new(());
            let mut threads = Vec::new();
            let mut spawn = |f: Wait| {
                let held = Arc::clone(&held);
                threads.push(thread::spawn(move || {
                    let _held = held;
                    f();
                }));
            };
            for n in 0..100 {
                let (tx, sent_now) = (tx.clone(), Arc::clone(&sent));
                spawn(Box::new(move || {
                    loop {
                        tx.send(n).unwrap();
                        sent_now.fetch_add(1, Ordering::Relaxed);
                    }
                }));
                let (rx, received_now) = (Arc::clone(&rx), Arc::clone(&received));
                spawn(Box::new(move || {
                    loop {
                        rx.lock().recv().unwrap();
                        received_now.fetch_add(1, Ordering::Relaxed);
                    }
                }));
                let (meet, sent_now) = (meet.clone(), Arc::clone(&sent));
                spawn(Box::new(move || {
                    loop {
                        meet.send(n).unwrap();
                        sent_now.fetch_add(1, Ordering::Relaxed);
                    }
                }));
                let (met, received_now) = (met.clone(), Arc::clone(&received));
                spawn(Box::new(move || {
                    loop {
                        met.recv().unwrap();
                        received_now.fetch_add(1, Ordering::Relaxed);
                    }
                }));
                let lock = Arc::clone(&lock);
                spawn(Box::new(move || {
                    let mut count = lock.0.lock().unwrap();
                    loop {
                        *count += 1;
                        lock.1.notify_one();
                        count = lock.1.wait(count).unwrap();
                    }
                }));
            }
            // In an order that is not theirs, with pauses.
            let mut random = round * 7919 + 1;
            while !threads.is_empty() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let thread = threads.swap_remove((random >> 33) as usize % threads.len());
                thread.cancel();
                if random >> 50 & 7 == 0 {
                    lock.1.notify_all();
                }
                if random >> 60 == 0 {
                    thread::yield_now();
                }
                if random >> 40 & 63 == 0 {
                    assert_cancelled(thread);
                } else {
                    drop(thread);
                }
            }
            while Arc::strong_count(&held) > 1 {
                thread::yield_now();
            }
            let left = rx.lock().try_iter().count();
            assert_eq!(sent.load(Ordering::Relaxed), received.load(Ordering::Relaxed) + left);
            drop(lock.0.try_lock().expect("neither held nor poisoned"));
        }
    });
}
