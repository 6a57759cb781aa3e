//! As `std::process`, with children that stop the coroutine that waits for them, and not its OS thread.
//!
//! [`Command`], [`Child`] and the ends of its pipes ([`ChildStdin`], [`ChildStdout`], [`ChildStderr`]) are costd's;
//! [`Stdio`], [`Output`], [`ExitStatus`], [`exit`] and everything else that does not wait are std's own. On a plain OS thread,
//! every operation is the blocking one of std.
//!
//! ```
//! use costd::process::Command;
//! use costd::thread;
//!
//! // Three children at a time, on however few OS threads.
//! let sayings = ["one", "two", "three"].map(|word| thread::spawn(move || Command::new("echo").arg(word).output()));
//! for (saying, word) in sayings.into_iter().zip(["one\n", "two\n", "three\n"]) {
//!     assert_eq!(saying.join().unwrap()?.stdout, word.as_bytes());
//! }
//! # Ok::<(), costd::io::Error>(())
//! ```

pub use ::std::process::*;

mod child;
mod child_stdio;
mod command;

pub use child::Child;
pub use child_stdio::{ChildStderr, ChildStdin, ChildStdout};
pub use command::Command;
