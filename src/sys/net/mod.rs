//! The mechanisms of sockets, free of addresses' resolution by name and of public docs.
//!
//! | module | what it is |
//! |---|---|
//! | `socket` | a descriptor of std's, with what costd has to know of it |
//! | `options` | what all duplicates of a socket share |
//! | `operation` | try, wait, retry: the one loop of every operation |
//! | `stream`, `datagram`, `listener`, `connect` | the operations |
//! | `resolve` | names to addresses, without blocking a worker |
//!
//! On a plain OS thread every operation is std's own: a blocking system call.

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
