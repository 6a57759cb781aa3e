//! No descriptors left, or no room in the kernel's tables for another registration: std's error from the call that wanted
//! one, and everybody else goes on.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use child::{case, run};
use costd::io::{self, Read, Write};
use costd::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use costd::os::unix::net::UnixStream;
use costd::sync::mpsc::channel;
use costd::thread;
use fault_common::{Refused, limit, refuse, watch};

/// Takes all descriptors that are left.
fn use_up() -> Vec<OwnedFd> {
    let one = std::io::stderr();
    let one = std::os::fd::AsFd::as_fd(&one);
    std::iter::from_fn(|| one.try_clone_to_owned().ok()).collect()
}

fn assert_none_left<T>(what: &str, result: io::Result<T>) {
    let error = result.err().unwrap_or_else(|| panic!("{what}: there was a descriptor"));
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{what}: {error}");
}

fn in_children(test: &str, cases: &[&str]) -> Option<String> {
    let Some(case) = case() else {
        for case in cases {
            for workers in ["1", "3"] {
                run(test, case, &[("COSTD_WORKERS", workers)]).succeeded();
            }
        }
        return None;
    };
    watch(test);
    Some(case)
}

fn on(coroutine: bool, f: impl FnOnce() + Send + 'static) {
    if coroutine { thread::spawn(f).join().unwrap() } else { std::thread::spawn(f).join().unwrap() }
}

/// Every call that makes one, from a coroutine and from a plain thread.
#[test]
fn calls_that_make_one() {
    if in_children("calls_that_make_one", &["go"]).is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    // What needs descriptors of its own when it is first used.
    on(true, || ());
    limit(libc::RLIMIT_NOFILE, 100);
    let taken = use_up();
    let calls = move || {
        assert_none_left("connect", TcpStream::connect(address));
        assert_none_left("bind", TcpListener::bind("127.0.0.1:0"));
        assert_none_left("bind, UDP", UdpSocket::bind("127.0.0.1:0"));
        assert_none_left("clone", udp.try_clone());
        assert_none_left("pair", UnixStream::pair());
        assert_none_left("pipe", io::pipe());
        assert_none_left("open", costd::fs::File::open("/proc/self/status"));
        assert_none_left("read_dir", costd::fs::read_dir("/proc/self"));
        assert_none_left("output", costd::process::Command::new("true").output());
        udp
    };
    let udp = std::thread::spawn(calls).join().unwrap();
    let again = move || {
        assert_none_left("connect", TcpStream::connect(address));
        assert_none_left("clone", udp.try_clone());
        assert_none_left("pair", UnixStream::pair());
        assert_none_left("pipe", io::pipe());
        assert_none_left("open", costd::fs::File::open("/proc/self/status"));
        assert_none_left("output", costd::process::Command::new("true").output());
    };
    on(true, again);
    // And all is well again when there are some.
    drop(taken);
    on(true, move || {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        near.write_all(b"x").unwrap();
        far.read_exact(&mut [0]).unwrap();
        TcpStream::connect(address).unwrap();
        assert!(costd::process::Command::new("true").output().unwrap().status.success());
    });
}

