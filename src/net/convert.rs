//! Descriptors in and out, and conversions to the types of others and back.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use crate::sys::net::Socket;

use super::{TcpListener, TcpStream, UdpSocket};

macro_rules! conversions {
    ($($type:ident)*) => {$(
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
                unsafe { std::net::$type::from_raw_fd(fd) }.into()
            }
        }

        impl From<OwnedFd> for $type {
            fn from(fd: OwnedFd) -> $type {
                std::net::$type::from(fd).into()
            }
        }

        impl From<$type> for OwnedFd {
            fn from(socket: $type) -> OwnedFd {
                socket.0.into_inner().into()
            }
        }

        impl From<std::net::$type> for $type {
            /// The same socket, on which a coroutine waits without stopping its OS thread.
            fn from(socket: std::net::$type) -> $type {
                $type(Socket::from_outside(socket))
            }
        }

        impl From<$type> for std::net::$type {
            /// The same socket, in the mode that std would have left it in.
            fn from(socket: $type) -> std::net::$type {
                socket.0.into_inner()
            }
        }

        impl From<socket2::Socket> for $type {
            fn from(socket: socket2::Socket) -> $type {
                std::net::$type::from(socket).into()
            }
        }

        impl From<$type> for socket2::Socket {
            fn from(socket: $type) -> socket2::Socket {
                socket.0.into_inner().into()
            }
        }
    )*};
}

conversions! { TcpStream TcpListener UdpSocket }
