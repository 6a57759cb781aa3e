use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use crate::coroutine::Readiness;
use crate::io::{PipeReader, PipeWriter};
use crate::net::{TcpListener, TcpStream, UdpSocket};
use crate::os::unix::net::{self as unix, UnixDatagram, UnixListener, UnixStream};
use crate::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use crate::runtime;
use crate::sched::readiness::Direction;
use crate::sys::descriptor::Descriptor;
use crate::sys::process::Exiting;

use super::arm::{Arm, WON, lasting};

/// A listener: what [`accept`] takes.
pub trait Listener: kinds::Listener {}

/// A socket for datagrams: what [`recv_from`] takes.
pub trait Datagrams: kinds::Datagrams {}

/// What may have something to read: what [`readable`] takes.
pub trait Readable: kinds::Readable {}

/// What may have room to write to: what [`writable`] takes.
pub trait Writable: kinds::Writable {}

pub(super) mod kinds {
    use std::io;

    use super::Arm;

    pub trait Listener {
        type Connection;
        #[doc(hidden)]
        fn accept_arm(&self) -> impl Arm<Output = io::Result<Self::Connection>>;
    }

    pub trait Datagrams {
        type Address;
        #[doc(hidden)]
        fn recv_from_arm<'a>(&'a self, buf: &'a mut [u8])
        -> impl Arm<Output = io::Result<(usize, Self::Address)>> + 'a;
    }

    pub trait Readable {
        #[doc(hidden)]
        fn readable_arm(&self) -> impl Arm<Output = io::Result<()>>;
    }

    pub trait Writable {
        #[doc(hidden)]
        fn writable_arm(&self) -> impl Arm<Output = io::Result<()>>;
    }
}

macro_rules! listeners {
    ($($listener:ident gives ($stream:ident, $address:ty),)*) => {$(
        impl kinds::Listener for $listener {
            type Connection = ($stream, $address);

            fn accept_arm(&self) -> impl Arm<Output = io::Result<($stream, $address)>> {
                lasting(self.descriptor().accepting(), |arm| {
                    arm.take_result().expect(WON).map(|(stream, from)| ($stream::from_socket(stream), from))
                })
            }
        }

        impl Listener for $listener {}
    )*};
}

listeners! {
    TcpListener gives (TcpStream, SocketAddr),
    UnixListener gives (UnixStream, unix::SocketAddr),
}

macro_rules! datagrams {
    ($($socket:ident from $address:ty,)*) => {$(
        impl kinds::Datagrams for $socket {
            type Address = $address;

            fn recv_from_arm<'a>(&'a self, buf: &'a mut [u8]) -> impl Arm<Output = io::Result<(usize, $address)>> + 'a {
                lasting(self.descriptor().receiving_from(buf), |arm| arm.take_result().expect(WON))
            }
        }

        impl Datagrams for $socket {}
    )*};
}

datagrams! {
    UdpSocket from SocketAddr,
    UnixDatagram from unix::SocketAddr,
}

macro_rules! ready {
    ($($kind:ident by $method:ident in $direction:ident: $($type:ident),*;)*) => {$($(
        impl kinds::$kind for $type {
            fn $method(&self) -> impl Arm<Output = io::Result<()>> {
                ready(self.descriptor(), Direction::$direction)
            }
        }

        impl $kind for $type {}
    )*)*};
}

ready! {
    Readable by readable_arm in Read: TcpStream, TcpListener, UdpSocket, UnixStream, UnixListener, UnixDatagram, PipeReader,
        ChildStdout, ChildStderr;
    Writable by writable_arm in Write: TcpStream, UdpSocket, UnixStream, UnixDatagram, PipeWriter, ChildStdin;
}

impl<T> kinds::Readable for Readiness<T> {
    fn readable_arm(&self) -> impl Arm<Output = io::Result<()>> {
        ready(self.descriptor(), Direction::Read)
    }
}

impl<T> Readable for Readiness<T> {}

impl<T> kinds::Writable for Readiness<T> {
    fn writable_arm(&self) -> impl Arm<Output = io::Result<()>> {
        ready(self.descriptor(), Direction::Write)
    }
}

impl<T> Writable for Readiness<T> {}

