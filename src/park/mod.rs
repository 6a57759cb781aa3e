//! The verb that everything which blocks is built on: park the current task, a coroutine or an OS thread alike, until
//! it is unparked or a deadline passes.
//!
//! The noun on the other side is [`Unparker`]. What orders the two is in `sched::park_state`; a queue of waiters with the
//! same guarantee is `sched::wait_queue`, and [`wait`] composes it with parking.
//!
//! | module | what it is |
//! |---|---|
//! | `direction` | waiting until a descriptor is ready |
//! | `select` | waiting for several things at once, of which exactly one takes effect |
//! | `seat` | a place in one of several queues |
//! | `selection` | which one of several offers is taken up |
//! | `order` | in which order to try several things |
//!
//! Nothing here is a user's `thread::park`: that one has a token of its own (`sys::thread`), so a user's `unpark` is never
//! eaten by a lock's wait, nor the other way round.

use std::ptr;
use std::time::Instant;

mod direction;
mod order;
mod seat;
mod select;
mod selection;

use crate::sched;
use crate::sched::ending::Ending;
use crate::sched::interrupt;
use crate::sched::wait_queue::WaitQueue;

#[cfg_attr(loom, allow(unused_imports, reason = "its users name it, and the models do without"))]
pub(crate) use crate::sched::chosen::{Chosen, Sleeper};
pub(crate) use crate::sched::reason::Reason;
pub(crate) use crate::sched::task::Unparker;
pub(crate) use crate::sched::wait_list::{WaitList, Waiter};
pub(crate) use direction::wait_until_ready;
pub(crate) use seat::Seat;
#[cfg_attr(loom, allow(unused_imports, reason = "the models do without"))]
pub(crate) use select::{Alternative, Decision, Entry, decide, select, try_decide, try_select};
pub(crate) use selection::Selection;

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
// A function that has been called before a switch and returns after it is predicted wrongly: see `sched::context`.
#[inline(always)]
pub(crate) fn park(deadline: Option<Instant>, reason: Reason) -> Outcome {
    let woken = match sched::current_coroutine() {
        Some(coroutine) => coroutine.park(deadline, reason),
        None => sched::os_thread().park(deadline, reason),
    };
    if woken { Outcome::Unparked } else { Outcome::TimedOut }
}

/// As [`park`], of a wait that may be interrupted: unwinds if it is. To be called in a loop that looks at what it waits for.
pub(crate) fn park_or_unwind(deadline: Option<Instant>, reason: Reason) -> Outcome {
    interrupt::check();
    park_within_limits(deadline, reason)
}

/// As [`park`]; but ends, as if unparked, when the time of a limit is up.
#[inline(always)]
pub(crate) fn park_within_limits(deadline: Option<Instant>, reason: Reason) -> Outcome {
    park_before(deadline, interrupt::deadline(), reason)
}

#[inline(always)]
fn park_before(deadline: Option<Instant>, limit: Option<Instant>, reason: Reason) -> Outcome {
    match limit {
        Some(limit) if deadline.is_none_or(|deadline| limit < deadline) => {
            park_until_limit(limit, reason);
            Outcome::Unparked
        }
        _ => park(deadline, reason),
    }
}

#[inline(never)]
fn park_until_limit(limit: Instant, reason: Reason) {
    let _ = park(Some(limit), reason);
}

/// Takes a place in `queue` and parks until a notifier chooses this task or `deadline` passes, unless `ready` is true
/// once the place is taken.
///
/// `ready` runs under the queue's lock: it must be short, must not park and must not touch the queue. A notifier that
/// changes what `ready` looks at *before* it calls one of the queue's `notify` functions is never missed.
pub(crate) fn wait(queue: &WaitQueue, deadline: Option<Instant>, reason: Reason, ready: impl FnOnce() -> bool) -> Wait {
    wait_in(queue, ptr::null_mut(), deadline, reason, |waiter| {
        // SAFETY: `wait_in` keeps the waiter where it is, and takes it out of the queue before it ends.
        unsafe { queue.push_unless(waiter, Sleeper::current(), ready) }
    })
}

/// Where tasks wait: something that has a [`WaitList`] under a lock, or (`direction`) a slot.
///
/// # Safety
/// `remove` is what [`WaitList::remove`] says, on the one list that an `enqueue` given to [`wait_in`] pushes to; once it has
/// returned, nobody else touches the waiter. It may park only where a notifier is just about to mark the waiter.
pub(crate) unsafe trait WaitingPlace {
    /// Takes `waiter` out. `false`: it is no longer in, a notifier has chosen it.
    ///
    /// # Safety
    /// `waiter` was pushed to the list of this place, and to no other since.
    unsafe fn remove(&self, waiter: &Waiter) -> bool;

    /// A waiter that was chosen is not going to act on it (it is being unwound): the next one shall, if there is still
    /// something to act on.
    fn pass_on(&self);
}

// SAFETY: the queue has but one list.
unsafe impl WaitingPlace for WaitQueue {
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        // SAFETY: the caller's promise.
        unsafe { WaitQueue::remove(self, waiter) }
    }

    fn pass_on(&self) {
        self.notify_one();
    }
}

