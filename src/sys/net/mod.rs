//! The mechanisms of sockets, free of addresses' resolution by name and of public docs.
//!
//! | module | what it is |
//! |---|---|
//! | `stream`, `datagram`, `listener`, `connect` | the operations |
//! | `ancillary` | those of Unix sockets that take descriptors and credentials along |
//! | `resolve` | names to addresses, without blocking a worker |
//!
//! A socket is a [`Descriptor`](super::descriptor::Descriptor). On a plain OS thread every operation is std's own: a blocking system call.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod ancillary;
mod connect;
mod datagram;
mod listener;
pub(crate) mod resolve;
mod stream;

pub(crate) use super::descriptor::Descriptor as Socket;
pub(crate) use connect::{connect, connect_unix};
