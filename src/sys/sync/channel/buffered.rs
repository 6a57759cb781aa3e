//! A channel with a buffer: of so many messages, or of any number.
//!
//! Everything is under one lock: the messages, who is gone, and two lists of waiters: receivers that found nothing, senders
//! that found no room. The invariants, whenever the lock is free:
//!
//! 1. If a message is there, and a receiver waits in the list, then so many receivers as there are messages, or all, have
//!    been *chosen*: taken out of the list to look again. (Each message that comes in chooses one.)
//! 2. The same for room and senders. (Each message that goes out chooses one.)
//! 3. Once the senders are gone, no message comes in and no receiver waits; once the receivers are gone, no message is
//!    there, none comes in and no sender waits.
//!
//! To be chosen is a hint and not a gift: the message stays in the buffer, and whoever comes first takes it. A chosen one
//! that finds nothing waits again. One that does not look (it was unwound out of its wait, or another arm of a select took
//! its place) must pass the choice on, which is `pass_on`; otherwise 1 or 2 would break and somebody sleep for ever.
//!
//! The races, with both halves:
//!
//! ```text
//! a receiver                                     a sender
//!   lock; nothing there, senders left?             lock; receivers left, room?
//!     enqueue itself, unlock, park                   put the message in, choose a receiver
//!     else unlock                                    unlock, unpark the chosen one
//! ```
//!
//! One lock, so one comes first: a receiver that saw nothing is in the list when the sender looks for one. The unpark after
//! the unlock cannot be lost either: the receiver that it comes too early for has yet to park, and will find it there
//! (`sched::park_state`). The last sender's going, and the mirror images, are the same two halves.
//!
//! Which messages the last receiver's going destroys is exact: those before it, under the lock, and no other can come in.
//! They are dropped outside of the lock, as their destructors are anybody's code; one that panics stops none of the others.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use crate::park::{self, Reason, Unparker, Wait, WaitList, Waiter, WaitingPlace};

/// See the module's text.
pub(crate) struct Buffered<T> {
    /// `usize::MAX`: any number.
    capacity: usize,
    state: Mutex<State<T>>,
}

struct State<T> {
    messages: VecDeque<T>,
    /// They wait for a message.
    receivers: WaitList,
    /// They wait for room.
    senders: WaitList,
    senders_gone: bool,
    receivers_gone: bool,
}

impl<T> Buffered<T> {
    pub(super) fn new(capacity: Option<usize>) -> Buffered<T> {
        let state = State {
            messages: capacity.map_or_else(VecDeque::new, VecDeque::with_capacity),
            receivers: WaitList::new(),
            senders: WaitList::new(),
            senders_gone: false,
            receivers_gone: false,
        };
        Buffered { capacity: capacity.unwrap_or(usize::MAX), state: Mutex::new(state) }
    }

    /// Nobody's code runs under the lock, so nothing panics there and the state is whole.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    #[inline]
    pub(super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let sent = self.put(self.lock(), message).map_err(|(_, error)| error);
        park::checkpoint();
        sent
    }

    #[inline]
    pub(super) fn send(&self, message: T, deadline: Option<Instant>) -> Result<(), TrySendError<T>> {
        let sent = self.put(self.lock(), message).map_err(|(_, error)| error);
        match sent {
            Err(TrySendError::Full(message)) => self.send_slow(message, deadline),
            done => {
                park::checkpoint();
                done
            }
        }
    }

    /// Waits for room.
    #[cold]
    fn send_slow(&self, message: T, deadline: Option<Instant>) -> Result<(), TrySendError<T>> {
        let mut outcome = Err(TrySendError::Full(message));
        loop {
            let wait = park::wait_in(&Senders(self), ptr::null_mut(), deadline, Reason::Send, |waiter| {
                let Err(TrySendError::Full(message)) = std::mem::replace(&mut outcome, Ok(())) else { unreachable!() };
                match self.put(self.lock(), message) {
                    Ok(()) => false,
                    Err((mut state, error)) => {
                        let full = matches!(error, TrySendError::Full(_));
                        outcome = Err(error);
                        if full {
                            // SAFETY: `wait_in` upholds it.
                            unsafe { state.senders.push(waiter, Unparker::current()) };
                        }
                        full
                    }
                }
            });
            match wait {
                Wait::Ready => return outcome,
                Wait::Notified => {}
                Wait::TimedOut => {
                    // Perhaps there is room for all that.
                    let Err(TrySendError::Full(message)) = outcome else { unreachable!() };
                    return self.try_send(message);
                }
            }
        }
    }

