//! Waiting for several things at once, of which exactly one takes effect.
//!
//! ```text
//! 1. try each, in a random order               one has succeeded: done; the task is in no queue meanwhile
//! 2. take a place in the queue of each         one finds that there is nothing to wait for: 4
//! 3. park                                      until a notifier has chosen one of the places, or the time is up
//! 4. leave all queues
//! 5. try those that were chosen                one has succeeded: done
//!    else 1
//! ```
//!
//! A notifier's choice is a hint (a message is there) or a gift (a lock that is the chosen one's now). Several places may be
//! chosen before step 4; one of them wins, and the others pass the hint or the gift on, as a waiter does that is unwound out
//! of its wait. So an alternative that loses has taken nothing: what it did not try in 5 it has given back.
//!
//! The one thing that can happen while the task sleeps is that an offer of its is taken up in a rendezvous. `selection` says
//! why that happens to one offer at most. In 4 the task closes its selection, if it was not taken; if it was, the alternative
//! that the offer belongs to has won, and nothing else is tried.
//!
//! If the task is interrupted, it leaves the park, and is unwound only if nothing has happened, and nothing that was chosen
//! can be had.

use std::any::Any;
use std::cell::Cell;
use std::time::Instant;

use crate::sched::interrupt;
use crate::sched::panics::resume_unwind;

use super::order::Order;
use super::selection::Selection;
use super::{Outcome, Reason};

/// What a panic leaves.
type Payload = Box<dyn Any + Send>;

/// How taking a place has ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// In a queue.
    Waits,
    /// There is nothing to wait for: to be tried, or it has happened.
    Ready,
}

/// One of several things that a task waits for. It keeps what comes of it until it is asked.
///
/// Called by the task itself only. None of it waits, but for `end`. (`pub` for a sealed trait's sake; nobody outside can get hold
/// of one.)
pub trait Alternative {
    /// Takes effect, if that needs no wait. `true`: it has. Never called while it has a place.
    fn attempt(&self) -> bool;

    /// Before the first place is taken: nothing could be had without waiting.
    fn begin(&self) {}

    /// Takes a place in a queue.
    ///
    /// # Safety
    /// If it waits, it neither moves nor ends before [`leave`](Self::leave), nor does `selection`.
    unsafe fn enter(&self, selection: &Selection) -> Entry;

    /// Has a notifier chosen its place?
    fn is_notified(&self) -> bool;

    /// Gives up its place, if it has one.
    fn leave(&self);

    /// Was its place chosen, before it left?
    fn is_chosen(&self) -> bool;

    /// Has it taken effect, by another task's doing? Only if the selection is taken.
    fn has_happened(&self) -> bool {
        false
    }

    /// When to try it again, if nobody has chosen it before.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// It has lost: nobody shall start anything more for it.
    fn abandon(&self) {}

    /// It has lost: passes on what it was chosen for, and waits for the end of what was started for it, which may have ended
    /// by a panic.
    fn end(&self) -> Option<Payload> {
        None
    }
}

/// What a select has come to.
#[must_use]
pub(crate) struct Decision {
    /// The one that has taken effect.
    pub(crate) winner: Option<usize>,
    /// One of the others has ended by this panic.
    pub(crate) panic: Option<Payload>,
}

impl Decision {
    /// Goes on with the panic, if there is one.
    fn into_winner(self) -> Option<usize> {
        match self.panic {
            Some(payload) => resume_unwind(payload),
            None => self.winner,
        }
    }
}

/// Waits until one of `alternatives` has taken effect, and says which. `None`: the deadline has passed, and none has.
pub(crate) fn select(alternatives: &[&dyn Alternative], deadline: Option<Instant>) -> Option<usize> {
    decide(alternatives, deadline).into_winner()
}

/// As [`select`], but never waits.
pub(crate) fn try_select(alternatives: &[&dyn Alternative]) -> Option<usize> {
    try_decide(alternatives).into_winner()
}

