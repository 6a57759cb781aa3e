//! What asks the servers: a loop around mio on one thread, so that it costs as little as can be beside the server.
//!
//! `load KIND ADDRESS CONNECTIONS IDLE SIZE MILLISECONDS PID`: on each of the connections one request of `SIZE` bytes is on
//! its way at any time; the server, process `PID`, is to send it back. It is looked at whether it does. `IDLE` more
//! connections are there and say nothing. Reports a line each: `rate` (requests a second) and `cpu` (the server's CPU seconds
//! for a million requests).

mod bulk;
mod client;

mod connection;
mod window;

use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, address, numbers @ ..] = &args[..] else { panic!("usage: KIND ADDRESS …") };
    let numbers: Vec<u64> = numbers.iter().map(|number| number.parse().unwrap()).collect();
    let [connections, idle, size, time, pid] = numbers[..] else { panic!("five numbers are missing") };
    let (time, server) = (Duration::from_millis(time), pid as u32);
    match &**kind {
        "tcp" => client::run(&connection::Tcp(address), connections, idle, size, time, server, false),
        "churn" => client::run(&connection::Tcp(address), connections, idle, size, time, server, true),
        "unix" => client::run(&connection::Unix(address), connections, idle, size, time, server, false),
        "udp" => client::run(&connection::Udp(address), connections, idle, size, time, server, false),
        "bulk" => bulk::run(address, size),
        _ => panic!("no such kind: {kind}"),
    }
}
