use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::sys::sync::channel::SingleReceiver;

use super::{Iter, RecvError, RecvTimeoutError, TryIter, TryRecvError};

/// The receiving half of [`channel`](super::channel). There is one.
pub struct Receiver<T>(SingleReceiver<T>);

// As `Sender`.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    pub(super) fn new(end: SingleReceiver<T>) -> Receiver<T> {
        Receiver(end)
    }

    pub(crate) fn end(&self) -> &SingleReceiver<T> {
        &self.0
    }

    /// Takes a value if one is there. Never waits.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`]: nothing is there. [`TryRecvError::Disconnected`]: and nothing will be, as the sender is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::spsc::{TryRecvError, channel};
    ///
    /// let (tx, rx) = channel();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.try_recv()
    }

    /// Takes a value; waits for one if none is there.
    ///
    /// # Errors
    /// Nothing is there, and the sender is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::spsc::{RecvError, channel};
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
        self.0.recv(None).map_err(|_| RecvError)
    }

    /// As [`recv`](Self::recv), for no longer than `timeout`.
    ///
    /// # Errors
    /// [`RecvTimeoutError::Timeout`]: nothing has come in time. [`RecvTimeoutError::Disconnected`]: nothing is there, and the
    /// sender is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::spsc::{RecvTimeoutError, channel};
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
        self.0.recv(Instant::now().checked_add(timeout))
    }

    /// An iterator that waits for values and ends when the sender is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::coroutine::spsc::channel();
    /// costd::thread::spawn(move || (1..4).for_each(|n| tx.send(n).unwrap()));
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter::new(self)
    }

    /// An iterator over what is there now; it never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = costd::coroutine::spsc::channel();
    /// assert_eq!(rx.try_iter().next(), None);
    /// (1..4).for_each(|n| tx.send(n).unwrap());
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter::new(self)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
