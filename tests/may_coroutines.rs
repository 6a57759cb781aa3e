//! What may's own tests ask of coroutines, of costd's threads: results, panics, cancelling, scopes, parking, sleeping, locals.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use costd::coroutine::{Cancelled, JoinHandleExt, os_thread};
use costd::net::{TcpListener, TcpStream};
use costd::sync::{Arc, Barrier, mpsc};
use costd::thread::{self, Builder, JoinHandle};
use costd::time::{Duration, Instant};

mod sync_support;

on_workers! {
    results_come_through_join
    a_panic_comes_through_join
    a_panic_harms_nobody_else
    cancelled_in_a_park
    cancelled_in_accept
    children_of_children
    a_parent_need_not_wait
    all_have_a_turn
    scopes_lend
    a_scope_in_a_scope
    unparks_are_not_counted
    parks_with_a_time
    a_thousand_sleepers
    names_and_stacks
    locals_of_many
    locals_end_with_their_coroutine
}

fn results_come_through_join() {
    assert_eq!(thread::spawn(|| 100).join().unwrap(), 100);
    thread::spawn(|| assert_eq!(thread::spawn(|| "text".to_owned()).join().unwrap(), "text")).join().unwrap();
    // Joined long after it has ended.
    let early = thread::spawn(|| 7);
    while !early.is_finished() {
        thread::yield_now();
    }
    assert_eq!(early.join().unwrap(), 7);
}

fn a_panic_comes_through_join() {
    let text = thread::spawn(|| panic!("inside")).join().map(|(): ()| ()).unwrap_err();
    assert_eq!(text.downcast_ref::<&str>(), Some(&"inside"));
    let formatted = thread::spawn(|| panic!("number {}", std::hint::black_box(7))).join().map(|(): ()| ()).unwrap_err();
    assert_eq!(formatted.downcast_ref::<String>().unwrap(), "number 7");
    let any = thread::spawn(|| std::panic::panic_any(7_u8)).join().map(|(): ()| ()).unwrap_err();
    assert_eq!(any.downcast_ref::<u8>(), Some(&7));
    // From one to the next.
    let outer = thread::spawn(|| match thread::spawn(|| panic!("innermost")).join() {
        Ok(()) => {}
        Err(payload) => std::panic::resume_unwind(payload),
    });
    assert_eq!(outer.join().unwrap_err().downcast_ref::<&str>(), Some(&"innermost"));
}

fn a_panic_harms_nobody_else() {
    let barrier = Arc::new(Barrier::new(40));
    let threads: Vec<_> = (0..40)
        .map(|n| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || {
                barrier.wait();
                assert!(n % 2 == 0, "an odd one");
                thread::yield_now();
                n
            })
        })
        .collect();
    for (n, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().ok(), (n % 2 == 0).then_some(n));
    }
}

fn assert_cancelled<T>(thread: JoinHandle<T>) {
    thread.cancel();
    assert!(thread.join().err().expect("it would wait for ever").is::<Cancelled>());
}

fn cancelled_in_a_park() {
    let (begins, has_begun) = mpsc::channel();
    let thread = thread::spawn(move || {
        begins.send(()).unwrap();
        loop {
            thread::park();
        }
    });
    has_begun.recv().unwrap();
    assert_cancelled::<()>(thread);
}

/// The port is free again, and who has connected before is told.
fn cancelled_in_accept() {
    let (tell, address) = mpsc::channel();
    let thread = thread::spawn(move || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        tell.send(listener.local_addr().unwrap()).unwrap();
        listener.incoming().for_each(|stream| tell.send(stream.unwrap().peer_addr().unwrap()).unwrap());
    });
    let to = address.recv().unwrap();
    let stream = TcpStream::connect(to).unwrap();
    assert_eq!(address.recv().unwrap(), stream.local_addr().unwrap());
    assert_cancelled(thread);
    assert_eq!(TcpStream::connect(to).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    TcpListener::bind(to).unwrap();
}

fn children_of_children() {
    fn tree(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let children: Vec<_> = (0..3).map(|_| thread::spawn(move || tree(depth - 1))).collect();
        thread::yield_now();
        children.into_iter().map(|child| child.join().unwrap()).sum()
    }
    assert_eq!(thread::spawn(|| tree(6)).join().unwrap(), 729);
}

fn a_parent_need_not_wait() {
    let (sender, receiver) = mpsc::channel();
    let parent = Builder::new().name("parent".to_owned()).spawn(move || {
        for n in 0..10 {
            let sender = sender.clone();
            thread::spawn(move || {
                thread::yield_now();
                sender.send(n).unwrap();
            });
        }
    });
    parent.unwrap().join().unwrap();
    let mut got: Vec<i32> = receiver.into_iter().collect();
    got.sort_unstable();
    assert_eq!(got, (0..10).collect::<Vec<_>>());
}

