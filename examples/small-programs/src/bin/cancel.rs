//! Ending threads that wait, wherever they do: what they hold is dropped, and their locks are as good as before.

use std::coroutine::{Cancelled, JoinHandleExt, TimedOut, shield, timeout};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Says when it is dropped.
struct Witness(&'static str, Sender<&'static str>);

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.1.send(self.0);
    }
}

fn main() -> std::io::Result<()> {
    let (dropped, has_dropped) = channel();
    let (begun, has_begun) = channel();
    let start = |name, wait: Box<dyn FnOnce() + Send>| -> JoinHandle<()> {
        let (witness, begun) = (Witness(name, dropped.clone()), begun.clone());
        thread::spawn(move || {
            let _witness = witness;
            let _ = begun.send(());
            wait();
        })
    };

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    let (_peer, _) = listener.accept()?;
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let for_condvar = Arc::clone(&shared);
    let (_sender, receiver) = channel::<()>();
    let waiting = [
        start("accepting", Box::new(move || drop(listener.accept()))),
        start("reading", Box::new(move || drop((&stream).read(&mut [0])))),
        start("receiving", Box::new(move || _ = receiver.recv())),
        start("sleeping", Box::new(|| thread::sleep(Duration::from_secs(1000)))),
        start("parked", Box::new(thread::park)),
        start("waiting for a condition", {
            Box::new(move || {
                let (mutex, condvar) = &*for_condvar;
                drop(condvar.wait_while(mutex.lock().unwrap(), |number| *number == 0));
            })
        }),
    ];
    // One that is cancelled before has no time to say so.
    waiting.iter().for_each(|_| has_begun.recv().expect("they all begin"));
    for thread in waiting {
        thread.cancel();
        let payload = thread.join().expect_err("it would wait for ever");
        assert!(payload.is::<Cancelled>(), "it has panicked");
    }
    drop(dropped);
    let mut names: Vec<_> = has_dropped.iter().take(6).collect();
    names.sort_unstable();
    println!("cancelled: {}", names.join(", "));
    println!("the lock is {}", if shared.0.is_poisoned() { "poisoned" } else { "not poisoned" });

    // What must not be left half done is shielded.
    let (step, steps) = channel();
    let writing = thread::spawn(move || {
        shield(|| {
            for part in ["begun", "done"] {
                let _ = step.send(part);
                thread::sleep(Duration::from_millis(5));
            }
        });
        thread::park();
    });
    let first = steps.recv();
    writing.cancel();
    println!("shielded: {}, {}", first.unwrap_or("lost"), steps.recv().unwrap_or("lost"));
    assert!(writing.join().is_err_and(|payload| payload.is::<Cancelled>()));

    // A limit of time cancels what is inside of it, and nothing else.
    let patience = Duration::from_millis(20);
    let slow = timeout(patience, || thread::sleep(Duration::from_secs(1000)));
    let quick = timeout(patience * 1000, || "in time");
    println!("with a limit: {}, {}", if slow == Err(TimedOut) { "too slow" } else { "?" }, quick.unwrap_or("?"));
    Ok(())
}
