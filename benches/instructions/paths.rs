use std::cell::Cell;
use std::hint::black_box;

use costd::io::{Read, Write};
use costd::os::unix::net::UnixStream;
use costd::sync::mpsc::{channel, sync_channel};
use costd::sync::{Arc, Condvar, Mutex};
use costd::thread;

/// What is counted.
pub struct Path {
    pub name: &'static str,
    /// What one operation is.
    pub what: &'static str,
    /// So many are enough for the worker to do far more than what is done once.
    pub operations: u64,
    run: fn(u64),
}

pub static ALL: &[Path] = &[
    Path { name: "yield", what: "yield_now, with another one that does so", operations: 200_000, run: yield_now },
    Path { name: "spawn_join", what: "spawn of a closure, and join", operations: 40_000, run: spawn_join },
    Path { name: "park", what: "unpark another one and park, both ways", operations: 40_000, run: park },
    Path { name: "ping_pong", what: "a message to another one, and the answer", operations: 40_000, run: ping_pong },
    Path { name: "rendezvous", what: "the same over two sync_channel(0)", operations: 40_000, run: rendezvous },
    Path { name: "send_recv", what: "a message that nobody waits for, taken out", operations: 400_000, run: send_recv },
    Path { name: "lock", what: "lock and unlock, uncontended", operations: 1_000_000, run: lock },
    Path { name: "condvar", what: "wait and notify, both ways", operations: 20_000, run: condvar },
    Path { name: "thread_local", what: "get of a value that is there", operations: 2_000_000, run: thread_local },
    Path { name: "echo", what: "a byte through a socket, and back", operations: 20_000, run: echo },
];

/// Runs one of them, in a coroutine.
pub fn run(name: &str, operations: u64) {
    let path = ALL.iter().find(|path| path.name == name).expect("a path of this name");
    thread::spawn(move || (path.run)(operations)).join().unwrap();
}

fn yield_now(n: u64) {
    let yields = move || (0..n / 2).for_each(|_| thread::yield_now());
    let other = thread::spawn(yields);
    yields();
    other.join().unwrap();
}

fn spawn_join(n: u64) {
    for i in 0..n {
        assert_eq!(thread::spawn(move || i).join().unwrap(), i);
    }
}

fn park(n: u64) {
    let me = thread::current();
    let other = thread::spawn(move || {
        for _ in 0..n {
            thread::park();
            me.unpark();
        }
    });
    for _ in 0..n {
        other.thread().unpark();
        thread::park();
    }
    other.join().unwrap();
}

fn ping_pong(n: u64) {
    let (to, from_us) = channel::<u64>();
    let (to_us, from) = channel::<u64>();
    let partner = thread::spawn(move || from_us.iter().for_each(|message| to_us.send(message).unwrap()));
    for message in 0..n {
        to.send(message).unwrap();
        assert_eq!(from.recv(), Ok(message));
    }
    drop(to);
    partner.join().unwrap();
}

fn rendezvous(n: u64) {
    let (to, from_us) = sync_channel::<u64>(0);
    let (to_us, from) = sync_channel::<u64>(0);
    let partner = thread::spawn(move || from_us.iter().for_each(|message| to_us.send(message).unwrap()));
    for message in 0..n {
        to.send(message).unwrap();
        assert_eq!(from.recv(), Ok(message));
    }
    drop(to);
    partner.join().unwrap();
}

fn send_recv(n: u64) {
    let (to, from) = channel::<u64>();
    for message in 0..n {
        to.send(message).unwrap();
        assert_eq!(from.recv(), Ok(message));
    }
}

fn lock(n: u64) {
    let value = Mutex::new(0);
    for _ in 0..n {
        *black_box(&value).lock().unwrap() += 1;
    }
    assert_eq!(*value.lock().unwrap(), n);
}

fn condvar(n: u64) {
    fn take_turns(shared: &(Mutex<u64>, Condvar), odd: u64, n: u64) {
        for _ in 0..n {
            let mut turn = shared.1.wait_while(shared.0.lock().unwrap(), |turn| *turn % 2 != odd).unwrap();
            *turn += 1;
            shared.1.notify_one();
        }
    }
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || take_turns(&theirs, 1, n));
    take_turns(&shared, 0, n);
    other.join().unwrap();
}

costd::thread_local! {
    static LOCAL: Cell<u64> = const { Cell::new(1) };
}

fn thread_local(n: u64) {
    #[inline(never)]
    fn get() -> u64 {
        LOCAL.get()
    }
    LOCAL.set(1);
    assert_eq!((0..n).map(|_| black_box(get())).sum::<u64>(), n);
}

fn echo(n: u64) {
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    let partner = thread::spawn(move || {
        let mut buffer = [0; 64];
        while theirs.read(&mut buffer).unwrap() == 1 {
            theirs.write_all(&buffer[..1]).unwrap();
        }
    });
    // With room for more than there is: a short read says that the socket is empty.
    let mut buffer = [0; 64];
    for i in 0..n {
        ours.write_all(&[i as u8]).unwrap();
        assert_eq!(ours.read(&mut buffer).unwrap(), 1);
        assert_eq!(buffer[0], i as u8);
    }
    drop(ours);
    partner.join().unwrap();
}
