//! TCP and UDP between coroutines and OS threads: what arrives, what ends, and which errors std reports.

use compat_tests::watchdog::Watchdog;
use compat_tests::{on_both, os_thread, pair};
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// The kind of the error that it must be.
#[track_caller]
fn error<T>(result: io::Result<T>) -> ErrorKind {
    result.map(drop).expect_err("this must fail").kind()
}

/// Code that is generic in what reads and writes by reference compiles as it does with std: the type is found out though the
/// bound is looked at before it is known.
#[test]
fn generic_by_reference() {
    fn echo<S>(stream: &S) -> io::Result<()>
    where
        for<'a> &'a S: Read + Write,
    {
        let (mut reader, mut writer) = (stream, stream);
        let mut byte = [0];
        while reader.read(&mut byte)? == 1 {
            writer.write_all(&byte)?;
        }
        Ok(())
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let echoing = thread::spawn(move || echo(&server));
    client.write_all(b"a").unwrap();
    let mut answer = [0];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"a");
    drop(client);
    echoing.join().unwrap().unwrap();
}

/// Closes the connection with a reset.
fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

/// Fills the connection until it takes no more.
fn fill(stream: &mut TcpStream) {
    stream.set_nonblocking(true).unwrap();
    let full = loop {
        if let Err(error) = stream.write(&[0; 65536]) {
            break error.kind();
        }
    };
    assert_eq!(full, ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1000];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n])?,
        }
    }
}

#[test]
fn many_connections_at_once() {
    const CONNECTIONS: usize = 300;
    const ACCEPTORS: usize = 8;
    let _watchdog = Watchdog::start();
    on_both(|| {
        // Several accept on one listener, and all of them keep getting some.
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let address = listener.local_addr().unwrap();
        let left = Arc::new(AtomicUsize::new(CONNECTIONS));
        let acceptors: Vec<_> = (0..ACCEPTORS)
            .map(|_| {
                let (listener, left) = (listener.clone(), left.clone());
                let take = move || left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
                thread::spawn(move || {
                    while take() {
                        let stream = listener.accept().unwrap().0;
                        thread::spawn(move || echo(stream).unwrap());
                    }
                })
            })
            .collect();
        // All are open before the first byte is sent.
        let all_open = Arc::new(Barrier::new(CONNECTIONS));
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|id| {
                let all_open = all_open.clone();
                thread::spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    all_open.wait();
                    for round in 0..10_usize {
                        let message = format!("{id} says {round}").repeat(round + 1);
                        stream.write_all(message.as_bytes()).unwrap();
                        let mut answer = vec![0; message.len()];
                        stream.read_exact(&mut answer).unwrap();
                        assert_eq!(String::from_utf8(answer).unwrap(), message);
                    }
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        acceptors.into_iter().for_each(|acceptor| acceptor.join().unwrap());
    });
}

#[test]
fn big_transfers_arrive_byte_for_byte() {
    const BYTES: usize = 8 << 20;
    /// No period that fits into a buffer.
    fn byte(i: usize) -> u8 {
        (i ^ (i >> 8) ^ (i >> 16)) as u8
    }
    fn send(mut stream: &TcpStream) {
        let data: Vec<u8> = (0..BYTES).map(byte).collect();
        let (plain, vectored) = data.split_at(BYTES / 2);
        stream.write_all(plain).unwrap();
        let mut sent = 0;
        while sent < vectored.len() {
            let (a, b) = vectored[sent..].split_at((vectored.len() - sent).min(1000));
            sent += stream.write_vectored(&[IoSlice::new(a), IoSlice::new(b)]).unwrap();
        }
        stream.shutdown(Shutdown::Write).unwrap();
    }
    fn receive(mut stream: &TcpStream) {
        let (mut a, mut b) = ([0; 777], [0; 30_000]);
        let mut got = 0;
        loop {
            let bytes = stream.read_vectored(&mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)]).unwrap();
            assert!(a.iter().chain(&b).take(bytes).enumerate().all(|(i, &one)| one == byte(got + i)));
            got += bytes;
            if bytes == 0 {
                break;
            }
        }
        assert_eq!(got, BYTES);
    }
    let _watchdog = Watchdog::start();
    // Both directions at once: each end is read by one and written by another, through `&` and through a clone.
    let (near, far) = pair::tcp();
    let far_clone = far.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| send(&near));
        scope.spawn(|| receive(&near));
        scope.spawn(|| receive(&far));
        scope.spawn(|| send(&far_clone));
    });
    // One end on an OS thread.
    let (near, far) = pair::tcp();
    let sender = os_thread::spawn(move || send(&near));
    thread::spawn(move || receive(&far)).join().unwrap();
    os_thread::join(sender);
}

