//! `select!`, `Select`, `race!` and `join!`: one test for each thing that one can wait for, and what the macros take.

use std::panic::{AssertUnwindSafe, catch_unwind};

use costd::coroutine::{self, join, os_thread, race, select};
use costd::coroutine::{Cancelled, Event, JoinHandleExt, Select, Semaphore, WaitGroup};
use costd::io::{self, Read, Write};
use costd::net::{TcpListener, TcpStream, UdpSocket};
use costd::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use costd::process::{Command, Stdio};
use costd::sync::atomic::{AtomicU32, Ordering};
use costd::sync::{Arc, Mutex, RwLock, mpmc, mpsc, oneshot};
use costd::thread;
use costd::time::{Duration, Instant};

/// Never comes in a test.
const LONG: Duration = Duration::from_secs(3600);
/// Comes.
const SHORT: Duration = Duration::from_millis(5);

/// Runs `f` on this OS thread, and in a coroutine.
fn both(f: impl Fn() + Sync) {
    f();
    thread::scope(|scope| scope.spawn(&f).join().unwrap());
}

/// Spawns a coroutine that does something once this one waits, as far as one can tell.
fn soon<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::spawn(move || {
        thread::sleep(SHORT);
        f()
    })
}

#[test]
fn receives_from_channels_of_every_kind() {
    both(|| {
        let (tx, rx) = mpsc::channel();
        let (sync_tx, sync_rx) = mpsc::sync_channel(0);
        let (mpmc_tx, mpmc_rx) = mpmc::channel();
        let (one_tx, one_rx) = oneshot::channel();
        let senders = [
            soon(move || tx.send("mpsc").unwrap()),
            soon(move || sync_tx.send("rendezvous").unwrap()),
            soon(move || mpmc_tx.send("mpmc").unwrap()),
            soon(move || one_tx.send("oneshot").unwrap()),
        ];
        let mut all = Vec::new();
        let (mut a, mut b, mut c, mut d) = (true, true, true, true);
        while all.len() < 4 {
            all.push(select! {
                got = recv(&rx), if a => { a = false; got.unwrap() }
                got = recv(&sync_rx), if b => { b = false; got.unwrap() }
                got = recv(&mpmc_rx), if c => { c = false; got.unwrap() }
                got = recv(&one_rx), if d => { d = false; got.unwrap() }
            });
        }
        all.sort_unstable();
        assert_eq!(all, ["mpmc", "mpsc", "oneshot", "rendezvous"]);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        // Now the senders are gone.
        select! {
            got = recv(&rx) => assert!(got.is_err()),
            got = recv(&sync_rx) => assert!(got.is_err()),
        }
    });
}

#[test]
fn sends_to_channels_of_every_kind() {
    both(|| {
        let (full_tx, full_rx) = mpsc::sync_channel(1);
        full_tx.send(0).unwrap();
        let (tx, rx) = mpsc::sync_channel(0);
        let receiver = soon(move || rx.recv().unwrap());
        select! {
            sent = send(&full_tx, 1) => panic!("it is full: {sent:?}"),
            sent = send(&tx, 2) => sent.unwrap(),
        }
        assert_eq!(receiver.join().unwrap(), 2);
        let receiver = soon(move || (full_rx.recv().unwrap(), full_rx.recv().unwrap()));
        select! { sent = send(&full_tx, 3) => sent.unwrap() }
        assert_eq!(receiver.join().unwrap(), (0, 3));
        // Nobody is left to receive.
        select! { sent = send(&full_tx, 4) => assert_eq!(sent, Err(mpsc::SendError(4))) }
        let (tx, rx) = mpmc::channel();
        select! { sent = send(&tx, 5) => sent.unwrap() }
        assert_eq!(rx.recv(), Ok(5));
        let (tx, rx) = oneshot::channel();
        select! { sent = send(&tx, 6) => sent.unwrap() }
        assert_eq!(rx.recv(), Ok(6));
        let (tx, rx) = mpsc::channel();
        select! { sent = send(&tx, 7) => sent.unwrap() }
        assert_eq!(rx.recv(), Ok(7));
    });
}

