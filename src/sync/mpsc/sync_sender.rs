use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::sync::mpmc::SendTimeoutError;
use crate::sys::sync::channel::SenderEnd;

use super::sender::into_send_error;
use super::{SendError, TrySendError};

/// The sending half of [`sync_channel`](super::sync_channel): as [`std::sync::mpsc::SyncSender`].
///
/// # Examples
///
/// ```
/// use costd::sync::mpsc::sync_channel;
/// use costd::thread;
///
/// let (sender, receiver) = sync_channel(2);
/// thread::spawn(move || {
///     for n in 0..5 {
///         // After two, each waits for a receive.
///         sender.send(n).unwrap();
///     }
/// });
/// assert!(receiver.iter().eq(0..5));
/// ```
pub struct SyncSender<T>(SenderEnd<T>);

// As `Sender`.
impl<T> UnwindSafe for SyncSender<T> {}
impl<T> RefUnwindSafe for SyncSender<T> {}

impl<T> SyncSender<T> {
    pub(super) fn new(end: SenderEnd<T>) -> SyncSender<T> {
        SyncSender(end)
    }

    pub(crate) fn end(&self) -> &SenderEnd<T> {
        &self.0
    }

    /// Sends a value; waits until there is room for it, or in a channel without room until a receiver takes it. As std's.
    ///
    /// `Ok` means that the value is in the channel; only in one without room, that it is received.
    ///
    /// # Errors
    /// The [`Receiver`](super::Receiver) is gone, or goes meanwhile; the error has the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpsc::{SendError, sync_channel};
    ///
    /// let (tx, rx) = sync_channel(1);
    /// tx.send(1).unwrap();
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    #[inline]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.0.send(t, None).map_err(into_send_error)
    }

    /// Sends a value if there is room for it, or in a channel without room if a receiver waits for it. Never waits. As std's.
    ///
    /// # Errors
    /// [`TrySendError::Full`]: no room, or no receiver waits. [`TrySendError::Disconnected`]: the receiver is gone. Both have
    /// the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpsc::{TrySendError, sync_channel};
    ///
    /// let (tx, rx) = sync_channel(1);
    /// assert_eq!(tx.try_send(1), Ok(()));
    /// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    /// drop(rx);
    /// assert_eq!(tx.try_send(3), Err(TrySendError::Disconnected(3)));
    /// ```
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(t)
    }

    /// As [`send`](Self::send), for no longer than `timeout`. std has it for its own tests only.
    #[doc(hidden)]
    pub fn send_timeout(&self, t: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.0.send(t, Instant::now().checked_add(timeout)).map_err(SendTimeoutError::from_try_send)
    }
}

impl<T> Clone for SyncSender<T> {
    /// Another sender of the same channel. The receiver sees disconnection when all are gone.
    fn clone(&self) -> SyncSender<T> {
        SyncSender(self.0.clone())
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}
