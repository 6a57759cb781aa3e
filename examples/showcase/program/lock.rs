//! Many threads that all want the same lock.

use crate::{MEASURING, say};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::time::Instant;
use std::{io, thread};

pub fn run(threads: usize) -> io::Result<()> {
    let locked = Mutex::new(0_u64);
    let over = AtomicBool::new(false);
    let ready = Barrier::new(threads + 1);
    let elapsed = thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                ready.wait();
                while !over.load(Relaxed) {
                    *locked.lock().unwrap() += 1;
                }
            });
        }
        ready.wait();
        let start = Instant::now();
        thread::sleep(MEASURING);
        over.store(true, Relaxed);
        start.elapsed()
    });
    let locks = locked.into_inner().unwrap();
    say("nanoseconds", elapsed.as_nanos() as f64 / locks.max(1) as f64);
    Ok(())
}
