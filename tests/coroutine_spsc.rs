//! `coroutine::spsc`: order, ends, deadlines, cancelling, selects, drops.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use costd::coroutine::spsc::{Receiver, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, channel};
use costd::coroutine::{Cancelled, JoinHandleExt, os_thread, select, timeout};
use costd::sync::{Arc, mpsc};
use costd::thread;
use costd::time::{Duration, Instant};

mod sync_support;

on_workers! {
    in_order_between_all_kinds
    bursts_of_every_length
    a_pipeline
    the_sender_goes
    the_receiver_goes
    deadlines
    cancelled_with_nothing_lost
    ends_that_move
    selects
    a_select_that_loses_has_taken_nothing
    every_message_is_dropped_once
    a_destructor_that_panics
    loops_let_others_run
}

const SHORT: Duration = Duration::from_millis(5);

/// A message that counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn in_order_between_all_kinds() {
    const COUNT: usize = 20_000;
    for (sends_in_coroutine, receives_in_coroutine) in [(true, true), (true, false), (false, true), (false, false)] {
        let (tx, rx) = channel();
        let send = move || {
            for n in 0..COUNT {
                tx.send(Box::new(n)).unwrap();
                if n % 997 == 0 {
                    thread::yield_now();
                }
            }
        };
        let receive = move || {
            for n in 0..COUNT {
                assert_eq!(*rx.recv().unwrap(), n);
            }
            assert_eq!(rx.recv(), Err(RecvError));
        };
        type Join = Box<dyn FnOnce()>;
        fn start(in_coroutine: bool, body: impl FnOnce() + Send + 'static) -> Join {
            if in_coroutine {
                let thread = thread::spawn(body);
                Box::new(|| thread.join().unwrap())
            } else {
                let thread = os_thread::spawn(body);
                Box::new(|| thread.join().unwrap())
            }
        }
        let (sending, receiving) = (start(sends_in_coroutine, send), start(receives_in_coroutine, receive));
        sending();
        receiving();
    }
}

/// In and out at every place in the blocks.
fn bursts_of_every_length() {
    let (tx, rx) = channel();
    let (mut sent, mut received) = (0_u64, 0_u64);
    for len in (0..100).chain([1000, 3, 5000]).chain((0..100).rev()) {
        for _ in 0..len {
            tx.send(sent).unwrap();
            sent += 1;
        }
        // Some stay.
        while received + len / 3 < sent {
            assert_eq!(rx.try_recv(), Ok(received));
            received += 1;
        }
    }
    assert!(rx.try_iter().eq(received..sent));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    // Of any size, also of none.
    let (tx, rx) = channel();
    (0..1000).for_each(|_| tx.send(()).unwrap());
    assert_eq!(rx.try_iter().count(), 1000);
    let (tx, rx) = channel();
    (0..100_u8).for_each(|n| tx.send([n; 100_000]).unwrap());
    assert!(rx.try_iter().map(|large| large[99_999]).eq(0..100));
}

fn a_pipeline() {
    let (tx, mut rx) = channel::<u64>();
    thread::spawn(move || (0..5000).for_each(|n| tx.send(n).unwrap()));
    for _ in 0..20 {
        let (next_tx, next_rx) = channel();
        let from = std::mem::replace(&mut rx, next_rx);
        thread::spawn(move || from.into_iter().for_each(|n| next_tx.send(n + 1).unwrap()));
    }
    assert!(rx.iter().eq(20..5020));
}

fn the_sender_goes() {
    let (tx, rx) = channel();
    let waiting = thread::spawn(move || (rx.recv(), rx.recv(), rx.recv(), rx.try_recv()));
    thread::yield_now();
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    thread::yield_now();
    drop(tx);
    assert_eq!(waiting.join().unwrap(), (Ok(1), Ok(2), Err(RecvError), Err(TryRecvError::Disconnected)));
}

