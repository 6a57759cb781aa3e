//! A short wait for somebody who is running at this moment on another CPU.

use crate::sched;

/// How often at most the word is looked at. The pauses between grow no longer than a switch and a wake take.
const LOOKS: u32 = 50;

/// Calls `look` until it says that there is no point in going on, or the time is up; returns what it saw last. Looks once
/// where nobody else can be running.
#[inline]
pub(super) fn spin<S>(mut look: impl FnMut() -> (S, bool)) -> S {
    let (mut seen, mut go_on) = look();
    if go_on && sched::others_may_be_running() {
        for _ in 0..LOOKS {
            std::hint::spin_loop();
            (seen, go_on) = look();
            if !go_on {
                break;
            }
        }
    }
    seen
}
