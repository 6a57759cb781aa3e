//! Two threads that hand a number back and forth over two channels.

use crate::{MEASURING, say};
use std::sync::mpsc::channel;
use std::time::Instant;
use std::{io, thread};

const ROUND_TRIPS: u32 = 2000;

pub fn run() -> io::Result<()> {
    let (there, at_partner) = channel();
    let (back, here) = channel();
    let partner = thread::spawn(move || at_partner.into_iter().try_for_each(|number| back.send(number)));

    let batch = || {
        let start = Instant::now();
        for number in 0..ROUND_TRIPS {
            there.send(number).expect("the partner listens");
            assert_eq!(here.recv(), Ok(number));
        }
        start.elapsed() / ROUND_TRIPS
    };
    batch();
    let start = Instant::now();
    let mut times = Vec::new();
    while start.elapsed() < MEASURING {
        times.push(batch());
    }
    times.sort_unstable();
    say("nanoseconds", times[times.len() / 2].as_nanos());
    drop(there);
    partner.join().expect("it only answers").expect("somebody listened to the end");
    Ok(())
}