#[test]
fn a_message_that_was_not_sent_comes_back() {
    both(|| {
        let (tx, rx) = mpsc::sync_channel(0);
        let mut message = Some(String::from("hello"));
        for _ in 0..3 {
            select! {
                _ = send_from(&tx, &mut message) => panic!("nobody receives"),
                () = after(SHORT) => {}
            }
            select! {
                _ = send_from(&tx, &mut message) => panic!("nobody receives"),
                default => {}
            }
            assert_eq!(message.as_deref(), Some("hello"));
        }
        let receiver = soon(move || rx.recv().unwrap());
        select! {
            sent = send_from(&tx, &mut message) => sent.unwrap(),
            () = after(LONG) => panic!("somebody receives"),
        }
        assert_eq!((message, receiver.join().unwrap().as_str()), (None, "hello"));
        let mut nothing = None::<String>;
        select! {
            _ = send_from(&tx, &mut nothing) => panic!("there is nothing to send"),
            () = after(SHORT) => {}
        }
    });
}

#[test]
fn connections_and_datagrams() {
    both(|| {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder =
            std::env::temp_dir().join(format!("costd-select-{}-{:?}", std::process::id(), thread::current().id()));
        std::fs::create_dir(&folder).unwrap();
        let unix = UnixListener::bind(folder.join("stream")).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let datagrams = UnixDatagram::bind(folder.join("datagram")).unwrap();
        let clients = {
            let (tcp, udp, folder) = (tcp.local_addr().unwrap(), udp.local_addr().unwrap(), folder.clone());
            soon(move || {
                let mut stream = TcpStream::connect(tcp).unwrap();
                stream.write_all(b"tcp").unwrap();
                thread::sleep(SHORT);
                UnixStream::connect(folder.join("stream")).unwrap().write_all(b"unix").unwrap();
                thread::sleep(SHORT);
                UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"udp", udp).unwrap();
                thread::sleep(SHORT);
                UnixDatagram::unbound().unwrap().send_to(b"datagram", folder.join("datagram")).unwrap();
            })
        };
        let mut seen = Vec::new();
        let (mut from_udp, mut from_datagrams) = ([0; 16], [0; 16]);
        for _ in 0..4 {
            let mut text = String::new();
            select! {
                accepted = accept(&tcp) => { accepted.unwrap().0.read_to_string(&mut text).unwrap(); }
                accepted = accept(&unix) => { accepted.unwrap().0.read_to_string(&mut text).unwrap(); }
                got = recv_from(&udp, &mut from_udp) => {
                    text.push_str(std::str::from_utf8(&from_udp[..got.unwrap().0]).unwrap());
                }
                got = recv_from(&datagrams, &mut from_datagrams) => {
                    text.push_str(std::str::from_utf8(&from_datagrams[..got.unwrap().0]).unwrap());
                }
                () = after(LONG) => panic!("nothing comes"),
            }
            seen.push(text);
        }
        seen.sort_unstable();
        assert_eq!(seen, ["datagram", "tcp", "udp", "unix"]);
        clients.join().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    });
}

#[test]
fn a_socket_that_the_user_made_non_blocking() {
    both(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        select! {
            accepted = accept(&listener) => assert_eq!(accepted.unwrap_err().kind(), io::ErrorKind::WouldBlock),
            () = after(LONG) => panic!("it does not wait"),
        }
    });
}

/// To wait is all that one can ask `readable` for, so it does that in whatever mode.
#[test]
fn readable_in_non_blocking_mode() {
    both(|| {
        let (a, mut b) = UnixStream::pair().unwrap();
        a.set_nonblocking(true).unwrap();
        select! {
            ready = readable(&a) => panic!("there is nothing: {ready:?}"),
            () = after(SHORT) => {}
        }
        let writing = soon(move || b.write_all(b"x").map(|()| b).unwrap());
        select! {
            ready = readable(&a) => ready.unwrap(),
            () = after(LONG) => panic!("there is something"),
        }
        assert_eq!((&a).read(&mut [0; 8]).unwrap(), 1);
        select! {
            ready = readable(&a) => panic!("it was read: {ready:?}"),
            default => {}
        }
        drop(writing.join().unwrap());
    });
}

