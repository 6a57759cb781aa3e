//! No memory for stacks: `Builder::spawn` says so, `thread::spawn` panics, as std's do; and nothing else breaks.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use child::{case, run};
use costd::coroutine::{Select, select};
use costd::io::{Read, Write};
use costd::net::{TcpListener, TcpStream};
use costd::panic::AssertUnwindSafe;
use costd::sync::mpsc::channel;
use costd::sync::{Arc, Condvar, Mutex};
use costd::thread::{self, Builder};
use costd::time::Duration;
use fault_common::{address_space, limit, watch};

const LARGE: usize = 1 << 30;

/// Has no more than a few hundred stacks left.
fn limit_memory() {
    limit(libc::RLIMIT_AS, address_space() + (256 << 20));
}

fn text_of(panicked: Box<dyn std::any::Any + Send>) -> String {
    *panicked.downcast().expect("a formatted message")
}

/// What std says, this process says, too: the same errors, the same panics, from a coroutine and from a plain thread.
#[test]
fn refused_as_stds() {
    if case().is_none() {
        for workers in ["1", "3"] {
            for guards in ["", "mprotect"] {
                run("refused_as_stds", "go", &[("COSTD_WORKERS", workers), ("COSTD_GUARDS", guards)]).succeeded();
            }
        }
        return;
    }
    watch("refused_as_stds");
    thread::spawn(|| ()).join().unwrap();
    limit_memory();
    let check = || {
        let theirs = std::thread::Builder::new().stack_size(LARGE).spawn(|| ()).unwrap_err();
        let ours = Builder::new().stack_size(LARGE).spawn(|| ()).unwrap_err();
        assert_eq!((ours.raw_os_error(), ours.kind()), (theirs.raw_os_error(), theirs.kind()));
        let scoped = thread::scope(|scope| Builder::new().stack_size(LARGE).spawn_scoped(scope, || ()).map(drop));
        assert_eq!(scoped.unwrap_err().raw_os_error(), theirs.raw_os_error());
        format!("failed to spawn thread: {theirs:?}")
    };
    let expected = std::thread::spawn(check).join().unwrap();
    assert_eq!(thread::spawn(check).join().unwrap(), expected);
    // With stacks of the default size it is a matter of their number.
    let all = Arc::new(Mutex::new(Vec::new()));
    let fill = {
        let all = Arc::clone(&all);
        move || {
            while let Ok(thread) = Builder::new().spawn(thread::park) {
                all.lock().unwrap().push(thread);
            }
            // Here, for when this one has ended there is room for one.
            let spawn = costd::panic::catch_unwind(|| thread::spawn(|| ()));
            let spawn_in_scope = costd::panic::catch_unwind(|| thread::scope(|scope| drop(scope.spawn(|| ()))));
            [text_of(spawn.unwrap_err()), text_of(spawn_in_scope.unwrap_err())]
        }
    };
    let hook = costd::panic::take_hook();
    costd::panic::set_hook(Box::new(|_| ()));
    assert_eq!(thread::spawn(fill).join().unwrap(), [expected.clone(), expected]);
    costd::panic::set_hook(hook);
    let count = all.lock().unwrap().len();
    assert!(count > 50, "{count} threads");
    for thread in all.lock().unwrap().drain(..) {
        thread.thread().unpark();
        thread.join().unwrap();
    }
    thread::spawn(|| ()).join().unwrap();
}

/// An expression of a select that gets no stack: the select panics as a spawn does. A set goes on without that arm.
#[test]
fn a_select_is_refused_an_expression() {
    if case().is_none() {
        // A limit for stacks alone: where all else is refused memory, too, nothing can be said about it.
        run("a_select_is_refused_an_expression", "go", &[("COSTD_STACK_LIMIT", "256m")]).succeeded();
        return;
    }
    watch("a_select_is_refused_an_expression");
    let check = || {
        let mut all = Vec::new();
        while let Ok(thread) = Builder::new().spawn(thread::park) {
            all.push(thread);
        }
        let (tx, rx) = channel();
        let mut select = Select::new();
        select.add(select::child(|| panic!("it has no stack")), |()| 0);
        select.add(select::recv(&rx), |n| n.unwrap());
        let refused = text_of(costd::panic::catch_unwind(AssertUnwindSafe(|| select.wait())).unwrap_err());
        assert!(refused.starts_with("failed to spawn thread: "), "{refused}");
        assert_eq!(select.len(), 1);
        assert!(select.wait_timeout(Duration::ZERO).is_none());
        tx.send(1).unwrap();
        assert_eq!(select.wait().1, 1);
        for thread in all {
            thread.thread().unpark();
            thread.join().unwrap();
        }
    };
    thread::spawn(check).join().unwrap();
    check();
}

/// A number that somebody waits for.
#[derive(Default)]
struct Count(Mutex<usize>, Condvar);

impl Count {
    fn change(&self, f: impl FnOnce(usize) -> usize) {
        let mut count = self.0.lock().unwrap();
        *count = f(*count);
        self.1.notify_all();
    }

    fn wait_while(&self, not_yet: impl Fn(usize) -> bool) -> usize {
        *self.1.wait_while(self.0.lock().unwrap(), |count| not_yet(*count)).unwrap()
    }
}

/// Closures that serve a connection, or are going to; and spawns that were refused.
#[derive(Default)]
struct Counts {
    alive: Count,
    refused: Count,
}

struct Alive(Arc<Counts>);

impl Alive {
    fn new(counts: &Arc<Counts>) -> Alive {
        counts.alive.change(|n| n + 1);
        Alive(Arc::clone(counts))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.change(|n| n - 1);
    }
}

/// A server that spawns for each connection: some are refused, all others are served to the end, and when they are, there is
/// room for more.
#[test]
fn a_server_goes_on() {
    if case().is_none() {
        for workers in ["1", "3"] {
            run("a_server_goes_on", "go", &[("COSTD_WORKERS", workers)]).succeeded();
        }
        return;
    }
    watch("a_server_goes_on");
    const CLIENTS: usize = 1000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let counts = Arc::new(Counts::default());
    let counts_there = Arc::clone(&counts);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let alive = Alive::new(&counts_there);
            let serve = move || {
                let _alive = alive;
                let mut byte = [0];
                while stream.read(&mut byte).unwrap() == 1 {
                    stream.write_all(&byte).unwrap();
                }
            };
            // A refused closure is dropped, and the connection with it.
            if Builder::new().spawn(serve).is_err() {
                counts_there.refused.change(|n| n + 1);
            }
        }
    });
    thread::spawn(move || {
        for round in 0..3 {
            if round == 1 {
                limit_memory();
            }
            let clients = if round == 0 { 20 } else { CLIENTS };
            let mut served = 0;
            let mut streams: Vec<_> = (0..clients).map(|_| TcpStream::connect(address).unwrap()).collect();
            for (n, stream) in streams.iter_mut().enumerate() {
                let mut byte = [0];
                if stream.write_all(&[n as u8]).is_ok() && matches!(stream.read(&mut byte), Ok(1)) {
                    assert_eq!(byte, [n as u8]);
                    served += 1;
                }
            }
            let refused = counts.refused.wait_while(|refused| served + refused < clients);
            assert_eq!(served + refused, clients);
            counts.refused.change(|_| 0);
            let as_expected = if round == 0 { served == clients } else { (50..clients).contains(&served) };
            assert!(as_expected, "{served} in round {round}");
            drop(streams);
            counts.alive.wait_while(|alive| alive > 0);
        }
    })
    .join()
    .unwrap();
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(1).unwrap());
    assert_eq!(receiver.recv(), Ok(1));
}
