use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::mpsc::{SendError, TrySendError};

use crate::sys::sync::channel::SenderEnd;

/// The sending half of a [`channel`](super::channel): as std's.
///
/// # Examples
///
/// ```
/// use costd::sync::oneshot;
/// use costd::thread;
///
/// let (sender, receiver) = oneshot::channel();
/// thread::spawn(move || sender.send("Hello from thread!").unwrap());
/// assert_eq!(receiver.recv(), Ok("Hello from thread!"));
/// ```
pub struct Sender<T>(SenderEnd<T>);

// SAFETY: by reference there is nothing that one can do with it; its one method takes it by value. (A select takes it by reference, and asks for
// `T: Send`: `coroutine::select`.)
unsafe impl<T> Sync for Sender<T> {}
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

    /// Sends the message. Never waits. As std's.
    ///
    /// # Errors
    /// The [`Receiver`](super::Receiver) is gone; the error has the message.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpsc::SendError;
    /// use costd::sync::oneshot;
    ///
    /// let (sender, receiver) = oneshot::channel();
    /// drop(receiver);
    /// assert_eq!(sender.send(1), Err(SendError(1)));
    /// ```
    pub fn send(self, t: T) -> Result<(), SendError<T>> {
        // There is room: nobody else sends.
        self.0.try_send(t).map_err(|error| match error {
            TrySendError::Full(t) | TrySendError::Disconnected(t) => SendError(t),
        })
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