#[test]
fn readable_and_writable() {
    both(|| {
        let (mut reader, mut writer) = io::pipe().unwrap();
        select! {
            _ = readable(&reader) => panic!("there is nothing"),
            ready = writable(&writer) => ready.unwrap(),
        }
        let writing = soon(move || {
            writer.write_all(b"x").unwrap();
            writer
        });
        for _ in 0..2 {
            // It takes nothing.
            select! {
                ready = readable(&reader) => ready.unwrap(),
                () = after(LONG) => panic!("there is something"),
            }
        }
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        let writer = writing.join().unwrap();
        select! {
            _ = readable(&reader) => panic!("there is nothing"),
            () = after(SHORT) => {}
        }
        drop(writer);
        select! { ready = readable(&reader) => ready.unwrap() }
        assert_eq!(reader.read(&mut byte).unwrap(), 0);

        let (a, b) = UnixStream::pair().unwrap();
        select! {
            _ = readable(&a) => panic!("there is nothing"),
            ready = writable(&b) => ready.unwrap(),
        }
    });
}

#[test]
fn threads_and_children() {
    both(|| {
        let (slow, fast) = (thread::spawn(thread::park), soon(|| 7));
        select! {
            () = finished(&slow) => panic!("it parks"),
            () = finished(&fast) => assert_eq!(fast.join().unwrap(), 7),
        }
        slow.thread().unpark();
        slow.join().unwrap();
        let (slow, fast) = (os_thread::spawn(thread::park), os_thread::spawn(|| 8));
        select! {
            () = finished(&slow) => panic!("it parks"),
            () = finished(&fast) => assert_eq!(fast.join().unwrap(), 8),
        }
        slow.thread().unpark();
        slow.join().unwrap();
        thread::scope(|scope| {
            let handle = scope.spawn(|| thread::sleep(SHORT));
            select! { () = finished(&handle) => handle.join().unwrap() }
        });

        let mut slow = Command::new("sleep").arg("1000").spawn().unwrap();
        let mut fast = Command::new("sleep").arg("0.01").spawn().unwrap();
        for _ in 0..2 {
            select! {
                _ = exited(&mut slow) => panic!("it sleeps"),
                status = exited(&mut fast) => assert!(status.unwrap().success()),
            }
        }
        slow.kill().unwrap();
        select! {
            status = exited(&mut slow) => assert!(!status.unwrap().success()),
            () = after(LONG) => panic!("it was killed"),
        }
        // Its output is there in time, and the input is left open.
        let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        cat.stdin.as_mut().unwrap().write_all(b"hello").unwrap();
        let mut output = cat.stdout.take().unwrap();
        select! {
            _ = exited(&mut cat) => panic!("its input is open"),
            ready = readable(&output) => ready.unwrap(),
        }
        drop(cat.stdin.take());
        select! { status = exited(&mut cat) => assert!(status.unwrap().success()) }
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    });
}

#[test]
fn locks_and_their_like() {
    both(|| {
        let (mutex, lock, semaphore, event) = (Mutex::new(0), RwLock::new(0), Semaphore::new(0), Event::new());
        let group = WaitGroup::new();
        let (held, read_held, write_held) = (mutex.lock().unwrap(), lock.read().unwrap(), RwLock::new(()));
        let write_guard = write_held.write().unwrap();
        let member = group.clone();
        // Nothing comes, by any of them.
        select! {
            _ = lock(&mutex) => panic!("held"),
            _ = write(&lock) => panic!("read"),
            _ = read(&write_held) => panic!("written to"),
            _ = acquire(&semaphore) => panic!("none"),
            () = set(&event) => panic!("not set"),
            () = done(group.clone()) => panic!("there is a member"),
            () = after(SHORT) => {}
        }
        // And what has lost keeps nobody out.
        drop(lock.try_read().unwrap());
        drop((held, read_held, write_guard, member));
        select! { guard = lock(&mutex) => *guard.unwrap() += 1 }
        select! { guard = write(&lock) => *guard.unwrap() += 1 }
        select! { guard = read(&lock) => assert_eq!(*guard.unwrap(), 1) }
        select! { guard = read(&write_held) => drop(guard.unwrap()) }
        semaphore.add_permits(3);
        select! { permits = acquire_many(&semaphore, 2) => permits.forget() }
        assert_eq!(semaphore.available_permits(), 1);
        event.set();
        select! { () = set(&event) => {} }
        select! { () = done(group) => {} }
        assert_eq!(*mutex.try_lock().unwrap(), 1);
        assert_eq!(*lock.try_write().unwrap(), 1);
    });
}

