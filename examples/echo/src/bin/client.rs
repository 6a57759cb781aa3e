//! Measures the echo server: many connections, a thread each, one message in flight per connection.
//!
//! `client [ADDRESS [CONNECTIONS [MESSAGES]]]`, by default `127.0.0.1:7007`, 1,000 connections and 100 messages on
//! each. Every answer is compared with what was sent.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use std::{env, process, thread};

const MESSAGE_BYTES: usize = 64;

fn main() {
    if let Err(message) = run() {
        eprintln!("{message}");
        process::exit(1);
    }
}

fn run() -> Result<(), String> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7007".to_owned());
    let mut number = |name: &str, default: usize| match arguments.next() {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| format!("{name} is a number, not {text:?}")),
    };
    let connections = number("CONNECTIONS", 1000)?;
    let messages = number("MESSAGES", 100)?;
    let address = address
        .to_socket_addrs()
        .map_err(|e| format!("{address}: {e}"))?
        .next()
        .ok_or_else(|| format!("{address} has no address"))?;

    // All connect before the first message is sent, so that the clock measures messages and nothing else.
    let ready = Arc::new(Barrier::new(connections + 1));
    let talks: Vec<_> = (0..connections)
        .map(|id| {
            let ready = ready.clone();
            thread::spawn(move || {
                let stream = TcpStream::connect(address);
                ready.wait();
                talk(stream?, id, messages)
            })
        })
        .collect();
    ready.wait();
    let start = Instant::now();
    let results: Vec<_> = talks.into_iter().map(|talk| talk.join().expect("a talk does not panic")).collect();
    report(address, start.elapsed(), results)
}

/// Sends `messages` messages one after the other and returns how long each took to come back.
fn talk(mut stream: TcpStream, id: usize, messages: usize) -> io::Result<Vec<Duration>> {
    stream.set_nodelay(true)?;
    let mut latencies = Vec::with_capacity(messages);
    let mut answer = [0; MESSAGE_BYTES];
    for number in 0..messages {
        let message = message(id, number);
        let sent = Instant::now();
        stream.write_all(&message)?;
        stream.read_exact(&mut answer)?;
        latencies.push(sent.elapsed());
        if answer != message {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is not what was sent"));
        }
    }
    Ok(latencies)
}

/// A message that no other connection sends and that this one sends once.
fn message(id: usize, number: usize) -> [u8; MESSAGE_BYTES] {
    let mut message = [0; MESSAGE_BYTES];
    let text = format!("connection {id}, message {number}");
    message[..text.len()].copy_from_slice(text.as_bytes());
    message
}

fn report(address: SocketAddr, elapsed: Duration, results: Vec<io::Result<Vec<Duration>>>) -> Result<(), String> {
    let connections = results.len();
    let mut latencies = Vec::new();
    let mut failures = Vec::new();
    for result in results {
        match result {
            Ok(mut of_one) => latencies.append(&mut of_one),
            Err(error) => failures.push(error),
        }
    }
    latencies.sort_unstable();
    println!("{connections} connections to {address}, {} messages in {elapsed:.2?}", latencies.len());
    if !latencies.is_empty() {
        println!("{:.0} messages per second", latencies.len() as f64 / elapsed.as_secs_f64());
        for (name, part) in [("50%", 0.5), ("90%", 0.9), ("99%", 0.99), ("99.9%", 0.999)] {
            println!("{name:>6} answered within {:.2?}", latencies[(latencies.len() as f64 * part) as usize]);
        }
        println!("{:>6} answered within {:.2?}", "all", latencies[latencies.len() - 1]);
    }
    match failures.first() {
        None => Ok(()),
        Some(first) => Err(format!("{} connections failed, the first with: {first}", failures.len())),
    }
}
