//! What costd has and stable std has not, made of what std has: as slow as it may be.

use std::sync::mpsc::{self, Receiver, RecvError, SendError, Sender, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex};

#[derive(Clone)]
pub(crate) enum SharedSender {
    Unbounded(Sender<u64>),
    Bounded(SyncSender<u64>),
}

#[derive(Clone)]
pub(crate) struct SharedReceiver(Arc<Mutex<Receiver<u64>>>);

pub(crate) struct OneshotSender(SyncSender<u64>);

pub(crate) struct OneshotReceiver(Receiver<u64>);

pub(crate) fn shared(capacity: Option<usize>) -> (SharedSender, SharedReceiver) {
    let (sender, receiver) = match capacity {
        None => {
            let (sender, receiver) = mpsc::channel();
            (SharedSender::Unbounded(sender), receiver)
        }
        Some(capacity) => {
            let (sender, receiver) = mpsc::sync_channel(capacity);
            (SharedSender::Bounded(sender), receiver)
        }
    };
    (sender, SharedReceiver(Arc::new(Mutex::new(receiver))))
}

pub(crate) fn oneshot() -> (OneshotSender, OneshotReceiver) {
    let (sender, receiver) = mpsc::sync_channel(1);
    (OneshotSender(sender), OneshotReceiver(receiver))
}

impl SharedSender {
    pub(crate) fn send(&self, value: u64) -> Result<(), SendError<u64>> {
        match self {
            SharedSender::Unbounded(sender) => sender.send(value),
            SharedSender::Bounded(sender) => sender.send(value),
        }
    }
}

impl SharedReceiver {
    pub(crate) fn recv(&self) -> Result<u64, RecvError> {
        self.0.lock().unwrap().recv()
    }

    pub(crate) fn try_recv(&self) -> Result<u64, TryRecvError> {
        self.0.lock().unwrap().try_recv()
    }
}

impl OneshotSender {
    pub(crate) fn send(self, value: u64) -> Result<(), SendError<u64>> {
        self.0.send(value)
    }
}

impl OneshotReceiver {
    pub(crate) fn recv(self) -> Result<u64, RecvError> {
        self.0.recv()
    }
}
