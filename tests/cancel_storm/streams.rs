//! What waits for descriptors: sockets, pipes, children. A byte that was read was written, a connection is accepted or still
//! in the backlog, a datagram received or still there.

use std::os::fd::AsFd;

use costd::io::{ErrorKind, Read, Write, pipe};
use costd::net::{TcpListener, TcpStream, UdpSocket};
use costd::os::unix::net::{UnixDatagram, UnixStream};
use costd::sync::Arc;
use costd::sync::nonpoison::Mutex;

use crate::storm::{Storm, Tally};

pub fn all(storm: &mut Storm, each: usize) {
    accepting(storm, each);
    connecting(storm, each.min(200));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for backwards in [false, true] {
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let far = listener.accept().unwrap().0;
        stream(storm, each, if backwards { (far, near) } else { (near, far) });
    }
    stream(storm, each, UnixStream::pair().unwrap());
    let (reader, writer) = pipe().unwrap();
    stream(storm, each, (writer, reader));
    udp(storm, each);
    unix_datagrams(storm, each);
    #[cfg(not(costd_portable))]
    children(storm, 8);
}

/// What comes of a call that does not wait, or `None` where it would have to.
fn at_once<T>(result: costd::io::Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

fn accepting(storm: &mut Storm, each: usize) {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let tally = Arc::new(Tally::default());
    for _ in 0..each {
        let (listener, tally) = (Arc::clone(&listener), Arc::clone(&tally));
        storm.spawn(move || {
            drop(listener.accept().unwrap());
            tally.got(1);
        });
    }
    let wake_tally = Arc::clone(&tally);
    storm.wake_by(move || {
        // No more than the backlog has room for, or this would wait.
        if wake_tally.under_way() < 64 {
            drop(std::net::TcpStream::connect(address).unwrap());
            wake_tally.put(1);
        }
    });
    storm.check_at_end("accept", move || {
        listener.set_nonblocking(true).unwrap();
        let left = std::iter::from_fn(|| at_once(listener.accept())).count();
        tally.check(left);
    });
}

/// To a listener whose backlog is full: they wait for an answer that does not come.
fn connecting(storm: &mut Storm, each: usize) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let first = std::net::TcpStream::connect(address).unwrap();
    for _ in 0..each {
        storm.spawn(move || drop(TcpStream::connect(address)));
    }
    let mut kept = Some((socket, first));
    storm.wake_by(move || {
        // Once: then all of them are refused, or reset.
        if std::mem::take(&mut kept).is_none() {
            drop(std::net::TcpStream::connect(address));
        }
    });
}

/// Many readers and many writers at one stream, whose buffer is mostly full.
fn stream<W, R>(storm: &mut Storm, each: usize, (writer, reader): (W, R))
where
    W: AsFd + Send + Sync + 'static,
    R: AsFd + Send + Sync + 'static,
    for<'a> &'a W: Write,
    for<'a> &'a R: Read,
{
    let (writer, reader, tally) = (Arc::new(writer), Arc::new(reader), Arc::new(Tally::default()));
    for n in 0..each {
        let (writer, tally_now) = (Arc::clone(&writer), Arc::clone(&tally));
        storm.spawn(move || {
            let written = (&*writer).write(&vec![n as u8; 1 + n * 16]).unwrap();
            tally_now.put(written);
        });
        let (reader, tally) = (Arc::clone(&reader), Arc::clone(&tally));
        storm.spawn(move || {
            let read = (&*reader).read(&mut vec![0; 1 + n * 16]).unwrap();
            tally.got(read);
        });
    }
    storm.check_at_end("a stream", move || {
        drop(writer);
        let mut rest = Vec::new();
        let left = (&*reader).read_to_end(&mut rest).unwrap();
        tally.check(left);
    });
}

fn udp(storm: &mut Storm, each: usize) {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
    let address = socket.local_addr().unwrap();
    let tally = Arc::new(Tally::default());
    for n in 0..each {
        let (socket, tally) = (Arc::clone(&socket), Arc::clone(&tally));
        storm.spawn(move || {
            let read = match n % 2 {
                0 => socket.recv(&mut [0; 16]).unwrap(),
                _ => socket.recv_from(&mut [0; 16]).unwrap().0,
            };
            assert_eq!(read, 8);
            tally.got(1);
        });
    }
    let (sender, wake_tally) = (std::net::UdpSocket::bind("127.0.0.1:0").unwrap(), Arc::clone(&tally));
    storm.wake_by(move || {
        // No more than the buffer has room for, or some would be dropped by the kernel.
        while wake_tally.under_way() < 32 {
            sender.send_to(&[7; 8], address).unwrap();
            wake_tally.put(1);
        }
    });
    storm.check_at_end("UDP", move || {
        socket.set_nonblocking(true).unwrap();
        let left = std::iter::from_fn(|| at_once(socket.recv(&mut [0; 16]))).count();
        tally.check(left);
    });
}

/// Both ends wait: the buffer holds few datagrams.
fn unix_datagrams(storm: &mut Storm, each: usize) {
    let (near, far) = UnixDatagram::pair().unwrap();
    let (near, far, tally) = (Arc::new(near), Arc::new(far), Arc::new(Tally::default()));
    for _ in 0..each {
        let (near, tally_now) = (Arc::clone(&near), Arc::clone(&tally));
        storm.spawn(move || {
            near.send(&[1; 32]).unwrap();
            tally_now.put(1);
        });
        let (far, tally) = (Arc::clone(&far), Arc::clone(&tally));
        storm.spawn(move || {
            assert_eq!(far.recv(&mut [0; 64]).unwrap(), 32);
            tally.got(1);
        });
    }
    storm.check_at_end("Unix datagrams", move || {
        far.set_nonblocking(true).unwrap();
        let left = std::iter::from_fn(|| at_once(far.recv(&mut [0; 64]))).count();
        tally.check(left);
    });
}

/// Without a descriptor of the process an OS thread waits in the coroutine's stead, until the child ends.
#[cfg(not(costd_portable))]
fn children(storm: &mut Storm, count: usize) {
    use costd::process::{Child, ChildStdin, Command, Stdio};

    /// With its standard input, whose end is the child's, if this process ends before.
    struct Killed(
        Child,
        Arc<Mutex<usize>>,
        #[expect(dead_code, reason = "it is there to be dropped")] Option<ChildStdin>,
    );
    impl Drop for Killed {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
            *self.1.lock() += 1;
        }
    }
    let ended = Arc::new(Mutex::new(0));
    for _ in 0..count {
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let stdin = child.stdin.take();
        let mut child = Killed(child, Arc::clone(&ended), stdin);
        storm.spawn_once(move || _ = child.0.wait());
    }
    storm.check_at_end("children", move || assert_eq!(*ended.lock(), count));
}