fn the_receiver_goes() {
    for _ in 0..200 {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = channel();
        let sending = thread::spawn({
            let dropped = Arc::clone(&dropped);
            move || {
                let mut made = 0;
                loop {
                    made += 1;
                    if let Err(SendError(back)) = tx.send(Counted(Arc::clone(&dropped))) {
                        assert!(tx.send(Counted(Arc::clone(&dropped))).is_err());
                        return (made + 1, tx, back);
                    }
                }
            }
        });
        let taken = rx.recv();
        assert!(taken.is_ok());
        drop(taken);
        drop(rx);
        let (made, _tx, back) = sending.join().unwrap();
        // The one that came back is the only one left, though the sender is still there.
        assert_eq!(dropped.load(Ordering::Relaxed), made - 1);
        drop(back);
    }
}

fn deadlines() {
    let body = || {
        let (tx, rx) = channel();
        let start = Instant::now();
        assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= SHORT);
        tx.send(1).unwrap();
        assert_eq!(rx.recv_timeout(Duration::ZERO), Ok(1));
        // The wait that has ended by itself does not keep the next one from being ended.
        let sending = thread::spawn(move || {
            tx.send(2).unwrap();
            tx
        });
        assert_eq!(rx.recv_timeout(Duration::MAX), Ok(2));
        drop(sending.join().unwrap());
        assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Disconnected));
    };
    thread::spawn(body).join().unwrap();
    os_thread::spawn(body).join().unwrap();
}

/// A receiver is cancelled at the moment when there is something for it: it has it, or it is still there.
fn cancelled_with_nothing_lost() {
    for _ in 0..500 {
        let (tx, rx) = channel();
        let (give_back, given_back) = mpsc::channel();
        let receiving = thread::spawn(move || {
            struct GiveBack(Option<Receiver<u32>>, mpsc::Sender<Receiver<u32>>);
            impl Drop for GiveBack {
                fn drop(&mut self) {
                    self.1.send(self.0.take().unwrap()).unwrap();
                }
            }
            let rx = GiveBack(Some(rx), give_back);
            let message = rx.0.as_ref().unwrap().recv().unwrap();
            // Giving it back is a blocking call, and would be the next one after the receive that has taken effect.
            std::mem::forget(rx);
            message
        });
        thread::yield_now();
        let cancelling = thread::spawn({
            let thread = receiving.thread().clone();
            move || costd::coroutine::cancel(&thread)
        });
        tx.send(7).unwrap();
        cancelling.join().unwrap();
        match receiving.join() {
            Ok(message) => assert_eq!(message, 7),
            Err(payload) => {
                assert!(payload.is::<Cancelled>());
                assert_eq!(given_back.recv().unwrap().try_recv(), Ok(7));
            }
        }
    }
    // One that has nothing to wait for but its end.
    let (_tx, rx) = channel::<()>();
    let waiting = thread::spawn(move || rx.recv());
    waiting.cancel();
    assert!(waiting.join().unwrap_err().is::<Cancelled>());
    let (tx, rx) = channel();
    assert!(timeout(SHORT, || rx.recv()).is_err());
    tx.send(1).unwrap();
    assert_eq!(timeout(SHORT, || rx.recv()), Ok(Ok(1)));
}

/// Each message is sent and received by another thread than the one before.
fn ends_that_move() {
    let (mut tx, mut rx) = channel();
    for n in 0..200 {
        let sending = thread::spawn(move || {
            tx.send(n).unwrap();
            tx
        });
        let receiving = thread::spawn(move || {
            assert_eq!(rx.recv(), Ok(n));
            rx
        });
        (tx, rx) = (sending.join().unwrap(), receiving.join().unwrap());
    }
}

fn selects() {
    const EACH: u32 = 2000;
    let (mut senders, mut receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| channel::<u32>()).unzip();
    let (stop, stopped) = mpsc::channel::<()>();
    let sending: Vec<_> = senders
        .drain(..)
        .map(|tx| {
            thread::spawn(move || {
                for n in 0..EACH {
                    // A send is always ready.
                    select! {
                        sent = send(&tx, n) => sent.unwrap(),
                        default => unreachable!(),
                    }
                    let mut message = Some(n);
                    select! { sent = send_from(&tx, &mut message) => sent.unwrap() }
                    assert_eq!(message, None);
                }
            })
        })
        .collect();
    let receiving = thread::spawn(move || {
        let mut seen = [0; 3];
        let mut open = [true; 3];
        while open.contains(&true) {
            let (from, result) = select! {
                n = recv(&receivers[0]), if open[0] => (0, n),
                n = recv(&receivers[1]), if open[1] => (1, n),
                n = recv(&receivers[2]), if open[2] => (2, n),
                _ = recv(&stopped) => unreachable!(),
            };
            match result {
                Ok(n) => {
                    assert_eq!(n, seen[from] / 2);
                    seen[from] += 1;
                }
                Err(RecvError) => open[from] = false,
            }
        }
        receivers.clear();
        seen
    });
    assert_eq!(receiving.join().unwrap(), [2 * EACH; 3]);
    sending.into_iter().for_each(|thread| thread.join().unwrap());
    drop(stop);
}

