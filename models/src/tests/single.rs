//! The channel of one sender and one receiver: messages, ends, deadlines, and what is dropped.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::Instant;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::channel::{SingleReceiving, single};
use crate::park::select;
use crate::task::Unparker;

fn model(preemptions: Option<usize>, f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = preemptions;
    model.check(f);
}

/// A message that counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Through three blocks, of which one is used twice; then the end is seen.
#[test]
fn messages_then_the_end() {
    model(Some(2), || {
        let (tx, rx) = single();
        let sender = thread::spawn(move || (0..5).for_each(|n| tx.send(n).unwrap()));
        for n in 0..5 {
            assert_eq!(rx.recv(None), Ok(n));
        }
        assert_eq!(rx.recv(None), Err(RecvTimeoutError::Disconnected));
        sender.join().unwrap();
    });
}

/// The receiver waits for each, and with a sender left only a message ends that.
#[test]
fn one_message_and_a_sender_that_stays() {
    model(None, || {
        let (tx, rx) = single();
        let sender = thread::spawn(move || {
            tx.send(1).unwrap();
            tx
        });
        assert_eq!(rx.recv(None), Ok(1));
        drop(sender.join().unwrap());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    });
}

/// The receiver goes while the sender sends: what it has not taken is dropped with it, or comes back.
#[test]
fn the_receiver_goes() {
    model(None, || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = single();
        let sender = thread::spawn({
            let dropped = dropped.clone();
            move || {
                let sent = (0..3).take_while(|_| tx.send(Counted(dropped.clone())).is_ok()).count();
                (tx, sent)
            }
        });
        drop(rx.try_recv());
        drop(rx);
        let (tx, sent) = sender.join().unwrap();
        // With the sender still there.
        assert_eq!(dropped.load(Ordering::Relaxed), (sent + 1).min(3));
        drop(tx);
    });
}

/// A deadline passes: the message is received, or still there, and the next wait is not forgotten.
#[test]
fn a_deadline() {
    model(Some(3), || {
        let (tx, rx) = single();
        let sender = thread::spawn(move || {
            tx.send(1).unwrap();
            tx.send(2).unwrap();
            tx
        });
        let first = rx.recv(Some(Instant::now())).or_else(|_| rx.recv(None));
        assert_eq!((first, rx.recv(None)), (Ok(1), Ok(2)));
        drop(sender.join().unwrap());
    });
}

/// In a select with another: the one that wins has the message, and the other one's is there afterwards.
#[test]
fn two_in_a_select() {
    model(Some(2), || {
        let ((a, from_a), (b, from_b)) = (single(), single());
        let senders = [(a, 1), (b, 2)].map(|(tx, n)| thread::spawn(move || tx.send(n).unwrap()));
        let first = {
            let (one, other) = (SingleReceiving::new(&from_a), SingleReceiving::new(&from_b));
            let winner = select(&[&one, &other], None).unwrap();
            [one, other][winner].take_result().unwrap().unwrap()
        };
        let second = if first == 1 { from_b.recv(None) } else { from_a.recv(None) };
        assert_eq!(first + second.unwrap(), 3);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

/// It is cancelled while it is woken: it has the message, or it is still there.
#[test]
fn cancelled() {
    model(Some(3), || {
        let (tx, rx) = single();
        let receiver = Unparker::current();
        let sender = thread::spawn(move || tx.send(1).unwrap());
        let canceller = thread::spawn(move || receiver.cancel());
        let received = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| rx.recv(None)));
        sender.join().unwrap();
        canceller.join().unwrap();
        assert_eq!(received.unwrap_or_else(|_| rx.take().map_err(|_| RecvTimeoutError::Timeout)), Ok(1));
    });
}
