//! The servers, asked by the client and by hand.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use run_example::{Program, on_1_and_2_workers};

/// Starts one on a port that the system picks.
fn start(server: &str, workers: usize) -> (Program, String) {
    let mut program = Program::start(server, workers, &["127.0.0.1:0"]);
    let address = program.line_after("listening on ");
    (program, address)
}

#[test]
fn what_the_client_measures() {
    on_1_and_2_workers(|workers| {
        let (server, address) = start(env!("CARGO_BIN_EXE_server"), workers);
        let text = Program::output(env!("CARGO_BIN_EXE_client"), workers, &[&address, "200", "20"]);
        assert!(text.starts_with(&format!("200 connections to {address}, 4000 messages in ")), "{text}");
        assert!(text.contains(" messages per second\n") && text.contains("99.9% answered within "), "{text}");
        assert!(server.os_threads() < 20, "{} OS threads", server.os_threads());
    });
}

#[test]
fn a_stream_comes_back_as_it_was() {
    on_1_and_2_workers(|workers| {
        let (_server, address) = start(env!("CARGO_BIN_EXE_server"), workers);
        let talks: Vec<_> = (0..20_usize)
            .map(|id| {
                let address = address.clone();
                thread::spawn(move || {
                    let stream = TcpStream::connect(address).unwrap();
                    let sent: Vec<u8> = (0..200_000 + id).map(|n| (n * 13 + id) as u8).collect();
                    let mut got = Vec::new();
                    // It sends and receives at once: neither side has space for all of it.
                    thread::scope(|scope| {
                        scope.spawn(|| {
                            (&stream).write_all(&sent).unwrap();
                            stream.shutdown(Shutdown::Write).unwrap();
                        });
                        (&stream).read_to_end(&mut got).unwrap();
                    });
                    assert!(got == sent);
                })
            })
            .collect();
        talks.into_iter().for_each(|talk| talk.join().unwrap());
    });
}

#[test]
fn datagrams_come_back_to_who_has_sent_them() {
    on_1_and_2_workers(|workers| {
        let (server, address) = start(env!("CARGO_BIN_EXE_udp-server"), workers);
        let talks: Vec<_> = (0..50_u32)
            .map(|id| {
                let address = address.clone();
                thread::spawn(move || {
                    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                    socket.connect(&address).unwrap();
                    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    for number in 0..20_u32 {
                        let message = format!("{id}, {number}");
                        let mut answer = [0; 64];
                        socket.send(message.as_bytes()).unwrap();
                        let len = socket.recv(&mut answer).unwrap();
                        assert_eq!(&answer[..len], message.as_bytes());
                    }
                })
            })
            .collect();
        talks.into_iter().for_each(|talk| talk.join().unwrap());
        assert!(server.os_threads() < 20, "{} OS threads", server.os_threads());
    });
}
