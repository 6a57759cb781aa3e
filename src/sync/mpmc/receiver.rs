use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::sys::sync::channel::ReceiverEnd;

use super::{Iter, RecvError, RecvTimeoutError, TryIter, TryRecvError};

/// The receiving half of [`channel`](super::channel) or [`sync_channel`](super::sync_channel): as std's.
///
/// # Examples
///
/// ```
/// use costd::sync::mpmc::channel;
/// use costd::thread;
///
/// let (tx, rx) = channel();
/// thread::scope(|scope| {
///     let receivers = [scope.spawn(|| rx.recv().unwrap()), scope.spawn(|| rx.recv().unwrap())];
///     tx.send(1).unwrap();
///     tx.send(2).unwrap();
///     assert_eq!(receivers.map(|receiver| receiver.join().unwrap()).iter().sum::<i32>(), 3);
/// });
/// ```
pub struct Receiver<T>(ReceiverEnd<T>);

// As `Sender`.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    pub(super) fn new(end: ReceiverEnd<T>) -> Receiver<T> {
        Receiver(end)
    }

    pub(crate) fn end(&self) -> &ReceiverEnd<T> {
        &self.0
    }

    /// Takes a message if one is there; in a channel without room, if a sender waits. Never waits. As std's.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`]: nothing is there. [`TryRecvError::Disconnected`]: and nothing will be, as the senders are
    /// gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::{TryRecvError, channel};
    ///
    /// let (tx, rx) = channel();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.try_recv()
    }

    /// Takes a message; waits for one if none is there. As std's.
    ///
    /// # Errors
    /// Nothing is there, and the senders are gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::{RecvError, channel};
    /// use costd::thread;
    ///
    /// let (tx, rx) = channel();
    /// thread::spawn(move || tx.send(1).unwrap());
    /// assert_eq!(rx.recv(), Ok(1));
    /// assert_eq!(rx.recv(), Err(RecvError));
    /// ```
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.0.recv(None).map_err(|_| RecvError)
    }

    /// As [`recv`](Self::recv), for no longer than `timeout`. As std's.
    ///
    /// # Errors
    /// [`RecvTimeoutError::Timeout`]: nothing has come in time. [`RecvTimeoutError::Disconnected`]: nothing is there, and the
    /// senders are gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::{RecvTimeoutError, channel};
    /// use costd::time::Duration;
    ///
    /// let (_tx, rx) = channel::<i32>();
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(5)), Err(RecvTimeoutError::Timeout));
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        // Past the end of the clock is as good as never.
        self.0.recv(Instant::now().checked_add(timeout))
    }

    /// As [`recv_timeout`](Self::recv_timeout), until `deadline`. As std's.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpmc::channel;
    /// use costd::time::Instant;
    ///
    /// let (tx, rx) = channel();
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.recv_deadline(Instant::now()), Ok(1));
    /// ```
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.0.recv(Some(deadline))
    }

    /// An iterator over what is there now; it never waits. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpmc::channel();
    /// (1..4).for_each(|n| tx.send(n).unwrap());
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter::new(self)
    }

    /// Is no message there? Always, in a channel without room. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpmc::channel();
    /// assert!(rx.is_empty());
    /// tx.send(1).unwrap();
    /// assert!(!rx.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Is there no room? Always, in a channel without. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_tx, rx) = costd::sync::mpmc::sync_channel::<i32>(0);
    /// assert!(rx.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.0.capacity() == Some(self.0.len())
    }

    /// How many messages are there. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpmc::channel();
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// For how many messages there is room; `None`: for any number. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_tx, rx) = costd::sync::mpmc::sync_channel::<i32>(3);
    /// assert_eq!(rx.capacity(), Some(3));
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }

    /// Do both receive from one channel? As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (_tx, rx) = costd::sync::mpmc::channel::<i32>();
    /// assert!(rx.same_channel(&rx.clone()));
    /// ```
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        self.0.same_channel(&other.0)
    }

    /// An iterator that waits for messages and ends when the senders are gone. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpmc::channel();
    /// costd::thread::spawn(move || (1..4).for_each(|n| tx.send(n).unwrap()));
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter::new(self)
    }

    /// Are the senders gone? There may still be messages to receive. As std's. `false` may be out of date when it is
    /// returned.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpmc::channel::<i32>();
    /// drop(tx);
    /// assert!(rx.is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        self.0.senders_gone()
    }
}

impl<T> Clone for Receiver<T> {
    /// Another receiver of the same channel.
    fn clone(&self) -> Receiver<T> {
        Receiver(self.0.clone())
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
