//! A channel without a buffer: a send and a receive that meet.
//!
//! Whoever comes first makes an *offer* on its own stack (a sender one with the message in it, a receiver an empty one) and
//! waits in a list with the offer as its cargo. Whoever comes second takes the first offer out, under the lock: moves the
//! message, then pops the waiter, then unlocks and unparks it. So a message goes from stack to stack, and an exchange is
//! decided at one moment, under the lock: by popping.
//!
//! The invariants, whenever the lock is free:
//!
//! 1. All who wait are of one kind, since one of the other kind would have met them: `waiting` says which, if the list is not
//!    empty.
//! 2. The offer of a waiter in the list is untouched. The offer of one that was popped is *done* (a sender's is empty, a
//!    receiver's is full), unless it was popped because the other kind is gone.
//! 3. Once either kind is gone, nobody waits.
//!
//! ```text
//! the first                                          the second
//!   lock; nobody of the other kind waits?              lock; one of the other kind waits?
//!     enqueue itself with its offer, unlock, park        move the message between it and the offer
//!                                                        pop the waiter (marked NOTIFIED), unlock, unpark
//!   woken, or the deadline: was it popped?
//!     yes: the offer is done. no: take itself out
//! ```
//!
//! One lock, so one comes first; and the deadline's "was it popped?" is under the lock again (`WaitList::remove`), or sees
//! the mark that was the second's last touch. An exchange that was decided is never undone: if the first one's deadline has
//! passed meanwhile, it succeeds all the same. If the first one is unwound out of its wait, its offer is dropped with its
//! frame: a message that was handed to it is dropped with it, as one received an instant before would have been.
//!
//! Nothing here is handed over on a guess, so there is no choice to pass on. What a select needs in addition: its arms wait
//! in several lists, and only one may be met. Its offers will have to carry a word that the second one claims, under the
//! lock and before it moves the message, and skips the waiter if another arm was claimed before; then 1 weakens to "or waits
//! for the same select".

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::time::Instant;

use crate::park::{self, Reason, Unparker, Wait, WaitList, Waiter, WaitingPlace};
use crate::sched::primitive::{self, Mutex, MutexGuard};

/// See the module's text.
pub(crate) struct Rendezvous<T> {
    state: Mutex<State>,
    /// The messages are on the stacks.
    _messages: std::marker::PhantomData<T>,
}

struct State {
    /// Their cargo is an [`Offer<T>`].
    list: WaitList,
    waiting: Kind,
    senders_gone: bool,
    receivers_gone: bool,
}

type Locked<'a> = MutexGuard<'a, State>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Senders,
    Receivers,
}

/// What a waiter offers: a message, or a place for one. Others touch it under the lock only, while the waiter is in the list;
/// its owner before and after.
struct Offer<T>(UnsafeCell<Option<T>>);

impl<T> Offer<T> {
    fn new(message: Option<T>) -> Offer<T> {
        Offer(UnsafeCell::new(message))
    }

    /// As a waiter's cargo.
    fn cargo(&self) -> *mut () {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn into_inner(self) -> Option<T> {
        self.0.into_inner()
    }
}

// SAFETY: a message goes from one task to another, which asks for `T: Send`; no two tasks ever see one at a time. The
// pointers in `State` are behind its lock.
unsafe impl<T: Send> Sync for Rendezvous<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Rendezvous<T> {}

impl State {
    /// The offer of the first who waits, if those who wait are of this `kind`.
    #[inline]
    fn first<T>(&self, kind: Kind) -> Option<&UnsafeCell<Option<T>>> {
        if self.waiting != kind {
            return None;
        }
        // SAFETY: a waiter's cargo is an offer of this channel's type, and stays while the waiter is in the list; the state
        // is borrowed from the lock meanwhile.
        self.list.first_cargo().map(|cargo| unsafe { &(*cargo.cast::<Offer<T>>()).0 })
    }

    /// # Safety
    /// As [`WaitList::push`]; and the cargo is an offer of the channel's type. Nobody of the other kind waits.
    unsafe fn wait_as(&mut self, kind: Kind, waiter: &Waiter) {
        debug_assert!(self.waiting == kind || self.list.is_empty(), "all who wait are of one kind");
        self.waiting = kind;
        // SAFETY: the caller's promise.
        unsafe { self.list.push(waiter, Unparker::current()) };
    }
}

impl<T> Rendezvous<T> {
    pub(super) fn new() -> Rendezvous<T> {
        let state = State { list: WaitList::new(), waiting: Kind::Senders, senders_gone: false, receivers_gone: false };
        Rendezvous { state: Mutex::new(state), _messages: std::marker::PhantomData }
    }

    /// Nobody's code runs under the lock, so nothing panics there and the state is whole.
    #[inline]
    fn lock(&self) -> Locked<'_> {
        primitive::lock(&self.state)
    }

