//! Channels of every kind. Whatever was sent is received, or still there; and no message is leaked.

use costd::sync::nonpoison::Mutex;
use costd::sync::{Arc, mpmc, mpsc, oneshot};

use crate::storm::{FOREVER, Storm, Tally};

/// It counts those that live.
#[derive(Clone)]
struct Message(#[expect(dead_code, reason = "it is there to be dropped")] Arc<()>);

pub fn all(storm: &mut Storm, each: usize) {
    mpsc_unbounded(storm, each);
    for capacity in [0, 3] {
        mpsc_bounded(storm, each, capacity);
        shared(storm, each, Some(capacity));
    }
    shared(storm, each, None);
    oneshots(storm, each);
}

/// Receivers take turns; the one that waits has the lock, and loses it when it is cancelled.
fn receive_in_turns(
    storm: &mut Storm,
    each: usize,
    receiver: mpsc::Receiver<Message>,
    tally: &Arc<Tally>,
) -> Arc<Mutex<mpsc::Receiver<Message>>> {
    let receiver = Arc::new(Mutex::new(receiver));
    for n in 0..each {
        let (receiver, tally) = (Arc::clone(&receiver), Arc::clone(tally));
        storm.spawn(move || {
            let receiver = receiver.lock();
            if n % 2 == 0 {
                receiver.recv().expect("there are senders");
            } else {
                receiver.recv_timeout(FOREVER).expect("there are senders");
            }
            tally.got(1);
        });
    }
    receiver
}

fn count_left(receiver: &Mutex<mpsc::Receiver<Message>>) -> usize {
    receiver.try_lock().expect("nobody holds it").try_iter().count()
}

fn mpsc_unbounded(storm: &mut Storm, each: usize) {
    let (sender, receiver) = mpsc::channel();
    let (tally, lives) = (Arc::new(Tally::default()), Arc::new(()));
    let receiver = receive_in_turns(storm, each, receiver, &tally);
    // Sending does not wait, so the storm does it: while it cancels those who receive.
    let (wake_tally, message) = (Arc::clone(&tally), Message(Arc::clone(&lives)));
    storm.wake_by(move || {
        for _ in 0..8 {
            sender.send(message.clone()).unwrap();
            wake_tally.put(1);
        }
    });
    storm.check_at_end("an unbounded channel", move || {
        tally.check(count_left(&receiver));
        drop(receiver);
        assert_eq!(Arc::strong_count(&lives), 1);
    });
}

fn mpsc_bounded(storm: &mut Storm, each: usize, capacity: usize) {
    let (sender, receiver) = mpsc::sync_channel(capacity);
    let (tally, lives) = (Arc::new(Tally::default()), Arc::new(()));
    let receiver = receive_in_turns(storm, each, receiver, &tally);
    for _ in 0..each {
        let (sender, tally, message) = (sender.clone(), Arc::clone(&tally), Message(Arc::clone(&lives)));
        storm.spawn(move || {
            sender.send(message.clone()).expect("there are receivers");
            tally.put(1);
        });
    }
    storm.check_at_end(if capacity == 0 { "a rendezvous" } else { "a bounded channel" }, move || {
        tally.check(count_left(&receiver));
        drop((sender, receiver));
        assert_eq!(Arc::strong_count(&lives), 1);
    });
}

fn shared(storm: &mut Storm, each: usize, capacity: Option<usize>) {
    let (sender, receiver) = capacity.map_or_else(mpmc::channel, mpmc::sync_channel);
    let (tally, lives) = (Arc::new(Tally::default()), Arc::new(()));
    for n in 0..each {
        let (receiver, tally_now) = (receiver.clone(), Arc::clone(&tally));
        storm.spawn(move || {
            if n % 2 == 0 {
                receiver.recv().expect("there are senders");
            } else {
                receiver.recv_timeout(FOREVER).expect("there are senders");
            }
            tally_now.got(1);
        });
        let (sender, tally, message) = (sender.clone(), Arc::clone(&tally), Message(Arc::clone(&lives)));
        if capacity.is_some() {
            storm.spawn(move || {
                sender.send(message.clone()).expect("there are receivers");
                tally.put(1);
            });
        } else if n == 0 {
            storm.wake_by(move || {
                for _ in 0..8 {
                    sender.send(message.clone()).unwrap();
                    tally.put(1);
                }
            });
        }
    }
    storm.check_at_end("a channel of several receivers", move || {
        tally.check(receiver.try_iter().count());
        drop((sender, receiver));
        assert_eq!(Arc::strong_count(&lives), 1);
    });
}

/// Each receiver has a channel of its own. It gets its message, or the message is dropped with it.
fn oneshots(storm: &mut Storm, each: usize) {
    let lives = Arc::new(());
    let mut senders = Vec::new();
    for _ in 0..each {
        let (sender, receiver) = oneshot::channel();
        senders.push(sender);
        storm.spawn_once(move || drop(receiver.recv().expect("the storm sends, or is not there yet")));
    }
    let message = Message(Arc::clone(&lives));
    storm.wake_by(move || {
        if let Some(sender) = senders.pop() {
            // An error: it has been cancelled, and has dropped its end.
            let _ = sender.send(message.clone());
        }
    });
    storm.check_at_end("oneshot channels", move || assert_eq!(Arc::strong_count(&lives), 1));
}
