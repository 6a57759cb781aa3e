//! A socket that becomes readable, its readers, and the reactor.

use std::ptr;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::readiness::{Direction, READABLE, Readiness};
use crate::task::{Task, Unparker};
use crate::wait_list::Waiter;

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

    /// As `sys::net::operation` has it.
    fn read(&self, most: u32) -> u32 {
        let task = Task::new();
        loop {
            let seen = self.readiness.seen();
            if seen.is_ready(Direction::Read) {
                match self.receive(most) {
                    0 if self.readiness.clear(Direction::Read, seen) => {}
                    0 => continue,
                    taken => {
                        if taken == most || !self.readiness.clear_after_short(Direction::Read, seen) {
                            self.readiness.pass_on(Direction::Read);
                        }
                        return taken;
                    }
                }
            }
            let waiter = Waiter::new(ptr::null_mut());
            let ready = || self.readiness.seen().is_ready(Direction::Read);
            // SAFETY: the waiter stays on this frame until it is notified.
            if unsafe { self.readiness.queue(Direction::Read).push_unless(&waiter, Unparker(task.clone()), ready) } {
                while !waiter.is_notified() {
                    task.park();
                }
            }
        }
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
