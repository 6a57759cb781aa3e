use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sys::sync::channel::SingleSender;

use super::SendError;

/// The sending half of [`channel`](super::channel). There is one.
pub struct Sender<T>(SingleSender<T>);

// A channel is in order whenever nobody is in the middle of a call, and nothing panics there.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    pub(super) fn new(end: SingleSender<T>) -> Sender<T> {
        Sender(end)
    }

    pub(crate) fn end(&self) -> &SingleSender<T> {
        &self.0
    }

    /// Sends a value. Never waits.
    ///
    /// `Ok` does not mean that the value is received: the receiver may be dropped before.
    ///
    /// # Errors
    /// The [`Receiver`](super::Receiver) is gone; the error has the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::spsc::{SendError, channel};
    ///
    /// let (tx, rx) = channel();
    /// tx.send(1).unwrap();
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    #[inline]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.0.send(value)
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
