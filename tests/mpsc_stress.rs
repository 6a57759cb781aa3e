//! Channels under stress: coroutines and OS threads mixed, disconnection at any moment, every message dropped exactly once.
//! The tests are run with several numbers of workers by the first one.

mod mpsc_common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use costd::sync::mpsc::{
    Receiver, RecvTimeoutError, SendError, Sender, SyncSender, TryRecvError, TrySendError, channel, sync_channel,
};
use mpsc_common::{Counted, Counts, Thread, all_but_this_with_1_and_8_workers};

#[test]
fn with_several_numbers_of_workers() {
    all_but_this_with_1_and_8_workers("with_several_numbers_of_workers");
}

/// Either kind of sender.
enum AnySender<T> {
    Unbounded(Sender<T>),
    Bounded(SyncSender<T>),
}

impl<T> AnySender<T> {
    fn send(&self, message: T) -> Result<(), SendError<T>> {
        match self {
            AnySender::Unbounded(sender) => sender.send(message),
            AnySender::Bounded(sender) => sender.send(message),
        }
    }
}

impl<T> Clone for AnySender<T> {
    fn clone(&self) -> Self {
        match self {
            AnySender::Unbounded(sender) => AnySender::Unbounded(sender.clone()),
            AnySender::Bounded(sender) => AnySender::Bounded(sender.clone()),
        }
    }
}

const BOUNDS: [Option<usize>; 5] = [None, Some(0), Some(1), Some(3), Some(128)];

fn any_channel<T>(bound: Option<usize>) -> (AnySender<T>, Receiver<T>) {
    match bound {
        None => {
            let (tx, rx) = channel();
            (AnySender::Unbounded(tx), rx)
        }
        Some(bound) => {
            let (tx, rx) = sync_channel(bound);
            (AnySender::Bounded(tx), rx)
        }
    }
}

#[test]
fn every_message_arrives_in_its_senders_order() {
    const SENDERS: usize = 6;
    const EACH: usize = 3000;
    for bound in BOUNDS {
        for receiver in 0..2 {
            let counts = Counts::leaked();
            let (tx, rx) = any_channel::<(usize, Counted)>(bound);
            let senders: Vec<_> = (0..SENDERS)
                .map(|sender| {
                    let tx = tx.clone();
                    Thread::spawn(sender, move || {
                        for n in 0..EACH {
                            tx.send((sender, counts.message(n))).unwrap_or_else(|_| panic!("receiver gone"));
                        }
                    })
                })
                .collect();
            drop(tx);
            let receiver = Thread::spawn(receiver, move || {
                let mut next = [0; SENDERS];
                for (sender, message) in rx {
                    assert_eq!(message.number, next[sender]);
                    next[sender] += 1;
                }
                assert_eq!(next, [EACH; SENDERS]);
            });
            receiver.join();
            senders.into_iter().for_each(Thread::join);
            counts.assert_all_dropped();
        }
    }
}

#[test]
fn a_receiver_that_goes_drops_what_is_there_and_ends_all_sends() {
    for round in 0..60 {
        for bound in BOUNDS {
            let counts = Counts::leaked();
            let (tx, rx) = any_channel(bound);
            let senders: Vec<_> = (0..4)
                .map(|sender| {
                    let tx = tx.clone();
                    Thread::spawn(sender, move || {
                        let mut sent = 0;
                        while tx.send(counts.message(sent)).is_ok() {
                            sent += 1;
                            if bound.is_none() && sent.is_multiple_of(100) {
                                costd::thread::yield_now();
                            }
                        }
                        // Gone is gone.
                        assert!(tx.send(counts.message(0)).is_err());
                        sent
                    })
                })
                .collect();
            let received = Thread::spawn(round, move || rx.iter().take(round * 7).count()).join();
            assert_eq!(received, round * 7);
            let sent: usize = senders.into_iter().map(Thread::join).sum();
            assert!(sent >= received);
            if bound == Some(0) {
                assert_eq!(sent, received, "a rendezvous sends what is received, and nothing else");
            }
            // A sender is left; the messages are not.
            counts.assert_all_dropped();
            drop(tx);
        }
    }
}

#[test]
fn the_last_sender_going_ends_a_receive() {
    for round in 0..300 {
        for bound in BOUNDS {
            let (tx, rx) = any_channel::<usize>(bound);
            let receiver = Thread::spawn(round, move || rx.iter().sum::<usize>());
            let senders: Vec<_> = (0..3)
                .map(|sender| {
                    let tx = tx.clone();
                    Thread::spawn(sender, move || {
                        if sender < round % 3 {
                            tx.send(1).unwrap();
                        }
                    })
                })
                .collect();
            drop(tx);
            assert_eq!(receiver.join(), round % 3);
            senders.into_iter().for_each(Thread::join);
        }
    }
}

