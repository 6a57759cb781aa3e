//! TCP streams and listeners, between coroutines and plain OS threads.

mod net_common;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use costd::net::{Shutdown, TcpListener, TcpStream};
use costd::thread;
use net_common::{a_while, in_coroutine, on_both, pair};

#[test]
fn half_close() {
    on_both("half_close", || {
        let (mut ours, mut theirs) = pair();
        let server = thread::spawn(move || {
            let mut all = String::new();
            theirs.read_to_string(&mut all).unwrap();
            a_while();
            theirs.write_all(all.to_uppercase().as_bytes()).unwrap();
        });
        ours.write_all(b"half").unwrap();
        a_while();
        ours.write_all(b" closed").unwrap();
        ours.shutdown(Shutdown::Write).unwrap();
        assert_eq!(ours.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut answer = String::new();
        ours.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "HALF CLOSED");
        server.join().unwrap();
    });
}

#[test]
fn the_end_comes_with_the_last_bytes() {
    // A short read must not hide an end that has come already.
    on_both("the_end_comes_with_the_last_bytes", || {
        for wait_first in [false, true] {
            let (mut ours, mut theirs) = pair();
            let reader = thread::spawn(move || {
                if !wait_first {
                    a_while();
                }
                let mut buf = [0; 100];
                let mut all = Vec::new();
                loop {
                    match theirs.read(&mut buf).unwrap() {
                        0 => return all,
                        n => all.extend_from_slice(&buf[..n]),
                    }
                }
            });
            if wait_first {
                a_while();
            }
            ours.write_all(b"last").unwrap();
            drop(ours);
            assert_eq!(reader.join().unwrap(), b"last");
        }
    });
}

#[test]
fn reset() {
    on_both("reset", || {
        // A reader that waits.
        let (ours, mut theirs) = pair();
        let reader = thread::spawn(move || theirs.read(&mut [0; 10]).unwrap_err().kind());
        a_while();
        ours.set_linger(Some(Duration::ZERO)).unwrap();
        drop(ours);
        assert_eq!(reader.join().unwrap(), ErrorKind::ConnectionReset);
        // And one that comes later; the error is there once.
        let (ours, mut theirs) = pair();
        ours.set_linger(Some(Duration::ZERO)).unwrap();
        drop(ours);
        a_while();
        assert_eq!(theirs.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(theirs.read(&mut [0; 10]).unwrap(), 0);
        assert_eq!(theirs.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        // A writer that waits.
        let (ours, mut theirs) = pair();
        let writer = thread::spawn(move || {
            let chunk = vec![0; 1 << 20];
            loop {
                if let Err(error) = theirs.write(&chunk) {
                    return error.kind();
                }
            }
        });
        a_while();
        ours.set_linger(Some(Duration::ZERO)).unwrap();
        drop(ours);
        assert!(matches!(writer.join().unwrap(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
    });
}

#[test]
fn shutdown_wakes_who_waits() {
    on_both("shutdown_wakes_who_waits", || {
        let (ours, theirs) = pair();
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let mut clone = ours.try_clone().unwrap();
                thread::spawn(move || clone.read(&mut [0; 10]).unwrap())
            })
            .collect();
        let shared = Arc::new(ours);
        let more: Vec<_> = (0..4)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || (&*shared).read(&mut [0; 10]).unwrap())
            })
            .collect();
        a_while();
        shared.shutdown(Shutdown::Read).unwrap();
        for reader in readers.into_iter().chain(more) {
            assert_eq!(reader.join().unwrap(), 0);
        }
        drop(theirs);
    });
}

