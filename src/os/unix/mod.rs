//! As `std::os::unix`, with sockets that stop the coroutine that waits for them, and not its OS thread.

pub use ::std::os::unix::*;

pub mod net;

mod join_handle;
