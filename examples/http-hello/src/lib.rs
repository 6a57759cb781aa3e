//! An HTTP/1.1 server's side of one connection: keep-alive, pipelining.

mod connection;
mod request;

pub use connection::serve;
