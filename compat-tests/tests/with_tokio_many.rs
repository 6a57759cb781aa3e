//! Ten thousand coroutines on two workers, each in a future of its own that needs tokio's reactor and timers.

use compat_tests::child::{self, Child};
use compat_tests::in_coroutine;
use std::coroutine::block_on;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

const NAME: &str = "ten_thousand_echoes_at_a_time";
const TIME: Duration = Duration::from_millis(50);

/// The two ends of the connections are in different processes, since one may not have that many open.
#[test]
fn ten_thousand_echoes_at_a_time() {
    match child::case().as_deref() {
        None => eprint!("{}", Child::new(NAME, "clients").env("COSTD_WORKERS", 2).succeed().stderr),
        Some("clients") => in_coroutine(clients),
        Some("server") => server(),
        Some(other) => panic!("{other}: no such case"),
    }
}

fn clients() {
    let count = 10_000.min(raise_limit() - 100);
    let mut server = Child::new(NAME, "server").start();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    let address = address_of(&mut stdout);
    let runtime: Runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let all = Arc::new(Barrier::new(count));
    let start = Instant::now();
    let coroutines: Vec<_> = (0..count)
        .map(|n| {
            let handle = runtime.handle().clone();
            let all = Arc::clone(&all);
            thread::spawn(move || {
                let connecting = handle.spawn(TcpStream::connect(address));
                let mut stream = block_on(connecting).unwrap().unwrap();
                all.wait();
                let timer = {
                    let _context = handle.enter();
                    sleep(TIME)
                };
                let message = (n as u64).to_le_bytes();
                let echo = block_on(async {
                    timer.await;
                    stream.write_all(&message).await?;
                    let mut echo = [0; 8];
                    stream.read_exact(&mut echo).await.map(|_| echo)
                });
                assert_eq!(echo.unwrap(), message);
                // The port is free again at once, for the next run.
                SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            })
        })
        .collect();
    coroutines.into_iter().for_each(|coroutine| coroutine.join().unwrap());
    let took = start.elapsed();
    eprintln!("{count} coroutines, each a connection, {TIME:?} and an echo by tokio, all at a time: {took:.2?}");
    assert!(took < TIME * count as u32 / 10, "they have waited for one another: {took:?}");
    // It ends with its input, and libtest has something to say.
    drop(server.stdin.take());
    stdout.read_to_end(&mut Vec::new()).unwrap();
    assert!(server.wait().unwrap().success());
}

fn address_of(stdout: &mut impl BufRead) -> SocketAddr {
    let mut line = String::new();
    while !line.contains("listening on ") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "the server has ended");
    }
    let (_, address) = line.trim_end().split_once("listening on ").unwrap();
    address.parse().unwrap()
}

fn server() {
    raise_limit();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.listen(4096).unwrap();
    let listener = TcpListener::from(socket);
    println!("listening on {}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut bytes = [0; 8];
                // The client closes hard.
                while stream.read_exact(&mut bytes).is_ok() {
                    stream.write_all(&bytes).unwrap();
                }
            });
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// As many descriptors as the process may have.
fn raise_limit() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a struct of their own type.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
    usize::try_from(limit.rlim_max).unwrap_or(usize::MAX)
}
