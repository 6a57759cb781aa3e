//! A program on costd that uses a library of async code, with tokio's runtime beside costd's: coroutines that wait for
//! futures of tokio's reactor and timers, and async tasks that wait for coroutines.
//!
//! tokio itself is on the real std, and its threads are OS threads that know nothing of coroutines.

use compat_tests::child::{self, Child};
use std::coroutine::{Cancelled, JoinHandleExt, TimedOut, block_on, join_async, timeout};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs the rest of the test in a child with each of these numbers of workers. `true`: this is such a child.
fn on_workers(test: &str, workers: &[u32]) -> bool {
    if child::case().is_some() {
        return true;
    }
    for &workers in workers {
        let ended = Child::new(test, "run").env("COSTD_WORKERS", workers).succeed();
        eprint!("{workers} workers: {}", ended.stderr);
    }
    false
}

/// Ten thousand coroutines, each of which waits for a timer of tokio's, and then for a task that waits for another.
#[test]
fn ten_thousand_wait_for_timers() {
    const COUNT: u32 = 10_000;
    const TIME: Duration = Duration::from_millis(100);
    if !on_workers("ten_thousand_wait_for_timers", &[2]) {
        return;
    }
    let runtime = runtime();
    let start = Instant::now();
    let coroutines: Vec<_> = (0..COUNT)
        .map(|n| {
            let handle = runtime.handle().clone();
            thread::spawn(move || {
                let start = Instant::now();
                // In the context of the runtime only while it is made.
                let timer = {
                    let _context = handle.enter();
                    sleep(TIME)
                };
                block_on(timer);
                let spawned = handle.spawn(async move {
                    sleep(TIME).await;
                    n
                });
                let n = block_on(spawned).unwrap();
                assert!(start.elapsed() >= 2 * TIME);
                u64::from(n)
            })
        })
        .collect();
    let sum: u64 = coroutines.into_iter().map(|coroutine| coroutine.join().unwrap()).sum();
    assert_eq!(sum, u64::from(COUNT) * u64::from(COUNT - 1) / 2);
    let took = start.elapsed();
    // One after the other they would take half an hour.
    assert!(took < 200 * TIME, "{took:?}");
    eprintln!("{COUNT} coroutines, each twice {TIME:?} on tokio's timers: {took:.2?}");
}

/// Coroutines that speak tokio's sockets to a server of tokio tasks.
#[test]
fn an_echo_through_the_reactor() {
    const CLIENTS: usize = 300;
    const ROUNDS: usize = 10;
    if !on_workers("an_echo_through_the_reactor", &[1, 2]) {
        return;
    }
    let runtime = runtime();
    // With room for all of them, or the kernel would have some try again after a second.
    let listener = {
        let _context = runtime.enter();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket.listen(1024).unwrap()
    };
    let address = listener.local_addr().unwrap();
    let server = runtime.spawn(async move {
        let mut connections = Vec::new();
        for _ in 0..CLIENTS + 1 {
            let (mut stream, _) = listener.accept().await.unwrap();
            connections.push(tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await.unwrap()
            }));
        }
        let mut bytes = 0;
        for connection in connections {
            bytes += connection.await.unwrap();
        }
        bytes
    });
    let start = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let handle = runtime.handle().clone();
            thread::spawn(move || {
                let connect = handle.spawn(TcpStream::connect(address));
                let mut stream = block_on(connect).unwrap().unwrap();
                for round in 0..ROUNDS {
                    let message = format!("{client:06}/{round:06}");
                    // A socket knows its reactor once it is made: nothing is spawned here.
                    block_on(stream.write_all(message.as_bytes())).unwrap();
                    let mut echo = vec![0; message.len()];
                    block_on(stream.read_exact(&mut echo)).unwrap();
                    assert_eq!(echo, message.as_bytes());
                }
            })
        })
        .collect();
    // And one by costd's own socket.
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"costd").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut echo = String::new();
    stream.read_to_string(&mut echo).unwrap();
    assert_eq!(echo, "costd");

    clients.into_iter().for_each(|client| client.join().unwrap());
    let bytes = block_on(server).unwrap();
    assert_eq!(bytes, (CLIENTS * ROUNDS * 13 + 5) as u64);
    eprintln!("{CLIENTS} coroutines, {ROUNDS} echoes each on tokio's sockets: {:.2?}", start.elapsed());
}

