//! Ancillary data of datagrams, in buffers of any kind, in time and not, and what is refused.
#![cfg(target_os = "linux")]

mod net_ancillary_common;
mod net_common;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use costd::os::linux::net::UnixSocketExt;
use costd::os::unix::net::{AncillaryError, SocketAncillary, SocketCred, UnixDatagram, UnixStream};
use costd::thread;
use net_ancillary_common::{Name, Witness, assert_same, contents, receive, send};
use net_common::{a_while, on_both};
use socket2::SockRef;

#[test]
fn too_little_space_at_any_address() {
    on_both("too_little_space_at_any_address", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut memory = [0; 64];
        for start in 0..8 {
            for len in 0..=40 {
                let (mut witnesses, fds) = Witness::many(3);
                send(&ours, b"abc", fds);
                let mut ancillary = SocketAncillary::new(&mut memory[start..start + len]);
                let mut bytes = [0; 3];
                let mut parts = [IoSliceMut::new(&mut bytes)];
                assert_eq!(theirs.recv_vectored_with_ancillary(&mut parts, &mut ancillary).unwrap(), 3);
                assert_eq!(&bytes, b"abc");
                // A header has 16 bytes.
                let fitting = (len.saturating_sub(16) / 4).min(3);
                assert_eq!(ancillary.truncated(), fitting < 3, "{len}");
                assert_eq!(ancillary.is_empty(), fitting == 0);
                assert!(ancillary.len() <= ancillary.capacity());
                let (fds, creds) = contents(&ancillary);
                assert_eq!((fds.len(), creds.len()), (fitting, 0), "{len}");
                // Those that did not fit are closed, the others are open.
                for (n, witness) in witnesses.iter_mut().enumerate() {
                    assert_eq!(witness.is_closed(), n >= fitting);
                }
                drop(fds);
                assert!(witnesses.iter_mut().all(Witness::is_closed));
                ancillary.clear();
                assert!(!ancillary.truncated() && ancillary.is_empty() && ancillary.messages().next().is_none());
            }
        }
    });
}

#[test]
fn a_message_without_its_padding() {
    on_both("a_message_without_its_padding", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_passcred(true).unwrap();
        let (mut witness, fd) = Witness::new();
        send(&ours, b"x", vec![fd]);
        // Credentials, with their padding, and one descriptor without.
        let mut buffer = [0; 32 + 20];
        let mut ancillary = SocketAncillary::new(&mut buffer);
        theirs.recv_vectored_with_ancillary(&mut [IoSliceMut::new(&mut [0])], &mut ancillary).unwrap();
        assert!(!ancillary.truncated());
        let (fds, creds) = contents(&ancillary);
        assert_eq!((fds.len(), creds.len()), (1, 1));
        assert_eq!(creds[0].get_pid(), std::process::id() as i32);
        assert!(!witness.is_closed());
        drop(fds);
        assert!(witness.is_closed());
    });
}

