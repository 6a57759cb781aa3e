//! OS threads and coroutines on the same locks, channels and sockets: nobody stalls, nothing is lost.
//!
//! Each test takes `COSTD_TEST_SECONDS` seconds, 2 by default.

use compat_tests::crew::{Crew, Member};
use compat_tests::{in_coroutine, os_thread};
use std::collections::VecDeque;
use std::hint::spin_loop;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock};
use std::thread::{self, Thread};
use std::time::Duration;

/// A bounded queue the classic way.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    not_full: Condvar,
    not_empty: Condvar,
}

#[derive(Default)]
struct State {
    items: VecDeque<u64>,
    producers: usize,
    produced: u64,
    consumed: u64,
}

impl Queue {
    const ROOM: usize = 4;

    fn produce(&self, member: &Member) {
        for item in (0..).take_while(|_| member.goes_on()) {
            let state = self.state.lock().unwrap();
            let mut state = self.not_full.wait_while(state, |state| state.items.len() == Self::ROOM).unwrap();
            state.items.push_back(item);
            state.produced += item;
            self.not_empty.notify_one();
        }
        let mut state = self.state.lock().unwrap();
        state.producers -= 1;
        if state.producers == 0 {
            self.not_empty.notify_all();
        }
    }

    fn consume(&self, member: &Member, timeout: Option<Duration>) {
        loop {
            let mut state = self.state.lock().unwrap();
            while state.items.is_empty() && state.producers > 0 {
                state = match timeout {
                    None => self.not_empty.wait(state).unwrap(),
                    Some(timeout) => self.not_empty.wait_timeout(state, timeout).unwrap().0,
                };
            }
            let Some(item) = state.items.pop_front() else { break };
            state.consumed += item;
            self.not_full.notify_one();
            drop(state);
            member.progress();
        }
    }
}

#[test]
fn a_queue_of_mutex_and_condvars() {
    let queue = Arc::new(Queue::default());
    queue.state.lock().unwrap().producers = 6;
    let mut crew = Crew::default();
    let shared = queue.clone();
    crew.both("producer", 3, move |member| shared.produce(member));
    for timeout in [None, Some(Duration::from_micros(300))] {
        let shared = queue.clone();
        crew.both("consumer", 2, move |member| shared.consume(member, timeout));
    }
    crew.work();
    let state = queue.state.lock().unwrap();
    assert!(state.items.is_empty());
    assert_eq!(state.produced, state.consumed);
}

#[test]
fn a_contended_mutex() {
    let (lock, expected) = (Arc::new(Mutex::new(0_u64)), Arc::new(AtomicU64::new(0)));
    let mut crew = Crew::default();
    for holds in [false, true] {
        let (lock, expected) = (lock.clone(), expected.clone());
        crew.both(if holds { "holder" } else { "locker" }, 3, move |member| {
            while member.goes_on() {
                let mut guard = lock.lock().unwrap();
                let number = *guard;
                // A coroutine that waits with the lock held makes the others queue for it.
                if holds {
                    thread::yield_now();
                }
                *guard = number + 1;
                drop(guard);
                expected.fetch_add(1, SeqCst);
            }
        });
    }
    crew.work();
    assert_eq!(*lock.lock().unwrap(), expected.load(SeqCst));
}

#[test]
fn readers_and_writers() {
    let lock = Arc::new(RwLock::new((0_u64, 0_u64)));
    let mut crew = Crew::default();
    let shared = lock.clone();
    crew.both("reader", 3, move |member| {
        while member.goes_on() {
            let pair = shared.read().unwrap();
            thread::yield_now();
            assert_eq!(pair.0, pair.1);
        }
    });
    let shared = lock.clone();
    crew.both("writer", 2, move |member| {
        while member.goes_on() {
            let mut pair = shared.write().unwrap();
            pair.0 += 1;
            thread::yield_now();
            pair.1 += 1;
            drop(pair);
            thread::yield_now();
        }
    });
    let shared = lock.clone();
    crew.both("who tries", 1, move |member| {
        while member.goes_on() {
            if let Ok(pair) = shared.try_read() {
                assert_eq!(pair.0, pair.1);
            }
            thread::yield_now();
        }
    });
    crew.work();
    assert_eq!(lock.read().unwrap().0, lock.read().unwrap().1);
}

