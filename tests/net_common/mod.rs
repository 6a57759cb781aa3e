//! What the tests of sockets share.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use costd::net::{TcpListener, TcpStream};
use costd::thread;

/// Runs `body` in a coroutine, and then on a plain OS thread; a hang ends the process with the test's name.
pub fn on_both(name: &str, body: impl Fn() + Send + Sync + 'static) {
    let body = Arc::new(body);
    let again = Arc::clone(&body);
    in_coroutine(name, move || again());
    let _watch = Watch::new(name);
    std::thread::spawn(move || body()).join().unwrap();
}

/// Runs `body` in a coroutine; a hang ends the process with the test's name.
pub fn in_coroutine<R: Send + 'static>(name: &str, body: impl FnOnce() -> R + Send + 'static) -> R {
    let _watch = Watch::new(name);
    thread::spawn(body).join().unwrap()
}

struct Watch(Arc<AtomicBool>);

impl Watch {
    fn new(name: &str) -> Watch {
        let done = Arc::new(AtomicBool::new(false));
        let (seen, name) = (Arc::clone(&done), name.to_owned());
        std::thread::spawn(move || {
            for _ in 0..600 {
                std::thread::sleep(Duration::from_millis(100));
                if seen.load(Ordering::Relaxed) {
                    return;
                }
            }
            eprintln!("{name}: hangs");
            std::process::abort();
        });
        Watch(done)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Both ends of a connection.
pub fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, from) = listener.accept().unwrap();
    assert_eq!(from, ours.local_addr().unwrap());
    (ours, theirs)
}

/// Some time for others to get to where they wait.
pub fn a_while() {
    thread::sleep(Duration::from_millis(30));
}
