//! The ends of a channel: counted, so that the last of a kind to go closes the channel for the other kind.
//!
//! The memory is an `Arc`'s; beside it stands how many ends of each kind there are. An end is made from one of its kind,
//! so a count that has come down to 0 stays there, and exactly one end sees it get there.

use std::ops::Deref;

use crate::sched::primitive::Arc;
use crate::sched::primitive::atomic::{AtomicUsize, Ordering};

use super::Channel;

struct Shared<T> {
    channel: Channel<T>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

/// One of a channel's senders.
pub(crate) struct SenderEnd<T>(Arc<Shared<T>>);

/// One of a channel's receivers.
pub(crate) struct ReceiverEnd<T>(Arc<Shared<T>>);

/// A channel of this capacity (`None`: unbounded; 0: a rendezvous), with an end of each kind.
pub(crate) fn new<T>(capacity: Option<usize>) -> (SenderEnd<T>, ReceiverEnd<T>) {
    let channel = Channel::with_capacity(capacity);
    let shared = Arc::new(Shared { channel, senders: AtomicUsize::new(1), receivers: AtomicUsize::new(1) });
    (SenderEnd(Arc::clone(&shared)), ReceiverEnd(shared))
}

impl<T> SenderEnd<T> {
    /// Are both senders of one channel?
    pub(crate) fn same_channel(&self, other: &SenderEnd<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> ReceiverEnd<T> {
    /// Are both receivers of one channel?
    pub(crate) fn same_channel(&self, other: &ReceiverEnd<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Clone for SenderEnd<T> {
    fn clone(&self) -> Self {
        // Relaxed: as a clone of an `Arc` (whose count aborts before this one could wrap around).
        self.0.senders.fetch_add(1, Ordering::Relaxed);
        SenderEnd(Arc::clone(&self.0))
    }
}

impl<T> Clone for ReceiverEnd<T> {
    fn clone(&self) -> Self {
        // Relaxed: as above.
        self.0.receivers.fetch_add(1, Ordering::Relaxed);
        ReceiverEnd(Arc::clone(&self.0))
    }
}

impl<T> Drop for SenderEnd<T> {
    fn drop(&mut self) {
        // AcqRel: what every sender did comes before the closing, so that a receiver which finds the channel closed finds
        // all that was sent.
        if self.0.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.channel.close_senders();
        }
    }
}

impl<T> Drop for ReceiverEnd<T> {
    fn drop(&mut self) {
        // AcqRel: as above.
        if self.0.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.channel.close_receivers();
        }
    }
}

impl<T> Deref for SenderEnd<T> {
    type Target = Channel<T>;

    #[inline]
    fn deref(&self) -> &Channel<T> {
        &self.0.channel
    }
}

impl<T> Deref for ReceiverEnd<T> {
    type Target = Channel<T>;

    #[inline]
    fn deref(&self) -> &Channel<T> {
        &self.0.channel
    }
}
