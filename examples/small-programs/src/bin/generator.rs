//! A generator: a function that returns many values, one after the other, and is left standing in between.
//!
//! It is a coroutine and a channel without space. What it does between two values may wait, here for a clock.

use std::sync::mpsc::{IntoIter, SendError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

fn main() {
    for number in generator(fibonacci).take_while(|&number| number < 200) {
        println!("{number}");
    }
    // The one that was not wanted to the end has ended, too: nobody takes its next value.
    let pairs = generator(fibonacci).zip(generator(squares)).take(4);
    println!("{:?}", pairs.collect::<Vec<_>>());
}

/// The values that `function` gives to its sender, as an iterator.
fn generator<T: Send + 'static>(
    function: impl FnOnce(SyncSender<T>) -> Result<(), SendError<T>> + Send + 'static,
) -> IntoIter<T> {
    let (sender, receiver) = sync_channel(0);
    thread::spawn(move || function(sender));
    receiver.into_iter()
}

fn fibonacci(out: SyncSender<u32>) -> Result<(), SendError<u32>> {
    let (mut one, mut next) = (1_u32, 1);
    loop {
        out.send(one)?;
        thread::sleep(Duration::from_millis(2));
        (one, next) = (next, one.wrapping_add(next));
    }
}

fn squares(out: SyncSender<u32>) -> Result<(), SendError<u32>> {
    (1..).try_for_each(|number: u32| out.send(number * number))
}
