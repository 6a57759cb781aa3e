use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use crate::sched::readiness::Direction;
use crate::sys::descriptor::{Descriptor, Watched};

/// Waits until a read from `io` would not block: there is something to read, the end, or an error. Returns `false` if that does
/// not come in `timeout`.
///
/// It is for what costd does not know: the descriptor of a device, a timer, an event queue, or of a library that says "would
/// block" and leaves the waiting to its caller. It reads nothing, and does not change the descriptor's mode. Who waits
/// for the same descriptor more than once had better keep a [`Readiness`] of it.
///
/// Many may wait at a time; what the one reads, the other may find gone. A regular file is always ready.
///
/// # Errors
/// The system's, as that there are no more descriptors (it takes one meanwhile), or that `io`'s is none.
///
/// # Examples
///
/// ```
/// use costd::coroutine::wait_readable;
/// use costd::io::{Write, pipe};
/// use costd::time::Duration;
///
/// let (reader, mut writer) = pipe()?;
/// assert!(!wait_readable(&reader, Some(Duration::from_millis(1)))?);
/// writer.write_all(b"something")?;
/// assert!(wait_readable(&reader, None)?);
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn wait_readable(io: impl AsFd, timeout: Option<Duration>) -> io::Result<bool> {
    Readiness::new(io)?.wait_readable(timeout)
}

/// As [`wait_readable`], until a write to `io` would not block: there is some space, or an error.
///
/// # Errors
/// As [`wait_readable`]'s.
///
/// # Examples
///
/// ```
/// use costd::coroutine::wait_writable;
/// use costd::io::pipe;
///
/// let (_reader, writer) = pipe()?;
/// assert!(wait_writable(&writer, None)?);
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn wait_writable(io: impl AsFd, timeout: Option<Duration>) -> io::Result<bool> {
    Readiness::new(io)?.wait_writable(timeout)
}

/// Something with a descriptor, and the means to wait until that is ready.
///
/// With it a library that works on a descriptor in non-blocking mode, and knows nothing of coroutines, is one that blocks: a
/// coroutine that has to wait is parked, and a plain OS thread stops. If references to `T` read and write, so does this, and
/// so does [`shared`](Self::shared) for several at once.
///
/// It has a duplicate of the descriptor, so what is open stays open until this is dropped. What it waits for is what the
/// descriptor was at the beginning, whatever `T` makes of its own.
///
/// Each wait is a cancellation point, and nothing has been read or written when it is cancelled. In a
/// [`select!`](super::select!), [`readable`](super::select::readable) and [`writable`](super::select::writable) take it.
///
/// # Examples
///
/// ```
/// use costd::coroutine::Readiness;
/// use costd::io::{Read, Write};
/// use costd::thread;
///
/// // The real std's, in non-blocking mode, stand for those of a library that costd does not know.
/// # use costd::__std as foreign;
/// let (near, far) = foreign::os::unix::net::UnixStream::pair()?;
/// near.set_nonblocking(true)?;
/// far.set_nonblocking(true)?;
///
/// let far = Readiness::new(far)?;
/// let echo = thread::spawn(move || {
///     let mut buf = [0; 64];
///     loop {
///         match far.shared().read(&mut buf)? {
///             0 => return Ok::<(), costd::io::Error>(()),
///             n => far.shared().write_all(&buf[..n])?,
///         }
///     }
/// });
///
/// let near = Readiness::new(near)?;
/// near.shared().write_all(b"hello")?;
/// let mut answer = [0; 5];
/// near.shared().read_exact(&mut answer)?;
/// assert_eq!(&answer, b"hello");
/// drop(near);
/// echo.join().unwrap()?;
/// # Ok::<(), costd::io::Error>(())
/// ```
pub struct Readiness<T> {
    /// Dropped first: the reactor forgets it before its owner closes what it has.
    watched: Watched,
    io: T,
}

impl<T: AsFd> Readiness<T> {
    /// Of what has this descriptor. Its mode is left as it is: for [`read_with`](Self::read_with) and
    /// [`write_with`](Self::write_with) it should be non-blocking.
    ///
    /// # Errors
    /// The system's, as that there are no more descriptors, or that `io`'s is none.
    pub fn new(io: T) -> io::Result<Readiness<T>> {
        Ok(Readiness { watched: Watched::new(io.as_fd())?, io })
    }
}