#[test]
fn locks_that_are_given_up_meanwhile() {
    both(|| {
        let (mutex, lock, semaphore) = (Mutex::new(0), RwLock::new(0), Semaphore::new(0));
        thread::scope(|scope| {
            let guard = mutex.lock().unwrap();
            scope.spawn(|| {
                select! {
                    guard = lock(&mutex) => *guard.unwrap() += 1,
                    _ = acquire(&semaphore) => panic!("none"),
                }
            });
            thread::sleep(SHORT);
            drop(guard);
        });
        thread::scope(|scope| {
            let guard = lock.read().unwrap();
            scope.spawn(|| {
                select! {
                    guard = write(&lock) => *guard.unwrap() += 1,
                    _ = acquire(&semaphore) => panic!("none"),
                }
            });
            thread::sleep(SHORT);
            drop(guard);
        });
        thread::scope(|scope| {
            let guard = lock.write().unwrap();
            scope.spawn(|| {
                select! {
                    guard = read(&lock) => assert_eq!(*guard.unwrap(), 1),
                    _ = acquire(&semaphore) => panic!("none"),
                }
            });
            thread::sleep(SHORT);
            drop(guard);
        });
        thread::scope(|scope| {
            scope.spawn(|| {
                select! {
                    permit = acquire(&semaphore) => permit.forget(),
                    () = after(LONG) => panic!("one was added"),
                }
            });
            thread::sleep(SHORT);
            semaphore.add_permits(1);
        });
        assert_eq!((mutex.into_inner().unwrap(), lock.into_inner().unwrap(), semaphore.available_permits()), (1, 1, 0));
    });
}

#[test]
fn a_poisoned_lock() {
    let mutex = Mutex::new(1);
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _guard = mutex.lock().unwrap();
        panic!("with the lock");
    }));
    select! { guard = lock(&mutex) => assert_eq!(*guard.unwrap_err().into_inner(), 1) }
}

#[test]
fn an_expression_borrows_and_is_cancelled() {
    static ENDED: AtomicU32 = AtomicU32::new(0);
    struct Ends<'a>(&'a [u32]);
    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0, [1, 2, 3]);
            // A destructor may block, also now.
            thread::sleep(SHORT);
            ENDED.fetch_add(1, Ordering::Relaxed);
        }
    }
    both(|| {
        let before = ENDED.load(Ordering::Relaxed);
        let numbers = vec![1, 2, 3];
        let sum;
        select! {
            () = { let _ends = Ends(&numbers); thread::park() } => panic!("nobody unparks it"),
            n = { thread::sleep(SHORT); numbers.iter().sum::<u32>() } => sum = n,
        }
        assert_eq!(ENDED.load(Ordering::Relaxed), before + 1);
        drop(numbers);
        assert_eq!(sum, 6);
    });
}

#[test]
fn an_expression_is_not_begun_where_another_arm_is_ready() {
    let began = AtomicU32::new(0);
    let event = Event::new();
    event.set();
    for _ in 0..100 {
        select! {
            _ = began.fetch_add(1, Ordering::Relaxed) => panic!("there was no need to"),
            () = set(&event) => {}
        }
    }
    assert_eq!(began.into_inner(), 0);
}

#[test]
fn an_expression_that_panics() {
    both(|| {
        let caught = catch_unwind(|| {
            select! {
                () = panic!("inside") => {}
                () = after(LONG) => {}
            }
        });
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"inside"));
        // One that has lost, and panics after all: nothing that the winner has won is left behind.
        let (mutex, began) = (Mutex::new(()), Event::new());
        let held = mutex.lock().unwrap();
        let caught = thread::scope(|scope| {
            let selecting = scope.spawn(|| {
                select! {
                    () = { began.set();
                        let _ = catch_unwind(thread::park); panic!("after all") } => {}
                    guard = lock(&mutex) => drop(guard),
                }
            });
            began.wait();
            drop(held);
            selecting.join()
        });
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"after all"));
        assert!(mutex.try_lock().is_ok());
    });
}

