//! Things done side by side, as in one expression: all of them, or the first that ends.

use std::coroutine::{join, race};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// As somebody far away would do it.
fn look_up(name: &str, takes: Duration) -> usize {
    thread::sleep(takes);
    name.len()
}

fn main() {
    let (numbers, number) = channel();
    let (words, word) = channel();
    thread::spawn(move || {
        words.send("hello").expect("somebody waits for it");
        thread::sleep(Duration::from_millis(5));
        numbers.send(42).expect("somebody waits for it");
    });

    let (start, time) = (Instant::now(), Duration::from_millis(100));
    let names = ["one", "three"];
    // They borrow, or take what they use up, and need no longer together than the longest of them.
    let (short, long, number, word) =
        join!(look_up(names[0], time), look_up(names[1], time), number.into_iter().next(), word.into_iter().next());
    println!("{short} and {long}, {number:?}, {word:?}");
    println!("one after the other: {}", start.elapsed() >= 2 * time);

    // Those that are too late have been cancelled, and have ended, when this goes on.
    let first = race!(look_up("far away", HOUR), look_up("near", Duration::from_millis(1)), look_up("further", HOUR));
    println!("the first: {first}");
}
