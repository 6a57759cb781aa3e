//! Sending and receiving as alternatives of a select.
//!
//! In a buffer, to be chosen is a hint: the message is still there, or the room, and whoever does not look passes it on. In a
//! rendezvous the exchange happens while the task sleeps, and `park::selection` sees to it that it is the only thing that
//! happens.

use std::cell::Cell;
use std::ptr;
use std::sync::mpsc::{RecvError, SendError, TryRecvError, TrySendError};

use crate::park::{Alternative, Entry, Seat, Selection, WaitingPlace};

use super::rendezvous::Offer;
use super::{Channel, buffered, rendezvous};

/// Receiving one message.
pub(crate) struct Receiving<'a, T> {
    channel: &'a Channel<T>,
    seat: Seat,
    /// For a rendezvous.
    offer: Offer<T>,
    result: Cell<Option<Result<T, RecvError>>>,
}

impl<'a, T> Receiving<'a, T> {
    pub(crate) fn new(channel: &'a Channel<T>) -> Receiving<'a, T> {
        Receiving { channel, seat: Seat::new(), offer: Offer::new(None), result: Cell::new(None) }
    }

    /// What has come of it.
    pub(crate) fn take_result(&self) -> Option<Result<T, RecvError>> {
        self.result.take()
    }
}

impl<T> Alternative for Receiving<'_, T> {
    fn attempt(&self) -> bool {
        // A hint was used then, whether it was of use or not.
        self.seat.settle();
        let taken = match self.channel {
            Channel::Buffered(channel) => channel.take(),
            Channel::Rendezvous(channel) => channel.take(),
        };
        let result = match taken {
            Ok(message) => Ok(message),
            Err(TryRecvError::Disconnected) => Err(RecvError),
            Err(TryRecvError::Empty) => return false,
        };
        self.result.set(Some(result));
        true
    }

    unsafe fn enter(&self, selection: &Selection) -> Entry {
        // SAFETY: the caller's promise, for the seat, the offer and the selection.
        let waits = unsafe {
            match self.channel {
                Channel::Buffered(channel) => {
                    self.seat.take(ptr::null_mut(), |waiter| channel.wait_for_message(waiter))
                }
                Channel::Rendezvous(channel) => {
                    self.seat.take(self.offer.cargo(), |waiter| channel.offer_place(&self.offer, selection, waiter))
                }
            }
        };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn is_notified(&self) -> bool {
        self.seat.is_notified()
    }

    fn leave(&self) {
        match self.channel {
            Channel::Buffered(channel) => self.seat.leave(&buffered::Receivers(channel)),
            Channel::Rendezvous(channel) => self.seat.leave(&rendezvous::Receivers(channel)),
        }
    }

    fn is_chosen(&self) -> bool {
        self.seat.is_chosen()
    }

    fn has_happened(&self) -> bool {
        // SAFETY: a selection that is taken asks its own offers, which have left.
        let message = unsafe { self.offer.message() }.take();
        let happened = message.is_some();
        if happened {
            self.seat.settle();
            self.result.set(message.map(Ok));
        }
        happened
    }

    fn end(&self) -> Option<Box<dyn std::any::Any + Send>> {
        if self.seat.settle()
            && let Channel::Buffered(channel) = self.channel
        {
            buffered::Receivers(channel).pass_on();
        }
        None
    }
}

/// Sending one message.
pub(crate) struct Sending<'a, T> {
    channel: &'a Channel<T>,
    seat: Seat,
    /// Has the message, until it is sent or given back.
    offer: Offer<T>,
    /// The message that is offered in a rendezvous may be gone when the places are left.
    was_offered: Cell<bool>,
    result: Cell<Option<Result<(), SendError<T>>>>,
}

impl<'a, T> Sending<'a, T> {
    pub(crate) fn new(channel: &'a Channel<T>, message: Option<T>) -> Sending<'a, T> {
        let offer = Offer::new(message);
        Sending { channel, seat: Seat::new(), offer, was_offered: Cell::new(false), result: Cell::new(None) }
    }

    /// What has come of it.
    pub(crate) fn take_result(&self) -> Option<Result<(), SendError<T>>> {
        self.result.take()
    }

    /// The message, if it was not sent.
    pub(crate) fn take_message(&mut self) -> Option<T> {
        // SAFETY: nobody can have a place while this is borrowed.
        unsafe { self.offer.message() }.take()
    }

    /// Has it nothing to send (any more)?
    pub(crate) fn is_spent(&self) -> bool {
        // SAFETY: asked of an alternative that has no place.
        unsafe { self.offer.message() }.is_none()
    }
}

impl<T> Alternative for Sending<'_, T> {
    fn attempt(&self) -> bool {
        self.seat.settle();
        self.was_offered.set(false);
        // SAFETY: it has no place.
        let place = unsafe { self.offer.message() };
        // One without a message is never ready.
        let Some(message) = place.take() else { return false };
        let sent = match self.channel {
            Channel::Buffered(channel) => channel.put(message),
            Channel::Rendezvous(channel) => channel.put(message),
        };
        let result = match sent {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(message)) => Err(SendError(message)),
            Err(TrySendError::Full(message)) => {
                *place = Some(message);
                return false;
            }
        };
        self.result.set(Some(result));
        true
    }

    unsafe fn enter(&self, selection: &Selection) -> Entry {
        // SAFETY: the caller's promise, for the seat, the offer and the selection; it has no place yet.
        let waits = unsafe {
            if self.offer.message().is_none() {
                return Entry::Waits;
            }
            match self.channel {
                Channel::Buffered(channel) => self.seat.take(ptr::null_mut(), |waiter| channel.wait_for_room(waiter)),
                Channel::Rendezvous(channel) => {
                    self.was_offered.set(true);
                    self.seat.take(self.offer.cargo(), |waiter| channel.offer_message(&self.offer, selection, waiter))
                }
            }
        };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn is_notified(&self) -> bool {
        self.seat.is_notified()
    }

    fn leave(&self) {
        match self.channel {
            Channel::Buffered(channel) => self.seat.leave(&buffered::Senders(channel)),
            Channel::Rendezvous(channel) => self.seat.leave(&rendezvous::Senders(channel)),
        }
    }

    fn is_chosen(&self) -> bool {
        self.seat.is_chosen()
    }

    fn has_happened(&self) -> bool {
        // SAFETY: as in `Receiving`.
        let happened = self.was_offered.take() && unsafe { self.offer.message() }.is_none();
        if happened {
            self.seat.settle();
            self.result.set(Some(Ok(())));
        }
        happened
    }

    fn end(&self) -> Option<Box<dyn std::any::Any + Send>> {
        if self.seat.settle()
            && let Channel::Buffered(channel) = self.channel
        {
            buffered::Senders(channel).pass_on();
        }
        None
    }
}
