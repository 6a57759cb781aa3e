//! What stable std does not have, and costd does.

use std::sync::{mpmc, oneshot};

pub(crate) type SharedSender = mpmc::Sender<u64>;
pub(crate) type SharedReceiver = mpmc::Receiver<u64>;
pub(crate) type OneshotSender = oneshot::Sender<u64>;
pub(crate) type OneshotReceiver = oneshot::Receiver<u64>;

pub(crate) fn shared(capacity: Option<usize>) -> (SharedSender, SharedReceiver) {
    capacity.map_or_else(mpmc::channel, mpmc::sync_channel)
}

pub(crate) fn oneshot() -> (OneshotSender, OneshotReceiver) {
    oneshot::channel()
}