    /// Puts `message` into the buffer and wakes a receiver, if there is room; else hands it back, the lock still held.
    #[inline]
    #[expect(clippy::type_complexity)]
    fn put<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<T>>,
        message: T,
    ) -> Result<(), (MutexGuard<'a, State<T>>, TrySendError<T>)> {
        if state.receivers_gone {
            return Err((state, TrySendError::Disconnected(message)));
        }
        if state.messages.len() >= self.capacity {
            return Err((state, TrySendError::Full(message)));
        }
        state.messages.push_back(message);
        let chosen = state.receivers.pop();
        drop(state);
        if let Some(receiver) = chosen {
            receiver.unpark();
        }
        Ok(())
    }

    #[inline]
    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let taken = self.take(self.lock()).map_err(|(_, error)| error);
        park::checkpoint();
        taken
    }

    #[inline]
    pub(super) fn recv(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        loop {
            let mut outcome = Err(TryRecvError::Empty);
            let wait = park::wait_in(&Receivers(self), ptr::null_mut(), deadline, Reason::Receive, |waiter| {
                match self.take(self.lock()) {
                    Ok(message) => {
                        outcome = Ok(message);
                        false
                    }
                    Err((mut state, TryRecvError::Empty)) => {
                        // SAFETY: `wait_in` upholds it.
                        unsafe { state.receivers.push(waiter, Unparker::current()) };
                        true
                    }
                    Err((_, TryRecvError::Disconnected)) => {
                        outcome = Err(TryRecvError::Disconnected);
                        false
                    }
                }
            });
            match wait {
                Wait::Ready => {
                    park::checkpoint();
                    return outcome.map_err(|_| RecvTimeoutError::Disconnected);
                }
                Wait::Notified => {}
                Wait::TimedOut => {
                    // Perhaps there is a message for all that.
                    return self.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    });
                }
            }
        }
    }

    /// Takes the first message and wakes a sender, if there is one; else says why not, the lock still held.
    #[inline]
    fn take<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<T>>,
    ) -> Result<T, (MutexGuard<'a, State<T>>, TryRecvError)> {
        let Some(message) = state.messages.pop_front() else {
            let error = if state.senders_gone { TryRecvError::Disconnected } else { TryRecvError::Empty };
            return Err((state, error));
        };
        let chosen = state.senders.pop();
        drop(state);
        if let Some(sender) = chosen {
            sender.unpark();
        }
        Ok(message)
    }

    /// The last sender is gone: no receiver shall wait.
    pub(super) fn close_senders(&self) {
        self.lock().senders_gone = true;
        // Nobody enqueues itself any more, so this ends. One at a time, so that nobody is unparked under the lock.
        while let Some(receiver) = self.pop_receiver() {
            receiver.unpark();
        }
    }

    /// The last receiver is gone: no sender shall wait, and the messages shall not live on unseen.
    pub(super) fn close_receivers(&self) {
        let mut state = self.lock();
        state.receivers_gone = true;
        let messages = std::mem::take(&mut state.messages);
        drop(state);
        // As above.
        while let Some(sender) = self.pop_sender() {
            sender.unpark();
        }
        drop_each(messages);
    }

    fn pop_receiver(&self) -> Option<Unparker> {
        self.lock().receivers.pop()
    }

    fn pop_sender(&self) -> Option<Unparker> {
        self.lock().senders.pop()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().messages.len()
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        (self.capacity != usize::MAX).then_some(self.capacity)
    }

    pub(super) fn senders_gone(&self) -> bool {
        self.lock().senders_gone
    }

    pub(super) fn receivers_gone(&self) -> bool {
        self.lock().receivers_gone
    }
}

/// Drops every message; if destructors panic, so does this, with the first one's payload, after the last message.
fn drop_each<T>(messages: VecDeque<T>) {
    if !std::mem::needs_drop::<T>() {
        return;
    }
    let mut first_panic = None;
    for message in messages {
        if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(message))) {
            first_panic.get_or_insert(payload);
        }
    }
    if let Some(payload) = first_panic {
        panic::resume_unwind(payload);
    }
}

/// Where the receivers wait.
struct Receivers<'a, T>(&'a Buffered<T>);

// SAFETY: `recv` enqueues in `receivers`, under the lock.
unsafe impl<T> WaitingPlace for Receivers<'_, T> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.0.lock().receivers.remove(waiter) }
    }

    fn pass_on(&self) {
        let mut state = self.0.lock();
        let chosen = if state.messages.is_empty() { None } else { state.receivers.pop() };
        drop(state);
        if let Some(receiver) = chosen {
            receiver.unpark();
        }
    }
}

/// Where the senders wait.
struct Senders<'a, T>(&'a Buffered<T>);

// SAFETY: `send_slow` enqueues in `senders`, under the lock.
unsafe impl<T> WaitingPlace for Senders<'_, T> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.0.lock().senders.remove(waiter) }
    }

    fn pass_on(&self) {
        let mut state = self.0.lock();
        let chosen = if state.messages.len() < self.0.capacity { state.senders.pop() } else { None };
        drop(state);
        if let Some(sender) = chosen {
            sender.unpark();
        }
    }
}
