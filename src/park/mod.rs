//! The verb that everything which blocks is built on: park the current task, a coroutine or an OS thread alike, until
//! it is unparked or a deadline passes.
//!
//! The noun on the other side is [`Unparker`]. What orders the two is in `sched::park_state`; a queue of waiters with the
//! same guarantee is `sched::wait_queue`, and [`wait`] composes it with parking.
//!
//! Nothing here is a user's `thread::park`: that one has a token of its own (`sys::thread`), so a user's `unpark` is never
//! eaten by a lock's wait, nor the other way round.

use std::time::Instant;

use crate::sched;
use crate::sched::wait_queue::{End, WaitQueue, Waiter};

pub(crate) use crate::sched::reason::Reason;
pub(crate) use crate::sched::task::Unparker;

/// How a park ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// Somebody unparked the task; perhaps on account of an earlier wait. Look at the condition again.
    Unparked,
    /// The deadline has passed.
    TimedOut,
}

/// How a [`wait`] ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// The condition was true already; this task did not wait.
    Ready,
    /// A notifier chose this task, and no other waiter got this notification.
    Notified,
    /// The deadline passed and no notifier has chosen this task.
    TimedOut,
}

/// Parks the current task until it is unparked or `deadline` passes. May return for no reason.
pub(crate) fn park(deadline: Option<Instant>, reason: Reason) -> Outcome {
    let woken = match sched::current_coroutine() {
        Some(coroutine) => coroutine.park(deadline, reason),
        None => sched::os_thread().park(deadline, reason),
    };
    if woken { Outcome::Unparked } else { Outcome::TimedOut }
}

/// Takes a place in `queue` and parks until a notifier chooses this task or `deadline` passes, unless `ready` is true
/// once the place is taken.
///
/// `ready` runs under the queue's lock: it must be short, must not park and must not touch the queue. A notifier that
/// changes what `ready` looks at *before* it calls one of the queue's `notify` functions is never missed.
pub(crate) fn wait(queue: &WaitQueue, deadline: Option<Instant>, reason: Reason, ready: impl FnOnce() -> bool) -> Wait {
    let mut place = Place::new(queue, || ());
    if !place.take(End::Back, ready) {
        return Wait::Ready;
    }
    loop {
        let outcome = park(deadline, reason);
        if place.is_chosen() {
            return Wait::Notified;
        }
        if outcome == Outcome::TimedOut {
            return if place.leave() { Wait::TimedOut } else { Wait::Notified };
        }
    }
}

/// How a [`wait_turn`] ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// The condition was true already; this task did not wait.
    Ready,
    /// A notifier chose this task, which is to try again now.
    Notified,
    /// A notifier gave this task what it waited for.
    Granted,
}

/// As [`wait`], for as long as it takes, in a queue whose notifiers may also *give* what it is for
/// ([`WaitQueue::grant_one`]).
///
/// Should the task be chosen and yet not return from here, since its park is left by unwinding, then the notification goes
/// to the next waiter; what had been given to it already goes to `give_back`, which must not park.
pub(crate) fn wait_turn(
    queue: &WaitQueue,
    end: End,
    reason: Reason,
    ready: impl FnOnce() -> bool,
    give_back: impl Fn(),
) -> Turn {
    let mut place = Place::new(queue, give_back);
    if !place.take(end, ready) {
        return Turn::Ready;
    }
    loop {
        let _ = park(None, reason);
        if place.is_chosen() {
            return if place.waiter.is_granted() { Turn::Granted } else { Turn::Notified };
        }
    }
}

/// For an operation that did not have to wait: a coroutine that makes many such in a row lets the others of its worker
/// go first now and then. Nothing on a plain OS thread.
#[inline]
pub(crate) fn checkpoint() {
    sched::spend(sched::OPERATION);
}

/// As [`checkpoint`], for what costs next to nothing itself, such as locking a lock that is free: a thread-local decrement.
#[inline]
pub(crate) fn tick() {
    sched::spend(1);
}

/// A waiter in a queue; takes itself out when a park is left by unwinding.
struct Place<'a, F: Fn()> {
    queue: &'a WaitQueue,
    waiter: Waiter,
    enqueued: bool,
    give_back: F,
}

impl<'a, F: Fn()> Place<'a, F> {
    fn new(queue: &'a WaitQueue, give_back: F) -> Place<'a, F> {
        Place { queue, waiter: Waiter::new(Unparker::current()), enqueued: false, give_back }
    }

    /// `false`: it was ready. From `true` on `self` must not move.
    #[inline]
    fn take(&mut self, end: End, ready: impl FnOnce() -> bool) -> bool {
        // SAFETY: both callers keep `self` where it is until they return, and its destructor takes the waiter out of the
        // queue if it is still in, however they are left.
        self.enqueued = unsafe { self.queue.push_unless(&self.waiter, end, ready) };
        self.enqueued
    }

    fn is_chosen(&mut self) -> bool {
        let chosen = self.waiter.is_notified();
        self.enqueued = !chosen;
        chosen
    }

    /// `false`: too late, a notifier has chosen it.
    fn leave(&mut self) -> bool {
        self.enqueued = false;
        self.queue.remove(&self.waiter)
    }
}

impl<F: Fn()> Drop for Place<'_, F> {
    fn drop(&mut self) {
        if self.enqueued && !self.queue.remove(&self.waiter) {
            // A notifier chose this task, which will not act on it: the next one shall.
            if self.waiter.is_granted() {
                (self.give_back)();
            } else {
                self.queue.notify_one();
            }
        }
    }
}
