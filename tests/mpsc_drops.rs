//! What a channel does with messages whose destructors panic, block, or use the channel.

mod mpsc_common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use costd::sync::mpsc::{SendError, Sender, channel, sync_channel};
use costd::thread;
use mpsc_common::Counts;

/// Panics when it is dropped, but counts.
struct Bomb(Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("bomb");
    }
}

#[test]
fn a_receivers_drop_outlives_panicking_destructors() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel();
    for _ in 0..5 {
        tx.send(Bomb(dropped.clone())).unwrap_or_else(|_| unreachable!());
    }
    let result = thread::spawn(move || drop(rx)).join();
    assert_eq!(result.unwrap_err().downcast_ref(), Some(&"bomb"));
    assert_eq!(dropped.load(Ordering::Relaxed), 5, "every one was dropped");
    // The channel is as good as ever: closed.
    let Err(SendError(bomb)) = tx.send(Bomb(dropped.clone())) else { panic!("sent to nobody") };
    std::mem::forget(bomb);
}

#[test]
fn senders_that_wait_are_told_before_destructors_run() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = sync_channel(1);
    tx.send(Some(Bomb(dropped.clone()))).unwrap_or_else(|_| unreachable!());
    let sender = thread::spawn(move || tx.send(None).is_err());
    thread::sleep(std::time::Duration::from_millis(5));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    assert!(sender.join().unwrap());
}

#[test]
fn a_received_bomb_harms_only_its_receiver() {
    let dropped = Arc::new(AtomicUsize::new(0));
    for bound in [0, 1, 8] {
        let (tx, rx) = sync_channel(bound);
        let sender = thread::spawn({
            let dropped = dropped.clone();
            move || {
                for n in 0..20 {
                    let bomb = (n % 2 == 0).then(|| Bomb(dropped.clone()));
                    tx.send(bomb).unwrap_or_else(|_| panic!("receiver gone"));
                }
            }
        });
        for n in 0..20 {
            let panicked = catch_unwind(AssertUnwindSafe(|| drop(rx.recv().unwrap_or(None)))).is_err();
            assert_eq!(panicked, n % 2 == 0);
        }
        sender.join().unwrap();
        assert!(rx.recv().is_err());
    }
    assert_eq!(dropped.load(Ordering::Relaxed), 30);
}

/// Sends another one on the same channel when it is dropped.
struct Successor(Sender<Successor>, u32, Arc<AtomicUsize>);

impl Drop for Successor {
    fn drop(&mut self) {
        self.2.fetch_add(1, Ordering::Relaxed);
        if self.1 > 0 {
            let next = Successor(self.0.clone(), self.1 - 1, self.2.clone());
            // With the receiver gone it comes back, and is dropped here.
            let _ = self.0.send(next);
        }
    }
}

#[test]
fn destructors_that_use_the_channel() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel();
    tx.send(Successor(tx.clone(), 10, dropped.clone())).unwrap_or_else(|_| unreachable!());
    drop(tx);
    drop(rx);
    assert_eq!(dropped.load(Ordering::Relaxed), 11);
}

/// Waits when it is dropped.
struct Slow(&'static Counts);

impl Drop for Slow {
    fn drop(&mut self) {
        thread::sleep(std::time::Duration::from_millis(1));
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn destructors_that_block() {
    let counts = Counts::leaked();
    let (tx, rx) = channel();
    for _ in 0..20 {
        tx.send(Slow(counts)).unwrap_or_else(|_| unreachable!());
    }
    let dropper = thread::spawn(move || drop(rx));
    while !tx.is_disconnected() {
        thread::yield_now();
    }
    assert!(tx.send(Slow(counts)).is_err());
    dropper.join().unwrap();
    assert_eq!(counts.dropped.load(Ordering::Relaxed), 21);
}

#[test]
fn ends_dropped_while_unwinding() {
    for bound in [0, 1] {
        let counts = Counts::leaked();
        let (tx, rx) = sync_channel(bound);
        let receiver = thread::spawn(move || {
            let _first = rx.recv();
            panic!("with the receiver");
        });
        let sender = thread::spawn(move || {
            while tx.send(counts.message(0)).is_ok() {}
            panic!("with the sender");
        });
        assert!(receiver.join().is_err());
        assert!(sender.join().is_err());
        counts.assert_all_dropped();
    }
}

#[test]
fn messages_of_any_size() {
    let (tx, rx) = sync_channel(0);
    let sender = thread::Builder::new().stack_size(4 << 20).spawn(move || tx.send([7u8; 64 << 10]).unwrap()).unwrap();
    let receiver =
        thread::Builder::new().stack_size(4 << 20).spawn(move || rx.recv().unwrap().iter().all(|&b| b == 7)).unwrap();
    assert!(receiver.join().unwrap());
    sender.join().unwrap();

    let (tx, rx) = channel();
    for _ in 0..1000 {
        tx.send(()).unwrap();
    }
    drop(tx);
    assert_eq!(rx.iter().count(), 1000);
}