/// Receives until all senders are gone; with a timeout every other time.
fn receive_all(receiver: &Receiver<u64>, member: &Member, sum: &AtomicU64) {
    for turn in 0_u64.. {
        let item = match turn % 2 {
            0 => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            _ => receiver.recv_timeout(Duration::from_micros(200)),
        };
        match item {
            Ok(item) => drop(sum.fetch_add(item, SeqCst)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        member.progress();
    }
}

/// Starts senders of both kinds and a receiver of one of them.
fn add_channel(crew: &mut Crew, room: usize, receiver_is_coroutine: bool, sent: &Arc<AtomicU64>, got: &Arc<AtomicU64>) {
    let (sender, receiver): (SyncSender<u64>, _) = sync_channel(room);
    let sent = sent.clone();
    crew.both("sender", 2, move |member| {
        for item in (1..).take_while(|_| member.goes_on()) {
            sender.send(item).unwrap();
            sent.fetch_add(item, SeqCst);
        }
    });
    let got = got.clone();
    let receive = move |member: &Member| receive_all(&receiver, member, &got);
    match receiver_is_coroutine {
        true => crew.coroutine("receiver", receive),
        false => crew.os_thread("receiver", receive),
    }
}

#[test]
fn bounded_channels() {
    let (sent, got) = (Arc::default(), Arc::default());
    let mut crew = Crew::default();
    for room in [0, 1, 16] {
        add_channel(&mut crew, room, true, &sent, &got);
        add_channel(&mut crew, room, false, &sent, &got);
    }
    crew.work();
    assert_eq!(sent.load(SeqCst), got.load(SeqCst));
}

#[test]
fn unbounded_channels_there_and_back() {
    let mut crew = Crew::default();
    for (asker_is_coroutine, answerer_is_coroutine) in [(true, false), (false, true), (true, true)] {
        let (ask, asked) = channel::<u64>();
        let (answer, answered) = channel();
        let asks = move |member: &Member| {
            for number in (0..).take_while(|_| member.goes_on()) {
                ask.send(number).unwrap();
                assert_eq!(answered.recv(), Ok(number + 1));
            }
        };
        let answers = move |member: &Member| {
            for number in asked {
                member.progress();
                answer.send(number + 1).unwrap();
            }
        };
        match asker_is_coroutine {
            true => crew.coroutine("asker", asks),
            false => crew.os_thread("asker", asks),
        }
        match answerer_is_coroutine {
            true => crew.coroutine("answerer", answers),
            false => crew.os_thread("answerer", answers),
        }
    }
    crew.work();
}

#[test]
fn barriers() {
    const EACH: usize = 4;
    let barrier = Arc::new(Barrier::new(2 * EACH));
    let (leaders, rounds, last) =
        (Arc::new(AtomicUsize::new(0)), Arc::<AtomicUsize>::default(), AtomicBool::new(false));
    let (shared_leaders, shared_rounds, last) = (leaders.clone(), rounds.clone(), Arc::new(last));
    let mut crew = Crew::default();
    crew.both("waiter", EACH, move |member| {
        loop {
            let leads = barrier.wait().is_leader();
            if leads {
                shared_leaders.fetch_add(1, SeqCst);
                last.store(!member.goes_on(), SeqCst);
            }
            shared_rounds.fetch_add(1, SeqCst);
            member.progress();
            // What the leader has decided is seen by all only after they met once more.
            shared_leaders.fetch_add(usize::from(barrier.wait().is_leader()), SeqCst);
            if last.load(SeqCst) {
                break;
            }
        }
    });
    crew.work();
    assert_eq!(leaders.load(SeqCst) * EACH, rounds.load(SeqCst));
}

/// Two tasks that take turns by `park` and `unpark`.
fn take_turns(mine: usize, turn: &AtomicUsize, handles: &[OnceLock<Thread>; 2], member: &Member) {
    handles[mine].set(thread::current()).expect("everybody sets it once");
    let other = 1 - mine;
    while handles[other].get().is_none() {
        thread::yield_now();
    }
    for round in 0_u64.. {
        while turn.load(SeqCst) % 2 != mine {
            match round % 3 {
                0 => thread::park_timeout(Duration::from_micros(100)),
                _ => thread::park(),
            }
        }
        // The one who sees the end first still hands over, so that the other sees it too.
        let goes_on = member.goes_on();
        turn.fetch_add(1, SeqCst);
        handles[other].get().unwrap().unpark();
        if !goes_on {
            break;
        }
    }
}

#[test]
fn park_and_unpark() {
    let mut crew = Crew::default();
    for kinds in [[true, false], [true, true], [false, false]] {
        let turn = Arc::new(AtomicUsize::new(0));
        let handles: Arc<[OnceLock<Thread>; 2]> = Arc::default();
        for (mine, is_coroutine) in kinds.into_iter().enumerate() {
            let (turn, handles) = (turn.clone(), handles.clone());
            let turns = move |member: &Member| take_turns(mine, &turn, &handles, member);
            match is_coroutine {
                true => crew.coroutine("a partner", turns),
                false => crew.os_thread("a partner", turns),
            }
        }
    }
    crew.work();
}

#[test]
fn cells_that_are_set_once() {
    const CELLS: usize = 200_000;
    let cells: Arc<Vec<OnceLock<usize>>> = Arc::new((0..CELLS).map(|_| OnceLock::new()).collect());
    let made = Arc::new(AtomicUsize::new(0));
    let mut crew = Crew::default();
    let (shared_cells, shared_made) = (cells.clone(), made.clone());
    crew.both("user", 3, move |member| {
        for (i, cell) in shared_cells.iter().enumerate().take_while(|_| member.goes_on()) {
            let value = cell.get_or_init(|| {
                // The others arrive while this one is making it.
                thread::yield_now();
                shared_made.fetch_add(1, SeqCst);
                i
            });
            assert_eq!(*value, i);
        }
    });
    crew.work();
    assert_eq!(cells.iter().filter(|cell| cell.get().is_some()).count(), made.load(SeqCst));
}

#[test]
fn scopes_whose_handles_are_given_up() {
    /// A result that is dropped once, by whoever is the last to want it.
    struct Counted<'a>(&'a AtomicUsize, Box<usize>);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(*self.1, SeqCst);
        }
    }
    let mut crew = Crew::default();
    crew.both("parent", 2, |member| {
        for round in (0_usize..).take_while(|_| member.goes_on()) {
            let dropped = [const { AtomicUsize::new(0) }; 8];
            thread::scope(|scope| {
                for dropped in &dropped {
                    let handle = scope.spawn(move || Counted(dropped, Box::new(1)));
                    // Over the rounds the handle goes at every moment of its coroutine's life.
                    (0..round % 1000).for_each(|_| spin_loop());
                    drop(handle);
                }
            });
            assert_eq!(dropped.map(AtomicUsize::into_inner), [1; 8]);
        }
    });
    crew.work();
}

