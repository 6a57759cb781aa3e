//! Waiting for a connection, a time and two channels at once: one of them takes effect, the others have taken nothing.

use std::coroutine::select;
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let (numbers, number) = channel();
    let (words, word) = channel();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    thread::spawn(move || {
        words.send("hello").expect("somebody waits for it");
        thread::sleep(Duration::from_millis(20));
        numbers.send(42).expect("somebody waits for it");
    });

    let winner = select! {
        connection = accept(&listener) => format!("a connection from {:?}", connection?.1),
        () = after(Duration::from_secs(10)) => "nobody".to_owned(),
        number = recv(&number) => format!("a number, {number:?}"),
        word = recv(&word) => format!("a word, {word:?}"),
    };
    println!("the first was {winner}");
    // It was not taken by the arm that has lost.
    println!("then came {:?}", number.recv());

    // Without waiting.
    let nothing = select! {
        _ = accept(&listener) => false,
        _ = recv(&word), if winner.is_empty() => false,
        default => true,
    };
    println!("nothing else is there: {nothing}");
    Ok(())
}
