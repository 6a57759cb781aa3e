//! A channel for one sender and one receiver, without a limit.
//!
//! It is [`mpsc::channel`](crate::sync::mpsc::channel) for those who need one sender and no more: the same errors, the
//! same rules, and [`select!`](super::select!) takes its ends. A message costs some two thirds, down to a third in bursts, since
//! neither end has to lock out others of its kind. That is felt where a lot of small messages go through, as in a
//! pipeline; two that answer each other gain nothing, as what they do is wait.
//!
//! Either end may be with a coroutine or an OS thread, may move to another thread, and cannot be shared.
//!
//! # Examples
//!
//! ```
//! use costd::coroutine::spsc;
//! use costd::thread;
//!
//! // A pipeline: each stage in a coroutine of its own.
//! let (numbers, numbers_out) = spsc::channel();
//! let (squares, squares_out) = spsc::channel();
//! thread::spawn(move || (1..=100_u64).for_each(|n| numbers.send(n).unwrap()));
//! thread::spawn(move || numbers_out.iter().for_each(|n| squares.send(n * n).unwrap()));
//! assert_eq!(squares_out.iter().sum::<u64>(), 338_350);
//! ```

mod iter;
mod receiver;
mod sender;

pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use sender::Sender;
pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError};

use crate::sys::sync::channel;

/// Creates a channel, and returns its two ends.
///
/// # Examples
///
/// ```
/// use costd::coroutine::spsc;
/// use costd::thread;
///
/// let (sender, receiver) = spsc::channel();
/// let sending = thread::spawn(move || sender.send("hello").unwrap());
/// assert_eq!(receiver.recv(), Ok("hello"));
/// sending.join().unwrap();
/// ```
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = channel::single();
    (Sender::new(sender), Receiver::new(receiver))
}
