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
use crate::sched::wait_queue::{WaitQueue, Waiter};

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
    let mut place = Place { queue, waiter: Waiter::new(Unparker::current()), enqueued: false };
    // SAFETY: `place` stays where it is until the end of this function, and its destructor takes the waiter out of the
    // queue if it is still in, however this function is left.
    if !unsafe { queue.push_unless(&place.waiter, ready) } {
        return Wait::Ready;
    }
    place.enqueued = true;
    loop {
        let outcome = park(deadline, reason);
        if place.waiter.is_notified() {
            place.enqueued = false;
            return Wait::Notified;
        }
        if outcome == Outcome::TimedOut {
            place.enqueued = false;
            return if queue.remove(&place.waiter) { Wait::TimedOut } else { Wait::Notified };
        }
    }
}

/// For an operation that did not have to wait: a coroutine that makes many such in a row lets the others of its worker
/// go first now and then. Nothing on a plain OS thread.
#[inline]
pub(crate) fn checkpoint() {
    if let Some(coroutine) = sched::current_coroutine() {
        coroutine.worker().consume_budget(coroutine.task());
    }
}

/// A waiter in a queue; takes itself out when a park is left by unwinding.
struct Place<'a> {
    queue: &'a WaitQueue,
    waiter: Waiter,
    enqueued: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.enqueued && !self.queue.remove(&self.waiter) {
            // A notifier chose this task, which will not act on it: the next one shall.
            self.queue.notify_one();
        }
    }
}
