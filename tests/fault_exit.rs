//! Processes that end while thousands of coroutines are at everything that one can be at.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use std::process::exit;
use std::time::Duration;

use child::{case, run};
use costd::coroutine::blocking;
use costd::io::Read;
use costd::net::{TcpListener, UdpSocket};
use costd::os::unix::net::UnixStream;
use costd::sync::mpsc::{channel, sync_channel};
use costd::sync::{Arc, Barrier, Condvar, Mutex, RwLock};
use costd::thread;
use fault_common::watch;

/// Must not run: what a coroutine has on its stack is left where it is when the process ends.
struct Never;

impl Drop for Never {
    fn drop(&mut self) {
        eprintln!("a destructor has run");
        std::process::abort();
    }
}

/// Starts 10,000 coroutines that never end, in equal shares parked, asleep, in locks, channels, sockets, joins, destructors and
/// unwindings, computing, spawning, and at work for others; returns when all have begun.
fn ten_thousand() {
    const EACH: usize = 834;
    let lock = Arc::new((Mutex::new(()), RwLock::new(()), Condvar::new()));
    let held = Arc::clone(&lock);
    let begun = Arc::new(Barrier::new(12 * EACH + 1));
    let (begin, holds) = channel();
    thread::spawn(move || {
        let _never = Never;
        let _guards = (held.0.lock().unwrap(), held.1.write().unwrap());
        begin.send(()).unwrap();
        loop {
            thread::park();
        }
    });
    holds.recv().unwrap();
    for n in 0..12 * EACH {
        let (lock, begun) = (Arc::clone(&lock), Arc::clone(&begun));
        thread::spawn(move || {
            let _never = Never;
            begun.wait();
            match n % 12 {
                0 => thread::park(),
                1 => thread::sleep(Duration::from_secs(1000)),
                2 => drop(lock.0.lock().unwrap()),
                3 => drop(lock.1.read().unwrap()),
                4 => {
                    let own = Mutex::new(());
                    drop(lock.2.wait(own.lock().unwrap()).unwrap());
                }
                5 => {
                    let (_sender, receiver) = channel::<()>();
                    let _ = receiver.recv();
                }
                6 => {
                    let (sender, _receiver) = sync_channel(0);
                    let _ = sender.send(());
                }
                7 if n < 4000 => {
                    let (mut near, _far) = UnixStream::pair().unwrap();
                    let _ = near.read(&mut [0]);
                }
                7 => {
                    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                    let _ = listener.accept();
                }
                8 => thread::scope(|scope| drop(scope.spawn(thread::park))),
                9 => {
                    struct Waits;
                    impl Drop for Waits {
                        fn drop(&mut self) {
                            thread::sleep(Duration::from_secs(1000));
                        }
                    }
                    let _waits = Waits;
                    std::panic::resume_unwind(Box::new(()));
                }
                10 => loop {
                    thread::yield_now();
                    thread::spawn(|| ());
                },
                _ if n < 100 => blocking(|| std::thread::sleep(Duration::from_secs(1000))),
                _ => {
                    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                    let _ = socket.recv(&mut [0]);
                }
            }
            // Nothing of it ends.
            std::process::abort();
        });
    }
    begun.wait();
}

/// `main` returns; a coroutine or a thread calls `exit`: the code is as given, all that was written is out, no destructor runs, and it
/// does not take long.
#[test]
fn ten_thousand_are_left_where_they_are() {
    let test = "ten_thousand_are_left_where_they_are";
    let Some(case) = case() else {
        for case in ["main", "coroutine", "thread", "several"] {
            for workers in ["1", "2", "8"] {
                let ended = run(test, case, &[("COSTD_WORKERS", workers)]);
                let what = format!("{case}, {workers} workers: {}", ended.output.status);
                assert_eq!(
                    ended.output.status.code(),
                    Some(if case == "main" { 0 } else { 7 }),
                    "{what}\n{}",
                    ended.stderr
                );
                let out = String::from_utf8_lossy(&ended.output.stdout);
                assert!(out.contains("last words without an end of line"), "{what}\n{out}");
                assert_eq!(ended.stderr, "", "{what}");
            }
        }
        return;
    };
    watch(test);
    ten_thousand();
    // From a coroutine: they stay in costd's buffer, which is written out at the end.
    thread::spawn(|| costd::print!("last words without an end of line")).join().unwrap();
    match case.as_str() {
        "coroutine" => drop(thread::spawn(|| exit(7)).join()),
        "thread" => drop(std::thread::spawn(|| exit(7)).join()),
        "several" => {
            // All at once, from all workers: one of them wins.
            let all: Vec<_> = (0..50).map(|_| thread::spawn(|| exit(7))).collect();
            all.into_iter().for_each(|thread| drop(thread.join()));
        }
        // The test returns, and with it libtest's `main`.
        _ => {}
    }
}
