use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use crate::sched::interrupt;

/// The time of a [`timeout`] was up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimedOut;

/// Runs `f` on this coroutine, for `duration` at most: then it unwinds from the blocking call that it is in, or from its next
/// one, as by [`cancel`](super::cancel), and this returns.
///
/// One may be inside another; the one whose time is up first ends first, with all that is inside it. A call that has taken
/// effect is not interrupted: if `f` does not block any more, its result is returned, however late.
///
/// What [`cancel`](super::cancel) says of crates whose `unsafe` code relies on waits that do not unwind holds for `f`, too.
///
/// On a plain OS thread sockets, pipes and children are not interrupted (their calls are the system's blocking ones); all
/// else is.
///
/// # Errors
/// The time was up, and `f` was unwound.
///
/// # Panics
/// `f` does.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{TimedOut, timeout};
/// use costd::sync::mpsc;
/// use std::time::Duration;
///
/// let (sender, receiver) = mpsc::channel();
/// assert_eq!(timeout(Duration::from_millis(5), || receiver.recv()), Err(TimedOut));
/// sender.send(7).unwrap();
/// assert_eq!(timeout(Duration::from_millis(5), || receiver.recv()), Ok(Ok(7)));
/// ```
pub fn timeout<R>(duration: Duration, f: impl FnOnce() -> R) -> Result<R, TimedOut> {
    match Instant::now().checked_add(duration) {
        Some(deadline) => interrupt::within(deadline, f).ok_or(TimedOut),
        // Past the end of the clock nobody will see the time up.
        None => Ok(f()),
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time was up")
    }
}

impl Error for TimedOut {}
