//! Multi-producer, single-consumer FIFO queue communication primitives: as `std::sync::mpsc`.
//!
//! [`channel`] makes a channel whose sends never wait; [`sync_channel`] one with room for so many messages, whose sends
//! wait while it is full (and with room for none, until a receiver takes the message from their hands). A coroutine that
//! waits lets the others of its worker run; a plain OS thread stops. Either may hold either end.
//!
//! When one side is gone, the other is told: a receive fails once the last [`Sender`] or [`SyncSender`] is dropped and what
//! they sent has been received; a send fails once the [`Receiver`] is dropped, and with it all that it had not received.
//!
//! The errors are std's own types, so they mix with those of std's channels.
//!
//! A coroutine that sends or receives without ever having to wait lets the others go first now and then; also one that
//! tries in a loop and fails.
//!
//! # Examples
//!
//! Many senders, one receiver:
//!
//! ```
//! use costd::sync::mpsc::channel;
//! use costd::thread;
//!
//! let (tx, rx) = channel();
//! for n in 0..10 {
//!     let tx = tx.clone();
//!     thread::spawn(move || tx.send(n).unwrap());
//! }
//! drop(tx);
//! let mut received: Vec<i32> = rx.iter().collect();
//! received.sort();
//! assert_eq!(received, (0..10).collect::<Vec<_>>());
//! ```
//!
//! A rendezvous:
//!
//! ```
//! use costd::sync::mpsc::sync_channel;
//! use costd::thread;
//!
//! let (tx, rx) = sync_channel(0);
//! // This waits until the other thread receives.
//! thread::spawn(move || tx.send(53).unwrap());
//! assert_eq!(rx.recv(), Ok(53));
//! assert!(rx.recv().is_err(), "the sender is gone");
//! ```

pub use ::std::sync::mpsc::*;

mod iter;
mod receiver;
mod sender;
mod sync_sender;

pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use sender::Sender;
pub use sync_sender::SyncSender;

use crate::sys::sync::channel;

/// Creates a channel whose sends never wait, and returns its two ends. As [`std::sync::mpsc::channel`].
///
/// All that is sent on the [`Sender`] comes out of the [`Receiver`] in the same order. The sender can be cloned, so that many
/// threads send to the one receiver.
///
/// # Examples
///
/// ```
/// use costd::sync::mpsc::channel;
/// use costd::thread;
///
/// let (sender, receiver) = channel();
/// thread::spawn(move || sender.send((1..=20).product::<u64>()).unwrap());
/// assert_eq!(receiver.recv().unwrap(), 2_432_902_008_176_640_000);
/// ```
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = channel::new(None);
    (Sender::new(sender), Receiver::new(receiver))
}

/// Creates a channel with room for `bound` messages, and returns its two ends. As [`std::sync::mpsc::sync_channel`].
///
/// While `bound` messages wait to be received, a send waits. With a `bound` of 0, each send waits for the receive that takes
/// its message: a rendezvous.
///
/// # Panics
/// The memory for `bound` messages, which is taken now, is more than an allocation can be.
///
/// # Examples
///
/// ```
/// use costd::sync::mpsc::sync_channel;
/// use costd::thread;
///
/// let (sender, receiver) = sync_channel(1);
/// sender.send(1).unwrap();
/// // This one waits until the first message has been received.
/// let second = thread::spawn(move || sender.send(2).unwrap());
/// assert_eq!(receiver.recv(), Ok(1));
/// assert_eq!(receiver.recv(), Ok(2));
/// second.join().unwrap();
/// ```
#[must_use]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let (sender, receiver) = channel::new(Some(bound));
    (SyncSender::new(sender), Receiver::new(receiver))
}
