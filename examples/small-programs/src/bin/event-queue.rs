//! Ten sources, each at its own pace, and one that adds up what they have: any number of things to wait for in one loop.
//!
//! The sources could come and go; each has an id. What is done with an event is done here, one after the other, so it needs no lock.

use std::coroutine::Select;
use std::coroutine::select::{after, recv};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const SOURCES: u64 = 10;

/// What comes of an arm.
enum Event {
    Value(u64, u64),
    NoMore,
    TimeIsUp,
}

/// 10, 20, 30 and so on, ten of them; the higher the number, the slower.
fn source(number: u64) -> Receiver<u64> {
    let (values, receiver) = channel();
    thread::spawn(move || {
        for value in (10..=100).step_by(10) {
            thread::sleep(Duration::from_millis(1 + number));
            // Nobody may listen any more.
            let _ = values.send(value);
        }
    });
    receiver
}

fn main() {
    let receivers: Vec<_> = (0..SOURCES).map(source).collect();
    let (mut latest, mut updates, mut total) = ([0; SOURCES as usize], 0, 0);
    let mut events = Select::new();
    for (number, receiver) in (0..).zip(&receivers) {
        events.add(recv(receiver), move |value| value.map_or(Event::NoMore, |value| Event::Value(number, value)));
    }
    let timer = events.add(after(Duration::from_secs(30)), |()| Event::TimeIsUp);

    // Until only the timer is left.
    while events.len() > 1 {
        match events.wait() {
            (_, Event::Value(number, value)) => {
                let before = std::mem::replace(&mut latest[number as usize], value);
                total += value - before;
                updates += 1;
            }
            (source, Event::NoMore) => assert!(events.remove(source), "it was there"),
            (_, Event::TimeIsUp) => println!("that took too long"),
        }
    }
    println!("{updates} updates, the total is {total}");
    println!("the timer was left: {}", events.remove(timer));
}
