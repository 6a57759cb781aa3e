//! What others see of a socket's descriptor, and what costd sees of what others do with it.

mod net_common;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use costd::net::{TcpListener, TcpStream, UdpSocket};
use costd::thread;
use net_common::{a_while, in_coroutine, on_both, pair};
use socket2::SockRef;

fn is_nonblocking(fd: impl AsFd) -> bool {
    SockRef::from(&fd).nonblocking().unwrap()
}

#[test]
fn exposed_descriptors_block() {
    on_both("exposed_descriptors_block", || {
        let (mut ours, mut theirs) = pair();
        theirs.write_all(b"x").unwrap();
        ours.read_exact(&mut [0]).unwrap();
        ours.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        ours.read(&mut [0]).unwrap_err();
        assert!(!is_nonblocking(&ours) && !is_nonblocking(&theirs));

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let clone = listener.try_clone().unwrap();
        let accepter = thread::spawn(move || (clone.accept().unwrap(), clone.accept().unwrap()));
        a_while();
        // Handed out while another coroutine is waiting on a clone.
        assert!(!is_nonblocking(&listener));
        let one = TcpStream::connect(addr).unwrap();
        a_while();
        assert!(!is_nonblocking(&listener));
        let two = TcpStream::connect(addr).unwrap();
        let ((three, _), (four, _)) = accepter.join().unwrap();
        for stream in [&one, &two, &three, &four] {
            assert!(!is_nonblocking(stream));
        }
        assert!(!is_nonblocking(&listener));
        // As std's own, it blocks.
        let listener = std::net::TcpListener::from(listener);
        assert!(!is_nonblocking(&listener));
        let accepter = std::thread::spawn(move || listener.accept().map(drop));
        a_while();
        TcpStream::connect(addr).unwrap();
        accepter.join().unwrap().unwrap();
    });
}

