use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::sys::sync::channel::ReceiverEnd;

use super::{Iter, RecvError, RecvTimeoutError, TryIter, TryRecvError};

/// The receiving half of [`channel`](super::channel) or [`sync_channel`](super::sync_channel): as
/// [`std::sync::mpsc::Receiver`].
///
/// # Examples
///
/// ```
/// use costd::sync::mpsc::channel;
/// use costd::thread;
/// use costd::time::Duration;
///
/// let (send, recv) = channel();
/// thread::spawn(move || {
///     send.send("Hello world!").unwrap();
///     thread::sleep(Duration::from_millis(20));
///     send.send("Delayed for 20 milliseconds").unwrap();
/// });
/// assert_eq!(recv.recv(), Ok("Hello world!"));
/// assert_eq!(recv.recv(), Ok("Delayed for 20 milliseconds"));
/// ```
pub struct Receiver<T> {
    end: ReceiverEnd<T>,
    /// std's is not `Sync`.
    _not_sync: PhantomData<Cell<()>>,
}

// As `Sender`.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    pub(super) fn new(end: ReceiverEnd<T>) -> Receiver<T> {
        Receiver { end, _not_sync: PhantomData }
    }

    pub(crate) fn end(&self) -> &ReceiverEnd<T> {
        &self.end
    }

    /// Takes a value if one is there; in a channel without room, if a sender waits. Never waits. As std's.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`]: nothing is there. [`TryRecvError::Disconnected`]: and nothing will be, as the senders are
    /// gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpsc::{TryRecvError, channel};
    ///
    /// let (tx, rx) = channel();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.end.try_recv()
    }

    /// Takes a value; waits for one if none is there. As std's.
    ///
    /// # Errors
    /// Nothing is there, and the senders are gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpsc::{RecvError, channel};
    /// use costd::thread;
    ///
    /// let (tx, rx) = channel();
    /// let sender = thread::spawn(move || tx.send(1).unwrap());
    /// assert_eq!(rx.recv(), Ok(1));
    /// sender.join().unwrap();
    /// assert_eq!(rx.recv(), Err(RecvError));
    /// ```
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.end.recv(None).map_err(|_| RecvError)
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
    /// use costd::sync::mpsc::{RecvTimeoutError, channel};
    /// use costd::time::Duration;
    ///
    /// let (tx, rx) = channel();
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(10)), Err(RecvTimeoutError::Timeout));
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(10)), Ok(1));
    /// drop(tx);
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(10)), Err(RecvTimeoutError::Disconnected));
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        // Past the end of the clock is as good as never.
        self.end.recv(Instant::now().checked_add(timeout))
    }

    /// As [`recv_timeout`](Self::recv_timeout), until `deadline`. Unstable in std.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpsc::{RecvTimeoutError, channel};
    /// use costd::time::{Duration, Instant};
    ///
    /// let (_tx, rx) = channel::<i32>();
    /// let deadline = Instant::now() + Duration::from_millis(10);
    /// assert_eq!(rx.recv_deadline(deadline), Err(RecvTimeoutError::Timeout));
    /// assert!(Instant::now() >= deadline);
    /// ```
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.end.recv(Some(deadline))
    }

    /// An iterator that waits for values and ends when the senders are gone. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpsc::channel();
    /// costd::thread::spawn(move || (1..4).for_each(|n| tx.send(n).unwrap()));
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter::new(self)
    }

    /// An iterator over what is there now; it never waits. As std's.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpsc::channel();
    /// assert_eq!(rx.try_iter().next(), None);
    /// (1..4).for_each(|n| tx.send(n).unwrap());
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter::new(self)
    }

    /// Are the senders gone? There may still be values to receive. Unstable in std. `false` may be out of date when it is
    /// returned.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::sync::mpsc::channel::<i32>();
    /// assert!(!rx.is_disconnected());
    /// drop(tx);
    /// assert!(rx.is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        self.end.senders_gone()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
