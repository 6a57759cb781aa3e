//! Thousands of selects with many who race for the same things: each message, connection and datagram reaches exactly one.

use costd::coroutine::{Event, JoinHandleExt, Select, Semaphore, WaitGroup, select};
use costd::net::{TcpListener, TcpStream, UdpSocket};
use costd::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use costd::sync::{Arc, Mutex, mpmc, mpsc};
use costd::thread;
use costd::time::Duration;

const CHANNELS: usize = 100;
const SELECTS: usize = 10_000;
/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// So many of each number were received: one.
struct Once(Vec<AtomicU32>);

impl Once {
    fn new(numbers: usize) -> Once {
        Once((0..numbers).map(|_| AtomicU32::new(0)).collect())
    }

    fn note(&self, number: usize) {
        assert_eq!(self.0[number].fetch_add(1, Ordering::Relaxed), 0, "{number} came twice");
    }

    fn assert_all(&self) {
        let lost = self.0.iter().filter(|times| times.load(Ordering::Relaxed) == 0).count();
        assert_eq!(lost, 0, "so many are lost");
    }
}

/// Senders race, each to all channels; several selects compete for the same receivers.
fn messages(capacity: Option<usize>) {
    let channels: Vec<_> = (0..CHANNELS).map(|_| capacity.map_or_else(mpmc::channel, mpmc::sync_channel)).collect();
    let seen = Once::new(SELECTS);
    thread::scope(|scope| {
        for sender in 0..20 {
            let senders: Vec<_> = channels.iter().map(|(tx, _)| tx.clone()).collect();
            scope.spawn(move || {
                for number in (sender..SELECTS).step_by(20) {
                    senders[number * 7 % CHANNELS].send(number).unwrap();
                }
            });
        }
        for _ in 0..4 {
            let receivers: Vec<_> = channels.iter().map(|(_, rx)| rx.clone()).collect();
            let seen = &seen;
            scope.spawn(move || {
                let mut select = Select::new();
                for rx in &receivers {
                    select.add(select::recv(rx), |number| number.ok());
                }
                for _ in 0..SELECTS / 4 {
                    seen.note(select.wait().1.expect("the senders are there"));
                }
            });
        }
    });
    seen.assert_all();
    for (_, rx) in channels {
        assert!(rx.try_recv().is_err());
    }
}

#[test]
fn ten_thousand_selects_over_a_hundred_channels() {
    for capacity in [None, Some(1), Some(0)] {
        messages(capacity);
    }
}

/// Both sides select: each exchange in a channel without room is one of two selects' choices.
#[test]
fn selects_meet_selects() {
    const PARTIES: usize = 16;
    let channels: Arc<Vec<_>> = Arc::new((0..8).map(|_| mpmc::sync_channel::<usize>(0)).collect());
    let total = PARTIES * 500;
    let (seen, left) = (Arc::new(Once::new(total)), Arc::new(AtomicU32::new(total as u32)));
    let all_received = Arc::new(Event::new());
    let parties: Vec<_> = (0..PARTIES)
        .map(|party| {
            let (channels, seen) = (Arc::clone(&channels), Arc::clone(&seen));
            let (left, all_received) = (Arc::clone(&left), Arc::clone(&all_received));
            thread::spawn(move || {
                let mut numbers = party * 500..(party + 1) * 500;
                let mut message = numbers.next();
                let received = |number: Result<usize, _>| {
                    seen.note(number.unwrap());
                    if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                        all_received.set();
                    }
                };
                loop {
                    // Sends to two channels, and receives from two, which are others' in part.
                    let at = |n: usize| &channels[(party + n) % 8];
                    let mut second = None;
                    if message.is_some_and(|number| number % 2 == 0) {
                        second = message.take();
                    }
                    select! {
                        sent = send_from(&at(0).0, &mut message) => sent.unwrap(),
                        sent = send_from(&at(3).0, &mut second) => sent.unwrap(),
                        number = recv(&at(1).1) => received(number),
                        number = recv(&at(4).1) => received(number),
                        number = recv(&at(3).1) => received(number),
                        () = set(&all_received) => break,
                    }
                    message = message.or(second).or_else(|| numbers.next());
                }
                assert_eq!(message, None);
            })
        })
        .collect();
    parties.into_iter().for_each(|party| party.join().unwrap());
    seen.assert_all();
}