#[test]
fn one_direction_can_be_closed() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (mut near, mut far) = pair::tcp();
        let server = thread::spawn(move || {
            let mut question = String::new();
            far.read_to_string(&mut question).unwrap();
            far.write_all(question.to_uppercase().as_bytes()).unwrap();
        });
        near.write_all(b"question").unwrap();
        near.shutdown(Shutdown::Write).unwrap();
        assert_eq!(error(near.write(b"more")), ErrorKind::BrokenPipe);
        let mut answer = String::new();
        near.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "QUESTION");
        // The end stays the end.
        assert_eq!(near.read(&mut [0]).unwrap(), 0);
        server.join().unwrap();
    });
}

#[test]
fn a_peer_that_vanishes_is_an_error() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (mut near, far) = pair::tcp();
        let reader = thread::spawn(move || (error(near.read(&mut [0])), near));
        reset(far);
        let (kind, mut near) = reader.join().unwrap();
        assert_eq!(kind, ErrorKind::ConnectionReset);
        // It is told once; then the connection is at its end.
        assert_eq!(near.read(&mut [0]).unwrap(), 0);
        assert_eq!(error(near.write(b"x")), ErrorKind::BrokenPipe);

        let (mut near, far) = pair::tcp();
        fill(&mut near);
        let writer = thread::spawn(move || error(near.write_all(&[0; 1 << 20])));
        reset(far);
        assert!(matches!(writer.join().unwrap(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
    });
}

#[test]
fn a_shutdown_wakes_who_waits() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (near, _far) = pair::tcp();
        let near = Arc::new(near);
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let near = near.clone();
                thread::spawn(move || (&*near).read(&mut [0]).unwrap())
            })
            .collect();
        near.shutdown(Shutdown::Both).unwrap();
        readers.into_iter().for_each(|reader| assert_eq!(reader.join().unwrap(), 0));

        // Servers are stopped this way; the kernel makes it an error of accept.
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let acceptor = thread::spawn({
            let listener = listener.clone();
            move || error(listener.accept())
        });
        // SAFETY: the descriptor is open.
        unsafe { libc::shutdown(listener.as_raw_fd(), libc::SHUT_RD) };
        assert_eq!(acceptor.join().unwrap(), ErrorKind::InvalidInput);
    });
}

/// Readers of one connection each get a part, and no byte waits for a reader that was not woken.
#[test]
fn many_readers_share_a_connection() {
    const READERS: usize = 5;
    const BYTES: usize = 2000;
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (near, far) = pair::tcp();
        let (got, all_got) = channel();
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (mut near, got) = (near.try_clone().unwrap(), got.clone());
                thread::spawn(move || while near.read(&mut [0]).unwrap() == 1 && got.send(()).is_ok() {})
            })
            .collect();
        for sent in 0..BYTES / READERS {
            // All at once, and the next only when they are all read.
            (&far).write_all(&[sent as u8; READERS]).unwrap();
            (0..READERS).for_each(|_| all_got.recv().unwrap());
        }
        drop(far);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

