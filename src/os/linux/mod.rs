//! As `std::os::linux`, with [`net::TcpStreamExt`] and [`net::UnixSocketExt`] for costd's sockets.

pub use ::std::os::linux::*;

pub mod net;
