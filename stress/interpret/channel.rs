//! The ends of channels, of all kinds.

use crate::extra;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError, TrySendError};
use std::time::Duration;

use stress_program::program::{Channel, How};

/// A wait that ends in vain now and then.
pub(crate) const SHORT: Duration = Duration::from_micros(300);

pub(crate) enum SendEnd {
    Unbounded(mpsc::Sender<u64>),
    Bounded(mpsc::SyncSender<u64>),
    Shared(extra::SharedSender),
    Oneshot(Option<extra::OneshotSender>),
}

pub(crate) enum ReceiveEnd {
    Single(mpsc::Receiver<u64>),
    Shared(extra::SharedReceiver),
    Oneshot(Option<extra::OneshotReceiver>),
}

pub(crate) fn new(kind: Channel) -> (SendEnd, ReceiveEnd) {
    match kind {
        Channel::Unbounded => {
            let (sender, receiver) = mpsc::channel();
            (SendEnd::Unbounded(sender), ReceiveEnd::Single(receiver))
        }
        Channel::Bounded(capacity) => {
            let (sender, receiver) = mpsc::sync_channel(capacity);
            (SendEnd::Bounded(sender), ReceiveEnd::Single(receiver))
        }
        Channel::Shared(capacity) => {
            let (sender, receiver) = extra::shared(capacity);
            (SendEnd::Shared(sender), ReceiveEnd::Shared(receiver))
        }
        Channel::Oneshot => {
            let (sender, receiver) = extra::oneshot();
            (SendEnd::Oneshot(Some(sender)), ReceiveEnd::Oneshot(Some(receiver)))
        }
    }
}

impl SendEnd {
    /// Whether the receiver is still there depends on the interleaving, so nobody looks.
    pub(crate) fn send(&mut self, value: u64, how: How) {
        match self {
            SendEnd::Unbounded(sender) => _ = sender.send(value),
            SendEnd::Bounded(sender) if how == How::TryFirst => {
                if let Err(TrySendError::Full(value)) = sender.try_send(value) {
                    let _ = sender.send(value);
                }
            }
            SendEnd::Bounded(sender) => _ = sender.send(value),
            SendEnd::Shared(sender) => _ = sender.send(value),
            SendEnd::Oneshot(sender) => _ = sender.take().map(|sender| sender.send(value)),
        }
    }
}

impl ReceiveEnd {
    /// `None`: the sender is gone.
    pub(crate) fn receive(&mut self, how: How) -> Option<u64> {
        match self {
            ReceiveEnd::Single(receiver) => match how {
                How::Plain => receiver.recv().ok(),
                How::Timeout => loop {
                    match receiver.recv_timeout(SHORT) {
                        Ok(value) => return Some(value),
                        Err(RecvTimeoutError::Disconnected) => return None,
                        Err(RecvTimeoutError::Timeout) => {}
                    }
                },
                How::TryFirst => match receiver.try_recv() {
                    Ok(value) => Some(value),
                    Err(TryRecvError::Disconnected) => None,
                    Err(TryRecvError::Empty) => receiver.recv().ok(),
                },
            },
            ReceiveEnd::Shared(receiver) => match how {
                How::TryFirst => match receiver.try_recv() {
                    Ok(value) => Some(value),
                    Err(TryRecvError::Disconnected) => None,
                    Err(TryRecvError::Empty) => receiver.recv().ok(),
                },
                _ => receiver.recv().ok(),
            },
            ReceiveEnd::Oneshot(receiver) => receiver.take()?.recv().ok(),
        }
    }
}
