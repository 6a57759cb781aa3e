//! UDP sockets, between coroutines and plain OS threads.

mod net_common;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use costd::net::{SocketAddr, UdpSocket};
use costd::thread;
use net_common::{a_while, in_coroutine, on_both};

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

#[test]
fn echo() {
    on_both("echo", || {
        let ((ours, our_addr), (theirs, their_addr)) = (socket(), socket());
        let echo = thread::spawn(move || {
            let mut buf = [0; 2000];
            loop {
                let (n, from) = theirs.recv_from(&mut buf).unwrap();
                assert_eq!(from, our_addr);
                assert_eq!(theirs.send_to(&buf[..n], from).unwrap(), n);
                if n == 0 {
                    return;
                }
            }
        });
        let mut buf = [0; 2000];
        for n in (0..1000).rev() {
            let message = vec![n as u8; n];
            ours.send_to(&message, their_addr).unwrap();
            let (len, from) = ours.recv_from(&mut buf).unwrap();
            assert_eq!((&buf[..len], from), (&message[..], their_addr));
        }
        echo.join().unwrap();
        assert_eq!(ours.send_to(b"x", &[][..]).unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn several_datagrams_one_wake() {
    // A datagram that is shorter than the buffer does not mean that there is no other.
    on_both("several_datagrams_one_wake", || {
        let ((ours, addr), (theirs, _)) = (socket(), socket());
        let receiver = thread::spawn(move || {
            let mut buf = [0; 100];
            (0..30).map(|_| ours.recv(&mut buf).unwrap()).sum::<usize>()
        });
        a_while();
        for _ in 0..10 {
            for len in [1, 2, 3] {
                theirs.send_to(&[0; 3][..len], addr).unwrap();
            }
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(receiver.join().unwrap(), 60);
    });
}

#[test]
fn an_error_comes_once() {
    // Nobody listens there: the error is told, and then the socket waits again.
    on_both("an_error_comes_once", || {
        let nobody = socket().1;
        let (ours, addr) = socket();
        ours.connect(nobody).unwrap();
        ours.send(b"x").unwrap();
        assert_eq!(ours.recv(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        ours.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        let start = Instant::now();
        assert_eq!(ours.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= Duration::from_millis(25));
        ours.set_read_timeout(None).unwrap();
        // Told to one who waits.
        let ours = Arc::new(ours);
        let clone = Arc::clone(&ours);
        let receiver = thread::spawn(move || clone.recv(&mut [0]).unwrap_err().kind());
        a_while();
        ours.send(b"x").unwrap();
        assert_eq!(receiver.join().unwrap(), ErrorKind::ConnectionRefused);
        // And it works on.
        let theirs = UdpSocket::bind(nobody).unwrap();
        theirs.send_to(b"hello", addr).unwrap();
        assert_eq!(ours.recv(&mut [0; 10]).unwrap(), 5);
    });
}

#[test]
fn several_receivers() {
    in_coroutine("several_receivers", || {
        let ((ours, addr), (theirs, _)) = (socket(), socket());
        let ours = Arc::new(ours);
        let receivers: Vec<_> = (0..10)
            .map(|n| {
                let ours = Arc::clone(&ours);
                thread::spawn(move || {
                    let own = ours.try_clone().unwrap();
                    let socket = if n % 2 == 0 { &*ours } else { &own };
                    let mut count = 0;
                    let mut buf = [0; 10];
                    while socket.recv_from(&mut buf).unwrap().0 > 0 {
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        a_while();
        for n in 0..500 {
            theirs.send_to(b"x", addr).unwrap();
            if n % 50 == 0 {
                thread::sleep(Duration::from_millis(2));
            }
        }
        for _ in 0..10 {
            theirs.send_to(b"", addr).unwrap();
        }
        assert_eq!(receivers.into_iter().map(|receiver| receiver.join().unwrap()).sum::<usize>(), 500);
    });
}

#[test]
fn peek_and_timeouts() {
    on_both("peek_and_timeouts", || {
        let ((ours, addr), (theirs, their_addr)) = (socket(), socket());
        ours.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut buf = [0; 10];
        let start = Instant::now();
        assert_eq!(ours.recv_from(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(ours.peek_from(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(ours.peek(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= Duration::from_millis(140));
        theirs.send_to(b"abc", addr).unwrap();
        assert_eq!(ours.peek(&mut buf).unwrap(), 3);
        assert_eq!(ours.peek_from(&mut buf).unwrap(), (3, their_addr));
        assert_eq!(ours.recv_from(&mut buf).unwrap(), (3, their_addr));
        assert_eq!(ours.recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(ours.set_write_timeout(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}
