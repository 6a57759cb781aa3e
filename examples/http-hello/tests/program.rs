//! The server, asked by many clients at once.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Barrier};
use std::thread;

use run_example::{Program, on_1_and_2_workers};

const CLIENTS: usize = 200;
const GET: &str = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\
                      Connection: keep-alive\r\n\r\nHello, World!\n";

fn server(workers: usize) -> (Program, SocketAddr) {
    let mut program = Program::start(env!("CARGO_BIN_EXE_http-hello"), workers, &[]);
    let address = program.line_after("listening on http://").trim_end_matches('/').parse().unwrap();
    (program, address)
}

fn ask(stream: &mut TcpStream, times: usize) {
    stream.write_all(GET.repeat(times).as_bytes()).unwrap();
    let mut answers = vec![0; ANSWER.len() * times];
    stream.read_exact(&mut answers).unwrap();
    assert_eq!(String::from_utf8_lossy(&answers), ANSWER.repeat(times));
}

#[test]
fn many_clients_at_once() {
    on_1_and_2_workers(|workers| {
        let (program, address) = server(workers);
        // It never ends its request, and holds up nobody.
        let mut slow = TcpStream::connect(address).unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
        let all_there = Arc::new(Barrier::new(CLIENTS));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let all_there = Arc::clone(&all_there);
                thread::spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    ask(&mut stream, 1);
                    all_there.wait();
                    // One after the other, then in one go.
                    (0..5).for_each(|_| ask(&mut stream, 1));
                    ask(&mut stream, 16);
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        assert!(program.os_threads() < CLIENTS / 2, "{} OS threads", program.os_threads());
        slow.write_all(b" here\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, ANSWER.replace("keep-alive", "close"));
    });
}
