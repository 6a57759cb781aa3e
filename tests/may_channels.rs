//! What may's own tests ask of channels, of costd's: one sender and one receiver, both kinds of threads, many receivers; with some of
//! those who wait cancelled.

use std::sync::atomic::{AtomicUsize, Ordering};

use costd::coroutine::{JoinHandleExt, os_thread};
use costd::sync::mpsc::{RecvTimeoutError, TryRecvError, sync_channel};
use costd::sync::{Arc, mpmc, mpsc};
use costd::thread;
use costd::time::Duration;
use may_common::{begun, crowd};

mod may_common;
mod sync_support;

on_workers! {
    one_sender_and_one_receiver
    between_both_kinds
    many_receivers
    a_message_for_who_is_left
}

const SHORT: Duration = Duration::from_millis(5);

/// Where may has a channel of its own kind for it.
fn one_sender_and_one_receiver() {
    let (sender, receiver) = mpsc::channel();
    let sending = thread::spawn(move || {
        for n in 0..10_000 {
            sender.send(Box::new(n)).unwrap();
            if n % 1000 == 0 {
                thread::yield_now();
            }
        }
    });
    for n in 0..10_000 {
        assert_eq!(*receiver.recv().unwrap(), n);
    }
    assert!(receiver.recv().is_err());
    sending.join().unwrap();
    // An end that has gone, seen by the other one in its wait.
    let (sender, receiver) = mpsc::channel::<()>();
    let waiting = begun(move || receiver.recv());
    drop(sender);
    assert!(waiting.join().unwrap().is_err());
    let (sender, receiver) = sync_channel(1);
    sender.send(1).unwrap();
    let waiting = begun(move || sender.send(2).map_err(|error| error.0));
    drop(receiver);
    assert_eq!(waiting.join().unwrap(), Err(2));
    // A time that is up takes nothing with it.
    let (sender, receiver) = mpsc::channel();
    assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    sender.send(1).unwrap();
    drop(sender);
    assert_eq!(receiver.recv_timeout(SHORT), Ok(1));
    assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Disconnected));
}

fn between_both_kinds() {
    for capacity in [None, Some(3), Some(0)] {
        for sends_from_coroutine in [true, false] {
            let send = |send: Box<dyn Fn(u32) + Send>| move || (0..500).for_each(send);
            let (send, receiver) = match capacity {
                None => {
                    let (sender, receiver) = mpsc::channel();
                    (send(Box::new(move |n| sender.send(n).unwrap())), receiver)
                }
                Some(capacity) => {
                    let (sender, receiver) = sync_channel(capacity);
                    (send(Box::new(move |n| sender.send(n).unwrap())), receiver)
                }
            };
            let receive = move || assert!(receiver.into_iter().eq(0..500));
            if sends_from_coroutine {
                let os = os_thread::spawn(receive);
                thread::spawn(send).join().unwrap();
                os.join().unwrap();
            } else {
                let os = os_thread::spawn(send);
                thread::spawn(receive).join().unwrap();
                os.join().unwrap();
            }
        }
    }
}

fn many_receivers() {
    const EACH: usize = 3000;
    for capacity in [None, Some(4), Some(0)] {
        let (sender, receiver) = capacity.map_or_else(mpmc::channel, mpmc::sync_channel);
        let seen = Arc::new((0..6 * EACH).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>());
        let receiving: Vec<_> = (0..6)
            .map(|_| {
                let (receiver, seen) = (receiver.clone(), Arc::clone(&seen));
                thread::spawn(move || {
                    receiver.into_iter().for_each(|n: usize| _ = seen[n].fetch_add(1, Ordering::Relaxed))
                })
            })
            .collect();
        drop(receiver);
        crowd(6, move |id| (0..EACH).for_each(|n| sender.send(id * EACH + n).unwrap()));
        receiving.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(seen.iter().all(|count| count.load(Ordering::Relaxed) == 1));
    }
}

/// Of several who wait, the one that is to be woken is cancelled: another one has the message.
fn a_message_for_who_is_left() {
    for round in 0..200 {
        let (sender, receiver) = mpmc::channel();
        let receiving: Vec<_> = (0..3)
            .map(|_| {
                let receiver = receiver.clone();
                thread::spawn(move || receiver.recv().unwrap())
            })
            .collect();
        thread::yield_now();
        receiving[0].cancel();
        sender.send(round).unwrap();
        receiving[1].cancel();
        sender.send(round).unwrap();
        sender.send(round).unwrap();
        let received = receiving.into_iter().filter_map(|thread| thread.join().ok());
        let received = received.inspect(|message| assert_eq!(*message, round)).count();
        let left = receiver.try_iter().count();
        assert!(received >= 1 && received + left == 3, "{received} received, {left} left");
    }
}