/// Async tasks wait for coroutines that work and block.
#[test]
fn tasks_wait_for_coroutines() {
    const COUNT: u64 = 5000;
    if !on_workers("tasks_wait_for_coroutines", &[1, 2, 8]) {
        return;
    }
    let runtime = runtime();
    let start = Instant::now();
    let tasks: Vec<_> = (0..COUNT)
        .map(|n| {
            runtime.spawn(async move {
                let coroutine = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(n % 20));
                    n
                });
                join_async(coroutine).await.unwrap()
            })
        })
        .collect();
    let sum = runtime.block_on(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, COUNT * (COUNT - 1) / 2);
    eprintln!("{COUNT} tasks, a coroutine each: {:.2?}", start.elapsed());

    // A panic and a cancellation, as with `join`.
    let panicking = thread::spawn(|| std::panic::resume_unwind(Box::new("a panic")));
    let payload = runtime.block_on(join_async(panicking)).unwrap_err();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "a panic");
    let sleeper = thread::spawn(|| thread::sleep(Duration::MAX));
    sleeper.cancel();
    assert!(runtime.block_on(join_async(sleeper)).unwrap_err().is::<Cancelled>());

    // One that is given up is detached: it goes on.
    let (done, is_done) = oneshot::channel();
    let slow = thread::spawn(|| {
        thread::sleep(Duration::from_millis(100));
        done.send("all of it").unwrap();
    });
    let given_up = async { tokio::time::timeout(Duration::from_millis(1), join_async(slow)).await };
    assert!(runtime.block_on(given_up).is_err());
    assert_eq!(block_on(is_done), Ok("all of it"));
}

/// There and back: a coroutine waits for a task that waits for a coroutine that waits for a task.
#[test]
fn to_and_fro() {
    if !on_workers("to_and_fro", &[1, 2]) {
        return;
    }
    let runtime = runtime();
    let coroutines: Vec<_> = (0..500)
        .map(|n| {
            let handle = runtime.handle().clone();
            thread::spawn(move || {
                let inner = handle.clone();
                block_on(handle.spawn(async move {
                    let coroutine = thread::spawn(move || {
                        block_on(inner.spawn(async move {
                            tokio::task::yield_now().await;
                            n + 1
                        }))
                        .unwrap()
                    });
                    join_async(coroutine).await.unwrap() + 1
                }))
                .unwrap()
            })
        })
        .collect();
    for (n, coroutine) in coroutines.into_iter().enumerate() {
        assert_eq!(coroutine.join().unwrap(), n + 2);
    }
}

/// tokio's channels between coroutines and tasks, in both directions.
#[test]
fn channels() {
    if !on_workers("channels", &[1, 2]) {
        return;
    }
    let runtime = runtime();
    let (to_tasks, mut from_coroutines) = mpsc::channel::<u64>(4);
    let (to_coroutine, mut from_task) = mpsc::channel::<u64>(4);
    let senders: Vec<_> = (0..20_u64)
        .map(|sender| {
            let to_tasks = to_tasks.clone();
            thread::spawn(move || (0..100).for_each(|n| block_on(to_tasks.send(sender * n)).unwrap()))
        })
        .collect();
    drop(to_tasks);
    runtime.spawn(async move {
        while let Some(n) = from_coroutines.recv().await {
            to_coroutine.send(2 * n).await.unwrap();
        }
    });
    let receiver = thread::spawn(move || {
        let mut sum = 0;
        while let Some(n) = block_on(from_task.recv()) {
            sum += n;
        }
        sum
    });
    assert_eq!(receiver.join().unwrap(), 2 * 190 * 4950);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

/// A coroutine that is interrupted drops the future: tokio's task or connection goes with it.
#[test]
fn interrupted() {
    if !on_workers("interrupted", &[1, 2]) {
        return;
    }
    let runtime = runtime();
    let never = || {
        let _context = runtime.enter();
        sleep(Duration::from_secs(1000))
    };
    let timer = never();
    assert_eq!(thread::spawn(|| timeout(Duration::from_millis(5), || block_on(timer))).join().unwrap(), Err(TimedOut));

    let closed = Arc::new(AtomicUsize::new(0));
    let coroutines: Vec<_> = (0..200)
        .map(|_| {
            let (sender, receiver) = oneshot::channel::<()>();
            let closed = Arc::clone(&closed);
            runtime.spawn(async move {
                let mut sender = sender;
                sender.closed().await;
                closed.fetch_add(1, SeqCst);
            });
            thread::spawn(|| block_on(receiver).unwrap())
        })
        .collect();
    coroutines.iter().for_each(JoinHandleExt::cancel);
    for coroutine in coroutines {
        assert!(coroutine.join().unwrap_err().is::<Cancelled>());
    }
    while closed.load(SeqCst) < 200 {
        thread::sleep(Duration::from_millis(1));
    }
}
