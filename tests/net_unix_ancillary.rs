//! Descriptors and credentials beside the bytes, on Unix sockets, between coroutines and plain OS threads.
#![cfg(target_os = "linux")]

mod net_common;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream as Real;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use costd::os::linux::net::UnixSocketExt;
use costd::os::unix::net::{AncillaryData, AncillaryError, SocketAncillary, SocketCred, UnixDatagram, UnixStream};
use costd::thread;
use net_common::{a_while, in_coroutine, on_both};
use socket2::SockRef;

/// The other end of a descriptor that goes on a journey: it knows whether any duplicate of that one is still open.
struct Witness(Real);

impl Witness {
    fn new() -> (Witness, OwnedFd) {
        let (near, far) = Real::pair().unwrap();
        (Witness(near), far.into())
    }

    fn many(n: usize) -> (Vec<Witness>, Vec<OwnedFd>) {
        (0..n).map(|_| Witness::new()).unzip()
    }

    fn is_closed(&mut self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        match self.0.read(&mut [0]) {
            Ok(n) => n == 0,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }
}

/// Asserts that `far` is what belongs to `near`, whatever its number is.
fn assert_same(near: &mut Witness, far: OwnedFd) -> OwnedFd {
    let mut far = Real::from(far);
    far.write_all(b"x").unwrap();
    near.0.set_nonblocking(false).unwrap();
    assert_eq!(near.0.read(&mut [0; 10]).unwrap(), 1);
    far.into()
}

fn raw(fds: &[OwnedFd]) -> Vec<RawFd> {
    fds.iter().map(AsRawFd::as_raw_fd).collect()
}

/// Sends the bytes and the descriptors, and closes these.
fn send(stream: &UnixStream, bytes: &[u8], fds: Vec<OwnedFd>) {
    let mut buffer = [0; 1024];
    let mut ancillary = SocketAncillary::new(&mut buffer);
    assert!(ancillary.add_fds(&raw(&fds)));
    assert_eq!(stream.send_vectored_with_ancillary(&[IoSlice::new(bytes)], &mut ancillary).unwrap(), bytes.len());
}

/// Everything in it.
fn contents(ancillary: &SocketAncillary<'_>) -> (Vec<OwnedFd>, Vec<SocketCred>) {
    let (mut fds, mut creds) = (Vec::new(), Vec::new());
    for message in ancillary.messages() {
        match message.unwrap() {
            // SAFETY: they have come to this process, and are taken once.
            AncillaryData::ScmRights(rights) => fds.extend(rights.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })),
            AncillaryData::ScmCredentials(credentials) => creds.extend(credentials),
        }
    }
    (fds, creds)
}

/// Receives at most `len` bytes, with their descriptors.
fn receive(stream: &UnixStream, len: usize) -> (Vec<u8>, Vec<OwnedFd>) {
    let (mut bytes, mut buffer) = (vec![0; len], [0; 1024]);
    let mut ancillary = SocketAncillary::new(&mut buffer);
    let n = stream.recv_vectored_with_ancillary(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary).unwrap();
    assert!(!ancillary.truncated());
    bytes.truncate(n);
    (bytes, contents(&ancillary).0)
}

/// A path that nobody else uses, removed at the end.
struct Name(PathBuf);

impl Name {
    fn new() -> Name {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Name(std::env::temp_dir().join(format!("costd-ancillary-{}-{n}", std::process::id())))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn they_arrive_and_are_closed() {
    on_both("they_arrive_and_are_closed", || {
        let pairs: Vec<_> = (0..30)
            .map(|n| {
                let (ours, theirs) = UnixStream::pair().unwrap();
                let receiver = thread::spawn(move || {
                    let (bytes, fds) = receive(&theirs, 100);
                    assert_eq!(bytes, [n; 7]);
                    for fd in fds {
                        // SAFETY: the descriptor is open.
                        assert_ne!(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) } & libc::FD_CLOEXEC, 0);
                        UnixStream::from(fd).write_all(&[n]).unwrap();
                    }
                });
                (ours, receiver)
            })
            .collect();
        a_while();
        assert!(pairs.iter().all(|(_, receiver)| !receiver.is_finished()));
        for (n, (ours, receiver)) in (0..).zip(pairs) {
            let (mut witnesses, fds) = Witness::many(3);
            send(&ours, &[n; 7], fds);
            receiver.join().unwrap();
            for witness in &mut witnesses {
                let mut all = Vec::new();
                witness.0.read_to_end(&mut all).unwrap();
                assert_eq!(all, [n]);
            }
        }
    });
}

