use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::sys::sync::channel::SenderEnd;

use super::{SendError, SendTimeoutError, TrySendError};

/// The sending half of [`channel`](super::channel) or [`sync_channel`](super::sync_channel): as std's.
///
/// # Examples
///
/// ```
/// use costd::sync::mpmc::channel;
/// use costd::thread;
///
/// let (tx, rx) = channel();
/// thread::scope(|scope| {
///     scope.spawn(|| tx.send(1).unwrap());
///     scope.spawn(|| tx.send(2).unwrap());
/// });
/// assert_eq!(rx.recv().unwrap() + rx.recv().unwrap(), 3);
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

    /// Sends a message if there is room for it, or in a channel without room if a receiver waits for it. Never waits. As
    /// std's.
    ///
    /// # Errors
    /// [`TrySendError::Full`]: no room, or no receiver waits. [`TrySendError::Disconnected`]: the receivers are gone. Both
    /// have the message.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::{TrySendError, sync_channel};
    ///
    /// let (tx, _rx) = sync_channel(0);
    /// assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    /// ```
    pub fn try_send(&self, msg: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(msg)
    }

    /// Sends a message; waits until there is room for it, or in a channel without room until a receiver takes it. As std's.
    ///
    /// # Errors
    /// The receivers are gone, or go meanwhile; the error has the message.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::{SendError, channel};
    ///
    /// let (tx, rx) = channel();
    /// drop(rx);
    /// assert_eq!(tx.send(1), Err(SendError(1)));
    /// ```
    #[inline]
    pub fn send(&self, msg: T) -> Result<(), SendError<T>> {
        self.0.send(msg, None).map_err(|error| match error {
            TrySendError::Full(msg) | TrySendError::Disconnected(msg) => SendError(msg),
        })
    }

    /// As [`send`](Self::send), for no longer than `timeout`. As std's.
    ///
    /// # Errors
    /// [`SendTimeoutError::Timeout`] or [`SendTimeoutError::Disconnected`]; both have the message.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::{SendTimeoutError, sync_channel};
    /// use costd::time::Duration;
    ///
    /// let (tx, _rx) = sync_channel(0);
    /// assert_eq!(tx.send_timeout(1, Duration::from_millis(5)), Err(SendTimeoutError::Timeout(1)));
    /// ```
    pub fn send_timeout(&self, msg: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        // Past the end of the clock is as good as never.
        self.0.send(msg, Instant::now().checked_add(timeout)).map_err(SendTimeoutError::from_try_send)
    }

    /// As [`send_timeout`](Self::send_timeout), until `deadline`. As std's.
    ///
    /// # Errors
    /// As [`send_timeout`](Self::send_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::{SendTimeoutError, sync_channel};
    /// use costd::time::Instant;
    ///
    /// let (tx, _rx) = sync_channel(1);
    /// assert_eq!(tx.send_deadline(1, Instant::now()), Ok(()));
    /// assert_eq!(tx.send_deadline(2, Instant::now()), Err(SendTimeoutError::Timeout(2)));
    /// ```
    pub fn send_deadline(&self, msg: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.0.send(msg, Some(deadline)).map_err(SendTimeoutError::from_try_send)
    }

    /// Is no message there? Always, in a channel without room. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = costd::sync::mpmc::channel();
    /// assert!(tx.is_empty());
    /// tx.send(1).unwrap();
    /// assert!(!tx.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Is there no room? Always, in a channel without. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = costd::sync::mpmc::sync_channel(1);
    /// assert!(!tx.is_full());
    /// tx.send(1).unwrap();
    /// assert!(tx.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.0.capacity() == Some(self.0.len())
    }

    /// How many messages are there. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = costd::sync::mpmc::channel();
    /// tx.send(1).unwrap();
    /// assert_eq!(tx.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// For how many messages there is room; `None`: for any number. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::{channel, sync_channel};
    ///
    /// assert_eq!(channel::<i32>().0.capacity(), None);
    /// assert_eq!(sync_channel::<i32>(3).0.capacity(), Some(3));
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }

    /// Do both send on one channel? As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::channel;
    ///
    /// let (tx, _rx) = channel::<i32>();
    /// assert!(tx.same_channel(&tx.clone()));
    /// assert!(!tx.same_channel(&channel().0));
    /// ```
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        self.0.same_channel(&other.0)
    }

    /// Are the receivers gone? As std's. `false` may be out of date when it is returned.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpmc::channel::<i32>();
    /// drop(rx);
    /// assert!(tx.is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        self.0.receivers_gone()
    }
}

impl<T> Clone for Sender<T> {
    /// Another sender of the same channel.
    fn clone(&self) -> Sender<T> {
        Sender(self.0.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
