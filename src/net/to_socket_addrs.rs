use std::io;
use std::iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::option;
use std::slice;
use std::vec;

use crate::sys::net::resolve;

/// What names one or more [`SocketAddr`]s: as [`std::net::ToSocketAddrs`], implemented for the same types.
///
/// A coroutine that resolves a name is parked until the system has answered; a numeric address is read in place.
///
/// # Examples
///
/// ```
/// use costd::io;
/// use costd::net::{SocketAddr, ToSocketAddrs};
///
/// let addr = SocketAddr::from(([127, 0, 0, 1], 443));
/// assert_eq!("127.0.0.1:443".to_socket_addrs().unwrap().next(), Some(addr));
/// assert_eq!(("127.0.0.1", 443).to_socket_addrs().unwrap().next(), Some(addr));
/// assert_eq!((&[addr][..]).to_socket_addrs().unwrap().next(), Some(addr));
///
/// let error = "127.0.0.1".to_socket_addrs().unwrap_err();
/// assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
/// ```
pub trait ToSocketAddrs {
    /// What [`to_socket_addrs`](Self::to_socket_addrs) returns.
    type Iter: Iterator<Item = SocketAddr>;

    /// The addresses, perhaps none. Blocks while the system resolves a name.
    ///
    /// # Errors
    /// As std's: the text is not an address and has no port ([`InvalidInput`](io::ErrorKind::InvalidInput)), or the system
    /// does not know the name.
    fn to_socket_addrs(&self) -> io::Result<Self::Iter>;
}

macro_rules! plain {
    ($($type:ty,)*) => {$(
        impl ToSocketAddrs for $type {
            type Iter = option::IntoIter<SocketAddr>;

            fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
                std::net::ToSocketAddrs::to_socket_addrs(self)
            }
        }
    )*};
}

plain! {
    SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16),
}

impl ToSocketAddrs for (&str, u16) {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        resolve::host(self.0, self.1)
    }
}

impl ToSocketAddrs for (String, u16) {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        resolve::host(&self.0, self.1)
    }
}

impl ToSocketAddrs for str {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        resolve::address(self)
    }
}

impl ToSocketAddrs for String {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        resolve::address(self)
    }
}

impl<'a> ToSocketAddrs for &'a [SocketAddr] {
    type Iter = iter::Cloned<slice::Iter<'a, SocketAddr>>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        Ok(self.iter().cloned())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    type Iter = T::Iter;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        (**self).to_socket_addrs()
    }
}
