//! As `std::os::linux`, with [`net::TcpStreamExt`] for costd's streams.

pub use ::std::os::linux::*;

pub mod net;
