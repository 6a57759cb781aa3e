//! Peers that send byte by byte, and peers that take what they are sent in small pieces.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use std::time::Duration;

use child::{case, run};
use costd::io::{Read, Write};
use costd::net::{TcpListener, TcpStream};
use costd::os::unix::net::UnixStream;
use costd::sync::atomic::{AtomicUsize, Ordering};
use costd::sync::mpsc::channel;
use costd::sync::{Arc, Barrier};
use costd::thread;
use fault_common::watch;

fn on_workers(test: &str, f: impl FnOnce()) {
    if case().is_none() {
        for workers in ["1", "3"] {
            run(test, "go", &[("COSTD_WORKERS", workers)]).succeeded();
        }
        return;
    }
    watch(test);
    f();
}

/// Hundreds of peers that send byte by byte, each only when the one before has been taken; a read timeout that is longer than the
/// gaps is not up though all of it takes longer.
#[test]
fn peers_that_dribble() {
    const PEERS: usize = 300;
    const BYTES: usize = 40;
    on_workers("peers_that_dribble", || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, is_taken) = channel();
        // The peers: one OS thread, with sockets of the real std.
        let peers = std::thread::spawn(move || {
            let mut peers: Vec<_> = (0..PEERS).map(|_| (std::net::TcpStream::connect(address).unwrap(), 0)).collect();
            peers.iter().for_each(|(peer, _)| peer.set_nodelay(true).unwrap());
            let by_port: std::collections::HashMap<u16, usize> =
                peers.iter().enumerate().map(|(n, (peer, _))| (peer.local_addr().unwrap().port(), n)).collect();
            for port in is_taken {
                let (peer, sent) = &mut peers[by_port[&port]];
                if *sent < BYTES {
                    peer.write_all(&[*sent as u8]).unwrap();
                    *sent += 1;
                } else {
                    peer.shutdown(std::net::Shutdown::Write).unwrap();
                }
            }
        });
        let lines = Arc::new(AtomicUsize::new(0));
        let readers: Vec<_> = (0..PEERS)
            .map(|n| {
                let (mut stream, from) = listener.accept().unwrap();
                let (taken, lines) = (taken.clone(), Arc::clone(&lines));
                thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    for byte in 0..BYTES {
                        taken.send(from.port()).unwrap();
                        let mut got = [0];
                        // Half of them want more at once than ever comes at once.
                        if n % 2 == 0 {
                            stream.read_exact(&mut got).unwrap();
                        } else {
                            let mut much = [0; 100];
                            assert_eq!(stream.read(&mut much).unwrap(), 1);
                            got[0] = much[0];
                        }
                        assert_eq!(usize::from(got[0]), byte);
                    }
                    taken.send(from.port()).unwrap();
                    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
                    lines.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        drop(taken);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(lines.load(Ordering::Relaxed), PEERS);
        peers.join().unwrap();
    });
}

/// Peers that take what they are sent in small pieces, with as little room as the system gives: every byte arrives, and in the
/// meantime others are served.
#[test]
fn peers_that_sip() {
    const PEERS: usize = 50;
    const BYTES: usize = 100_000;
    on_workers("peers_that_sip", || {
        let (go, may_go) = (Arc::new(Barrier::new(PEERS + 1)), Arc::new(Barrier::new(PEERS + 1)));
        let peers: Vec<_> = (0..PEERS)
            .map(|_| {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let mut far = listener.accept().unwrap().0;
                socket2::SockRef::from(&near).set_send_buffer_size(1).unwrap();
                socket2::SockRef::from(&far).set_recv_buffer_size(1).unwrap();
                let writes = thread::spawn(move || {
                    let bytes: Vec<u8> = (0..BYTES).map(|n| (n % 251) as u8).collect();
                    near.write_all(&bytes).unwrap();
                });
                let (go, may_go) = (Arc::clone(&go), Arc::clone(&may_go));
                let sips = thread::spawn(move || {
                    go.wait();
                    may_go.wait();
                    let mut piece = [0; 97];
                    let mut total = 0;
                    loop {
                        let n = far.read(&mut piece).unwrap();
                        if n == 0 {
                            break;
                        }
                        assert!(
                            piece[..n].iter().enumerate().all(|(at, &byte)| usize::from(byte) == (total + at) % 251)
                        );
                        total += n;
                    }
                    assert_eq!(total, BYTES);
                });
                (writes, sips)
            })
            .collect();
        // Nobody sips: all writers wait. Others are served.
        go.wait();
        assert!(peers.iter().all(|(writes, _)| !writes.is_finished()));
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let echo = thread::spawn(move || {
            let mut byte = [0];
            far.read_exact(&mut byte).unwrap();
            far.write_all(&byte).unwrap();
        });
        near.write_all(b"x").unwrap();
        near.read_exact(&mut [0]).unwrap();
        echo.join().unwrap();
        may_go.wait();
        for (writes, sips) in peers {
            writes.join().unwrap();
            sips.join().unwrap();
        }
    });
}
