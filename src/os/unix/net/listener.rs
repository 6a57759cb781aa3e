use std::fmt;
use std::io;
use std::os::unix::net::{self as real, SocketAddr};
use std::path::Path;

use crate::sys::net::Socket;

use super::UnixStream;

/// A Unix socket that takes connections: as [`std::os::unix::net::UnixListener`].
///
/// A coroutine that accepts where there is no connection yet is parked.
///
/// # Examples
///
/// ```
/// use costd::io::{Read, Write};
/// use costd::os::unix::net::{UnixListener, UnixStream};
/// use costd::thread;
///
/// # fn main() -> costd::io::Result<()> {
/// let path = costd::env::temp_dir().join(format!("costd-doc-{}", costd::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let server = thread::spawn(move || listener.accept()?.0.write_all(b"hello"));
/// let mut received = String::new();
/// UnixStream::connect(&path)?.read_to_string(&mut received)?;
/// assert_eq!(received, "hello");
/// costd::fs::remove_file(&path)?;
/// server.join().unwrap()
/// # }
/// ```
pub struct UnixListener(pub(super) Socket<real::UnixListener>);

/// An iterator over the connections that a [`UnixListener`] takes, without end: as [`std::os::unix::net::Incoming`]. Made by
/// [`UnixListener::incoming`].
#[must_use = "iterators are lazy and do nothing unless consumed"]
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a UnixListener,
}

impl UnixListener {
    pub(crate) fn descriptor(&self) -> &Socket<real::UnixListener> {
        &self.0
    }

    /// Makes a socket at `path` and listens there. As std's.
    ///
    /// # Errors
    /// The system's, as that there is a file already.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        real::UnixListener::bind(path).map(|io| UnixListener(Socket::new(io)))
    }

    /// Listens at the address `socket_addr`. As std's.
    ///
    /// # Errors
    /// The system's, as that the address is in use.
    pub fn bind_addr(socket_addr: &SocketAddr) -> io::Result<UnixListener> {
        real::UnixListener::bind_addr(socket_addr).map(|io| UnixListener(Socket::new(io)))
    }

    /// Takes the next connection, and says whom it comes from. Blocks until there is one. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.0.accept().map(|(socket, from)| (UnixStream(socket), from))
    }

    /// Another handle of the same listener: each connection goes to one of those who accept. As std's.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors.
    pub fn try_clone(&self) -> io::Result<UnixListener> {
        self.0.duplicate(real::UnixListener::try_clone).map(UnixListener)
    }

    /// The address that it listens at.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().local_addr()
    }

    /// With `true`, [`accept`](Self::accept) fails with [`WouldBlock`](io::ErrorKind::WouldBlock) where it would have to wait.
    /// As std's, for all clones of the listener.
    ///
    /// # Errors
    /// The system's.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    /// Takes the error that is pending on the socket, if there is one (`SO_ERROR`).
    ///
    /// # Errors
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.io().take_error()
    }

    /// Takes one connection after the other. As std's.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }
}

impl<'a> IntoIterator for &'a UnixListener {
    type Item = io::Result<UnixStream>;
    type IntoIter = Incoming<'a>;

    fn into_iter(self) -> Incoming<'a> {
        self.incoming()
    }
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<UnixStream>;

    fn next(&mut self) -> Option<io::Result<UnixStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.io().fmt(f)
    }
}
