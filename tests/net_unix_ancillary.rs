//! Descriptors and credentials beside the bytes of a Unix stream, between coroutines and plain OS threads.
#![cfg(target_os = "linux")]

mod net_ancillary_common;
mod net_common;

use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::os::fd::AsRawFd;

use costd::os::linux::net::UnixSocketExt;
use costd::os::unix::net::{SocketAncillary, SocketCred, UnixDatagram, UnixStream};
use costd::thread;
use net_ancillary_common::{Witness, assert_same, contents, raw, receive, send};
use net_common::{a_while, in_coroutine, on_both};

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