#[test]
fn the_first_of_a_race() {
    both(|| {
        let answer = |n: u32, after: Duration| {
            thread::sleep(after);
            n
        };
        assert_eq!(race!(answer(1, LONG), answer(2, SHORT), answer(3, LONG)), 2);
        assert_eq!(
            race!(
                {
                    thread::sleep(LONG);
                    1
                },
                1 + 1
            ),
            2
        );
        assert_eq!(coroutine::race([LONG, SHORT, LONG].map(|delay| move || answer(7, delay))), 7);
        let caught = catch_unwind(|| race!(answer(1, LONG), panic!("at once")));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"at once"));
        assert!(catch_unwind(|| coroutine::race(Vec::<fn() -> u32>::new())).is_err());
    });
}

#[test]
fn all_of_a_join() {
    both(|| {
        let words = ["a".to_string(), "b".to_string()];
        let begin = Instant::now();
        let (a, b, c) = join!(
            {
                thread::sleep(SHORT);
                &words[0]
            },
            words[1].len(),
            Some("c")
        );
        assert!(begin.elapsed() >= SHORT);
        assert_eq!((a.as_str(), b, c), ("a", 1, Some("c")));
        assert_eq!(join!(1), (1,));
        // They are side by side: each waits for the other.
        let (tx, rx) = mpsc::sync_channel(0);
        let (back, answer) = mpsc::sync_channel(0);
        let (answer, ()) = join!(
            {
                let tx = tx;
                tx.send(1).unwrap();
                let answer = answer;
                answer.recv().unwrap()
            },
            {
                let rx = rx;
                let back = back;
                back.send(rx.recv().unwrap() + 1).unwrap();
            }
        );
        assert_eq!(answer, 2);
        static ENDED: AtomicU32 = AtomicU32::new(0);
        let before = ENDED.load(Ordering::Relaxed);
        for position in 0..2 {
            let end = |panics: bool| {
                thread::sleep(SHORT);
                assert!(!panics, "one of them");
                ENDED.fetch_add(1, Ordering::Relaxed);
            };
            let caught = catch_unwind(AssertUnwindSafe(|| join!(end(position == 0), end(position == 1))));
            assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"one of them"));
        }
        assert_eq!(ENDED.load(Ordering::Relaxed), before + 2);
    });
}

/// What a `match` arm may do, a body may.
#[test]
fn what_the_macro_takes() {
    fn bodies(rx: &mpsc::Receiver<u32>) -> Result<u32, mpsc::RecvError> {
        let mut seen = Vec::new();
        let total = loop {
            let n = select! {
                n = recv(rx) => n?,
                default => break seen.iter().sum::<u32>(),
            };
            match n {
                0 => continue,
                99 => return Ok(99),
                n => seen.push(n),
            }
        };
        Ok(total)
    }
    let (tx, rx) = mpsc::channel();
    (0..4).for_each(|n| tx.send(n).unwrap());
    assert_eq!(bodies(&rx), Ok(6));
    tx.send(99).unwrap();
    assert_eq!(bodies(&rx), Ok(99));
    drop(tx);
    assert!(bodies(&rx).is_err());

    // Patterns, blocks without commas, conditions, and expressions that begin like a call.
    let pair = |a: u32| (a, a + 1);
    let (on, off) = (true, false);
    let value = select! {
        (_, second) = pair(1), if on => { second }
        (first, _) = pair(7), if off => first,
    };
    assert_eq!(value, 2);
    assert_eq!(select! { n = pair(3).1 => n }, 4);
    assert_eq!(select! { n = (pair(3).1), if on => n, }, 4);
    let caught = catch_unwind(|| select! { () = after(LONG), if false => {} });
    let message = *caught.unwrap_err().downcast::<&str>().unwrap();
    assert!(message.contains("waits for nothing"), "{message}");
    select! { () = after(SHORT), if off => panic!("it is off"), default => {} }
    // A function of the user's of such a name.
    fn recv(n: u32) -> u32 {
        n
    }
    assert_eq!(select! { n = { recv(5) } => n }, 5);
    assert_eq!(select! { n = self::nested::recv(6) => n }, 6);
    // Arguments are what they are outside of the macro, whatever their names.
    let (at, set) = (Instant::now(), Event::new());
    assert!(select! { () = at(at) => true, () = set(&set) => false });
    assert!(select! { () = at(at) => true, () = set(&set) => false, default => false });
}

