//! Channels: many senders, many receivers, and a buffer between them, or none.
//!
//! | module | what it is |
//! |---|---|
//! | `ends` | the two ends, counted; the last of a kind to go closes the channel for the other |
//! | `buffered` | a buffer of so many messages, or of any number |
//! | `messages` | what is in the buffer |
//! | `rendezvous` | no buffer: a send and a receive that meet |
//! | `arms` | sending and receiving as alternatives of a select |
//! | `single` | for one sender and one receiver, without a lock; none of what follows is true of it |
//!
//! `sync::mpsc`, `sync::mpmc` and `sync::oneshot` are names and types over these. What a channel does is under one OS lock
//! for some tens of instructions, with its waiters in lists under the same lock. Nobody's code runs there (no destructor, no
//! `Clone`), nobody is woken there, and nothing switches there; `park::checkpoint` may, and comes after the unlock. So an
//! operation makes no system call, and costs the two atomic operations of the lock and, if it wakes or waits, what waking and
//! waiting cost; there is no fence and no second look.

mod arms;
mod buffered;
mod ends;
mod messages;
mod rendezvous;
mod single;

pub(crate) use arms::{Receiving, Sending};
pub(crate) use ends::{ReceiverEnd, SenderEnd, new};
#[cfg_attr(loom, allow(unused_imports, reason = "the models do without some"))]
pub(crate) use single::{SingleReceiver, SingleReceiving, SingleSender, SingleSending, single};

use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::time::Instant;

use crate::park;

use buffered::Buffered;
use rendezvous::Rendezvous;

/// What lies between the ends.
pub(crate) enum Channel<T> {
    Buffered(Buffered<T>),
    Rendezvous(Rendezvous<T>),
}

/// Calls a method of whichever it is.
macro_rules! either {
    ($channel:expr, $inner:ident => $call:expr) => {
        match $channel {
            Channel::Buffered($inner) => $call,
            Channel::Rendezvous($inner) => $call,
        }
    };
}

impl<T> Channel<T> {
    /// `None`: unbounded; 0: a rendezvous.
    fn with_capacity(capacity: Option<usize>) -> Channel<T> {
        match capacity {
            Some(0) => Channel::Rendezvous(Rendezvous::new()),
            _ => Channel::Buffered(Buffered::new(capacity)),
        }
    }

    /// Waits for room, or for a receiver. `Full`: the deadline has passed.
    #[inline]
    pub(crate) fn send(&self, message: T, deadline: Option<Instant>) -> Result<(), TrySendError<T>> {
        park::enter();
        either!(self, channel => channel.send(message, deadline))
    }

    #[inline]
    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        either!(self, channel => channel.try_send(message))
    }

    #[inline]
    pub(crate) fn recv(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        park::enter();
        either!(self, channel => channel.recv(deadline))
    }

    #[inline]
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        either!(self, channel => channel.try_recv())
    }

    /// The last sender is gone.
    fn close_senders(&self) {
        either!(self, channel => channel.close_senders());
    }

    /// The last receiver is gone.
    fn close_receivers(&self) {
        either!(self, channel => channel.close_receivers());
    }

    pub(crate) fn len(&self) -> usize {
        either!(self, channel => channel.len())
    }

    /// `None`: unbounded.
    pub(crate) fn capacity(&self) -> Option<usize> {
        either!(self, channel => channel.capacity())
    }

    pub(crate) fn senders_gone(&self) -> bool {
        either!(self, channel => channel.senders_gone())
    }

    pub(crate) fn receivers_gone(&self) -> bool {
        either!(self, channel => channel.receivers_gone())
    }
}