#[test]
fn read_timeout() {
    on_both("read_timeout", || {
        let (mut ours, mut theirs) = pair();
        ours.set_read_timeout(Some(Duration::from_millis(80))).unwrap();
        assert_eq!(ours.read_timeout().unwrap(), Some(Duration::from_millis(80)));
        for _ in 0..3 {
            let start = Instant::now();
            assert_eq!(ours.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
            let took = start.elapsed();
            assert!((Duration::from_millis(75)..Duration::from_secs(60)).contains(&took), "{took:?}");
        }
        // Of a clone as well, and peeking, and what comes in time.
        let clone = ours.try_clone().unwrap();
        assert_eq!(clone.peek(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
        clone.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let writer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            theirs.write_all(b"in time").unwrap();
            theirs
        });
        let mut buf = [0; 10];
        assert_eq!(ours.read(&mut buf).unwrap(), 7);
        let mut theirs = writer.join().unwrap();
        clone.set_read_timeout(None).unwrap();
        let writer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            theirs.write_all(b"late").unwrap();
        });
        assert_eq!(ours.read(&mut buf).unwrap(), 4);
        writer.join().unwrap();
        assert_eq!(ours.set_read_timeout(Some(Duration::ZERO)).unwrap_err().kind(), ErrorKind::InvalidInput);
        ours.set_read_timeout(Some(Duration::MAX)).unwrap();
        assert_eq!(ours.read(&mut buf).unwrap(), 0);
    });
}

