//! As `std::os::unix`, with sockets and files that stop the coroutine that waits for them, and not its
//! OS thread.

pub use ::std::os::unix::*;

pub mod fs;
pub mod net;