/// As [`select`], for a caller who keeps the winner also if another one panics.
pub(crate) fn decide(alternatives: &[&dyn Alternative], deadline: Option<Instant>) -> Decision {
    super::enter();
    let contest = Contest { alternatives, order: Order::random(alternatives.len()), winner: Cell::new(None) };
    if contest.attempt(|_| true) {
        super::checkpoint();
        return contest.finish();
    }
    alternatives.iter().for_each(|alternative| alternative.begin());
    loop {
        let timed_out = contest.wait(deadline);
        let decided = contest.winner.get().is_some()
            || contest.attempt(|alternative| alternative.is_chosen())
            || contest.attempt(|_| true);
        if decided || timed_out {
            return contest.finish();
        }
        interrupt::check();
    }
}

/// As [`decide`], but never waits.
pub(crate) fn try_decide(alternatives: &[&dyn Alternative]) -> Decision {
    super::enter();
    let contest = Contest { alternatives, order: Order::random(alternatives.len()), winner: Cell::new(None) };
    contest.attempt(|_| true);
    super::checkpoint();
    contest.finish()
}

/// One `select`. Ends all alternatives but the winner when it ends itself.
struct Contest<'a> {
    alternatives: &'a [&'a dyn Alternative],
    order: Order,
    winner: Cell<Option<usize>>,
}

impl Contest<'_> {
    fn in_order(&self) -> impl Iterator<Item = (usize, &dyn Alternative)> {
        self.order.iter().map(|index| (index, self.alternatives[index]))
    }

    /// Steps 1 and 5, of those that are `eligible`.
    fn attempt(&self, eligible: impl Fn(&dyn Alternative) -> bool) -> bool {
        let winner = self.in_order().find(|&(_, alternative)| eligible(alternative) && alternative.attempt());
        self.winner.set(winner.map(|(index, _)| index));
        winner.is_some()
    }

    /// Steps 2 to 4. `true`: `deadline` has passed.
    fn wait(&self, deadline: Option<Instant>) -> bool {
        let selection = Selection::new();
        let seated = Seated { contest: self, selection: &selection };
        for (_, alternative) in self.in_order() {
            // SAFETY: `seated` has all of them leave before this frame ends, however it ends.
            if unsafe { alternative.enter(&selection) } == Entry::Ready {
                // Others may be faster again and again: that is no reason to go on beyond the deadline.
                return deadline.is_some_and(|deadline| deadline <= Instant::now());
            }
        }
        let until = self.alternatives.iter().filter_map(|alternative| alternative.deadline()).chain(deadline).min();
        let mut outcome = Outcome::Unparked;
        while outcome == Outcome::Unparked && !self.is_notified() && !interrupt::is_due() {
            outcome = super::park_within_limits(until, Reason::Select);
        }
        drop(seated);
        outcome == Outcome::TimedOut && deadline.is_some_and(|deadline| Some(deadline) == until)
    }

    fn is_notified(&self) -> bool {
        self.alternatives.iter().any(|alternative| alternative.is_notified())
    }

    fn finish(self) -> Decision {
        let winner = self.winner.get();
        let panic = self.end_losers();
        std::mem::forget(self);
        Decision { winner, panic }
    }

    /// The first panic among them.
    fn end_losers(&self) -> Option<Payload> {
        let winner = self.winner.get();
        let losers = || self.alternatives.iter().enumerate().filter(move |&(index, _)| Some(index) != winner);
        losers().for_each(|(_, loser)| loser.abandon());
        losers().filter_map(|(_, loser)| loser.end()).reduce(|first, _| first)
    }
}

impl Drop for Contest<'_> {
    /// The task is being unwound: that is what its caller will see.
    fn drop(&mut self) {
        let _ = self.end_losers();
    }
}

/// Those who may have a place. Step 4 is its end.
struct Seated<'a> {
    contest: &'a Contest<'a>,
    selection: &'a Selection,
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        // First of all: from now on no offer is taken up that was not.
        let untouched = self.selection.take();
        self.contest.alternatives.iter().for_each(|alternative| alternative.leave());
        if !untouched {
            let happened = self.contest.alternatives.iter().position(|alternative| alternative.has_happened());
            debug_assert!(happened.is_some(), "a selection is taken for one of its offers");
            self.contest.winner.set(happened);
        }
    }
}
