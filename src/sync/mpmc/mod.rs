//! Multi-producer, multi-consumer FIFO queue communication primitives: as `std::sync::mpmc`, which is unstable.
//!
//! As [`mpsc`](super::mpsc), with receivers that can be cloned and shared: each message goes to one of them.
//!
//! # Examples
//!
//! ```
//! use costd::sync::mpmc::channel;
//! use costd::thread;
//!
//! let (tx, rx) = channel();
//! let receivers: Vec<_> = (0..4)
//!     .map(|_| {
//!         let rx = rx.clone();
//!         thread::spawn(move || rx.iter().sum::<u32>())
//!     })
//!     .collect();
//! (1..=100).for_each(|n| tx.send(n).unwrap());
//! drop(tx);
//! let sum: u32 = receivers.into_iter().map(|receiver| receiver.join().unwrap()).sum();
//! assert_eq!(sum, 5050);
//! ```

mod error;
mod iter;
mod receiver;
mod sender;

pub use ::std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
pub use error::SendTimeoutError;
pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use sender::Sender;

use crate::sys::sync::channel;

/// Creates a channel whose sends never wait, and returns its two ends. As std's.
///
/// # Examples
///
/// ```
/// let (tx, rx) = costd::sync::mpmc::channel();
/// let rx2 = rx.clone();
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// assert_eq!((rx.recv(), rx2.recv()), (Ok(1), Ok(2)));
/// ```
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = channel::new(None);
    (Sender::new(sender), Receiver::new(receiver))
}

/// Creates a channel with room for `cap` messages, and returns its two ends; a rendezvous, if `cap` is 0. As std's.
///
/// # Panics
/// The memory for `cap` messages, which is taken now, is more than an allocation can be.
///
/// # Examples
///
/// ```
/// use costd::sync::mpmc::{TrySendError, sync_channel};
///
/// let (tx, rx) = sync_channel(1);
/// tx.send(1).unwrap();
/// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
/// assert_eq!(rx.recv(), Ok(1));
/// ```
#[must_use]
pub fn sync_channel<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = channel::new(Some(cap));
    (Sender::new(sender), Receiver::new(receiver))
}
