use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::mpsc::{self, RecvError};
use std::time::{Duration, Instant};

use crate::sys::sync::channel::ReceiverEnd;

use super::{RecvTimeoutError, TryRecvError};

/// The receiving half of a [`channel`](super::channel): as std's. Its methods take it by value, and hand it back in the error
/// if it is still good for something.
///
/// # Examples
///
/// ```
/// use costd::sync::oneshot;
/// use costd::thread;
/// use costd::time::Duration;
///
/// let (sender, receiver) = oneshot::channel();
/// thread::spawn(move || {
///     thread::sleep(Duration::from_millis(10));
///     sender.send("Hello after delay!").unwrap();
/// });
/// assert_eq!(receiver.recv(), Ok("Hello after delay!"));
/// ```
pub struct Receiver<T>(ReceiverEnd<T>);

// SAFETY: by reference there is nothing that one can do with it; its methods take it by value. (A select takes it by reference, and asks for
// `T: Send`: `coroutine::select`.)
unsafe impl<T> Sync for Receiver<T> {}
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

    /// Takes the message; waits for it if it is not there. As std's.
    ///
    /// # Errors
    /// The [`Sender`](super::Sender) was dropped without sending.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::mpsc::RecvError;
    /// use costd::sync::oneshot;
    ///
    /// let (sender, receiver) = oneshot::channel::<i32>();
    /// drop(sender);
    /// assert_eq!(receiver.recv(), Err(RecvError));
    /// ```
    pub fn recv(self) -> Result<T, RecvError> {
        self.0.recv(None).map_err(|_| RecvError)
    }

    /// Takes the message if it is there. As std's.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`]: it is not there; the error has the receiver. [`TryRecvError::Disconnected`]: the sender was
    /// dropped without sending.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::oneshot::{self, TryRecvError};
    ///
    /// let (sender, receiver) = oneshot::channel();
    /// let Err(TryRecvError::Empty(receiver)) = receiver.try_recv() else { panic!("too soon") };
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.try_recv().unwrap(), 1);
    /// ```
    pub fn try_recv(self) -> Result<T, TryRecvError<T>> {
        match self.0.try_recv() {
            Ok(message) => Ok(message),
            Err(mpsc::TryRecvError::Empty) => Err(TryRecvError::Empty(self)),
            Err(mpsc::TryRecvError::Disconnected) => Err(TryRecvError::Disconnected),
        }
    }

    /// As [`recv`](Self::recv), for no longer than `timeout`. As std's.
    ///
    /// # Errors
    /// [`RecvTimeoutError::Timeout`]: it has not come in time; the error has the receiver.
    /// [`RecvTimeoutError::Disconnected`]: the sender was dropped without sending.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::oneshot::{self, RecvTimeoutError};
    /// use costd::time::Duration;
    ///
    /// let (sender, receiver) = oneshot::channel::<i32>();
    /// let result = receiver.recv_timeout(Duration::from_millis(5));
    /// let Err(RecvTimeoutError::Timeout(receiver)) = result else { panic!("too soon") };
    /// drop(sender);
    /// let result = receiver.recv_timeout(Duration::from_millis(5));
    /// assert!(matches!(result, Err(RecvTimeoutError::Disconnected)));
    /// ```
    pub fn recv_timeout(self, timeout: Duration) -> Result<T, RecvTimeoutError<T>> {
        // Past the end of the clock is as good as never.
        self.recv_until(Instant::now().checked_add(timeout))
    }

    /// As [`recv_timeout`](Self::recv_timeout), until `deadline`. As std's.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::sync::oneshot;
    /// use costd::time::Instant;
    ///
    /// let (sender, receiver) = oneshot::channel();
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.recv_deadline(Instant::now()).unwrap(), 1);
    /// ```
    pub fn recv_deadline(self, deadline: Instant) -> Result<T, RecvTimeoutError<T>> {
        self.recv_until(Some(deadline))
    }

    fn recv_until(self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError<T>> {
        match self.0.recv(deadline) {
            Ok(message) => Ok(message),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(RecvTimeoutError::Timeout(self)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(RecvTimeoutError::Disconnected),
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
