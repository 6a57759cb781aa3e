//! As `std::os::unix`, with sockets, children and files that stop the coroutine that waits for them, and not its OS thread.

pub use ::std::os::unix::*;

mod join_handle;

pub mod fs;
pub mod net;
pub mod process;

/// As `std::os::unix::prelude`.
pub mod prelude {
    pub use ::std::os::unix::prelude::*;

    pub use super::process::CommandExt;
}
