//! As `std::os::linux`, with [`net::TcpStreamExt`] for costd's streams and [`process`] for costd's children.

pub use ::std::os::linux::*;

pub mod net;
pub mod process;