    pub(super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut message = Some(message);
        let state = self.give(self.lock(), &mut message);
        let gone = state.is_some_and(|state| state.receivers_gone);
        park::checkpoint();
        match message {
            None => Ok(()),
            Some(message) if gone => Err(TrySendError::Disconnected(message)),
            Some(message) => Err(TrySendError::Full(message)),
        }
    }

    /// Waits for a receiver.
    pub(super) fn send(&self, message: T, deadline: Option<Instant>) -> Result<(), TrySendError<T>> {
        let mut message = Some(message);
        let Some(mut state) = self.give(self.lock(), &mut message) else {
            park::checkpoint();
            return Ok(());
        };
        let mut timed_out = false;
        if !state.receivers_gone {
            let offer = Offer::new(message);
            let wait = park::wait_in(self, offer.cargo(), deadline, Reason::Send, |waiter| {
                // SAFETY: `wait_in` upholds it for the waiter, and the offer outlives the call of it.
                unsafe { state.wait_as(Kind::Senders, waiter) };
                drop(state);
                true
            });
            timed_out = wait == Wait::TimedOut;
            message = offer.into_inner();
        }
        match message {
            None => Ok(()),
            Some(message) if timed_out => Err(TrySendError::Full(message)),
            Some(message) => Err(TrySendError::Disconnected(message)),
        }
    }

    /// Hands the message to the first receiver that waits. If none does: the lock, still held.
    #[inline]
    fn give<'a>(&self, mut state: Locked<'a>, message: &mut Option<T>) -> Option<Locked<'a>> {
        let Some(offer) = state.first::<T>(Kind::Receivers) else { return Some(state) };
        // SAFETY: under the lock, and the waiter is in the list. (Nothing is dropped: the place is empty.)
        unsafe { *offer.get() = message.take() };
        let receiver = state.list.pop();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.unpark();
        }
        None
    }

    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut message = None;
        let state = self.take(self.lock(), &mut message);
        let gone = state.is_some_and(|state| state.senders_gone);
        park::checkpoint();
        message.ok_or(if gone { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }

    /// Waits for a sender.
    pub(super) fn recv(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        let mut message = None;
        let Some(mut state) = self.take(self.lock(), &mut message) else {
            park::checkpoint();
            return message.ok_or(RecvTimeoutError::Disconnected);
        };
        if state.senders_gone {
            return Err(RecvTimeoutError::Disconnected);
        }
        let offer = Offer::new(None);
        let wait = park::wait_in(self, offer.cargo(), deadline, Reason::Receive, |waiter| {
            // SAFETY: `wait_in` upholds it for the waiter, and the offer outlives the call of it.
            unsafe { state.wait_as(Kind::Receivers, waiter) };
            drop(state);
            true
        });
        let timed_out = wait == Wait::TimedOut;
        offer.into_inner().ok_or(if timed_out { RecvTimeoutError::Timeout } else { RecvTimeoutError::Disconnected })
    }

    /// Takes the message of the first sender that waits. If none does: the lock, still held.
    #[inline]
    fn take<'a>(&self, mut state: Locked<'a>, message: &mut Option<T>) -> Option<Locked<'a>> {
        let Some(offer) = state.first::<T>(Kind::Senders) else { return Some(state) };
        // SAFETY: under the lock, and the waiter is in the list. (Nothing is dropped: `message` is empty.)
        *message = unsafe { (*offer.get()).take() };
        let sender = state.list.pop();
        drop(state);
        if let Some(sender) = sender {
            sender.unpark();
        }
        None
    }

    /// The last sender is gone: no receiver shall wait. (No sender does: it would not be gone.)
    pub(super) fn close_senders(&self) {
        self.lock().senders_gone = true;
        self.wake_all();
    }

    /// The last receiver is gone: no sender shall wait.
    pub(super) fn close_receivers(&self) {
        self.lock().receivers_gone = true;
        self.wake_all();
    }

    fn wake_all(&self) {
        // Nobody enqueues itself any more, so this ends. One at a time, so that nobody is unparked under the lock.
        while let Some(waiter) = self.pop() {
            waiter.unpark();
        }
    }

    fn pop(&self) -> Option<Unparker> {
        self.lock().list.pop()
    }

    pub(super) fn len(&self) -> usize {
        0
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        Some(0)
    }

    pub(super) fn senders_gone(&self) -> bool {
        self.lock().senders_gone
    }

    pub(super) fn receivers_gone(&self) -> bool {
        self.lock().receivers_gone
    }
}

// SAFETY: there is but one list.
unsafe impl<T> WaitingPlace for Rendezvous<T> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.lock().list.remove(waiter) }
    }

    fn pass_on(&self) {}
}
