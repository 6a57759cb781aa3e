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
//! To be chosen is a hint: the message stays in the buffer, and whoever comes first takes it. A chosen one
//! that finds nothing waits again. One that does not look (it was unwound out of its wait, or another arm of a select took
//! its place) must pass the choice on, which is `pass_on`; otherwise 1 or 2 would break and somebody sleep for ever.
//!
//! But a receiver that does nothing else than receive has a *slot* for a message with it (its cargo). It is given the first
//! message there is (the new one, if there are none before it), and need not come for it. A sender that was chosen for some
//! room has not used it then, and chooses the next one. Should that receiver be unwound out of its wait nevertheless, the
//! message goes back to where it was, before all others.
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

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::ptr;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::time::Instant;

use crate::park::{self, Chosen, Reason, Sleeper, Wait, WaitList, Waiter, WaitingPlace};
use crate::sched::panics::{catch_unwind, resume_unwind};
use crate::sched::primitive::{self, Mutex, MutexGuard};

use super::messages::Messages;

/// See the module's text.
pub(crate) struct Buffered<T> {
    state: Mutex<State<T>>,
    /// `usize::MAX`: any number.
    capacity: usize,
}

struct State<T> {
    messages: Messages<T>,
    /// So many messages may be there: the capacity, or none once the receivers are gone.
    limit: usize,
    /// They wait for a message.
    receivers: WaitList,
    /// They wait for room.
    senders: WaitList,
    senders_gone: bool,
    receivers_gone: bool,
}

type Locked<'a, T> = MutexGuard<'a, State<T>>;

impl<T> Buffered<T> {
    pub(super) fn new(capacity: Option<usize>) -> Buffered<T> {
        let messages = capacity.map_or_else(Messages::new, Messages::with_capacity);
        let capacity = capacity.unwrap_or(usize::MAX);
        let state = State {
            messages,
            limit: capacity,
            receivers: WaitList::new(),
            senders: WaitList::new(),
            senders_gone: false,
            receivers_gone: false,
        };
        Buffered { state: Mutex::new(state), capacity }
    }

    /// Nobody's code runs under the lock, so nothing panics there and the state is whole.
    #[inline]
    fn lock(&self) -> Locked<'_, T> {
        primitive::lock(&self.state)
    }

    #[inline]
    pub(super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let result = self.put(message);
        park::checkpoint();
        result
    }

    /// As [`try_send`](Self::try_send), but never switches.
    #[inline]
    pub(super) fn put(&self, message: T) -> Result<(), TrySendError<T>> {
        let state = self.lock();
        if state.has_room() {
            state.put(message);
            return Ok(());
        }
        Err(if state.receivers_gone { TrySendError::Disconnected(message) } else { TrySendError::Full(message) })
    }

    /// Takes a place where senders wait, unless there is room for a message, or nobody to send it to.
    ///
    /// # Safety
    /// As [`WaitList::push`].
    pub(super) unsafe fn wait_for_room(&self, waiter: &Waiter) -> bool {
        let mut state = self.lock();
        let waits = !state.has_room() && !state.receivers_gone;
        if waits {
            // SAFETY: the caller's promise.
            unsafe { state.senders.push(waiter, Sleeper::current()) };
        }
        waits
    }

    /// Takes a place where receivers wait, unless a message is there, or there will be none.
    ///
    /// # Safety
    /// As [`WaitList::push`].
    pub(super) unsafe fn wait_for_message(&self, waiter: &Waiter) -> bool {
        let mut state = self.lock();
        let waits = state.messages.is_empty() && !state.senders_gone;
        if waits {
            // SAFETY: the caller's promise.
            unsafe { state.receivers.push(waiter, Sleeper::current()) };
        }
        waits
    }

    /// Waits for room.
    #[inline]
    pub(super) fn send(&self, message: T, deadline: Option<Instant>) -> Result<(), TrySendError<T>> {
        let state = self.lock();
        if !state.has_room() {
            return self.send_slow(state, message, deadline);
        }
        state.put(message);
        park::checkpoint();
        Ok(())
    }

    #[cold]
    fn send_slow<'a>(
        &'a self,
        mut state: Locked<'a, T>,
        message: T,
        deadline: Option<Instant>,
    ) -> Result<(), TrySendError<T>> {
        loop {
            if state.receivers_gone {
                return Err(TrySendError::Disconnected(message));
            }
            let wait = park::wait_in(&Senders(self), ptr::null_mut(), deadline, Reason::Send, |waiter| {
                // SAFETY: `wait_in` upholds it.
                unsafe { state.senders.push(waiter, Sleeper::current()) };
                drop(state);
                true
            });
            state = self.lock();
            if state.has_room() {
                state.put(message);
                return Ok(());
            }
            if wait == Wait::TimedOut && !state.receivers_gone {
                return Err(TrySendError::Full(message));
            }
        }
    }

    #[inline]
    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let result = self.take();
        park::checkpoint();
        result
    }

    /// As [`try_recv`](Self::try_recv), but never switches.
    #[inline]
    pub(super) fn take(&self) -> Result<T, TryRecvError> {
        let mut state = self.lock();
        match state.messages.pop_front() {
            Some(message) => {
                state.made_room();
                Ok(message)
            }
            None if state.senders_gone => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Waits for a message.
    #[inline]
    pub(super) fn recv(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        let mut state = self.lock();
        match state.messages.pop_front() {
            Some(message) => {
                state.made_room();
                park::checkpoint();
                Ok(message)
            }
            None => self.recv_slow(state, deadline),
        }
    }

    #[inline(never)]
    fn recv_slow<'a>(&'a self, mut state: Locked<'a, T>, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        loop {
            if state.senders_gone {
                return Err(RecvTimeoutError::Disconnected);
            }
            let slot = Slot::new();
            let wait = park::wait_in(&WithSlot(self, &slot), slot.cargo(), deadline, Reason::Receive, |waiter| {
                // SAFETY: `wait_in` upholds it, and the slot outlives that.
                unsafe { state.receivers.push(waiter, Sleeper::current()) };
                drop(state);
                true
            });
            if let Some(message) = slot.take() {
                return Ok(message);
            }
            state = self.lock();
            if let Some(message) = state.messages.pop_front() {
                state.made_room();
                return Ok(message);
            }
            if wait == Wait::TimedOut && !state.senders_gone {
                return Err(RecvTimeoutError::Timeout);
            }
        }
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
        state.limit = 0;
        let messages = std::mem::replace(&mut state.messages, Messages::new());
        drop(state);
        // As above.
        while let Some(sender) = self.pop_sender() {
            sender.unpark();
        }
        drop_each(messages);
    }

    fn pop_receiver(&self) -> Option<Chosen> {
        self.lock().receivers.pop()
    }

    fn pop_sender(&self) -> Option<Chosen> {
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

impl<T> State<T> {
    #[inline]
    fn has_room(&self) -> bool {
        self.messages.are_fewer_than(self.limit)
    }
}

/// What ends with the lock's release, and then a wake-up.
trait Release<T> {
    /// Puts `message` in, for which there is room, and wakes a receiver.
    fn put(self, message: T);

    /// A message was taken out: wakes a sender.
    fn made_room(self);
}

impl<T> Release<T> for Locked<'_, T> {
    #[inline]
    fn put(mut self, message: T) {
        let mut next_sender = None;
        match self.receivers.first_cargo() {
            Some(cargo) if !cargo.is_null() => {
                let first = self.messages.exchange(message);
                // SAFETY: the waiter is in the list, so its cargo is alive, and it is a slot, as those of receivers are; it is
                // used under the list's lock, and by its owner only when it is out.
                unsafe { (*cargo.cast::<Slot<T>>()).put(first) };
                // The room is there as before.
                next_sender = self.senders.pop();
            }
            _ => self.messages.push_back(message),
        }
        let chosen = self.receivers.pop();
        drop(self);
        unpark(next_sender);
        unpark(chosen);
    }

    #[inline]
    fn made_room(mut self) {
        let chosen = self.senders.pop();
        drop(self);
        unpark(chosen);
    }
}

