//! As `std::os::linux::net`.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::SockRef;

pub use ::std::os::linux::net::*;

use crate::net::TcpStream;
use crate::os::unix::net::{UnixDatagram, UnixStream};
use crate::pal;

/// What Linux adds to a TCP stream: as [`std::os::linux::net::TcpStreamExt`], for costd's stream.
pub trait TcpStreamExt: sealed::Sealed {
    /// Sets `TCP_QUICKACK`: with `true`, what arrives is acknowledged at once. The system takes it back by itself in time.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::net::{TcpListener, TcpStream};
    /// use costd::os::linux::net::TcpStreamExt;
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_quickack(true)?;
    /// assert!(stream.quickack()?);
    /// # Ok(())
    /// # }
    /// ```
    fn set_quickack(&self, quickack: bool) -> io::Result<()>;

    /// The value of `TCP_QUICKACK`.
    ///
    /// # Errors
    /// The system's.
    fn quickack(&self) -> io::Result<bool>;

    /// Sets `TCP_DEFER_ACCEPT`, in whole seconds: a listener is woken only when data has come. Unstable in std.
    ///
    /// # Errors
    /// The system's.
    fn set_deferaccept(&self, accept: Duration) -> io::Result<()>;

    /// The value of `TCP_DEFER_ACCEPT`. Unstable in std.
    ///
    /// # Errors
    /// The system's.
    fn deferaccept(&self) -> io::Result<Duration>;
}

/// What Linux adds to a Unix socket: as the unstable `std::os::linux::net::UnixSocketExt`, for costd's.
pub trait UnixSocketExt: sealed::Sealed {
    /// The value of `SO_PASSCRED`.
    ///
    /// # Errors
    /// The system's.
    fn passcred(&self) -> io::Result<bool>;

    /// Sets `SO_PASSCRED`: with `true`, everything that is received comes with the sender's credentials, as
    /// [`AncillaryData::ScmCredentials`](crate::os::unix::net::AncillaryData::ScmCredentials).
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::os::linux::net::UnixSocketExt;
    /// use costd::os::unix::net::UnixDatagram;
    ///
    /// # fn main() -> costd::io::Result<()> {
    /// let socket = UnixDatagram::unbound()?;
    /// socket.set_passcred(true)?;
    /// assert!(socket.passcred()?);
    /// # Ok(())
    /// # }
    /// ```
    fn set_passcred(&self, passcred: bool) -> io::Result<()>;
}

/// Nobody else implements [`TcpStreamExt`] and [`UnixSocketExt`].
mod sealed {
    pub trait Sealed {}

    impl Sealed for crate::net::TcpStream {}
    impl Sealed for crate::os::unix::net::UnixDatagram {}
    impl Sealed for crate::os::unix::net::UnixStream {}
}

impl TcpStreamExt for TcpStream {
    fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        SockRef::from(self.0.io()).set_tcp_quickack(quickack)
    }

    fn quickack(&self) -> io::Result<bool> {
        SockRef::from(self.0.io()).tcp_quickack()
    }

    fn set_deferaccept(&self, accept: Duration) -> io::Result<()> {
        pal::socket::set_defer_accept(self.0.io().as_fd(), accept)
    }

    fn deferaccept(&self) -> io::Result<Duration> {
        pal::socket::defer_accept(self.0.io().as_fd())
    }
}

impl UnixSocketExt for UnixDatagram {
    fn passcred(&self) -> io::Result<bool> {
        SockRef::from(self.0.io()).passcred()
    }

    fn set_passcred(&self, passcred: bool) -> io::Result<()> {
        SockRef::from(self.0.io()).set_passcred(passcred)
    }
}

impl UnixSocketExt for UnixStream {
    fn passcred(&self) -> io::Result<bool> {
        SockRef::from(self.0.io()).passcred()
    }

    fn set_passcred(&self, passcred: bool) -> io::Result<()> {
        SockRef::from(self.0.io()).set_passcred(passcred)
    }
}
