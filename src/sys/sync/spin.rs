//! A short wait for somebody who is running at this moment on another CPU.
//!
//! A look at a word that another CPU is changing takes the word's cache line away from it, which costs both of them more
//! than the lock itself. So two that want the same lock again and again are fastest if they stay out of each other's way: whoever
//! has come too late lets the other one go on for a while, which then takes and releases the lock at the price of a lock that
//! nobody else wants. With eight tasks on two workers that is 5 ns for each turn instead of 24 (one look after each pause).

use crate::sched;

/// How long the first wait is, in pauses of some 20 ns: the other one gets some dozens of short turns done. It is less than
/// a wake of another worker takes.
const FIRST: u32 = 32;
/// How long the last one is: with those before, about as long as to park, and be woken.
const LAST: u32 = 64;

/// Waits that become longer.
pub(super) struct Backoff {
    pauses: u32,
}

impl Backoff {
    pub(super) fn new() -> Backoff {
        Backoff { pauses: FIRST }
    }

    /// Waits, unless nobody else can be running. `false`: it has waited as long as is worth it before, or is not to wait.
    pub(super) fn wait(&mut self) -> bool {
        if self.pauses > LAST || !sched::others_may_be_running() {
            return false;
        }
        for _ in 0..self.pauses {
            std::hint::spin_loop();
        }
        self.pauses *= 2;
        true
    }
}

/// Calls `look` until it says that there is no point in going on, or the time is up; returns what it saw last. Looks once
/// where nobody else can be running.
#[inline]
pub(super) fn spin<S>(mut look: impl FnMut() -> (S, bool)) -> S {
    let mut backoff = Backoff::new();
    loop {
        let (seen, go_on) = look();
        if !go_on || !backoff.wait() {
            return seen;
        }
    }
}