/// Wakes who was chosen, if anybody was. The lock is free again.
#[inline(always)]
fn unpark(chosen: Option<Chosen>) {
    #[inline(never)]
    fn wake(chosen: Chosen) {
        chosen.unpark();
    }

    if let Some(chosen) = chosen {
        wake(chosen);
    }
}

/// Drops every message; if destructors panic, so does this, with the first one's payload, after the last message.
pub(super) fn drop_each<T>(messages: impl Iterator<Item = T>) {
    if !std::mem::needs_drop::<T>() {
        return;
    }
    let mut first_panic = None;
    for message in messages {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(message))) {
            first_panic.get_or_insert(payload);
        }
    }
    if let Some(payload) = first_panic {
        resume_unwind(payload);
    }
}

/// Where a receiver that waits is given its message.
struct Slot<T>(Cell<Option<T>>);

impl<T> Slot<T> {
    fn new() -> Slot<T> {
        Slot(Cell::new(None))
    }

    fn cargo(&self) -> *mut () {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn put(&self, message: T) {
        self.0.set(Some(message));
    }

    fn take(&self) -> Option<T> {
        self.0.take()
    }
}

/// Where the receivers wait that have a slot.
struct WithSlot<'a, T>(&'a Buffered<T>, &'a Slot<T>);

// SAFETY: as `Receivers`, whose list it is.
unsafe impl<T> WaitingPlace for WithSlot<'_, T> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { Receivers(self.0).remove(waiter) }
    }

    fn pass_on(&self) {
        if let Some(message) = self.1.take() {
            self.0.lock().messages.push_front(message);
        }
        Receivers(self.0).pass_on();
    }
}

/// Where the receivers wait.
pub(super) struct Receivers<'a, T>(pub(super) &'a Buffered<T>);

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
        unpark(chosen);
    }
}

/// Where the senders wait.
pub(super) struct Senders<'a, T>(pub(super) &'a Buffered<T>);

// SAFETY: `send_slow` enqueues in `senders`, under the lock.
unsafe impl<T> WaitingPlace for Senders<'_, T> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.0.lock().senders.remove(waiter) }
    }

    fn pass_on(&self) {
        let mut state = self.0.lock();
        let chosen = if state.has_room() { state.senders.pop() } else { None };
        drop(state);
        unpark(chosen);
    }
}
