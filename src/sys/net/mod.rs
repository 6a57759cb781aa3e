//! The mechanisms of sockets, free of addresses' resolution by name and of public docs.
//!
//! | module | what it is |
//! |---|---|
//! | `socket` | a descriptor of std's, with what costd has to know of it |
//! | `options` | what all duplicates of a socket share |
//! | `operation` | try, wait, retry: the one loop of every operation |
//! | `stream`, `datagram`, `listener`, `connect` | the operations |
//! | `ancillary` | those of Unix sockets that take descriptors and credentials along |
//! | `resolve` | names to addresses, without blocking a worker |
//!
//! On a plain OS thread every operation is std's own: a blocking system call.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod ancillary;
mod connect;
mod datagram;
mod listener;
mod operation;
mod options;
pub(crate) mod resolve;
mod socket;
mod stream;

pub(crate) use connect::{connect, connect_unix};
pub(crate) use socket::Socket;
