//! A channel without a buffer: a send and a receive that meet.
//!
//! Whoever comes first makes an *offer* on its own stack (a sender one with the message in it, a receiver an empty one) and
//! waits in a list with the offer as its cargo. Whoever comes second takes the first offer up, under the lock: moves the
//! message, then pops the waiter, then unlocks and unparks it. So a message goes from stack to stack, and an exchange is
//! decided at one moment, under the lock: by popping.
//!
//! An offer may be one of several that a task makes at once (`park::select`), of which one at most is taken up. Then it
//! belongs to a *selection*, and whoever wants to take it up takes the selection first, and passes the offer by if it cannot.
//! If it makes several offers itself, it takes its own selection in the same step.
//!
//! The invariants, whenever the lock is free:
//!
//! 1. Nobody waits as a sender while somebody waits as a receiver, but for offers that cannot meet: of one task, or of tasks
//!    whose selection is taken, and which are about to leave.
//! 2. The offer of a waiter in a list is untouched. The offer of one that was popped is *done* (a sender's is empty, a
//!    receiver's is full), unless it was popped because the other kind is gone.
//! 3. Once either kind is gone, nobody waits.
//!
//! ```text
//! the first                                          the second
//!   lock; an offer of the other kind to take up?       lock; an offer of the other kind to take up?
//!     enqueue itself with its offer, unlock, park        take the selections, move the message
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
//! Nothing here is handed over on a guess, so there is no choice to pass on.

use std::cell::{Cell, UnsafeCell};
use std::ptr;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::time::Instant;

use crate::park::{self, Chosen, Reason, Selection, Sleeper, Wait, WaitList, Waiter, WaitingPlace};
use crate::sched::primitive::{self, Mutex, MutexGuard};

/// See the module's text.
pub(crate) struct Rendezvous<T> {
    state: Mutex<State>,
    /// The messages are on the stacks.
    _messages: std::marker::PhantomData<T>,
}

/// The cargo of who waits is an [`Offer<T>`].
struct State {
    /// They offer a message.
    senders: WaitList,
    /// They offer a place for one.
    receivers: WaitList,
    senders_gone: bool,
    receivers_gone: bool,
}

type Locked<'a> = MutexGuard<'a, State>;

/// What a waiter offers: a message, or a place for one. Others touch it under the lock only, while the waiter is in the list;
/// its owner before and after.
pub(super) struct Offer<T> {
    message: UnsafeCell<Option<T>>,
    /// Null, or what it belongs to. Alive while the waiter is in the list.
    selection: Cell<*const Selection>,
}

impl<T> Offer<T> {
    pub(super) fn new(message: Option<T>) -> Offer<T> {
        Offer { message: UnsafeCell::new(message), selection: Cell::new(ptr::null()) }
    }

    /// As a waiter's cargo.
    pub(super) fn cargo(&self) -> *mut () {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// The message.
    ///
    /// # Safety
    /// The offer's waiter is in no list, and the caller is its owner; or the caller holds the lock, and the waiter is in the
    /// list.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that there is no other")]
    pub(super) unsafe fn message(&self) -> &mut Option<T> {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.message.get() }
    }

    fn into_inner(self) -> Option<T> {
        self.message.into_inner()
    }

    /// Under the lock, of a waiter in the list: is this offer, and none other of its task, to be taken up by `who`?
    #[inline]
    fn is_taken_up(&self, who: Option<&Selection>) -> bool {
        // SAFETY: alive, as the field says.
        match (unsafe { self.selection.get().as_ref() }, who) {
            (None, None) => true,
            (Some(selection), None) | (None, Some(selection)) => selection.take(),
            (Some(theirs), Some(mine)) => mine.take_both(theirs),
        }
    }
}

// SAFETY: a message goes from one task to another, which asks for `T: Send`; no two tasks ever see one at a time. The
// pointers in `State` are behind its lock.
unsafe impl<T: Send> Sync for Rendezvous<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Rendezvous<T> {}

impl<T> Rendezvous<T> {
    pub(super) fn new() -> Rendezvous<T> {
        let state =
            State { senders: WaitList::new(), receivers: WaitList::new(), senders_gone: false, receivers_gone: false };
        Rendezvous { state: Mutex::new(state), _messages: std::marker::PhantomData }
    }