/// Each waits, by yielding, until all the others have had a turn.
fn all_have_a_turn() {
    static BEGUN: AtomicU32 = AtomicU32::new(0);
    let threads: Vec<_> = (0..20)
        .map(|_| {
            thread::spawn(|| {
                BEGUN.fetch_add(1, Ordering::Relaxed);
                while BEGUN.load(Ordering::Relaxed) < 20 {
                    thread::yield_now();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn scopes_lend() {
    let scopes = || {
        let mut array = [1, 2, 3];
        thread::scope(|scope| {
            for element in &mut array {
                scope.spawn(move || {
                    thread::yield_now();
                    *element += 1;
                });
            }
        });
        array
    };
    assert_eq!(scopes(), [2, 3, 4]);
    assert_eq!(thread::spawn(scopes).join().unwrap(), [2, 3, 4]);
}

fn a_scope_in_a_scope() {
    let mut array = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    thread::scope(|outer| {
        for element in &mut array {
            outer.spawn(move || {
                thread::scope(|inner| {
                    inner.spawn(|| {
                        thread::yield_now();
                        *element += 1;
                    });
                });
                thread::yield_now();
                *element += 1;
            });
        }
    });
    assert_eq!(array, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}

fn unparks_are_not_counted() {
    let step = AtomicU32::new(0);
    thread::scope(|scope| {
        let parked = scope.spawn(|| {
            let me = thread::current();
            me.unpark();
            me.unpark();
            thread::park();
            step.store(1, Ordering::Release);
            // The two were one, so this one waits. It may return for no reason.
            while step.load(Ordering::Acquire) != 2 {
                thread::park();
            }
        });
        while step.load(Ordering::Acquire) != 1 {
            thread::yield_now();
        }
        thread::yield_now();
        assert!(!parked.is_finished());
        step.store(2, Ordering::Release);
        parked.thread().unpark();
    });
}

fn parks_with_a_time() {
    let body = || {
        thread::current().unpark();
        let start = Instant::now();
        thread::park_timeout(Duration::from_secs(1000));
        assert!(start.elapsed() < Duration::from_secs(100));
        // An unpark ends it, and none does not.
        let start = Instant::now();
        let time = Duration::from_millis(10);
        while start.elapsed() < time {
            thread::park_timeout(time - start.elapsed());
        }
    };
    thread::spawn(body).join().unwrap();
    os_thread::spawn(body).join().unwrap();
}

fn a_thousand_sleepers() {
    let time = Duration::from_millis(100);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..1000 {
            scope.spawn(|| {
                let start = Instant::now();
                thread::sleep(time);
                assert!(start.elapsed() >= time);
            });
        }
    });
    assert!(start.elapsed() < 1000 * time, "one after the other: {:?}", start.elapsed());
}

fn names_and_stacks() {
    /// Goes as deep as `used` bytes below `top`.
    #[inline(never)]
    fn deep(top: usize, used: usize) -> usize {
        let frame = std::hint::black_box([0_u8; 256]);
        let here = frame.as_ptr().addr();
        if top - here < used { deep(top, used) } else { std::hint::black_box(top - here) }
    }
    for (name, size, used) in [("small", 64 * 1024, 40_000), ("large", 8 * 1024 * 1024, 8_000_000)] {
        let builder = Builder::new().name(name.to_owned()).stack_size(size);
        let thread = builder.spawn(move || {
            let top = 0_u8;
            (thread::current().name().map(str::to_owned), deep((&raw const top).addr(), used))
        });
        let (seen, depth) = thread.unwrap().join().unwrap();
        assert_eq!(seen.as_deref(), Some(name));
        assert!(depth >= used);
    }
    assert_eq!(thread::spawn(|| thread::current().name().map(str::to_owned)).join().unwrap(), None);
}

fn locals_of_many() {
    fn square(n: u32) -> u32 {
        n * n
    }
    costd::thread_local! {
        static NINE: u32 = square(3);
        static OWN: Cell<u32> = const { Cell::new(0) };
    }
    thread::scope(|scope| {
        for n in 1..=10 {
            scope.spawn(move || {
                assert_eq!(NINE.with(|nine| *nine), 9);
                assert_eq!(OWN.get(), 0);
                OWN.set(n);
                // The others of this worker set theirs.
                thread::yield_now();
                assert_eq!(OWN.get(), n);
            });
        }
    });
    assert_eq!((NINE.with(|nine| *nine), OWN.get()), (9, 0));
}

fn locals_end_with_their_coroutine() {
    struct Ends(mpsc::Sender<u32>, u32);
    impl Drop for Ends {
        fn drop(&mut self) {
            // A destructor may wait.
            thread::yield_now();
            self.0.send(self.1).unwrap();
        }
    }
    costd::thread_local!(static ENDS: Cell<Option<Ends>> = const { Cell::new(None) });
    let (sender, receiver) = mpsc::channel();
    for n in 0..10 {
        let sender = sender.clone();
        thread::spawn(move || ENDS.set(Some(Ends(sender, n)))).join().unwrap();
        assert_eq!(receiver.try_recv(), Ok(n));
    }
}