#[test]
fn time_and_mode() {
    on_both("time_and_mode", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (mut buffer, mut bytes) = ([0; 100], [7; 10]);
        let mut ancillary = SocketAncillary::new(&mut buffer);
        assert!(ancillary.add_fds(&[1]));
        let (len, mut parts) = (ancillary.len(), [IoSliceMut::new(&mut bytes)]);
        theirs.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        let start = Instant::now();
        let error = theirs.recv_vectored_with_ancillary(&mut parts, &mut ancillary).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(start.elapsed() >= Duration::from_millis(25));
        theirs.set_nonblocking(true).unwrap();
        let error = theirs.recv_vectored_with_ancillary(&mut parts, &mut ancillary).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        // Nothing has been received, nothing has changed.
        assert_eq!((ancillary.len(), ancillary.messages().count()), (len, 1));
        assert_eq!(bytes, [7; 10]);
        // Half of it fits, and is sent.
        let (mut witness, fd) = Witness::new();
        let data = vec![1; 4_000_000];
        ours.set_write_timeout(Some(Duration::from_millis(30))).unwrap();
        ancillary.clear();
        assert!(ancillary.add_fds(&[fd.as_raw_fd()]));
        let sent = ours.send_vectored_with_ancillary(&[IoSlice::new(&data)], &mut ancillary).unwrap();
        assert!(0 < sent && sent < data.len());
        let error = ours.send_vectored_with_ancillary(&[IoSlice::new(&data)], &mut ancillary).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        drop(fd);
        let (bytes, fds) = receive(&theirs, data.len());
        assert!(bytes.len() <= sent && fds.len() == 1);
        drop(fds);
        assert!(witness.is_closed());
        let mut got = bytes.len();
        while got < sent {
            let (bytes, fds) = receive(&theirs, data.len());
            assert!(!bytes.is_empty() && fds.is_empty());
            got += bytes.len();
        }
        assert_eq!(got, sent);
        // The end.
        drop(ours);
        assert_eq!(receive(&theirs, 10).0, b"");
        let error = theirs.send_vectored_with_ancillary(&[IoSlice::new(&data)], &mut ancillary).unwrap_err();
        assert_ne!(error.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn datagrams() {
    on_both("datagrams", || {
        let (name, other) = (Name::new(), Name::new());
        let receiver = UnixDatagram::bind(&name.0).unwrap();
        let (path, their_path) = (name.0.clone(), other.0.clone());
        let (mut witnesses, fds) = Witness::many(80);
        let sender = thread::spawn(move || {
            let socket = UnixDatagram::bind(&their_path).unwrap();
            let mut buffer = [0; 24];
            // More than the receiver takes without somebody who reads: by name, and connected.
            for (n, fd) in (0..).zip(fds) {
                let bytes = [n; 10];
                let parts = [IoSlice::new(&bytes[..4]), IoSlice::new(&bytes[4..])];
                let mut ancillary = SocketAncillary::new(&mut buffer);
                assert!(ancillary.add_fds(&[fd.as_raw_fd()]));
                if n == 40 {
                    socket.connect(&path).unwrap();
                }
                let sent = if n < 40 {
                    socket.send_vectored_with_ancillary_to(&parts, &mut ancillary, &path)
                } else {
                    socket.send_vectored_with_ancillary(&parts, &mut ancillary)
                };
                assert_eq!(sent.unwrap(), 10);
            }
        });
        a_while();
        assert!(!sender.is_finished());
        for n in 0..80 {
            let (mut first, mut second, mut buffer) = ([0; 3], [0; 20], [0; 100]);
            let mut parts = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
            let parts = if n % 2 == 0 { &mut parts[..1] } else { &mut parts[..] };
            let mut ancillary = SocketAncillary::new(&mut buffer);
            let (got, truncated) = if n % 5 == 0 {
                receiver.recv_vectored_with_ancillary(parts, &mut ancillary).unwrap()
            } else {
                let (got, truncated, from) = receiver.recv_vectored_with_ancillary_from(parts, &mut ancillary).unwrap();
                assert_eq!(from.as_pathname(), Some(&*other.0));
                (got, truncated)
            };
            assert_eq!((got, truncated), if n % 2 == 0 { (3, true) } else { (10, false) });
            assert_eq!((first[0], first[2], ancillary.truncated()), (n, n, false));
            let fd = contents(&ancillary).0.pop().unwrap();
            drop(assert_same(&mut witnesses[usize::from(n)], fd));
        }
        sender.join().unwrap();
        assert!(witnesses.iter_mut().all(Witness::is_closed));
        let (unnamed, mut buffer) = (UnixDatagram::unbound().unwrap(), [0; 100]);
        let mut ancillary = SocketAncillary::new(&mut buffer);
        unnamed.send_vectored_with_ancillary_to(&[IoSlice::new(b"x")], &mut ancillary, &name.0).unwrap();
        let mut bytes = [0; 3];
        let (n, _, from) =
            receiver.recv_vectored_with_ancillary_from(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary).unwrap();
        assert!(n == 1 && from.is_unnamed() && ancillary.is_empty());
        // One that waits.
        let waiting = thread::spawn(move || {
            let (mut bytes, mut buffer) = ([0; 3], [0; 100]);
            let mut ancillary = SocketAncillary::new(&mut buffer);
            receiver.recv_vectored_with_ancillary(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary).unwrap()
        });
        a_while();
        assert!(!waiting.is_finished());
        unnamed.send_to(b"yz", &name.0).unwrap();
        assert_eq!(waiting.join().unwrap(), (2, false));
    });
}

#[test]
fn a_receiver_that_others_have_filled() {
    on_both("a_receiver_that_others_have_filled", || {
        let name = Name::new();
        let receiver = UnixDatagram::bind(&name.0).unwrap();
        let filler = UnixDatagram::unbound().unwrap();
        filler.set_nonblocking(true).unwrap();
        while filler.send_to(b"x", &name.0).is_ok() {}
        let senders: Vec<_> = [false, true]
            .map(|connected| {
                let path = name.0.clone();
                thread::spawn(move || {
                    let (socket, mut buffer) = (UnixDatagram::unbound().unwrap(), [0; 24]);
                    let mut ancillary = SocketAncillary::new(&mut buffer);
                    assert!(ancillary.add_fds(&[1]));
                    let parts = [IoSlice::new(b"yz")];
                    if connected {
                        socket.connect(&path).unwrap();
                        socket.send_vectored_with_ancillary(&parts, &mut ancillary).unwrap()
                    } else {
                        socket.send_vectored_with_ancillary_to(&parts, &mut ancillary, &path).unwrap()
                    }
                })
            })
            .into();
        a_while();
        assert!(!senders.iter().any(|sender| sender.is_finished()));
        let mut seen = 0;
        while seen < 2 {
            let (mut bytes, mut buffer) = ([0; 3], [0; 100]);
            let mut ancillary = SocketAncillary::new(&mut buffer);
            let (n, _) =
                receiver.recv_vectored_with_ancillary(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary).unwrap();
            assert_eq!(contents(&ancillary).0.len(), n - 1);
            seen += n - 1;
        }
        for sender in senders {
            assert_eq!(sender.join().unwrap(), 2);
        }
    });
}

#[test]
fn what_is_neither() {
    on_both("what_is_neither", || {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let on: libc::c_int = 1;
        // SAFETY: the option is an int, alive for the call.
        let result = unsafe {
            let value = (&raw const on).cast();
            libc::setsockopt(theirs.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMP, value, 4)
        };
        assert_eq!(result, 0);
        ours.send(b"x").unwrap();
        let mut buffer = [0; 100];
        let mut ancillary = SocketAncillary::new(&mut buffer);
        theirs.recv_vectored_with_ancillary(&mut [IoSliceMut::new(&mut [0])], &mut ancillary).unwrap();
        let Some(Err(AncillaryError::Unknown { cmsg_level, cmsg_type, .. })) = ancillary.messages().next() else {
            panic!("no timestamp");
        };
        assert_eq!((cmsg_level, cmsg_type), (libc::SOL_SOCKET, libc::SCM_TIMESTAMP));
        assert_eq!(ancillary.messages().count(), 1);
    });
}

#[test]
fn what_the_system_refuses() {
    on_both("what_the_system_refuses", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut buffer = [0; 24 + 23];
        let mut ancillary = SocketAncillary::new(&mut buffer);
        assert!(ancillary.add_fds(&[-1]));
        // No space: nothing is added.
        assert!(!ancillary.add_fds(&[1]) && !ancillary.add_creds(&[SocketCred::new()]));
        assert_eq!((ancillary.len(), ancillary.messages().count()), (24, 1));
        let error = ours.send_vectored_with_ancillary(&[IoSlice::new(b"x")], &mut ancillary).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
        theirs.set_nonblocking(true).unwrap();
        assert_eq!((&theirs).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let socket = UnixDatagram::unbound().unwrap();
        ancillary.clear();
        let send = |path: &str, ancillary: &mut SocketAncillary<'_>| {
            socket.send_vectored_with_ancillary_to(&[IoSlice::new(b"x")], ancillary, path).unwrap_err().kind()
        };
        assert_eq!(send("a\0b", &mut ancillary), ErrorKind::InvalidInput);
        assert_eq!(send("/nonexistent/socket", &mut ancillary), ErrorKind::NotFound);
    });
}

#[test]
fn who_and_what() {
    on_both("who_and_what", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let peer = theirs.peer_cred().unwrap();
        assert_eq!(peer, ours.peer_cred().unwrap());
        // SAFETY: they only say a number.
        assert_eq!((peer.uid, peer.gid), unsafe { (libc::geteuid(), libc::getegid()) });
        assert_eq!(peer.pid, Some(std::process::id() as i32));
        assert!(!ours.passcred().unwrap());
        ours.set_passcred(true).unwrap();
        assert!(ours.passcred().unwrap());
        ours.set_passcred(false).unwrap();
        assert!(!ours.passcred().unwrap() && !theirs.passcred().unwrap());
        let datagram = UnixDatagram::unbound().unwrap();
        // Only who administers the network may.
        match (ours.set_mark(7), datagram.set_mark(8)) {
            (Ok(()), Ok(())) => {
                assert_eq!((SockRef::from(&ours).mark().unwrap(), SockRef::from(&datagram).mark().unwrap()), (7, 8));
            }
            (Err(one), Err(other)) => {
                assert_eq!((one.kind(), other.kind()), (ErrorKind::PermissionDenied, ErrorKind::PermissionDenied));
            }
            other => panic!("{other:?}"),
        }
    });
}
