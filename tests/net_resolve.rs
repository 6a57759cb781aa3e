//! Names to addresses, without blocking a worker.

mod net_common;

use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};

use costd::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, ToSocketAddrs};
use costd::thread;
use net_common::{in_coroutine, on_both};

/// What std says of the same.
fn as_std<A: ToSocketAddrs + std::net::ToSocketAddrs>(addr: A) {
    let ours = ToSocketAddrs::to_socket_addrs(&addr).map(Vec::from_iter);
    let stds = std::net::ToSocketAddrs::to_socket_addrs(&addr).map(Vec::from_iter);
    assert_eq!(format!("{ours:?}"), format!("{stds:?}"));
}

#[test]
fn the_same_as_std() {
    on_both("the_same_as_std", || {
        let v4 = Ipv4Addr::LOCALHOST;
        as_std(SocketAddrV4::new(v4, 1));
        as_std(SocketAddr::from((v4, 1)));
        as_std((v4, 1));
        as_std((IpAddr::V4(v4), 1));
        as_std(("127.0.0.1", 1));
        as_std(("::1", 1));
        as_std(("localhost", 1));
        as_std((String::from("localhost"), 1));
        as_std("localhost:1");
        as_std(String::from("localhost:1"));
        as_std("[::1]:1");
        for wrong in
            ["", ":", "127.0.0.1", "localhost", "localhost:", "localhost:x", "localhost:99999", "::1", "a\0b:1"]
        {
            as_std(wrong);
        }
        as_std(("a\0b", 1));
        as_std(&[SocketAddr::from((v4, 1)), SocketAddr::from((v4, 2))][..]);
    });
}

#[test]
fn many_at_once_stop_nobody() {
    in_coroutine("many_at_once_stop_nobody", || {
        // No name at all, as the system sees without asking anybody; whom it asks may be too busy to answer so many.
        let unknown = || ("no such name.invalid", 80);
        let expected = std::net::ToSocketAddrs::to_socket_addrs(&unknown()).unwrap_err();
        let expected = (expected.kind(), expected.to_string());
        // How many are at it at once; of those that stop their workers, as many as there are workers.
        static AT_IT: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let resolving: Vec<_> = (0..200)
            .map(|n| {
                let expected = expected.clone();
                thread::spawn(move || {
                    MOST.fetch_max(AT_IT.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    let addrs: Vec<_> = "localhost:80".to_socket_addrs().unwrap().collect();
                    AT_IT.fetch_sub(1, Ordering::Relaxed);
                    assert!(addrs.iter().all(|addr| addr.ip().is_loopback()) && !addrs.is_empty());
                    let error = unknown().to_socket_addrs().unwrap_err();
                    assert_eq!((error.kind(), error.to_string()), expected);
                    if n % 10 == 0 {
                        // No such name, or no way to ask.
                        let error = ("no-such-name.invalid", 80).to_socket_addrs().unwrap_err();
                        assert!(error.to_string().starts_with("failed to lookup address information: "), "{error}");
                    }
                })
            })
            .collect();
        for thread in resolving {
            thread.join().unwrap();
        }
        let (most, workers) = (MOST.load(Ordering::Relaxed), costd::runtime::metrics().workers.len());
        assert!(most > workers, "{most} at once on {workers} workers");
    });
}

#[test]
fn connect_by_name() {
    on_both("connect_by_name", || {
        let listener = TcpListener::bind("localhost:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect(("localhost", port)).unwrap();
        TcpStream::connect(format!("localhost:{port}")).unwrap();
        assert_eq!(TcpStream::connect("localhost").unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}