impl<T> Readiness<T> {
    /// Waits until a read would not block: there is something to read, the end, or an error. Returns `false` if that does
    /// not come in `timeout`.
    ///
    /// # Errors
    /// The system's: no memory, or more registrations than it allows.
    pub fn wait_readable(&self, timeout: Option<Duration>) -> io::Result<bool> {
        self.watched.wait_until_ready(Direction::Read, deadline(timeout))
    }

    /// Waits until a write would not block: there is some space, or an error. Returns `false` if that does not come in
    /// `timeout`.
    ///
    /// # Errors
    /// As [`wait_readable`](Self::wait_readable)'s.
    pub fn wait_writable(&self, timeout: Option<Duration>) -> io::Result<bool> {
        self.watched.wait_until_ready(Direction::Write, deadline(timeout))
    }

    /// Calls `f` until it no longer returns an error of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), and waits in between
    /// until there is something to read.
    ///
    /// `f` must be a call that does not block, and must say "would block" only if it has found nothing more to read: what it
    /// leaves there then is not waited for. It must not wait itself.
    ///
    /// # Errors
    /// `f`'s, and [`wait_readable`](Self::wait_readable)'s.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::Readiness;
    /// use costd::thread;
    ///
    /// # use costd::__std as foreign;
    /// let socket = foreign::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let address = socket.local_addr()?;
    ///
    /// let receiver = thread::spawn(move || {
    ///     let mut buf = [0; 64];
    ///     let socket = Readiness::new(socket)?;
    ///     let (len, _) = socket.read_with(|socket| socket.recv_from(&mut buf))?;
    ///     Ok::<_, costd::io::Error>(buf[..len].to_vec())
    /// });
    /// costd::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"a datagram", address)?;
    /// assert_eq!(receiver.join().unwrap()?, b"a datagram");
    /// # Ok::<(), costd::io::Error>(())
    /// ```
    pub fn read_with<R>(&self, mut f: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.watched.operate(Direction::Read, || f(&self.io))
    }

    /// As [`read_with`](Self::read_with), and waits until there is space to write.
    ///
    /// # Errors
    /// `f`'s, and [`wait_writable`](Self::wait_writable)'s.
    pub fn write_with<R>(&self, mut f: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.watched.operate(Direction::Write, || f(&self.io))
    }

    /// To read and write by reference, in several coroutines at once.
    ///
    /// (`&Readiness` itself does not do so: an impl for it would keep the compiler from finding out what a `&_` that reads is,
    /// also in code that has never heard of `Readiness`.)
    pub fn shared(&self) -> SharedReadiness<'_, T> {
        SharedReadiness(self)
    }

    /// What this is of.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// What this is of, for calls that change it.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Gives back what this is of.
    pub fn into_inner(self) -> T {
        self.io
    }
}

impl<T> Readiness<T> {
    pub(super) fn descriptor(&self) -> &Descriptor<OwnedFd> {
        self.watched.descriptor()
    }
}

fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    // Past the end of the clock nobody will see the end of the wait.
    Instant::now().checked_add(timeout?)
}

/// A reference of a [`Readiness`] that can be read from and written to: what [`Readiness::shared`] returns.
pub struct SharedReadiness<'r, T>(&'r Readiness<T>);

impl<T> Clone for SharedReadiness<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SharedReadiness<'_, T> {}

impl<T: fmt::Debug> fmt::Debug for SharedReadiness<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedReadiness").field(&self.0.io).finish()
    }
}

impl<T> Read for SharedReadiness<'_, T>
where
    for<'a> &'a T: Read,
{
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_with(|mut io| io.read(buf))
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_with(|mut io| io.read_vectored(bufs))
    }
}

impl<T> Write for SharedReadiness<'_, T>
where
    for<'a> &'a T: Write,
{
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write_with(|mut io| io.write(buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_with(|mut io| io.write_vectored(bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.write_with(|mut io| io.flush())
    }
}

impl<T> Read for Readiness<T>
where
    for<'a> &'a T: Read,
{
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.shared().read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.shared().read_vectored(bufs)
    }
}

impl<T> Write for Readiness<T>
where
    for<'a> &'a T: Write,
{
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.shared().write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.shared().write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.shared().flush()
    }
}

impl<T: AsFd> AsFd for Readiness<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl<T: AsRawFd> AsRawFd for Readiness<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}

impl<T: fmt::Debug> fmt::Debug for Readiness<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.io).finish()
    }
}