/// Those who lose all the time, to a timer or to one another, lose nothing; nor do those who are cancelled.
#[test]
fn selects_that_are_cancelled_and_time_out() {
    let (tx, rx) = mpmc::sync_channel(2);
    let (other_tx, other_rx) = mpmc::sync_channel::<()>(0);
    let seen = Arc::new(Once::new(SELECTS));
    let stop = Arc::new(AtomicBool::new(false));
    let receivers: Vec<_> = (0..8)
        .map(|n| {
            let (rx, other_rx, seen) = (rx.clone(), other_rx.clone(), Arc::clone(&seen));
            let (stop, spawn) = (Arc::clone(&stop), n % 2 == 0);
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let (rx, other_rx, seen) = (rx.clone(), other_rx.clone(), Arc::clone(&seen));
                    let round = move || {
                        select! {
                            number = recv(&rx) => { if let Ok(number) = number { seen.note(number); } }
                            _ = recv(&other_rx) => {}
                            () = after(Duration::from_micros(50)) => {}
                        }
                    };
                    if spawn {
                        let victim = thread::spawn(round);
                        thread::yield_now();
                        victim.cancel();
                        let _ = victim.join();
                    } else {
                        round();
                    }
                }
            })
        })
        .collect();
    thread::scope(|scope| {
        for sender in 0..4 {
            let (tx, other_tx) = (tx.clone(), other_tx.clone());
            scope.spawn(move || {
                for number in (sender..SELECTS).step_by(4) {
                    select! {
                        sent = send(&tx, number) => sent.unwrap(),
                        () = after(LONG) => panic!("nobody receives"),
                    }
                    if number % 16 == 0 {
                        // Wakes those who wait for the other.
                        let _ = other_tx.try_send(());
                    }
                }
            });
        }
    });
    while let Ok(number) = rx.try_recv() {
        seen.note(number);
    }
    stop.store(true, Ordering::Relaxed);
    receivers.into_iter().for_each(|receiver| receiver.join().unwrap());
    seen.assert_all();
}

/// Four servers compete for the same listeners: each connection is served once.
#[test]
fn connections_are_neither_lost_nor_doubled() {
    const CONNECTIONS: usize = 10_000;
    const LISTENERS: usize = 4;
    let listeners: Vec<_> = (0..LISTENERS).map(|_| Arc::new(TcpListener::bind("127.0.0.1:0").unwrap())).collect();
    let addresses: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
    let stop = Arc::new(Event::new());
    let served = Arc::new(AtomicU32::new(0));
    let servers: Vec<_> = (0..4)
        .map(|_| {
            let (listeners, stop, served) = (listeners.clone(), Arc::clone(&stop), Arc::clone(&served));
            thread::spawn(move || {
                use costd::io::{Read, Write};
                loop {
                    let (mut stream, _) = select! {
                        connection = accept(&*listeners[0]) => connection.unwrap(),
                        connection = accept(&*listeners[1]) => connection.unwrap(),
                        connection = accept(&*listeners[2]) => connection.unwrap(),
                        connection = accept(&*listeners[3]) => connection.unwrap(),
                        () = after(Duration::from_micros(200)) => continue,
                        () = set(&stop) => break,
                    };
                    served.fetch_add(1, Ordering::Relaxed);
                    let mut number = [0; 4];
                    stream.read_exact(&mut number).unwrap();
                    stream.write_all(&number).unwrap();
                }
            })
        })
        .collect();
    thread::scope(|scope| {
        for client in 0..20 {
            let addresses = &addresses;
            scope.spawn(move || {
                use costd::io::{Read, Write};
                for number in (client..CONNECTIONS).step_by(20) {
                    let mut stream = TcpStream::connect(addresses[number % LISTENERS]).unwrap();
                    let number = (number as u32).to_le_bytes();
                    stream.write_all(&number).unwrap();
                    let mut answer = [0; 4];
                    stream.read_exact(&mut answer).unwrap();
                    assert_eq!(answer, number);
                }
            });
        }
    });
    stop.set();
    servers.into_iter().for_each(|server| server.join().unwrap());
    assert_eq!(served.load(Ordering::Relaxed), CONNECTIONS as u32);
}

