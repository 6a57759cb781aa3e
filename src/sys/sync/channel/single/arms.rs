//! Receiving and sending as alternatives of a select.

use std::cell::Cell;
use std::ptr;
use std::sync::mpsc::{RecvError, SendError, TryRecvError};

use crate::park::{Alternative, Entry, Seat, Selection};

use super::{SingleReceiver, SingleSender};

/// Receiving one message. To be woken is a hint: nobody else could use it, so it is passed on to nobody.
pub(crate) struct SingleReceiving<'a, T> {
    receiver: &'a SingleReceiver<T>,
    seat: Seat,
    result: Cell<Option<Result<T, RecvError>>>,
}

impl<'a, T> SingleReceiving<'a, T> {
    pub(crate) fn new(receiver: &'a SingleReceiver<T>) -> SingleReceiving<'a, T> {
        SingleReceiving { receiver, seat: Seat::new(), result: Cell::new(None) }
    }

    /// What has come of it.
    pub(crate) fn take_result(&self) -> Option<Result<T, RecvError>> {
        self.result.take()
    }
}

impl<T> Alternative for SingleReceiving<'_, T> {
    fn attempt(&self) -> bool {
        self.seat.settle();
        let result = match self.receiver.take() {
            Ok(message) => Ok(message),
            Err(TryRecvError::Disconnected) => Err(RecvError),
            Err(TryRecvError::Empty) => return false,
        };
        self.result.set(Some(result));
        true
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        // SAFETY: the caller's promise.
        let waits = unsafe { self.seat.take(ptr::null_mut(), |waiter| self.receiver.enqueue(waiter)) };
        if waits { Entry::Waits } else { Entry::Ready }
    }

    fn is_notified(&self) -> bool {
        self.seat.is_notified()
    }

    fn leave(&self) {
        self.seat.leave(self.receiver);
    }

    fn is_chosen(&self) -> bool {
        self.seat.is_chosen()
    }
}

/// Sending one message, which never has to wait.
pub(crate) struct SingleSending<'a, T> {
    sender: &'a SingleSender<T>,
    message: Cell<Option<T>>,
    result: Cell<Option<Result<(), SendError<T>>>>,
}

impl<'a, T> SingleSending<'a, T> {
    pub(crate) fn new(sender: &'a SingleSender<T>, message: Option<T>) -> SingleSending<'a, T> {
        SingleSending { sender, message: Cell::new(message), result: Cell::new(None) }
    }

    /// What has come of it.
    pub(crate) fn take_result(&self) -> Option<Result<(), SendError<T>>> {
        self.result.take()
    }

    /// The message, if it was not sent.
    pub(crate) fn take_message(&mut self) -> Option<T> {
        self.message.take()
    }

    /// Has it nothing to send (any more)?
    pub(crate) fn is_spent(&self) -> bool {
        let message = self.message.take();
        let is_spent = message.is_none();
        self.message.set(message);
        is_spent
    }
}

impl<T> Alternative for SingleSending<'_, T> {
    fn attempt(&self) -> bool {
        // One without a message is never ready.
        let Some(message) = self.message.take() else { return false };
        self.result.set(Some(self.sender.put(message)));
        true
    }

    unsafe fn enter(&self, _: &Selection) -> Entry {
        if self.is_spent() { Entry::Waits } else { Entry::Ready }
    }

    fn is_notified(&self) -> bool {
        false
    }

    fn leave(&self) {}

    fn is_chosen(&self) -> bool {
        false
    }
}
