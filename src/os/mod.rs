//! As `std::os`, with the sockets and children of [`unix`] and what [`linux`] adds to them on coroutines.

pub use ::std::os::*;

#[cfg(unix)]
pub(crate) mod convert;
#[cfg(target_os = "linux")]
pub mod linux;
#[cfg(unix)]
pub mod unix;
