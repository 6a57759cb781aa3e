//! As `std::os::linux`, with [`net::TcpStreamExt`] and [`net::UnixSocketExt`] for costd's sockets, and [`process`] for costd's
//! children.

pub use ::std::os::linux::*;

pub mod net;
pub mod process;