#[test]
fn write_timeout() {
    on_both("write_timeout", || {
        let (mut ours, mut theirs) = pair();
        ours.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let chunk = vec![7; 8 << 20];
        let start = Instant::now();
        // Part of it goes out, and that is what it says; then nothing does.
        let mut sent = 0;
        let error = loop {
            match ours.write(&chunk) {
                Ok(n) => sent += n,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        let took = start.elapsed();
        assert!((Duration::from_millis(95)..Duration::from_secs(60)).contains(&took), "{took:?}");
        drop(ours);
        let mut received = Vec::new();
        theirs.read_to_end(&mut received).unwrap();
        assert_eq!(received.len(), sent);
    });
}

#[test]
fn a_write_sends_everything() {
    on_both("a_write_sends_everything", || {
        let (mut ours, mut theirs) = pair();
        let chunk = vec![7; 16 << 20];
        let reader = thread::spawn(move || {
            a_while();
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).unwrap();
            received.len()
        });
        assert_eq!(ours.write(&chunk).unwrap(), chunk.len());
        drop(ours);
        assert_eq!(reader.join().unwrap(), chunk.len());
    });
}

#[test]
fn nonblocking() {
    on_both("nonblocking", || {
        let (mut ours, mut theirs) = pair();
        ours.set_nonblocking(true).unwrap();
        let mut buf = [0; 10];
        assert_eq!(ours.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(ours.peek(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        theirs.write_all(b"abc").unwrap();
        a_while();
        assert_eq!(ours.read(&mut buf).unwrap(), 3);
        assert_eq!(ours.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        // What has arrived is there at once, whatever the reactor has been told yet.
        theirs.write_all(b"abc").unwrap();
        let start = Instant::now();
        while ours.read(&mut buf).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60));
        }
        let chunk = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = ours.write(&chunk) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        // It is the stream's mode, and can be taken back.
        let mut clone = ours.try_clone().unwrap();
        assert_eq!(clone.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        clone.set_nonblocking(false).unwrap();
        let reader = thread::spawn(move || ours.read(&mut [0; 10]).unwrap());
        a_while();
        theirs.write_all(b"abcd").unwrap();
        assert_eq!(reader.join().unwrap(), 4);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        let waiting = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        a_while();
        let (mut accepted, _) = listener.try_clone().unwrap().accept().unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        // The connection blocks.
        let reader = thread::spawn(move || accepted.read(&mut [0; 10]).unwrap());
        a_while();
        (&waiting).write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap(), 1);
        listener.set_nonblocking(false).unwrap();
        let addr = listener.local_addr().unwrap();
        let accepter = thread::spawn(move || listener.accept().map(drop));
        a_while();
        TcpStream::connect(addr).unwrap();
        accepter.join().unwrap().unwrap();
    });
}

#[test]
fn reader_and_writer_of_clones() {
    on_both("reader_and_writer_of_clones", || {
        let (ours, theirs) = pair();
        let echo = thread::spawn(move || std::io::copy(&mut &theirs, &mut &theirs).unwrap());
        let mut reading = ours.try_clone().unwrap();
        let reader = thread::spawn(move || {
            let mut sum = 0_u64;
            let mut buf = [0; 1000];
            loop {
                match reading.read(&mut buf).unwrap() {
                    0 => return sum,
                    n => sum += buf[..n].iter().map(|&b| u64::from(b)).sum::<u64>(),
                }
            }
        });
        let mut sum = 0;
        for n in 0..2_000_u64 {
            let message = vec![n as u8; 1 + n as usize % 700];
            sum += message.iter().map(|&b| u64::from(b)).sum::<u64>();
            (&ours).write_all(&message).unwrap();
        }
        ours.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.join().unwrap(), sum);
        echo.join().unwrap();
    });
}

#[test]
fn close_while_a_clone_waits() {
    // As std: it goes on waiting, for the clone is a descriptor of its own.
    on_both("close_while_a_clone_waits", || {
        let (ours, mut theirs) = pair();
        let mut clone = ours.try_clone().unwrap();
        let reader = thread::spawn(move || {
            let mut buf = [0; 10];
            let n = clone.read(&mut buf).unwrap();
            buf[..n].to_vec()
        });
        a_while();
        drop(ours);
        a_while();
        assert!(!reader.is_finished());
        theirs.write_all(b"still").unwrap();
        assert_eq!(reader.join().unwrap(), b"still");
    });
}

#[test]
fn several_accepters() {
    on_both("several_accepters", || {
        const ACCEPTERS: usize = 10;
        const EACH: usize = 20;
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let addr = listener.local_addr().unwrap();
        let mut accepters = Vec::new();
        for n in 0..ACCEPTERS {
            let listener = Arc::clone(&listener);
            let accept = move || {
                let own;
                let listener = if n % 2 == 0 {
                    &*listener
                } else {
                    own = listener.try_clone().unwrap();
                    &own
                };
                for _ in 0..EACH {
                    let (mut stream, _) = listener.accept().unwrap();
                    stream.write_all(&[n as u8]).unwrap();
                }
            };
            if n % 3 == 2 {
                accepters.push(Join::Thread(std::thread::spawn(accept)));
            } else {
                accepters.push(Join::Coroutine(thread::spawn(accept)));
            }
        }
        let mut answers = [0; ACCEPTERS];
        for _ in 0..ACCEPTERS * EACH {
            let mut stream = TcpStream::connect(addr).unwrap();
            let mut answer = [0];
            stream.read_exact(&mut answer).unwrap();
            answers[usize::from(answer[0])] += 1;
        }
        for accepter in accepters {
            accepter.join();
        }
        assert_eq!(answers, [EACH; ACCEPTERS]);
    });
}

enum Join {
    Thread(std::thread::JoinHandle<()>),
    Coroutine(thread::JoinHandle<()>),
}

impl Join {
    fn join(self) {
        match self {
            Join::Thread(thread) => thread.join().unwrap(),
            Join::Coroutine(coroutine) => coroutine.join().unwrap(),
        }
    }
}

#[test]
fn a_thousand_connections() {
    in_coroutine("a_thousand_connections", || {
        const CONNECTIONS: usize = 1000;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let served = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&served);
        let server = thread::spawn(move || {
            for stream in listener.incoming().take(CONNECTIONS) {
                let mut stream = stream.unwrap();
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    let mut buf = [0; 64];
                    loop {
                        match stream.read(&mut buf).unwrap() {
                            0 => return,
                            n => stream.write_all(&buf[..n]).unwrap(),
                        }
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|n| {
                thread::spawn(move || {
                    let mut stream = TcpStream::connect(addr).unwrap();
                    for round in 0..5 {
                        let message = format!("{n} {round}");
                        stream.write_all(message.as_bytes()).unwrap();
                        let mut answer = vec![0; message.len()];
                        stream.read_exact(&mut answer).unwrap();
                        assert_eq!(answer, message.as_bytes());
                        thread::sleep(Duration::from_millis(n as u64 % 7));
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        server.join().unwrap();
        assert!(served.load(Ordering::Relaxed) >= 5 * CONNECTIONS);
    });
}

#[test]
fn big_transfer() {
    on_both("big_transfer", || {
        const SIZE: usize = 12 << 20;
        let byte = |n: usize| (n ^ (n >> 8) ^ (n >> 17)) as u8;
        let (mut ours, mut theirs) = pair();
        let writer = thread::spawn(move || {
            let data: Vec<u8> = (0..SIZE).map(byte).collect();
            let (front, back) = data.split_at(SIZE / 2);
            ours.write_all(front).unwrap();
            let mut back = back;
            while !back.is_empty() {
                let (a, b) = back.split_at(back.len() / 3);
                let n = ours.write_vectored(&[IoSlice::new(a), IoSlice::new(b)]).unwrap();
                back = &back[n..];
            }
        });
        let mut seen = 0;
        let (mut a, mut b) = (vec![0; 40_000], vec![0; 70_001]);
        loop {
            let len = a.len();
            let n = theirs.read_vectored(&mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)]).unwrap();
            if n == 0 {
                break;
            }
            assert!(a.iter().chain(&b).take(n).enumerate().all(|(k, &got)| got == byte(seen + k)), "{len}");
            seen += n;
        }
        assert_eq!(seen, SIZE);
        writer.join().unwrap();
    });
}

#[test]
fn coroutines_and_threads_on_one_stream() {
    // Both kinds read from one stream at a time: every byte comes out once.
    in_coroutine("coroutines_and_threads_on_one_stream", || {
        let (ours, theirs) = pair();
        let ours = Arc::new(ours);
        let total = Arc::new(AtomicUsize::new(0));
        let mut readers = Vec::new();
        for n in 0..8 {
            let (ours, total) = (Arc::clone(&ours), Arc::clone(&total));
            let read = move || {
                let mut buf = [0; 7];
                loop {
                    match (&*ours).read(&mut buf).unwrap() {
                        0 => return,
                        n => total.fetch_add(n, Ordering::Relaxed),
                    };
                }
            };
            if n % 2 == 0 {
                readers.push(Join::Coroutine(thread::spawn(read)));
            } else {
                readers.push(Join::Thread(std::thread::spawn(read)));
            }
        }
        for n in 0..3000 {
            (&theirs).write_all(&[1; 11]).unwrap();
            if n % 100 == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        drop(theirs);
        for reader in readers {
            reader.join();
        }
        assert_eq!(total.load(Ordering::Relaxed), 3000 * 11);
    });
}

#[test]
fn refused_and_timed_out() {
    on_both("refused_and_timed_out", || {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(TcpStream::connect(addr).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let error = TcpStream::connect_timeout(&addr, Duration::from_secs(5)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let error = TcpStream::connect(&[][..]).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), {
            (ErrorKind::InvalidInput, "could not resolve to any addresses")
        });
        // A backlog that is full does not answer.
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        listener.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
        listener.listen(0).unwrap();
        let addr = listener.local_addr().unwrap().as_socket().unwrap();
        let mut held = Vec::new();
        let start = Instant::now();
        let error = loop {
            match TcpStream::connect_timeout(&addr, Duration::from_millis(100)) {
                Ok(stream) => held.push(stream),
                Err(error) => break error,
            }
            assert!(held.len() < 100);
        };
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::TimedOut, "connection timed out"));
        assert!(start.elapsed() >= Duration::from_millis(95));
        let error = TcpStream::connect_timeout(&addr, Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn urgent_data() {
    // A read stops short in front of it, so that a short read must not be taken for the last.
    in_coroutine("urgent_data", || {
        for delay in [false, true] {
            let (ours, mut theirs) = pair();
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
            for _ in 0..10 {
                (&ours).write_all(b"abc").unwrap();
                socket2::SockRef::from(&ours).send_out_of_band(b"!").unwrap();
                (&ours).write_all(b"def").unwrap();
                if delay {
                    thread::sleep(Duration::from_millis(2));
                }
            }
            drop(ours);
            // An urgent byte that nobody took becomes an ordinary one when the next comes.
            let mut all = reader.join().unwrap();
            all.retain(|&byte| byte != b'!');
            assert_eq!(all, b"abcdef".repeat(10));
        }
    });
}

#[test]
fn a_busy_connection_starves_nobody() {
    in_coroutine("a_busy_connection_starves_nobody", || {
        let (mut ours, mut theirs) = pair();
        let stop = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&stop);
        let writer = thread::spawn(move || {
            while seen.load(Ordering::Relaxed) == 0 {
                ours.write_all(&[0; 4096]).unwrap();
            }
        });
        let reader = thread::spawn(move || while theirs.read(&mut [0; 512]).unwrap() > 0 {});
        // The two go on until these have been slept.
        let sleep = |_| {
            let start = Instant::now();
            thread::sleep(Duration::from_millis(5));
            start.elapsed()
        };
        let mut sleeps: Vec<_> = (0..50).map(sleep).collect();
        sleeps.sort_unstable();
        stop.store(1, Ordering::Relaxed);
        writer.join().unwrap();
        reader.join().unwrap();
        // Of one or two of them, the machine may have been busy elsewhere.
        assert!(sleeps[25] < Duration::from_millis(500), "{sleeps:?}");
    });
}

#[test]
fn streams_change_hands() {
    // Each stream goes round coroutines on several workers, which wait for it many times in a row or in turn; the
    // registration follows, and nothing is lost.
    in_coroutine("streams_change_hands", || {
        const STREAMS: usize = 20;
        const HANDS: usize = 6;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            for stream in listener.incoming().take(STREAMS) {
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let mut buf = [0; 64];
                    while let n @ 1.. = stream.read(&mut buf).unwrap() {
                        thread::yield_now();
                        stream.write_all(&buf[..n]).unwrap();
                    }
                });
            }
        });
        let passing: Vec<_> = (0..STREAMS)
            .map(|n| {
                let stream = TcpStream::connect(addr).unwrap();
                let (to_first, from_last) = costd::sync::mpsc::channel::<(usize, TcpStream)>();
                let mut from = from_last;
                let mut hands = Vec::new();
                for _ in 0..HANDS {
                    let (to, next) = costd::sync::mpsc::channel();
                    let inbox = std::mem::replace(&mut from, next);
                    hands.push(thread::spawn(move || {
                        for (round, mut stream) in inbox {
                            for k in 0..1 + (round * 3 + n) % 9 {
                                let message = [k as u8; 10];
                                stream.write_all(&message).unwrap();
                                let mut answer = [0; 10];
                                stream.read_exact(&mut answer).unwrap();
                                assert_eq!(answer, message);
                            }
                            if to.send((round + 1, stream)).is_err() {
                                return;
                            }
                        }
                    }));
                }
                thread::spawn(move || {
                    to_first.send((0, stream)).unwrap();
                    for (round, stream) in from {
                        if round >= 10 * HANDS {
                            break;
                        }
                        to_first.send((round, stream)).unwrap();
                    }
                    drop(to_first);
                    for hand in hands {
                        hand.join().unwrap();
                    }
                })
            })
            .collect();
        for passing in passing {
            passing.join().unwrap();
        }
        server.join().unwrap();
    });
}