    /// Nobody's code runs under the lock, so nothing panics there and the state is whole.
    #[inline]
    fn lock(&self) -> Locked<'_> {
        primitive::lock(&self.state)
    }

    pub(super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let result = self.put(message);
        park::checkpoint();
        result
    }

    /// As [`try_send`](Self::try_send), but never switches.
    pub(super) fn put(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut message = Some(message);
        let gone = self.give(self.lock(), &mut message, None).is_some_and(|state| state.receivers_gone);
        match message {
            None => Ok(()),
            Some(message) if gone => Err(TrySendError::Disconnected(message)),
            Some(message) => Err(TrySendError::Full(message)),
        }
    }

    /// Waits for a receiver.
    pub(super) fn send(&self, message: T, deadline: Option<Instant>) -> Result<(), TrySendError<T>> {
        let mut message = Some(message);
        let Some(mut state) = self.give(self.lock(), &mut message, None) else {
            park::checkpoint();
            return Ok(());
        };
        let mut timed_out = false;
        if !state.receivers_gone {
            let offer = Offer::new(message);
            let wait = park::wait_in(&Senders(self), offer.cargo(), deadline, Reason::Send, |waiter| {
                // SAFETY: `wait_in` upholds it for the waiter, and the offer outlives the call of it.
                unsafe { state.senders.push(waiter, Sleeper::current()) };
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

    /// Hands the message to the first receiver that waits, and can be met by `who`. If none can: the lock, still held.
    #[inline]
    fn give<'a>(&self, mut state: Locked<'a>, message: &mut Option<T>, who: Option<&Selection>) -> Option<Locked<'a>> {
        let receiver = state.receivers.pop_if(|cargo| {
            // SAFETY: a waiter's cargo is an offer of this channel's type, and stays while the waiter is in the list; the
            // state is borrowed from the lock meanwhile.
            let offer = unsafe { &*cargo.cast::<Offer<T>>() };
            let met = offer.is_taken_up(who);
            if met {
                // SAFETY: under the lock, and the waiter is in the list. (Nothing is dropped: the place is empty.)
                unsafe { *offer.message() = message.take() };
            }
            met
        });
        let Some(receiver) = receiver else { return Some(state) };
        drop(state);
        receiver.unpark();
        None
    }

    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let result = self.take();
        park::checkpoint();
        result
    }

    /// As [`try_recv`](Self::try_recv), but never switches.
    pub(super) fn take(&self) -> Result<T, TryRecvError> {
        let mut message = None;
        let gone = self.fetch(self.lock(), &mut message, None).is_some_and(|state| state.senders_gone);
        message.ok_or(if gone { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }

    /// Waits for a sender.
    pub(super) fn recv(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        let mut message = None;
        let Some(mut state) = self.fetch(self.lock(), &mut message, None) else {
            park::checkpoint();
            return message.ok_or(RecvTimeoutError::Disconnected);
        };
        if state.senders_gone {
            return Err(RecvTimeoutError::Disconnected);
        }
        let offer = Offer::new(None);
        let wait = park::wait_in(&Receivers(self), offer.cargo(), deadline, Reason::Receive, |waiter| {
            // SAFETY: `wait_in` upholds it for the waiter, and the offer outlives the call of it.
            unsafe { state.receivers.push(waiter, Sleeper::current()) };
            drop(state);
            true
        });
        let timed_out = wait == Wait::TimedOut;
        offer.into_inner().ok_or(if timed_out { RecvTimeoutError::Timeout } else { RecvTimeoutError::Disconnected })
    }

    /// Takes the message of the first sender that waits, and can be met by `who`. If none can: the lock, still held.
    #[inline]
    fn fetch<'a>(&self, mut state: Locked<'a>, message: &mut Option<T>, who: Option<&Selection>) -> Option<Locked<'a>> {
        let sender = state.senders.pop_if(|cargo| {
            // SAFETY: as in `give`.
            let offer = unsafe { &*cargo.cast::<Offer<T>>() };
            let met = offer.is_taken_up(who);
            if met {
                // SAFETY: as in `give`.
                *message = unsafe { offer.message() }.take();
            }
            met
        });
        let Some(sender) = sender else { return Some(state) };
        drop(state);
        sender.unpark();
        None
    }

    /// Makes an offer that belongs to `selection`, unless it can be met at once (then the selection is taken, and the offer
    /// is done), or nobody is left to meet.
    ///
    /// # Safety
    /// As [`WaitList::push`], for the `offer` and the `selection`, too.
    pub(super) unsafe fn offer_message(&self, offer: &Offer<T>, selection: &Selection, waiter: &Waiter) -> bool {
        offer.selection.set(selection);
        // SAFETY: the waiter is in no list yet.
        let Some(mut state) = self.give(self.lock(), unsafe { offer.message() }, Some(selection)) else { return false };
        let waits = !state.receivers_gone;
        if waits {
            // SAFETY: the caller's promise.
            unsafe { state.senders.push(waiter, Sleeper::current()) };
        }
        waits
    }

    /// As [`offer_message`](Self::offer_message), of a place for one.
    ///
    /// # Safety
    /// As there.
    pub(super) unsafe fn offer_place(&self, offer: &Offer<T>, selection: &Selection, waiter: &Waiter) -> bool {
        offer.selection.set(selection);
        // SAFETY: the waiter is in no list yet.
        let Some(mut state) = self.fetch(self.lock(), unsafe { offer.message() }, Some(selection)) else {
            return false;
        };
        let waits = !state.senders_gone;
        if waits {
            // SAFETY: the caller's promise.
            unsafe { state.receivers.push(waiter, Sleeper::current()) };
        }
        waits
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

    fn pop(&self) -> Option<Chosen> {
        let mut state = self.lock();
        state.senders.pop().or_else(|| state.receivers.pop())
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

/// Where the senders wait.
pub(super) struct Senders<'a, T>(pub(super) &'a Rendezvous<T>);

// SAFETY: `send` and `offer_message` enqueue in `senders`, under the lock.
unsafe impl<T> WaitingPlace for Senders<'_, T> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.0.lock().senders.remove(waiter) }
    }

    fn pass_on(&self) {}
}

/// Where the receivers wait.
pub(super) struct Receivers<'a, T>(pub(super) &'a Rendezvous<T>);

// SAFETY: `recv` and `offer_place` enqueue in `receivers`, under the lock.
unsafe impl<T> WaitingPlace for Receivers<'_, T> {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.0.lock().receivers.remove(waiter) }
    }

    fn pass_on(&self) {}
}
