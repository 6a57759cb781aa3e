//! A socket that becomes readable, its readers, and the reactor.

use std::time::Instant;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::park::{self, Reason, Wait};
use crate::readiness::{Direction, READ_CLOSED, READABLE, Readiness};
use crate::task::Unparker;

struct Socket {
    /// What the kernel has for a reader. (Its own locks order the system calls: SeqCst.)
    available: AtomicU32,
    readiness: Readiness,
}

impl Socket {
    fn new() -> Arc<Socket> {
        Arc::new(Socket { available: AtomicU32::new(0), readiness: Readiness::new(Direction::Read) })
    }

    /// The system call: takes up to `most`.
    fn receive(&self, most: u32) -> u32 {
        let mut available = self.available.load(Ordering::SeqCst);
        loop {
            let taken = available.min(most);
            match self.available.compare_exchange(available, available - taken, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return taken,
                Err(now) => available = now,
            }
        }
    }

    /// As `sys::descriptor::operation` has it. `None`: interrupted, or the time is up and nothing was there.
    fn read_until(&self, most: u32, deadline: Option<Instant>) -> Option<u32> {
        let mut last = false;
        loop {
            let seen = self.readiness.seen();
            if seen.is_ready(Direction::Read) || last {
                match self.receive(most) {
                    0 if self.readiness.clear(Direction::Read, seen) => {}
                    0 if last => {
                        self.readiness.pass_on(Direction::Read);
                        return None;
                    }
                    0 => continue,
                    taken => {
                        if taken == most || !self.readiness.clear_after_short(Direction::Read, seen) {
                            self.readiness.pass_on(Direction::Read);
                        }
                        return Some(taken);
                    }
                }
            }
            if last {
                return None;
            }
            let wait = park::wait_until_ready(&self.readiness, Direction::Read, deadline, Reason::SocketRead)?;
            last = wait == Wait::TimedOut;
        }
    }

    fn read(&self, most: u32) -> u32 {
        self.read_until(most, None).unwrap()
    }

    /// Something comes, and the reactor is told.
    fn arrive(&self, some: u32) {
        self.available.fetch_add(some, Ordering::SeqCst);
        self.readiness.set(READABLE);
    }
}

fn bounded(body: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(body);
}

/// Short reads clear the bit, and no edge is lost by that.
#[test]
fn nothing_is_left_unread() {
    bounded(|| {
        let socket = Socket::new();
        let kernel = {
            let socket = socket.clone();
            thread::spawn(move || {
                socket.arrive(1);
                socket.arrive(1);
            })
        };
        let mut read = 0;
        while read < 2 {
            read += socket.read(3);
        }
        kernel.join().unwrap();
    });
}

/// One event for what two readers take: the first wakes the second.
#[test]
fn a_wake_is_passed_on() {
    bounded(|| {
        let socket = Socket::new();
        let other = {
            let socket = socket.clone();
            thread::spawn(move || assert_eq!(socket.read(1), 1))
        };
        let kernel = {
            let socket = socket.clone();
            thread::spawn(move || socket.arrive(2))
        };
        assert_eq!(socket.read(1), 1);
        other.join().unwrap();
        kernel.join().unwrap();
    });
}

/// Two events, two readers that take all there is.
#[test]
fn an_event_for_each() {
    bounded(|| {
        let socket = Socket::new();
        let reader = |socket: Arc<Socket>| move || assert!(socket.read(3) > 0);
        let other = thread::spawn(reader(socket.clone()));
        let kernel = {
            let socket = socket.clone();
            thread::spawn(move || {
                socket.arrive(1);
                // The second comes once one reader is done, so that neither takes both.
                while socket.available.load(Ordering::SeqCst) > 0 {
                    thread::yield_now();
                }
                socket.arrive(1);
            })
        };
        reader(socket)();
        other.join().unwrap();
        kernel.join().unwrap();
    });
}

/// The second stands in the queue, and each has its event, or is told by the one before.
#[test]
fn one_in_the_slot_and_one_in_the_queue() {
    bounded(|| {
        let socket = Socket::new();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let socket = socket.clone();
                thread::spawn(move || assert_eq!(socket.read(1), 1))
            })
            .collect();
        socket.arrive(1);
        socket.arrive(1);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// Two stand in the queue, and one event is for both.
#[test]
fn two_in_the_queue() {
    bounded(|| {
        let socket = Socket::new();
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let socket = socket.clone();
                thread::spawn(move || {
                    loop {
                        let seen = socket.readiness.seen();
                        if seen.is_ready(Direction::Read) {
                            assert_eq!(socket.receive(1), 1);
                            return socket.readiness.pass_on(Direction::Read);
                        }
                        let ready = || socket.readiness.is_ready_or_told(Direction::Read);
                        let queue = socket.readiness.queue(Direction::Read);
                        let _ = park::wait(queue, None, Reason::SocketRead, ready);
                    }
                })
            })
            .collect();
        socket.arrive(2);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// One who no longer wants to wait (its time is up, or it is cancelled) takes nobody's wake along.
#[test]
fn one_leaves() {
    for cancelled in [false, true] {
        bounded(move || {
            let socket = Socket::new();
            let other = {
                let socket = socket.clone();
                thread::spawn(move || socket.read(1))
            };
            let kernel = {
                let (socket, me) = (socket.clone(), Unparker::current());
                thread::spawn(move || {
                    socket.arrive(1);
                    if cancelled {
                        me.cancel();
                    }
                })
            };
            let deadline = (!cancelled).then(Instant::now);
            let mine = socket.read_until(1, deadline).unwrap_or(0);
            if mine == 1 {
                socket.arrive(1);
            }
            assert_eq!(other.join().unwrap(), 1);
            kernel.join().unwrap();
        });
    }
}

/// The end wakes all: one in the slot, and one who stands in the queue because of a place elsewhere.
#[test]
fn the_end_is_for_everybody() {
    bounded(|| {
        let socket = Socket::new();
        let waits = |socket: Arc<Socket>| {
            move || {
                while !socket.readiness.seen().is_at_end(Direction::Read) {
                    let _ = park::wait_until_ready(&socket.readiness, Direction::Read, None, Reason::SocketRead);
                }
            }
        };
        let other = thread::spawn(waits(socket.clone()));
        let kernel = {
            let socket = socket.clone();
            thread::spawn(move || socket.readiness.set(READ_CLOSED))
        };
        let ready = || socket.readiness.is_ready_or_told(Direction::Read);
        let _ = park::wait(socket.readiness.queue(Direction::Read), None, Reason::SocketRead, ready);
        other.join().unwrap();
        kernel.join().unwrap();
    });
}
