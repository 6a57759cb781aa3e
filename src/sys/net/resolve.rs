//! From names to addresses, by std's own functions, which ask the system and may take seconds.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::vec;

use crate::park::Reason;
use crate::sched::blocking_pool;

/// A host (a numeric address or a name) and a port.
pub(crate) fn host(host: &str, port: u16) -> io::Result<vec::IntoIter<SocketAddr>> {
    if host.parse::<IpAddr>().is_ok() {
        return (host, port).to_socket_addrs();
    }
    blocking_pool::run(Reason::Blocking, || (host, port).to_socket_addrs())
}

/// `host:port`.
pub(crate) fn address(address: &str) -> io::Result<vec::IntoIter<SocketAddr>> {
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let has_port = address.rsplit_once(':').is_some_and(|(_, port)| is_port(port));
    // Without a port it is an error at once, in std's words.
    if !has_port || address.parse::<SocketAddr>().is_ok() {
        return address.to_socket_addrs();
    }
    blocking_pool::run(Reason::Blocking, || address.to_socket_addrs())
}
