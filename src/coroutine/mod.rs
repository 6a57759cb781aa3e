//! What a coroutine can do beyond a thread. Nothing here has a name in std.
//!
//! ```
//! use costd::coroutine::{Cancelled, JoinHandleExt};
//! use costd::thread;
//!
//! let sleeper = thread::spawn(|| thread::sleep(std::time::Duration::MAX));
//! sleeper.cancel();
//! assert!(sleeper.join().unwrap_err().is::<Cancelled>());
//! ```

mod cancel;
mod future;
mod joined;
mod notice;
mod timeout;

pub use cancel::{Cancelled, JoinHandleExt, cancel, is_cancelled, shield};
pub use future::block_on;
pub use joined::{Joined, join_async};
pub use timeout::{TimedOut, timeout};