#[test]
fn a_thousand_back_and_forth() {
    on_both("a_thousand_back_and_forth", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let echo = thread::spawn(move || {
            loop {
                let (bytes, fds) = receive(&theirs, 1);
                if bytes.is_empty() {
                    return;
                }
                send(&theirs, &bytes, fds);
            }
        });
        let (mut witnesses, mut fds) = Witness::many(10);
        for n in 0..100 {
            send(&ours, &[n], fds);
            let bytes;
            (bytes, fds) = receive(&ours, 1);
            assert_eq!(bytes, [n]);
        }
        // They are what they were, and in order.
        fds = witnesses.iter_mut().zip(fds).map(|(near, far)| assert_same(near, far)).collect();
        assert!(!witnesses.iter_mut().any(Witness::is_closed));
        drop(ours);
        echo.join().unwrap();
        drop(fds);
        // Not one duplicate of the thousands is left.
        assert!(witnesses.iter_mut().all(Witness::is_closed));
    });
}

#[test]
fn one_receive_is_not_all() {
    // It stops behind the bytes that came with descriptors: that must not be taken for the end.
    on_both("one_receive_is_not_all", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let receiver = thread::spawn(move || {
            let (mut all, mut fds) = (Vec::new(), 0);
            loop {
                let (bytes, more) = receive(&theirs, 100);
                if bytes.is_empty() {
                    return (all, fds);
                }
                assert!(more.len() <= 1);
                all.extend(bytes);
                fds += more.len();
            }
        });
        let (mut witnesses, fds) = Witness::many(60);
        for (n, fd) in fds.into_iter().enumerate() {
            if n % 3 == 0 {
                a_while();
            }
            (&ours).write_all(b"abc").unwrap();
            send(&ours, b"def", vec![fd]);
            if n % 3 == 2 {
                // All of it is taken before the end comes, or more bytes.
                (&ours).write_all(b"ghi").unwrap();
            }
        }
        a_while();
        drop(ours);
        assert_eq!(receiver.join().unwrap(), (b"abcdefabcdefabcdefghi".repeat(20), 60));
        assert!(witnesses.iter_mut().all(Witness::is_closed));
    });
}

#[test]
fn many_receivers_of_one_stream() {
    on_both("many_receivers_of_one_stream", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let theirs = std::sync::Arc::new(theirs);
        let receivers: Vec<_> = (0..10)
            .map(|_| {
                let theirs = theirs.clone();
                thread::spawn(move || {
                    for _ in 0..10 {
                        let (bytes, fds) = receive(&theirs, 100);
                        assert_eq!((bytes.len(), fds.len()), (1, 1));
                        // The byte says how many bytes the descriptor is to carry.
                        let mut stream = UnixStream::from(fds.into_iter().next().unwrap());
                        stream.write_all(&vec![1; bytes[0].into()]).unwrap();
                    }
                })
            })
            .collect();
        a_while();
        let (mut witnesses, fds) = Witness::many(100);
        for (n, fd) in (0..).zip(fds) {
            send(&ours, &[n], vec![fd]);
        }
        for receiver in receivers {
            receiver.join().unwrap();
        }
        for (n, witness) in witnesses.iter_mut().enumerate() {
            let mut all = Vec::new();
            witness.0.read_to_end(&mut all).unwrap();
            assert_eq!(all.len(), n);
        }
    });
}