/// As [`wait`], for what keeps its waiters under a lock of its own: `enqueue` takes that lock, and either pushes the waiter
/// to the list of `place` and returns `true`, or finds that there is nothing to wait for and returns `false`. It must not
/// panic between the two.
#[inline]
pub(crate) fn wait_in<P: WaitingPlace>(
    place: &P,
    cargo: *mut (),
    deadline: Option<Instant>,
    reason: Reason,
    enqueue: impl FnOnce(&Waiter) -> bool,
) -> Wait {
    wait_in_or_interrupted(place, cargo, deadline, reason, enqueue).unwrap_or_else(|| interrupt::unwind())
}

/// As [`wait_in`]; but an interruption ends it without unwinding (`None`), if no notifier has chosen it. For who has something
/// to return, and leaves the interruption to the task's next wait.
#[inline]
fn wait_in_or_interrupted<P: WaitingPlace>(
    place: &P,
    cargo: *mut (),
    deadline: Option<Instant>,
    reason: Reason,
    enqueue: impl FnOnce(&Waiter) -> bool,
) -> Option<Wait> {
    // Apart from what takes it out, for notifiers touch it while that is borrowed for good (by its `drop`).
    let waiter = Waiter::new(cargo);
    if !enqueue(&waiter) {
        return Some(Wait::Ready);
    }
    Waiting { place, waiter: &waiter, enqueued: true }.park(deadline, reason)
}

/// Takes a place in each of two queues and parks until a notifier of either chooses this task, unless a condition is true
/// once its place is taken. For who looks at both conditions again afterwards: a notification that came is used up.
///
/// The conditions are as in [`wait`].
pub(crate) fn wait_for_either(
    (first, first_ready): (&WaitQueue, impl FnOnce() -> bool),
    (second, second_ready): (&WaitQueue, impl FnOnce() -> bool),
    reason: Reason,
) {
    let (in_first, in_second) = (Waiter::new(ptr::null_mut()), Waiter::new(ptr::null_mut()));
    // SAFETY: `Waiting` takes it out before this frame ends, and it stays where it is until then.
    if !unsafe { first.push_unless(&in_first, Sleeper::current(), first_ready) } {
        return;
    }
    let _in_first = Waiting { place: first, waiter: &in_first, enqueued: true };
    // SAFETY: as above.
    if !unsafe { second.push_unless(&in_second, Sleeper::current(), second_ready) } {
        return;
    }
    let _in_second = Waiting { place: second, waiter: &in_second, enqueued: true };
    while !in_first.is_notified() && !in_second.is_notified() {
        let _ = park_or_unwind(None, reason);
    }
}

/// Parks until the task has ended that `ending` belongs to. For the owner of its handle.
pub(crate) fn wait_for_end(ending: &Ending) {
    if ending.is_done() || !ending.wait_for(Unparker::current()) {
        return;
    }
    loop {
        if interrupt::is_due() {
            if !ending.leave() {
                return;
            }
            interrupt::unwind();
        }
        let _ = park_within_limits(None, Reason::Join);
        if ending.is_done() {
            return;
        }
    }
}

/// At the beginning of what may block: unwinds if the task was interrupted.
#[inline]
pub(crate) fn enter() {
    interrupt::check();
}

/// For an operation that did not have to wait: a coroutine that makes many such in a row lets the others of its worker
/// go first now and then. Nothing on a plain OS thread.
#[inline]
pub(crate) fn checkpoint() {
    sched::spend(sched::OPERATION);
}

/// As [`checkpoint`], for what has kept the worker for some time: the others go first now.
pub(crate) fn long_checkpoint() {
    sched::spend_turn();
}

/// As [`checkpoint`], for what costs next to nothing itself, such as locking a lock that is free: a thread-local decrement.
#[inline]
pub(crate) fn tick() {
    sched::spend(1);
}

/// A waiter in a list; takes itself out when a park is left by unwinding.
struct Waiting<'a, P: WaitingPlace> {
    place: &'a P,
    waiter: &'a Waiter,
    enqueued: bool,
}

impl<P: WaitingPlace> Waiting<'_, P> {
    /// Parks until it is chosen or the deadline has passed. `None`: until it was interrupted.
    #[inline]
    fn park(mut self, deadline: Option<Instant>, reason: Reason) -> Option<Wait> {
        loop {
            if reason.is_interruptible() && interrupt::is_due() {
                self.enqueued = false;
                // SAFETY: as below.
                return if unsafe { self.place.remove(self.waiter) } { None } else { Some(Wait::Notified) };
            }
            let limit = if reason.is_interruptible() { interrupt::deadline() } else { None };
            let outcome = park_before(deadline, limit, reason);
            if self.waiter.is_notified() {
                self.enqueued = false;
                return Some(Wait::Notified);
            }
            if outcome == Outcome::TimedOut {
                self.enqueued = false;
                // SAFETY: it is in the list of `place`, or was popped from it.
                return Some(if unsafe { self.place.remove(self.waiter) } { Wait::TimedOut } else { Wait::Notified });
            }
        }
    }
}

impl<P: WaitingPlace> Waiting<'_, P> {
    /// It is not going to be woken, nor to act on it if it was.
    #[cold]
    #[inline(never)]
    fn leave(&mut self) {
        // SAFETY: `enqueued`: it is in the list of `place`, or was popped from it.
        if !unsafe { self.place.remove(self.waiter) } {
            self.place.pass_on();
        }
    }
}

impl<P: WaitingPlace> Drop for Waiting<'_, P> {
    #[inline]
    fn drop(&mut self) {
        if self.enqueued {
            self.leave();
        }
    }
}
