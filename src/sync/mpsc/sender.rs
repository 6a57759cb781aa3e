use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sys::sync::channel::SenderEnd;

use super::SendError;

/// The sending half of [`channel`](super::channel): as [`std::sync::mpsc::Sender`].
///
/// # Examples
///
/// ```
/// use costd::sync::mpsc::channel;
/// use costd::thread;
///
/// let (sender, receiver) = channel();
/// let sender2 = sender.clone();
/// thread::spawn(move || sender.send(1).unwrap());
/// thread::spawn(move || sender2.send(2).unwrap());
/// assert_eq!(receiver.recv().unwrap() + receiver.recv().unwrap(), 3);
/// ```
pub struct Sender<T>(SenderEnd<T>);

// A channel is in order whenever it is not locked, and nothing panics while it is.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    pub(super) fn new(end: SenderEnd<T>) -> Sender<T> {
        Sender(end)
    }

    pub(crate) fn end(&self) -> &SenderEnd<T> {
        &self.0
    }

    /// Sends a value. Never waits. As std's.
    ///
    /// `Ok` does not mean that the value is received: the receiver may be dropped before.
    ///
    /// # Errors
    /// The [`Receiver`](super::Receiver) is gone; the error has the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpsc::{SendError, channel};
    ///
    /// let (tx, rx) = channel();
    /// tx.send(1).unwrap();
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    #[inline]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.0.send(t, None).map_err(into_send_error)
    }

    /// Is the [`Receiver`](super::Receiver) gone? Unstable in std. `false` may be out of date when it is returned.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpsc::channel::<i32>();
    /// assert!(!tx.is_disconnected());
    /// drop(rx);
    /// assert!(tx.is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        self.0.receivers_gone()
    }
}

/// Of a send without a deadline, which never gives up.
pub(super) fn into_send_error<T>(error: super::TrySendError<T>) -> SendError<T> {
    match error {
        super::TrySendError::Full(t) | super::TrySendError::Disconnected(t) => SendError(t),
    }
}

impl<T> Clone for Sender<T> {
    /// Another sender of the same channel. The receiver sees disconnection when all are gone.
    fn clone(&self) -> Sender<T> {
        Sender(self.0.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