/// Two channels, and one message in each select: whichever wins, the other's message is there afterwards.
fn a_select_that_loses_has_taken_nothing() {
    for round in 0..500 {
        let ((a, from_a), (b, from_b)) = (channel(), channel());
        let receiving = thread::spawn(move || {
            let first = select! {
                n = recv(&from_a) => n,
                n = recv(&from_b) => n,
            };
            let second = if first == Ok(1) { from_b.recv() } else { from_a.recv() };
            (first.unwrap(), second.unwrap())
        });
        if round % 2 == 0 {
            thread::yield_now();
        }
        let sending = thread::spawn(move || a.send(1).unwrap());
        b.send(2).unwrap();
        sending.join().unwrap();
        let (first, second) = receiving.join().unwrap();
        assert_eq!(first + second, 3);
    }
}

fn every_message_is_dropped_once() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let counted = || Counted(Arc::clone(&dropped));
    for sent in [0, 1, 31, 32, 33, 64, 100] {
        for received in [0, 1, 31, 32, 33, 100] {
            for receiver_first in [true, false] {
                dropped.store(0, Ordering::Relaxed);
                let (tx, rx) = channel();
                (0..sent).for_each(|_| tx.send(counted()).unwrap());
                let received = rx.try_iter().take(received).count();
                assert_eq!(dropped.load(Ordering::Relaxed), received);
                if receiver_first {
                    drop(rx);
                    // With the sender still there.
                    assert_eq!(dropped.load(Ordering::Relaxed), sent);
                    drop(tx);
                } else {
                    drop(tx);
                    assert_eq!(dropped.load(Ordering::Relaxed), received);
                    drop(rx);
                }
                assert_eq!(dropped.load(Ordering::Relaxed), sent);
            }
        }
    }
}

fn a_destructor_that_panics() {
    struct Panics(#[expect(dead_code, reason = "it is dropped")] Counted, bool);
    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(!self.1, "in a destructor");
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel();
    for n in 0..100 {
        let sent = tx.send(Panics(Counted(Arc::clone(&dropped)), n % 10 == 3));
        assert!(sent.is_ok());
    }
    let payload = catch_unwind(AssertUnwindSafe(|| drop(rx))).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"in a destructor"));
    assert_eq!(dropped.load(Ordering::Relaxed), 100);
    assert!(tx.send(Panics(Counted(Arc::clone(&dropped)), false)).is_err());
}

/// With one worker this would never end if one that need not wait kept it.
fn loops_let_others_run() {
    let (tx, rx) = channel();
    let sending = thread::spawn(move || while tx.send(()).is_ok() {});
    let receiving = thread::spawn(move || (0..10_000).for_each(|_| rx.recv().unwrap()));
    receiving.join().unwrap();
    sending.join().unwrap();
    let (tx, rx) = channel();
    let asking = thread::spawn(move || while rx.try_recv() == Err(TryRecvError::Empty) {});
    let sending = thread::spawn(move || tx.send(()).unwrap());
    sending.join().unwrap();
    asking.join().unwrap();
}

#[test]
fn shape() {
    fn moves<T: Send + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    moves::<Sender<u8>>();
    moves::<Receiver<u8>>();
    // Neither is `Sync`: it would not be the only one of its kind then.
    trait Ambiguous<A> {
        fn check() {}
    }
    impl<T> Ambiguous<()> for T {}
    impl<T: Sync> Ambiguous<u8> for T {}
    let _ = <Sender<u8> as Ambiguous<_>>::check;
    let _ = <Receiver<u8> as Ambiguous<_>>::check;
    let (tx, rx) = channel::<u8>();
    assert_eq!(format!("{tx:?} {rx:?}"), "Sender { .. } Receiver { .. }");
}