#[test]
fn nonblocking_set_behind_the_back() {
    on_both("nonblocking_set_behind_the_back", || {
        let (mut ours, mut theirs) = pair();
        // With the socket registered, and drained by a short read.
        let writer = thread::spawn(move || {
            a_while();
            theirs.write_all(b"abc").unwrap();
            theirs
        });
        let mut buf = [0; 10];
        assert_eq!(ours.read(&mut buf).unwrap(), 3);
        let mut theirs = writer.join().unwrap();
        SockRef::from(&ours).set_nonblocking(true).unwrap();
        assert_eq!(ours.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(ours.peek(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        theirs.write_all(b"abcd").unwrap();
        a_while();
        assert_eq!(ours.read(&mut buf).unwrap(), 4);
        assert_eq!(ours.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        let chunk = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = ours.write(&chunk) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        // And taken back, with a timeout that costd has not been told of either.
        SockRef::from(&ours).set_nonblocking(false).unwrap();
        SockRef::from(&ours).set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let start = Instant::now();
        assert_eq!(ours.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!((Duration::from_millis(45)..Duration::from_secs(60)).contains(&start.elapsed()));

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        SockRef::from(&listener).set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(is_nonblocking(&listener));
        SockRef::from(&listener).set_nonblocking(false).unwrap();
        SockRef::from(&listener).set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let start = Instant::now();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!((Duration::from_millis(45)..Duration::from_secs(60)).contains(&start.elapsed()));
        assert!(!is_nonblocking(&listener));

        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        SockRef::from(&udp).set_nonblocking(true).unwrap();
        assert_eq!(udp.recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(udp.recv_from(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_thread_and_a_coroutine_accept() {
    // The thread finds the listener in the mode that the coroutine has set, and waits all the same; and the other way round.
    in_coroutine("a_thread_and_a_coroutine_accept", || {
        for exposed in [false, true] {
            let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
            let addr = listener.local_addr().unwrap();
            if exposed {
                listener.as_raw_fd();
            }
            for _ in 0..10 {
                let clone = Arc::clone(&listener);
                let coroutine = thread::spawn(move || clone.accept().unwrap().0);
                thread::sleep(Duration::from_millis(1));
                let clone = Arc::clone(&listener);
                let os_thread = std::thread::spawn(move || clone.accept().unwrap().0);
                thread::sleep(Duration::from_millis(1));
                let (one, two) = (TcpStream::connect(addr).unwrap(), TcpStream::connect(addr).unwrap());
                drop((coroutine.join().unwrap(), os_thread.join().unwrap()));
                drop((one, two));
            }
        }
    });
}

#[test]
fn conversions_keep_the_connection() {
    on_both("conversions_keep_the_connection", || {
        let (ours, theirs) = pair();
        // On a plain OS thread, for below std's own stream stops this one.
        let echo = std::thread::spawn(move || std::io::copy(&mut &theirs, &mut &theirs).map(drop));
        let say = |mut stream: TcpStream| {
            stream.write_all(b"word").unwrap();
            let mut answer = [0; 4];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"word");
            stream
        };
        let say_with_std = |mut stream: std::net::TcpStream| {
            stream.write_all(b"word").unwrap();
            let mut answer = [0; 4];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"word");
            stream
        };
        let stream = say_with_std(say(ours).into());
        let fd: OwnedFd = say(TcpStream::from(stream)).into();
        let stream: socket2::Socket = say(TcpStream::from(fd)).into();
        let raw = say(TcpStream::from(stream)).into_raw_fd();
        // SAFETY: just taken out of its owner.
        let stream = say(unsafe { TcpStream::from_raw_fd(raw) });
        drop(stream);
        echo.join().unwrap().unwrap();

        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = udp.local_addr().unwrap();
        udp.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        udp.recv(&mut [0]).unwrap_err();
        let udp = std::net::UdpSocket::from(udp);
        assert!(udp.read_timeout().unwrap().is_some());
        assert_eq!(UdpSocket::from(udp).local_addr().unwrap(), addr);
    });
}

#[test]
fn a_duplicate_outlives_the_socket() {
    // The kernel keeps a registration as long as any descriptor of the open socket is left: events of a socket that costd
    // has closed must not reach it.
    in_coroutine("a_duplicate_outlives_the_socket", || {
        for n in 0..200 {
            let (mut ours, mut theirs) = pair();
            let duplicate = ours.as_fd().try_clone_to_owned().unwrap();
            ours.set_read_timeout(Some(Duration::from_micros(100))).unwrap();
            ours.read(&mut [0]).unwrap_err();
            if n % 2 == 0 {
                drop(ours);
            } else {
                drop(std::net::TcpStream::from(ours));
            }
            theirs.write_all(b"to the duplicate").unwrap();
            thread::yield_now();
            let mut duplicate = TcpStream::from(duplicate);
            let mut buf = [0; 100];
            assert_eq!(duplicate.read(&mut buf).unwrap(), 16);
            theirs.write_all(b"more").unwrap();
            assert_eq!(duplicate.read(&mut buf).unwrap(), 4);
        }
    });
}

#[test]
fn closing_while_events_come() {
    in_coroutine("closing_while_events_come", || {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                thread::spawn(|| {
                    for _ in 0..30 {
                        let (mut ours, theirs) = pair();
                        let clone = ours.try_clone().unwrap();
                        let writer = thread::spawn(move || {
                            for _ in 0..3 {
                                (&theirs).write_all(b"x").unwrap();
                                thread::yield_now();
                            }
                        });
                        ours.read_exact(&mut [0]).unwrap();
                        // Closed by whoever gets there first, on any OS thread.
                        let closer = std::thread::spawn(move || drop(ours));
                        (&clone).read_exact(&mut [0, 0]).unwrap();
                        drop(clone);
                        closer.join().unwrap();
                        writer.join().unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.join().unwrap();
        }
    });
}

#[test]
fn no_more_descriptors() {
    // As std: the error comes from the call.
    in_coroutine("no_more_descriptors", || {
        let (ours, _theirs) = pair();
        ours.try_clone().unwrap();
        let gone = ours.as_raw_fd();
        assert!(gone > 0);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = TcpListener::bind(listener.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn auto_traits_are_stds() {
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + std::fmt::Debug + 'static>() {}
    check::<TcpStream>();
    check::<TcpListener>();
    check::<UdpSocket>();
    fn check_incoming<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    check_incoming::<costd::net::Incoming<'_>>();
    assert_eq!(size_of::<Option<TcpStream>>(), size_of::<TcpStream>());
}

#[test]
fn debug_is_stds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!("{listener:?}");
    assert_eq!(text, format!("{:?}", std::net::TcpListener::from(listener)));
}