/// A server that has no descriptor for the next connection gets std's error, goes on serving those that it has, and takes the
/// next one when there is room again.
#[test]
fn a_server_goes_on() {
    if in_children("a_server_goes_on", &["go"]).is_none() {
        return;
    }
    const LATE: usize = 20;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (errors, errors_seen) = channel();
    let (go_on, may_go_on) = channel::<()>();
    thread::spawn(move || {
        loop {
            match listener.accept() {
                Ok((mut stream, _)) => drop(thread::spawn(move || {
                    let mut bytes = [0; 16];
                    while let Ok(n @ 1..) = stream.read(&mut bytes) {
                        stream.write_all(&bytes[..n]).unwrap();
                    }
                })),
                Err(error) => {
                    errors.send(error).unwrap();
                    may_go_on.recv().unwrap();
                }
            }
        }
    });
    fn ask(stream: &mut TcpStream) {
        let mut answer = [0; 4];
        stream.write_all(b"ping").unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"ping");
    }
    on(true, move || {
        let mut present: Vec<_> = (0..10).map(|_| TcpStream::connect(address).unwrap()).collect();
        present.iter_mut().for_each(ask);
        // Made now; what is accepted of them has to wait.
        let socket = || socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let late: Vec<_> = (0..LATE).map(|_| socket()).collect();
        limit(libc::RLIMIT_NOFILE, 200);
        let mut taken = use_up();
        let connect = |socket: socket2::Socket| -> TcpStream {
            let address: SocketAddr = address;
            socket.connect(&address.into()).unwrap();
            OwnedFd::from(socket).into()
        };
        let mut late: Vec<TcpStream> = late.into_iter().map(connect).collect();
        for _ in 0..3 {
            let error = errors_seen.recv().unwrap();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
            assert_eq!(error.kind(), std::io::Error::from_raw_os_error(libc::EMFILE).kind());
            present.iter_mut().for_each(ask);
            go_on.send(()).unwrap();
        }
        // The next error stands for a server that waits; now there is room.
        errors_seen.recv().unwrap();
        taken.truncate(taken.len() - LATE);
        go_on.send(()).unwrap();
        late.iter_mut().for_each(ask);
        present.iter_mut().for_each(ask);
    });
}

/// The first spawn needs some, too: an error, and a later one succeeds.
#[test]
fn the_first_spawn() {
    if in_children("the_first_spawn", &["go"]).is_none() {
        return;
    }
    limit(libc::RLIMIT_NOFILE, 100);
    let taken = use_up();
    for _ in 0..3 {
        assert_none_left("spawn", thread::Builder::new().spawn(|| ()));
    }
    let panicked = std::panic::catch_unwind(|| thread::spawn(|| ()));
    let text = panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("failed to spawn thread: Os { code: 24,"), "{text}");
    drop(taken);
    assert_eq!(thread::spawn(|| 5).join().unwrap(), 5);
}

/// Does some epoll descriptor of this process look at this one?
fn is_registered(fd: i32) -> bool {
    let word = format!("tfd: {fd:>8} ");
    std::fs::read_dir("/proc/self/fdinfo")
        .unwrap()
        .flatten()
        .any(|entry| std::fs::read_to_string(entry.path()).is_ok_and(|text| text.contains(&word)))
}

/// The kernel registers no more descriptors: an error for who would have to wait for a new one. Who has data, or is
/// registered, notices nothing.
#[test]
fn registrations() {
    if in_children("registrations", &["go"]).is_none() {
        return;
    }
    let pair = || UnixStream::pair().unwrap();
    on(true, move || {
        let (mut known, mut other) = pair();
        let number = known.as_raw_fd();
        let waits = thread::spawn(move || {
            known.read_exact(&mut [0; 1]).unwrap();
            known.read_exact(&mut [0; 1]).unwrap();
            known.write_all(b"yz").unwrap();
            known
        });
        while !is_registered(number) {
            thread::sleep(Duration::from_millis(1));
        }
        other.write_all(b"a").unwrap();
        let add = libc::EPOLL_CTL_ADD.cast_unsigned();
        refuse(&[Refused::always(libc::SYS_epoll_ctl, libc::ENOSPC).if_argument(1, u32::MAX, add)]);
        other.write_all(b"b").unwrap();
        let _known = waits.join().unwrap();
        for _ in 0..3 {
            let (mut near, mut far) = pair();
            let error = near.read(&mut [0]).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
            // It is as good as before: what need not wait is done.
            far.write_all(b"x").unwrap();
            near.read_exact(&mut [0; 1]).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            assert_eq!(listener.accept().unwrap_err().raw_os_error(), Some(libc::ENOSPC));
            let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            client.connect(&listener.local_addr().unwrap().into()).unwrap();
            listener.accept().unwrap();
        }
        other.read_exact(&mut [0; 2]).unwrap();
    });
}