mod nested {
    pub fn recv(n: u32) -> u32 {
        n
    }
}

#[test]
fn a_set_of_arms() {
    both(|| {
        let (tx, rx) = mpsc::channel();
        let (other_tx, other_rx) = mpsc::sync_channel(0);
        let mut select = Select::new();
        let first = select.add(select::recv(&rx), |n: Result<u32, _>| format!("first {n:?}"));
        let second = select.add(select::recv(&other_rx), |n: Result<u32, _>| format!("second {n:?}"));
        assert_eq!((select.len(), select.try_wait()), (2, None));
        assert_eq!(select.wait_timeout(SHORT), None);
        tx.send(1).unwrap();
        assert_eq!(select.wait(), (first, "first Ok(1)".into()));
        let sender = soon(move || other_tx.send(2).unwrap());
        assert_eq!(select.wait(), (second, "second Ok(2)".into()));
        sender.join().unwrap();
        assert_eq!(select.wait(), (second, "second Err(RecvError)".into()));
        assert!(select.remove(second) && !select.remove(second));
        // Those that take effect once leave.
        let alarm = select.add(select::after(SHORT), |()| "alarm".into());
        assert_ne!(alarm, second);
        assert_eq!((select.len(), select.wait()), (2, (alarm, "alarm".into())));
        assert_eq!(select.len(), 1);
        let child = select.add(select::child(|| 7), |n| n.to_string());
        assert_eq!((select.wait(), select.len()), ((child, "7".into()), 1));
        select.add(select::child(thread::park), |()| "it was not unparked".into());
        tx.send(3).unwrap();
        assert_eq!(select.wait(), (first, "first Ok(3)".into()));
        // It was not begun, as there was no need to wait; now it is, and loses.
        assert_eq!(select.len(), 2);
        assert_eq!((select.wait_timeout(SHORT), select.len()), (None, 1));
        select.add(select::child(|| panic!("in the set")), |()| String::new());
        assert!(catch_unwind(AssertUnwindSafe(|| select.wait())).is_err());
        assert_eq!((select.wait_timeout(SHORT), select.len()), (None, 1));
        assert!(select.remove(first) && select.is_empty());
        assert_eq!(select.wait_timeout(SHORT), None);
        assert!(catch_unwind(AssertUnwindSafe(|| select.wait())).is_err());
    });
}

#[test]
fn ready_arms_have_the_same_chance() {
    let channels: Vec<_> = (0..10).map(|_| mpsc::channel()).collect();
    let mut wins = [0_u32; 10];
    // Neighbours and one far away are always ready, the others never.
    for n in [3, 4, 9] {
        (0..3000).for_each(|_| channels[n].0.send(n).unwrap());
    }
    let mut select = Select::new();
    for (_, rx) in &channels {
        select.add(select::recv(rx), |n| n.unwrap());
    }
    for _ in 0..3000 {
        wins[select.wait().1] += 1;
    }
    for n in [3, 4, 9] {
        assert!((750..1250).contains(&wins[n]), "{wins:?}");
    }
}

#[test]
fn a_select_is_cancelled() {
    let (tx, rx) = mpsc::channel::<u32>();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (started, has_started) = mpsc::channel();
    let thread = thread::spawn(move || {
        started.send(()).unwrap();
        select! {
            _ = recv(&rx) => {}
            _ = accept(&listener) => {}
            () = thread::park() => {}
            () = after(LONG) => {}
        }
    });
    has_started.recv().unwrap();
    thread::sleep(SHORT);
    thread.cancel();
    assert!(thread.join().unwrap_err().is::<Cancelled>());
    assert!(tx.send(1).is_err());
    // And a limit ends it.
    both(|| {
        let (_tx, rx) = mpsc::channel::<u32>();
        assert!(coroutine::timeout(SHORT, || select! { _ = recv(&rx) => {}, () = thread::park() => {} }).is_err());
    });
}