#[test]
fn deadlines_race_with_messages() {
    const EACH: usize = 400;
    for bound in BOUNDS {
        let counts = Counts::leaked();
        let (tx, rx) = any_channel(bound);
        let senders: Vec<_> = (0..3)
            .map(|sender| {
                let tx = tx.clone();
                Thread::spawn(sender, move || {
                    let mut sent = 0;
                    for n in 0..EACH {
                        let message = counts.message(n);
                        match &tx {
                            AnySender::Bounded(tx) if n.is_multiple_of(2) => {
                                sent +=
                                    usize::from(tx.send_timeout(message, Duration::from_micros(n as u64 % 60)).is_ok());
                            }
                            AnySender::Bounded(tx) if n.is_multiple_of(3) => {
                                sent += usize::from(tx.try_send(message).is_ok())
                            }
                            _ => {
                                assert!(tx.send(message).is_ok());
                                sent += 1;
                            }
                        }
                        if n.is_multiple_of(16) {
                            costd::thread::sleep(Duration::from_micros(50));
                        }
                    }
                    sent
                })
            })
            .collect();
        drop(tx);
        for receiver in 0..1 {
            let rx = &rx;
            let mut received = 0;
            for n in receiver.. {
                match rx.recv_timeout(Duration::from_micros(n % 60)) {
                    Ok(_) => received += 1,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            counts.assert_all_dropped();
            assert!(received > 0);
        }
        let sent: usize = senders.into_iter().map(Thread::join).sum();
        assert!(sent <= 3 * EACH);
    }
}

/// The same from within a coroutine, with exact counts.
#[test]
fn what_was_sent_in_time_is_received() {
    for bound in BOUNDS {
        let (tx, rx) = any_channel::<usize>(bound);
        let sender = costd::thread::spawn(move || {
            let AnySender::Bounded(tx) = tx else { return None };
            Some((0..2000).filter(|n| tx.send_timeout(*n, Duration::from_micros(20)).is_ok()).count())
        });
        let receiver = costd::thread::spawn(move || {
            let mut received = 0;
            loop {
                match rx.recv_timeout(Duration::from_micros(15)) {
                    Ok(_) => received += 1,
                    Err(RecvTimeoutError::Timeout) => costd::thread::yield_now(),
                    Err(RecvTimeoutError::Disconnected) => break received,
                }
            }
        });
        let received: usize = receiver.join().unwrap();
        if let Some(sent) = sender.join().unwrap() {
            assert_eq!(received, sent, "bound {bound:?}");
        }
    }
}

#[test]
fn loops_that_try_let_others_go() {
    // With one worker, a spinning coroutine must let its partner run; nothing here ever waits.
    for bound in [1, 3] {
        let (tx, rx) = sync_channel(bound);
        let sender = costd::thread::spawn(move || {
            for n in 0..1000 {
                let mut message = n;
                while let Err(TrySendError::Full(back)) = tx.try_send(message) {
                    message = back;
                }
            }
        });
        let receiver = costd::thread::spawn(move || {
            let mut next = 0;
            loop {
                match rx.try_recv() {
                    Ok(n) => {
                        assert_eq!(n, next);
                        next += 1;
                    }
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => break next,
                }
            }
        });
        sender.join().unwrap();
        assert_eq!(receiver.join().unwrap(), 1000);
    }
}

#[test]
fn try_send_meets_a_receiver_that_waits() {
    for receiver in 0..2 {
        let (tx, rx) = sync_channel(0);
        assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)));
        let receiver = Thread::spawn(receiver, move || rx.iter().take(200).collect::<Vec<_>>());
        let sender = costd::thread::spawn(move || {
            for n in 0..200 {
                while let Err(error) = tx.try_send(n) {
                    assert_eq!(error, TrySendError::Full(n));
                    costd::thread::yield_now();
                }
            }
            costd::thread::sleep(Duration::from_millis(20));
            assert_eq!(tx.try_send(0), Err(TrySendError::Disconnected(0)));
        });
        assert_eq!(receiver.join(), (0..200).collect::<Vec<_>>());
        sender.join().unwrap();
    }
}

#[test]
fn messages_that_carry_ends() {
    // A tree of channels through channels, all of it let go at once.
    for round in 0..200 {
        let counts = Counts::leaked();
        let (tx, rx) = channel();
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let tx: Sender<(Counted, Receiver<Counted>)> = tx.clone();
                Thread::spawn(n, move || {
                    let (inner_tx, inner_rx) = channel();
                    inner_tx.send(counts.message(0)).unwrap_or_else(|_| unreachable!());
                    let _ = tx.send((counts.message(1), inner_rx));
                    // The receiver may be gone.
                    let _ = inner_tx.send(counts.message(2));
                })
            })
            .collect();
        let received = rx.iter().take(round % 4).count();
        assert_eq!(received, round % 4);
        drop(rx);
        threads.into_iter().for_each(Thread::join);
        counts.assert_all_dropped();
    }
}

#[test]
fn a_chatty_pair_lets_others_run() {
    let (to, from_us) = channel::<u32>();
    let (to_us, from) = channel::<u32>();
    let partner = costd::thread::spawn(move || from_us.iter().try_for_each(|m| to_us.send(m)));
    let chatty = costd::thread::spawn(move || {
        while to.send(1).is_ok() {
            if from.recv() != Ok(1) {
                break;
            }
            if STOP.load(Ordering::Relaxed) == 1 {
                break;
            }
        }
    });
    // So many that every worker has some.
    static STOP: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    STOP.store(0, Ordering::Relaxed);
    let others: Vec<_> = (0..32).map(|_| costd::thread::spawn(costd::thread::yield_now)).collect();
    others.into_iter().for_each(|other| other.join().unwrap());
    let filler = costd::thread::spawn(|| {
        // One that never waits: both ends are its own.
        let (tx, rx) = channel();
        while STOP.load(Ordering::Relaxed) == 0 {
            tx.send(1).unwrap();
            rx.recv().unwrap();
        }
    });
    let others: Vec<_> = (0..32).map(|_| costd::thread::spawn(costd::thread::yield_now)).collect();
    others.into_iter().for_each(|other| other.join().unwrap());
    // Only now may they end.
    STOP.store(1, Ordering::Relaxed);
    chatty.join().unwrap();
    filler.join().unwrap();
    let _ = partner.join().unwrap();
}
