//! Channels: blocking, disconnection, deadlines.

use std::sync::mpsc::{RecvTimeoutError, TrySendError};
use std::time::Instant;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::channel::{ReceiverEnd, SenderEnd, new};

/// `None`: unbounded; 0: a rendezvous.
const CAPACITIES: [Option<usize>; 3] = [None, Some(0), Some(1)];

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

/// All that was sent before the sender went is received, and then its going is seen.
#[test]
fn messages_then_disconnection() {
    for capacity in CAPACITIES {
        model(Some(3), move || {
            let (tx, rx) = new(capacity);
            let sender = thread::spawn(move || {
                for n in 0..2 {
                    tx.send(n, None).unwrap();
                }
            });
            assert_eq!(rx.recv(None), Ok(0));
            assert_eq!(rx.recv(None), Ok(1));
            assert_eq!(rx.recv(None), Err(RecvTimeoutError::Disconnected));
            sender.join().unwrap();
        });
    }
}

/// Two senders and one receiver, who may have to wait for one another in turns.
#[test]
fn two_senders() {
    for capacity in CAPACITIES {
        model(Some(2), move || {
            let (tx, rx) = new(capacity);
            let senders = [1, 2].map(|n| {
                let tx: SenderEnd<u32> = tx.clone();
                thread::spawn(move || tx.send(n, None).unwrap())
            });
            drop(tx);
            assert_eq!(rx.recv(None).unwrap() + rx.recv(None).unwrap(), 3);
            assert_eq!(rx.recv(None), Err(RecvTimeoutError::Disconnected));
            senders.into_iter().for_each(|sender| sender.join().unwrap());
        });
    }
}

/// Two senders wait for room, and the message of the first goes straight to a receiver: that leaves room for the other's.
#[test]
fn two_senders_without_room() {
    model(Some(2), || {
        let (tx, rx) = new(Some(1));
        tx.send(1, None).unwrap();
        let senders = [2, 4].map(|n| {
            let tx: SenderEnd<u32> = tx.clone();
            thread::spawn(move || tx.send(n, None).unwrap())
        });
        assert_eq!((0..3).map(|_| rx.recv(None).unwrap()).sum::<u32>(), 7);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

/// Two receivers and one sender: each message reaches one, and both see the end.
#[test]
fn two_receivers() {
    for capacity in CAPACITIES {
        model(Some(2), move || {
            let (tx, rx) = new(capacity);
            let receive = |rx: ReceiverEnd<u32>| std::iter::from_fn(|| rx.recv(None).ok()).sum::<u32>();
            let other = rx.clone();
            let receiver = thread::spawn(move || receive(other));
            let sender = thread::spawn(move || {
                tx.send(1, None).unwrap();
                tx.send(2, None).unwrap();
            });
            assert_eq!(receive(rx) + receiver.join().unwrap(), 3);
            sender.join().unwrap();
        });
    }
}

/// The receiver goes while a sender sends: the message comes back, or is dropped; and promptly, with a sender still there.
#[test]
fn the_receiver_goes() {
    for capacity in CAPACITIES {
        model(Some(3), move || {
            let dropped = Arc::new(AtomicUsize::new(0));
            let (tx, rx) = new(capacity);
            let other = tx.clone();
            let sender = thread::spawn({
                let dropped = dropped.clone();
                move || {
                    let mut sent = 0;
                    while tx.send(Counted(dropped.clone()), None).is_ok() {
                        sent += 1;
                        if sent == 2 {
                            break;
                        }
                    }
                    sent
                }
            });
            drop(rx);
            let sent = sender.join().unwrap();
            assert_eq!(dropped.load(Ordering::Relaxed), if sent == 2 { 2 } else { sent + 1 });
            assert!(capacity != Some(0) || sent == 0);
            drop(other);
        });
    }
}

/// A receiver's deadline: the message is received, or is still there, or came back to its sender.
#[test]
fn a_receivers_deadline() {
    for capacity in CAPACITIES {
        model(None, move || {
            let (tx, rx) = new(capacity);
            let sender = thread::spawn(move || match capacity {
                Some(0) => tx.try_send(7),
                _ => tx.send(7, None),
            });
            let received = rx.recv(Some(Instant::now()));
            let sent = sender.join().unwrap();
            match (received, sent) {
                (Ok(7), Ok(())) => assert_eq!(rx.recv(None), Err(RecvTimeoutError::Disconnected)),
                (Err(_), Err(TrySendError::Full(7))) => {}
                (Err(RecvTimeoutError::Timeout), Ok(())) if capacity != Some(0) => assert_eq!(rx.recv(None), Ok(7)),
                other => panic!("{other:?}"),
            }
        });
    }
}

/// A sender's deadline, in a rendezvous or a full channel: what it says is what the receiver sees.
#[test]
fn a_senders_deadline() {
    for capacity in [0, 1] {
        model(Some(3), move || {
            let (tx, rx) = new(Some(capacity));
            for n in 0..capacity {
                tx.send(n, None).unwrap();
            }
            let receiver = thread::spawn(move || {
                let received = std::iter::from_fn(|| rx.recv(None).ok()).count();
                received - capacity
            });
            let sent = tx.send(7, Some(Instant::now()));
            drop(tx);
            assert_eq!(receiver.join().unwrap(), usize::from(sent.is_ok()));
        });
    }
}

/// Two receivers wait, one of them only until its deadline: the one that stays is not left asleep over a message.
#[test]
fn a_deadline_does_not_swallow_a_wake_up() {
    model(Some(2), || {
        let (tx, rx) = new(None);
        let impatient = thread::spawn({
            let rx = rx.clone();
            move || rx.recv(Some(Instant::now())).is_ok()
        });
        let sender = thread::spawn({
            let tx = tx.clone();
            move || {
                tx.send(1, None).unwrap();
                tx.send(2, None).unwrap();
            }
        });
        // With a sender left, only a message ends this.
        rx.recv(None).unwrap();
        let other = impatient.join().unwrap();
        sender.join().unwrap();
        assert_eq!(rx.try_recv().is_ok(), !other);
        drop(tx);
    });
}
