//! Descriptors in and out, and conversions to the types of others and back.

/// For wrappers (in this scope) of a `Socket` of a type of std's.
macro_rules! conversions {
    ($($type:ident = $std:ty,)*) => {
        use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

        $(
            impl AsFd for $type {
                #[inline]
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.0.expose().as_fd()
                }
            }

            impl AsRawFd for $type {
                #[inline]
                fn as_raw_fd(&self) -> RawFd {
                    self.0.expose().as_raw_fd()
                }
            }

            impl IntoRawFd for $type {
                fn into_raw_fd(self) -> RawFd {
                    self.0.into_inner().into_raw_fd()
                }
            }

            impl FromRawFd for $type {
                unsafe fn from_raw_fd(fd: RawFd) -> $type {
                    // SAFETY: the caller promises what std asks for.
                    unsafe { <$std>::from_raw_fd(fd) }.into()
                }
            }

            impl From<OwnedFd> for $type {
                fn from(fd: OwnedFd) -> $type {
                    <$std>::from(fd).into()
                }
            }

            impl From<$type> for OwnedFd {
                fn from(socket: $type) -> OwnedFd {
                    socket.0.into_inner().into()
                }
            }

            impl From<$std> for $type {
                /// The same socket, on which a coroutine waits without stopping its OS thread.
                fn from(socket: $std) -> $type {
                    $type($crate::sys::net::Socket::from_outside(socket))
                }
            }

            impl From<$type> for $std {
                /// The same socket, in the mode that std would have left it in.
                fn from(socket: $type) -> $std {
                    socket.0.into_inner()
                }
            }

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

pub(crate) use conversions;

use super::{TcpListener, TcpStream, UdpSocket};

conversions! {
    TcpStream = std::net::TcpStream,
    TcpListener = std::net::TcpListener,
    UdpSocket = std::net::UdpSocket,
}
