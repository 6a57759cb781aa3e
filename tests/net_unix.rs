//! Unix sockets, between coroutines and plain OS threads.
#![cfg(unix)]

mod net_common;

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use costd::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use costd::thread;
use net_common::{a_while, in_coroutine, on_both};

/// A path that nobody else uses, removed at the end.
struct Name(PathBuf);

impl Name {
    fn new() -> Name {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Name(std::env::temp_dir().join(format!("costd-test-{}-{n}", std::process::id())))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn echo() {
    on_both("echo", || {
        let name = Name::new();
        let listener = UnixListener::bind(&name.0).unwrap();
        let server = thread::spawn(move || {
            for stream in listener.incoming().take(50) {
                let stream = stream.unwrap();
                thread::spawn(move || std::io::copy(&mut &stream, &mut &stream).unwrap());
            }
        });
        let clients: Vec<_> = (0..50)
            .map(|n| {
                let path = name.0.clone();
                thread::spawn(move || {
                    let mut stream = UnixStream::connect(path).unwrap();
                    for round in 0..20 {
                        let message = vec![n; 1 + round * 50];
                        stream.write_all(&message).unwrap();
                        let mut answer = vec![0; message.len()];
                        stream.read_exact(&mut answer).unwrap();
                        assert_eq!(answer, message);
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        server.join().unwrap();
    });
}

#[test]
fn big_and_half_closed() {
    on_both("big_and_half_closed", || {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).unwrap();
            theirs.write_all(b"done").unwrap();
            all
        });
        let data: Vec<u8> = (0..4_000_000_u32).map(|n| (n ^ (n >> 9)) as u8).collect();
        assert_eq!(ours.write(&data).unwrap(), data.len());
        ours.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "done");
        assert!(reader.join().unwrap() == data);
    });
}

#[test]
fn descriptors_cut_a_read_short() {
    // A read stops at bytes that came with descriptors, though there is more: that must not be taken for the end.
    on_both("descriptors_cut_a_read_short", || {
        for delay in [false, true] {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let reader = thread::spawn(move || {
                let mut all = Vec::new();
                let mut buf = [0; 100];
                loop {
                    match theirs.read(&mut buf).unwrap() {
                        0 => return all,
                        n => all.extend_from_slice(&buf[..n]),
                    }
                }
            });
            if delay {
                a_while();
            }
            for _ in 0..20 {
                (&ours).write_all(b"abc").unwrap();
                send_with_descriptor(&ours, b"def");
                (&ours).write_all(b"ghi").unwrap();
                if delay {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            drop(ours);
            assert_eq!(reader.join().unwrap(), b"abcdefghi".repeat(20));
        }
    });
}

fn send_with_descriptor(stream: &UnixStream, bytes: &[u8]) {
    let mut control = [0_u64; 8];
    let mut part = IoSlice::new(bytes);
    // SAFETY: the header, its buffers and the control message are laid out as the C macros say, and alive for the call.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = (&raw mut part).cast();
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(4) as _;
        let header = libc::CMSG_FIRSTHDR(&message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(4) as _;
        libc::CMSG_DATA(header).cast::<i32>().write_unaligned(2);
        assert_eq!(libc::sendmsg(stream.as_raw_fd(), &message, 0), bytes.len() as isize);
    }
}

#[test]
fn a_full_backlog() {
    // Nobody tells when it is no longer full.
    in_coroutine("a_full_backlog", || {
        let name = Name::new();
        let listener = UnixListener::bind(&name.0).unwrap();
        socket2::SockRef::from(&listener).listen(0).unwrap();
        let clients: Vec<_> = (0..30)
            .map(|_| {
                let path = name.0.clone();
                thread::spawn(move || UnixStream::connect(path).unwrap())
            })
            .collect();
        a_while();
        assert!(clients.iter().any(|client| !client.is_finished()));
        let accepted: Vec<_> = (0..30).map(|_| listener.accept().unwrap()).collect();
        for client in clients {
            client.join().unwrap();
        }
        drop(accepted);
        drop(listener);
        assert_eq!(UnixStream::connect(&name.0).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn datagrams() {
    on_both("datagrams", || {
        let (name, other) = (Name::new(), Name::new());
        let receiver = UnixDatagram::bind(&name.0).unwrap();
        let path = name.0.clone();
        let their_path = other.0.clone();
        let sender = thread::spawn(move || {
            let socket = UnixDatagram::bind(&their_path).unwrap();
            // More than the receiver takes without somebody who reads: by name, and connected.
            for n in 0..200_u8 {
                socket.send_to(&[n; 10], &path).unwrap();
            }
            socket.connect(&path).unwrap();
            for n in 0..200_u8 {
                socket.send(&[n; 20]).unwrap();
            }
        });
        a_while();
        let mut buf = [0; 100];
        for (from, len) in [(0..200, 10), (0..200, 20)] {
            for n in from {
                let (got, addr) = receiver.recv_from(&mut buf).unwrap();
                assert_eq!((got, buf[0]), (len, n));
                assert_eq!(addr.as_pathname(), Some(&*other.0));
            }
        }
        sender.join().unwrap();
        let unnamed = UnixDatagram::unbound().unwrap();
        unnamed.send_to(b"x", &name.0).unwrap();
        assert!(receiver.peek_from(&mut buf).unwrap().1.is_unnamed());
        assert!(receiver.recv_from(&mut buf).unwrap().1.is_unnamed());
        receiver.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        let start = Instant::now();
        assert_eq!(receiver.recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= Duration::from_millis(25));
        // A sender's timeout.
        unnamed.set_write_timeout(Some(Duration::from_millis(30))).unwrap();
        let error = loop {
            if let Err(error) = unnamed.send_to(b"x", &name.0) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        unnamed.set_nonblocking(true).unwrap();
        assert_eq!(unnamed.send_to(b"x", &name.0).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}
