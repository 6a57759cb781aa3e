//! What others see of a socket: its descriptor is as std leaves it, and goes from one owner to another.

use compat_tests::watchdog::Watchdog;
use compat_tests::{on_both, os_thread, pair};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::thread;

fn flags(descriptor: RawFd) -> (bool, bool) {
    // SAFETY: both calls only ask for the flags of a descriptor, whatever it is.
    let (status, own) = unsafe { (libc::fcntl(descriptor, libc::F_GETFL), libc::fcntl(descriptor, libc::F_GETFD)) };
    assert!(status >= 0 && own >= 0, "{}", io::Error::last_os_error());
    (status & libc::O_NONBLOCK != 0, own & libc::FD_CLOEXEC != 0)
}

#[track_caller]
fn assert_as_std_leaves_it(socket: &impl AsRawFd) {
    let (nonblocking, close_on_exec) = flags(socket.as_raw_fd());
    assert!(!nonblocking, "O_NONBLOCK is set");
    assert!(close_on_exec, "FD_CLOEXEC is not set");
}

/// Sets O_NONBLOCK as others do who have only the number: with `ioctl`, or with `fcntl`.
fn set_nonblocking_behind(descriptor: RawFd, by_ioctl: bool) {
    let mut on = 1;
    // SAFETY: the calls change the flags of a descriptor that is open, and read the integer that they are given.
    let result = unsafe {
        match by_ioctl {
            true => libc::ioctl(descriptor, libc::FIONBIO, &mut on),
            false => libc::fcntl(descriptor, libc::F_SETFL, libc::fcntl(descriptor, libc::F_GETFL) | libc::O_NONBLOCK),
        }
    };
    assert_eq!(result, 0);
}

#[track_caller]
fn would_block<T>(result: io::Result<T>) {
    assert_eq!(result.map(drop).expect_err("there is nothing to be had").kind(), ErrorKind::WouldBlock);
}

/// A byte through the connection, with the reader waiting for it: by then costd knows the sockets well.
fn exchange(near: &mut TcpStream, far: &TcpStream) {
    let mut far = far.try_clone().unwrap();
    let reader = thread::spawn(move || far.read_exact(&mut [0]).unwrap());
    near.write_all(b"x").unwrap();
    reader.join().unwrap();
}

#[test]
fn flags_are_as_std_leaves_them() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_as_std_leaves_it(&listener);
        let address = listener.local_addr().unwrap();
        let connector = thread::spawn(move || TcpStream::connect(address).unwrap());
        let far = listener.accept().unwrap().0;
        let mut near = connector.join().unwrap();
        exchange(&mut near, &far);
        assert_as_std_leaves_it(&listener);
        for stream in [&near, &far, &near.try_clone().unwrap()] {
            assert_as_std_leaves_it(stream);
        }
        let slow = std::time::Duration::from_secs(10);
        assert_as_std_leaves_it(&TcpStream::connect_timeout(&address, slow).unwrap());

        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = socket.local_addr().unwrap();
        let receiver = socket.try_clone().unwrap();
        let receiver = thread::spawn(move || receiver.recv(&mut [0]).unwrap());
        socket.send_to(b"x", to).unwrap();
        receiver.join().unwrap();
        assert_as_std_leaves_it(&socket);
    });
}

#[test]
fn nonblocking_means_what_std_says() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (mut near, mut far) = pair::tcp();
        exchange(&mut near, &far);
        near.set_nonblocking(true).unwrap();
        assert!(flags(near.as_raw_fd()).0);
        would_block(near.read(&mut [0]));
        would_block(near.peek(&mut [0]));
        // The flag belongs to the socket, so a clone has it too.
        would_block(near.try_clone().unwrap().read(&mut [0]));
        near.set_nonblocking(false).unwrap();
        assert!(!flags(near.as_raw_fd()).0);
        let reader = thread::spawn(move || near.read(&mut [0]).unwrap());
        far.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap(), 1);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        would_block(listener.accept());
        would_block(listener.incoming().next().unwrap());
        listener.set_nonblocking(false).unwrap();
        let address = listener.local_addr().unwrap();
        let connector = thread::spawn(move || TcpStream::connect(address).unwrap());
        // What is accepted does not inherit anything.
        assert_as_std_leaves_it(&listener.accept().unwrap().0);
        connector.join().unwrap();

        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        would_block(socket.recv_from(&mut [0]));
        would_block(socket.peek_from(&mut [0]));
    });
}