#[test]
fn waits_across_the_border() {
    let mut crew = Crew::default();
    crew.both("parent", 2, |member| {
        while member.goes_on() {
            // A coroutine waits for an OS thread that waits for a coroutine. (Not by joining the OS thread: that is the
            // real std's, and would stop the worker.)
            let number = in_coroutine(|| {
                let (answer, answered) = channel();
                os_thread::spawn(move || answer.send(in_coroutine(|| 7)).unwrap());
                answered.recv()
            });
            assert_eq!(number, Ok(7));
        }
    });
    crew.work();
}

/// Sends back what comes. A peer that leaves in the middle is no error.
fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 700];
    while let Ok(bytes @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..bytes]).is_err() {
            break;
        }
    }
}

/// Connects again and again and has messages of many sizes echoed.
fn have_echoed(address: SocketAddr, member: &Member) {
    let mut answer = vec![0; 5000];
    for connection in 0_usize.. {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        for round in 0..50 {
            if !member.goes_on() {
                return;
            }
            let bytes = (connection * 31 + round * 97) % answer.len() + 1;
            let message: Vec<u8> = (0..bytes).map(|i| (i + round) as u8).collect();
            stream.write_all(&message).unwrap();
            stream.read_exact(&mut answer[..bytes]).unwrap();
            assert!(answer[..bytes] == message, "{bytes} bytes came back changed");
        }
        // Now and then somebody who does not wait for the answer.
        if connection % 5 == 0 {
            stream.write_all(b"never mind").unwrap();
        }
    }
}

#[test]
fn sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    // Both kinds accept on the one listener, and both kinds serve what either has accepted.
    let accept = |over: Arc<AtomicBool>, listener: TcpListener| {
        move || {
            for turn in 0.. {
                let stream = match listener.accept() {
                    Ok((stream, _)) => stream,
                    Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                    Err(error) => panic!("accept: {error}"),
                };
                if over.load(SeqCst) {
                    break;
                }
                match turn % 2 {
                    0 => drop(thread::spawn(move || echo(stream))),
                    _ => drop(os_thread::spawn(move || echo(stream))),
                }
            }
        }
    };
    let coroutine = thread::spawn(accept(over.clone(), listener.try_clone().unwrap()));
    let os_thread = os_thread::spawn(accept(over.clone(), listener));

    let mut crew = Crew::default();
    crew.both("client", 4, move |member| have_echoed(address, member));
    crew.work();

    over.store(true, SeqCst);
    // One connection ends one of the two, whichever gets it.
    let _last = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
    coroutine.join().unwrap();
    os_thread::join(os_thread);
}
