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

/// How long one waits that has met another in the middle of a change. That is rare but where both do little else, and what
/// is undone is no more than a few instructions: with eight readers on two workers 30 ns a turn instead of 43.
const MEETING: u32 = 128;

/// Waits so many pauses, unless nobody else can be running; then `false`.
fn pause(pauses: u32) -> bool {
    if !sched::others_may_be_running() {
        return false;
    }
    for _ in 0..pauses {
        std::hint::spin_loop();
    }
    true
}

/// After a compare-exchange that has failed since somebody else, who holds nothing, had one at that very moment.
pub(super) fn after_meeting() {
    pause(MEETING);
}

/// Calls `look` until it says that there is no point in going on, or the time is up; returns what it saw last. Looks once
/// where nobody else can be running.
#[inline]
pub(super) fn spin<S>(mut look: impl FnMut() -> (S, bool)) -> S {
    let mut pauses = FIRST;
    loop {
        let (seen, go_on) = look();
        // With the last wait it has waited as long as is worth it.
        if !go_on || pauses > LAST || !pause(pauses) {
            return seen;
        }
        pauses *= 2;
    }
}