#[test]
fn timeouts_are_those_of_std() {
    const TIME: Duration = Duration::from_millis(30);
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (mut near, mut far) = pair::tcp();
        assert_eq!(near.read_timeout().unwrap(), None);
        assert_eq!(error(near.set_read_timeout(Some(Duration::ZERO))), ErrorKind::InvalidInput);
        assert_eq!(error(near.set_write_timeout(Some(Duration::ZERO))), ErrorKind::InvalidInput);
        near.set_read_timeout(Some(TIME)).unwrap();
        // It is the socket's, so a clone has it too.
        assert!(near.try_clone().unwrap().read_timeout().unwrap().is_some());

        for mut reader in [near.try_clone().unwrap(), near.try_clone().unwrap()] {
            let start = Instant::now();
            assert_eq!(error(reader.read(&mut [0])), ErrorKind::WouldBlock);
            // The kernel counts in ticks, and may be early by one.
            assert!(start.elapsed() >= TIME - Duration::from_millis(5), "{:?}", start.elapsed());
        }
        assert_eq!(error(near.peek(&mut [0])), ErrorKind::WouldBlock);
        // What is there in time is read, and without the timeout it waits again.
        far.write_all(b"ab").unwrap();
        near.read_exact(&mut [0]).unwrap();
        near.set_read_timeout(None).unwrap();
        near.read_exact(&mut [0]).unwrap();
        let reader = thread::spawn(move || near.read(&mut [0]).unwrap());
        far.write_all(b"c").unwrap();
        assert_eq!(reader.join().unwrap(), 1);

        let (mut near, _far) = pair::tcp();
        fill(&mut near);
        near.set_write_timeout(Some(TIME)).unwrap();
        let start = Instant::now();
        assert_eq!(error(near.write_all(&[0; 1 << 20])), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= TIME - Duration::from_millis(5), "{:?}", start.elapsed());
    });
}

#[test]
fn what_cannot_be_connected_says_why() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        // A port that is taken, so that nobody else can get it, and that nobody listens on.
        let taken = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        taken.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        let nobody = taken.local_addr().unwrap().as_socket().unwrap();
        assert_eq!(error(TcpStream::connect(nobody)), ErrorKind::ConnectionRefused);
        let timeout = Duration::from_secs(20);
        assert_eq!(error(TcpStream::connect_timeout(&nobody, timeout)), ErrorKind::ConnectionRefused);
        assert_eq!(error(TcpStream::connect_timeout(&nobody, Duration::ZERO)), ErrorKind::InvalidInput);
        assert_eq!(error(TcpStream::connect(&[] as &[SocketAddr])), ErrorKind::InvalidInput);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(error(TcpListener::bind(address)), ErrorKind::AddrInUse);
        // The first address that answers is taken.
        let stream = TcpStream::connect(&[nobody, address][..]).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        let stream = TcpStream::connect_timeout(&address, timeout).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        let stream = TcpStream::connect(("localhost", address.port())).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
    });
}

#[test]
fn a_look_ahead_takes_nothing() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (mut near, mut far) = pair::tcp();
        let peeker = thread::spawn(move || {
            let mut bytes = [0; 8];
            for _ in 0..3 {
                assert_eq!(near.peek(&mut bytes).unwrap(), 3);
                assert_eq!(&bytes[..3], b"abc");
            }
            assert_eq!(near.read(&mut bytes).unwrap(), 3);
        });
        far.write_all(b"abc").unwrap();
        peeker.join().unwrap();
    });
}

#[test]
fn datagrams() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let [near, far] = [(); 2].map(|()| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let (near_address, far_address) = (near.local_addr().unwrap(), far.local_addr().unwrap());
        let server = thread::spawn(move || {
            let mut buffer = [0; 100];
            loop {
                let (bytes, from) = far.recv_from(&mut buffer).unwrap();
                far.send_to(&buffer[..bytes], from).unwrap();
                if bytes == 0 {
                    break;
                }
            }
        });
        near.connect(far_address).unwrap();
        for bytes in (0..100_usize).rev() {
            near.send(&vec![bytes as u8; bytes]).unwrap();
            let mut answer = [0; 100];
            assert_eq!(near.peek(&mut answer).unwrap(), bytes);
            assert_eq!(near.recv_from(&mut answer).unwrap(), (bytes, far_address));
            assert!(answer[..bytes].iter().all(|&byte| usize::from(byte) == bytes));
        }
        server.join().unwrap();
        // Now nobody is there, and the system says so to the one who is connected.
        near.send(b"anybody?").unwrap();
        assert_eq!(error(near.recv(&mut [0])), ErrorKind::ConnectionRefused);
        near.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        assert_eq!(error(near.recv_from(&mut [0])), ErrorKind::WouldBlock);
        assert_eq!(near.local_addr().unwrap(), near_address);
    });
}
