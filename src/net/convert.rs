//! Conversions of sockets: to descriptors, to std's types, to `socket2`'s, and back.

/// For wrappers (in this scope) of a `Socket` of a type of std's.
macro_rules! socket_conversions {
    ($($type:ident = $std:ty,)*) => {
        $crate::os::convert::conversions! { $($type = $std,)* }

        $(
            impl From<socket2::Socket> for $type {
                fn from(socket: socket2::Socket) -> $type {
                    <$std>::from(socket).into()
                }
            }

            impl From<$type> for socket2::Socket {
                fn from(socket: $type) -> socket2::Socket {
                    socket.0.into_inner().into()
                }
            }
        )*
    };
}

pub(crate) use socket_conversions;

use super::{TcpListener, TcpStream, UdpSocket};

socket_conversions! {
    TcpStream = std::net::TcpStream,
    TcpListener = std::net::TcpListener,
    UdpSocket = std::net::UdpSocket,
}