#[test]
fn a_flag_set_by_others_is_obeyed() {
    let _watchdog = Watchdog::start();
    for by_ioctl in [true, false] {
        on_both(move || {
            let (mut near, far) = pair::tcp();
            exchange(&mut near, &far);
            set_nonblocking_behind(near.as_raw_fd(), by_ioctl);
            would_block(near.read(&mut [0]));
            let full = loop {
                if let Err(error) = near.write(&[0; 65536]) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::WouldBlock);

            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            set_nonblocking_behind(listener.as_raw_fd(), by_ioctl);
            would_block(listener.accept());
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            set_nonblocking_behind(socket.as_fd().as_raw_fd(), by_ioctl);
            would_block(socket.recv(&mut [0]));
        });
    }
}

#[test]
fn sockets_go_to_the_real_std_and_back() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        let (mut near, far) = pair::tcp();
        exchange(&mut near, &far);
        // To the real std: an OS thread reads it, and waits in the kernel for a byte.
        let mut real = std::__std::net::TcpStream::from(OwnedFd::from(far));
        assert_as_std_leaves_it(&real);
        let reader = os_thread::spawn(move || {
            std::__std::io::Read::read_exact(&mut real, &mut [0]).unwrap();
            real
        });
        near.write_all(b"x").unwrap();
        let real = os_thread::join(reader);
        // And back, through its own conversion: a coroutine waits for a byte.
        let mut far = TcpStream::from(real);
        let reader = thread::spawn(move || {
            far.read_exact(&mut [0]).unwrap();
            far
        });
        near.write_all(b"x").unwrap();
        let far = reader.join().unwrap();
        // Through the bare number.
        // SAFETY: the number is that of an open descriptor, and nobody else has it.
        let far = unsafe { TcpStream::from_raw_fd(far.into_raw_fd()) };
        exchange(&mut near, &far);

        let real = std::__std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = TcpListener::from(real);
        let address = listener.local_addr().unwrap();
        let acceptor = thread::spawn(move || listener.accept().unwrap().1);
        let client = TcpStream::connect(address).unwrap();
        assert_eq!(acceptor.join().unwrap(), client.local_addr().unwrap());

        let socket = UdpSocket::from(std::__std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
        let real = std::__std::net::UdpSocket::from(OwnedFd::from(socket));
        assert_as_std_leaves_it(&real);
    });
}

#[test]
fn sockets_made_with_socket2() {
    use socket2::{Domain, Socket, Type};
    let _watchdog = Watchdog::start();
    on_both(|| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
        socket.bind(&any.into()).unwrap();
        socket.listen(5).unwrap();
        let listener: TcpListener = socket.into();
        let address = listener.local_addr().unwrap();
        let acceptor = thread::spawn(move || listener.accept().unwrap().0);

        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.connect(&address.into()).unwrap();
        let mut near: TcpStream = socket.into();
        let far = acceptor.join().unwrap();
        exchange(&mut near, &far);
        // Options of a costd socket are set by what only knows descriptors.
        socket2::SockRef::from(&near).set_keepalive(true).unwrap();
        let socket = Socket::from(near);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.peer_addr().unwrap().as_socket(), Some(address));
    });
}

#[test]
fn a_number_that_is_used_again_is_a_new_socket() {
    let _watchdog = Watchdog::start();
    on_both(|| {
        // Descriptors are closed and their numbers come back at once, with somebody waiting on each.
        for _ in 0..200 {
            let (mut near, far) = pair::tcp();
            exchange(&mut near, &far);
        }
        // A clone keeps the connection when the first one is gone.
        let (mut near, far) = pair::tcp();
        exchange(&mut near, &far);
        let mut clone = near.try_clone().unwrap();
        drop(near);
        exchange(&mut clone, &far);
    });
}
