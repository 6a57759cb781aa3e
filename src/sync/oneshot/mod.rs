//! A channel for one message: as `std::sync::oneshot`, which is unstable.
//!
//! # Examples
//!
//! ```
//! use costd::sync::oneshot;
//! use costd::thread;
//!
//! let (sender, receiver) = oneshot::channel();
//! thread::spawn(move || sender.send((1..=20).product::<u64>()).unwrap());
//! assert_eq!(receiver.recv(), Ok(2_432_902_008_176_640_000));
//! ```

mod error;
mod receiver;
mod sender;

pub use error::{RecvTimeoutError, TryRecvError};
pub use receiver::Receiver;
pub use sender::Sender;

use crate::sys::sync::channel;

/// Creates a channel for one message, and returns its two ends. As std's.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = costd::sync::oneshot::channel();
/// sender.send("Hello").unwrap();
/// assert_eq!(receiver.recv(), Ok("Hello"));
/// ```
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = channel::new(Some(1));
    (Sender::new(sender), Receiver::new(receiver))
}