/// Accepts a connection, as `accept` does. One that is not accepted because another arm wins stays in the listener's queue.
///
/// # Errors
/// The output is an error as `accept`'s, which includes [`WouldBlock`](io::ErrorKind::WouldBlock), at once, if the listener was
/// set to be non-blocking.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{Event, select};
/// use costd::io::Write;
/// use costd::net::{TcpListener, TcpStream};
/// use costd::thread;
///
/// static STOP: Event = Event::new();
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// let server = thread::spawn(move || {
///     let mut served = 0;
///     loop {
///         select! {
///             connection = accept(&listener) => {
///                 let (mut stream, _) = connection.unwrap();
///                 stream.write_all(b"hello").unwrap();
///                 served += 1;
///             }
///             () = set(&STOP) => break served,
///         }
///     }
/// });
/// assert_eq!(costd::io::read_to_string(TcpStream::connect(address)?)?, "hello");
/// STOP.set();
/// assert_eq!(server.join().unwrap(), 1);
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn accept<L: Listener>(listener: &L) -> impl Arm<Output = io::Result<L::Connection>> {
    listener.accept_arm()
}

/// Receives one datagram; its length and whom it comes from. One that is not received because another arm wins stays where it is.
/// The socket's read timeout does not count here: [`after`](super::after) does that.
///
/// # Errors
/// The output is an error as `recv_from`'s, which includes [`WouldBlock`](io::ErrorKind::WouldBlock), at once, if the socket was
/// set to be non-blocking.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::net::UdpSocket;
///
/// let (a, b) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
/// a.send_to(b"hello", b.local_addr()?)?;
/// let (mut to_a, mut to_b) = ([0; 8], [0; 8]);
/// let received = select! {
///     from = recv_from(&a, &mut to_a) => from?,
///     from = recv_from(&b, &mut to_b) => from?,
/// };
/// assert_eq!(received, (5, a.local_addr()?));
/// assert_eq!(&to_b[..5], b"hello");
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn recv_from<'a, S: Datagrams>(
    socket: &'a S,
    buf: &'a mut [u8],
) -> impl Arm<Output = io::Result<(usize, S::Address)>> + 'a {
    socket.recv_from_arm(buf)
}

/// Waits until there is something to read, or to accept, or the end, and takes nothing: whoever is first may have it. It waits
/// also if the descriptor was set to be non-blocking.
///
/// # Errors
/// The output is an error if the system cannot watch the descriptor.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::io::{self, Read, Write};
///
/// let ((mut a, mut to_a), (b, _to_b)) = (io::pipe()?, io::pipe()?);
/// to_a.write_all(b"hello")?;
/// let mut word = [0; 5];
/// select! {
///     ready = readable(&a) => { ready?; a.read_exact(&mut word)? }
///     _ = readable(&b) => unreachable!(),
/// }
/// assert_eq!(&word, b"hello");
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn readable<R: Readable>(descriptor: &R) -> impl Arm<Output = io::Result<()>> {
    descriptor.readable_arm()
}

/// Waits until something can be written, or an error can be had, and writes nothing. It waits also if the descriptor was set to
/// be non-blocking.
///
/// # Errors
/// The output is an error if the system cannot watch the descriptor.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::io;
///
/// let (_reader, writer) = io::pipe()?;
/// select! { ready = writable(&writer) => ready? }
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn writable<W: Writable>(descriptor: &W) -> impl Arm<Output = io::Result<()>> {
    descriptor.writable_arm()
}

fn ready<T: AsFd>(descriptor: &Descriptor<T>, direction: Direction) -> impl Arm<Output = io::Result<()>> {
    lasting(descriptor.becoming_ready(direction), |arm| arm.take_result().expect(WON))
}

/// Waits for a child to end, and says how it has. Unlike [`Child::wait`] it leaves the child's standard input open.
///
/// # Errors
/// The output is an error as [`Child::wait`]'s.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::process::Command;
/// use costd::time::Duration;
///
/// let mut child = Command::new("sleep").arg("1000").spawn()?;
/// let status = select! {
///     status = exited(&mut child) => Some(status?),
///     () = after(Duration::from_millis(1)) => None,
/// };
/// assert!(status.is_none());
/// child.kill()?;
/// assert!(!select! { status = exited(&mut child) => status? }.success());
/// # Ok::<(), costd::io::Error>(())
/// ```
pub fn exited(child: &mut Child) -> impl Arm<Output = io::Result<ExitStatus>> {
    lasting(Exiting::new(child.process_mut(), runtime::report), |arm| arm.take_result().expect(WON))
}