/// Senders keep so many datagrams on their way that no buffer overflows: each is received once.
#[test]
fn datagrams_are_neither_lost_nor_doubled() {
    const SOCKETS: usize = 4;
    let sockets: Vec<_> = (0..SOCKETS).map(|_| Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap())).collect();
    let addresses: Vec<_> = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
    let (seen, stop) = (Arc::new(Once::new(SELECTS)), Arc::new(Event::new()));
    let on_their_way = Arc::new(Semaphore::new(64));
    let receivers: Vec<_> = (0..3)
        .map(|_| {
            let (sockets, seen, stop) = (sockets.clone(), Arc::clone(&seen), Arc::clone(&stop));
            let on_their_way = Arc::clone(&on_their_way);
            thread::spawn(move || {
                let mut bufs = [[0; 8]; SOCKETS];
                let [a, b, c, d] = &mut bufs;
                loop {
                    let (n, buf) = select! {
                        got = recv_from(&*sockets[0], a) => (got.unwrap().0, &*a),
                        got = recv_from(&*sockets[1], b) => (got.unwrap().0, &*b),
                        got = recv_from(&*sockets[2], c) => (got.unwrap().0, &*c),
                        got = recv_from(&*sockets[3], d) => (got.unwrap().0, &*d),
                        () = after(Duration::from_micros(200)) => continue,
                        () = set(&stop) => break,
                    };
                    assert_eq!(n, 8);
                    seen.note(usize::from_le_bytes(*buf));
                    on_their_way.add_permits(1);
                }
            })
        })
        .collect();
    thread::scope(|scope| {
        for sender in 0..8 {
            let (addresses, on_their_way) = (&addresses, &on_their_way);
            scope.spawn(move || {
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                for number in (sender..SELECTS).step_by(8) {
                    on_their_way.acquire().forget();
                    socket.send_to(&number.to_le_bytes(), addresses[number % SOCKETS]).unwrap();
                }
            });
        }
    });
    // All have come when all may be on their way again.
    on_their_way.acquire_many(64).forget();
    stop.set();
    receivers.into_iter().for_each(|receiver| receiver.join().unwrap());
    seen.assert_all();
}

/// Locks and permits that are given to arms that lose are given back: nothing stays held, and everybody gets on.
#[test]
fn locks_and_permits_are_given_back() {
    let mutexes: Vec<_> = (0..4).map(|_| Arc::new(Mutex::new(0_u32))).collect();
    let semaphore = Arc::new(Semaphore::new(2));
    let group = WaitGroup::new();
    let taken = Arc::new(AtomicU32::new(0));
    for n in 0..16 {
        let (mutexes, semaphore, member) = (mutexes.clone(), Arc::clone(&semaphore), group.clone());
        let taken = Arc::clone(&taken);
        thread::spawn(move || {
            let (_tx, never) = mpsc::channel::<u32>();
            for round in 0..500 {
                let at = |i: usize| &*mutexes[(n + i) % 4];
                select! {
                    guard = lock(at(0)) => { *guard.unwrap() += 1; thread::yield_now() }
                    guard = lock(at(1)) => {
                        let mut guard = guard.unwrap();
                        thread::yield_now();
                        *guard += 1;
                    }
                    permits = acquire_many(&semaphore, 1 + round % 2) => {
                        thread::yield_now();
                        taken.fetch_add(1, Ordering::Relaxed);
                        drop(permits);
                    }
                    _ = recv(&never) => unreachable!(),
                }
            }
            drop(member);
        });
    }
    group.wait();
    let locked: u32 = mutexes.iter().map(|mutex| *mutex.try_lock().expect("nobody holds it")).sum();
    assert_eq!(locked + taken.load(Ordering::Relaxed), 16 * 500);
    assert_eq!(semaphore.available_permits(), 2);
}