#[test]
fn thread_and_coroutine() {
    in_coroutine("thread_and_coroutine", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        // The real std's thread, which blocks.
        let echo = std::thread::spawn(move || {
            for _ in 0..50 {
                let (bytes, fds) = receive(&theirs, 10);
                send(&theirs, &bytes, fds);
            }
        });
        let (mut witness, mut fd) = Witness::new();
        for n in 0..50 {
            send(&ours, &[n; 5], vec![fd]);
            let (bytes, fds) = receive(&ours, 10);
            assert_eq!((&bytes[..], fds.len()), (&[n; 5][..], 1));
            fd = fds.into_iter().next().unwrap();
        }
        echo.join().unwrap();
        drop(assert_same(&mut witness, fd));
        assert!(witness.is_closed());
    });
}

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
fn a_plain_read_closes_them() {
    on_both("a_plain_read_closes_them", || {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let (mut witnesses, mut fds) = Witness::many(3);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 6];
            theirs.read_exact(&mut bytes).unwrap();
            assert_eq!(&bytes, b"abcdef");
            theirs
        });
        a_while();
        (&ours).write_all(b"abc").unwrap();
        send(&ours, b"def", vec![fds.pop().unwrap()]);
        let theirs = reader.join().unwrap();
        assert!(witnesses[2].is_closed());
        // The second half of what came with descriptors is like any bytes.
        send(&ours, b"ghi", vec![fds.pop().unwrap()]);
        assert_eq!((&theirs).read(&mut [0]).unwrap(), 1);
        assert!(witnesses[1].is_closed());
        let (bytes, rest) = receive(&theirs, 10);
        assert_eq!((&bytes[..], rest.len()), (&b"hi"[..], 0));
        // What nobody receives is closed with the stream.
        send(&ours, b"jkl", fds);
        assert!(!witnesses[0].is_closed());
        drop(theirs);
        assert!(witnesses[0].is_closed());
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
fn much_at_once() {
    // More than fits: all of it is sent, the descriptors once, the credentials with every part.
    on_both("much_at_once", || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_passcred(true).unwrap();
        // SAFETY: they only say a number.
        let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
        let credentials = |user| {
            let mut cred = SocketCred::new();
            cred.set_pid(std::process::id() as i32);
            cred.set_uid(user);
            cred.set_gid(group);
            cred
        };
        // Root may say that it is somebody else, where there is such a user.
        let is_allowed = |user| {
            let mut buffer = [0; 32];
            let mut ancillary = SocketAncillary::new(&mut buffer);
            assert!(ancillary.add_creds(&[credentials(user)]));
            let (ours, _theirs) = UnixDatagram::pair().unwrap();
            ours.send_vectored_with_ancillary(&[IoSlice::new(b"x")], &mut ancillary).is_ok()
        };
        let user = if is_allowed(12345) { 12345 } else { user };
        let (mut witnesses, fds) = Witness::many(2);
        let receiver = thread::spawn(move || {
            let (mut all, mut fds, mut receives) = (Vec::<u8>::new(), Vec::new(), 0);
            let mut bytes = vec![0; 100_000];
            loop {
                let mut buffer = [0; 128];
                let mut ancillary = SocketAncillary::new(&mut buffer);
                let mut parts = [IoSliceMut::new(&mut bytes)];
                let n = theirs.recv_vectored_with_ancillary(&mut parts, &mut ancillary).unwrap();
                if n == 0 {
                    return (all, fds, receives);
                }
                receives += 1;
                let (more, creds) = contents(&ancillary);
                assert!(more.is_empty() || receives == 1);
                fds.extend(more);
                let users: Vec<_> = creds.iter().map(|cred| (cred.get_uid(), cred.get_gid())).collect();
                assert_eq!(users, [(user, group)]);
                all.extend(&bytes[..n]);
            }
        });
        let data: Vec<u8> = (0..3_000_000_u32).map(|n| (n ^ (n >> 9)) as u8).collect();
        // An uneven lot of buffers, some of them empty.
        let mut parts = vec![IoSlice::new(&[])];
        parts.extend(data.chunks(70_001).flat_map(|chunk| [IoSlice::new(chunk), IoSlice::new(&[])]));
        let mut buffer = [0; 128];
        let mut ancillary = SocketAncillary::new(&mut buffer);
        assert!(ancillary.add_fds(&raw(&fds)) && ancillary.add_creds(&[credentials(user)]));
        assert_eq!(ours.send_vectored_with_ancillary(&parts, &mut ancillary).unwrap(), data.len());
        drop((ours, fds));
        let (all, fds, receives) = receiver.join().unwrap();
        assert!(all == data && receives > 1);
        assert_eq!(fds.len(), 2);
        drop(fds);
        assert!(witnesses.iter_mut().all(Witness::is_closed));
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