/// An arm that nobody waits for does nothing; and one can be made by hand.
#[test]
fn arms_are_values() {
    let semaphore = Semaphore::new(1);
    drop(select::acquire(&semaphore));
    drop(select::child(|| panic!("it was not to run")));
    assert_eq!(semaphore.available_permits(), 1);
    let mut select = Select::new();
    select.add(select::acquire(&semaphore), |guard| guard.forget());
    select.wait();
    assert!(select.try_wait().is_none());
    semaphore.add_permits(1);
    assert!(select.try_wait().is_some());
}

/// What is panicked with in the set's wait does not stay with it.
#[test]
fn a_set_after_a_panic() {
    both(|| {
        let mut select = Select::new();
        select.add(select::child(|| panic!("the only one")), |()| ());
        assert!(catch_unwind(AssertUnwindSafe(|| select.wait())).is_err());
        assert!(select.is_empty());
        let caught = catch_unwind(AssertUnwindSafe(|| select.wait()));
        let message = *caught.unwrap_err().downcast::<&str>().unwrap();
        assert!(message.contains("waits for nothing"), "{message}");

        // So does one that was cancelled.
        select.add(select::child(thread::park), |()| ());
        assert!(coroutine::timeout(SHORT, || select.wait()).is_err());
        assert!(select.is_empty());
    });
}

/// A place is free, whatever the destructor of its arm does.
#[test]
fn an_arm_that_panics_when_it_goes() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let mut select = Select::new();
    let bomb = Bomb;
    select.add(select::after(Duration::ZERO), move |()| {
        let _ = &bomb;
    });
    assert!(catch_unwind(AssertUnwindSafe(|| select.wait())).is_err());
    assert_eq!(select.len(), 0);
}

/// What has won while another one panics on its way out is there at the next wait, and nothing is taken twice for it.
#[test]
fn what_was_won_beside_a_panic() {
    /// Has `win` let the arm win once the child waits, which then panics.
    fn panics<'a>(select: &mut Select<'a, String>, win: impl FnOnce() + Send + 'a) {
        let began = Arc::new(Event::new());
        let child = {
            let began = began.clone();
            move || {
                began.set();
                let _ = catch_unwind(thread::park);
                panic!("on its way out")
            }
        };
        select.add(select::child(child), |()| "the child".into());
        thread::scope(|scope| {
            scope.spawn(|| {
                began.wait();
                win();
            });
            assert!(catch_unwind(AssertUnwindSafe(|| select.wait())).is_err());
        });
        assert_eq!(select.len(), 1);
    }
    both(|| {
        let semaphore = Semaphore::new(0);
        let mut select = Select::new();
        select.add(select::acquire(&semaphore), |permit| format!("{permit:?}"));
        panics(&mut select, || semaphore.add_permits(2));
        assert_eq!(semaphore.available_permits(), 1);
        assert!(select.try_wait().is_some());
        assert_eq!(semaphore.available_permits(), 2);

        for capacity in [0, 1] {
            let (tx, rx) = mpsc::sync_channel(capacity);
            let mut select = Select::new();
            select.add(select::recv(&rx), |message: Result<u32, _>| message.unwrap().to_string());
            panics(&mut select, || tx.send(1).unwrap());
            assert_eq!(select.try_wait().unwrap().1, "1");
            assert!(select.try_wait().is_none());

            // One that leaves with its victory.
            let (tx, rx) = mpmc::sync_channel(capacity);
            let mut select = Select::new();
            (0..capacity).for_each(|_| tx.send(0).unwrap());
            let sending = select.add(select::send(&tx, 2), |sent| format!("{sent:?}"));
            panics(&mut select, || {
                (0..=capacity).for_each(|n| assert_eq!(rx.recv(), Ok(if n < capacity { 0 } else { 2 })))
            });
            assert_eq!(select.try_wait(), Some((sending, "Ok(())".into())));
            assert!(select.is_empty());
        }

        let (mutex, locked, release) = (Mutex::new(0), Event::new(), Event::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let _guard = mutex.lock().unwrap();
                locked.set();
                release.wait();
            });
            locked.wait();
            let mut select = Select::new();
            let locking = select.add(select::lock(&mutex), |guard| format!("{:?}", guard.unwrap()));
            panics(&mut select, || release.set());
            assert!(mutex.try_lock().is_err());
            assert!(select.remove(locking) && select.is_empty());
            drop(mutex.try_lock().unwrap());
        });
    });
}
