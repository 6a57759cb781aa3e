//! Clients of tungstenite, in coroutines as well.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Barrier};
use std::thread;

use run_example::{Program, on_1_and_2_workers};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};

const CLIENTS: usize = 100;

fn server(workers: usize) -> (Program, String) {
    let mut program = Program::start(env!("CARGO_BIN_EXE_websocket"), workers, &[]);
    let address = program.line_after("listening on ws://").trim_end_matches('/').to_owned();
    (program, address)
}

/// Everything that the protocol has.
fn talk(address: &str, id: usize, all_there: &Barrier) {
    let stream = TcpStream::connect(address).unwrap();
    let (mut socket, _) = tungstenite::client(format!("ws://{address}/"), stream).unwrap();
    all_there.wait();
    for number in 0..10 {
        let text = Message::text(format!("client {id}, message {number}"));
        socket.send(text.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), text);
    }
    // More than a socket holds: the server reads and writes it in pieces.
    let large = Message::binary((0..300_000).map(|n| (n * 7 + id) as u8).collect::<Vec<u8>>());
    socket.send(large.clone()).unwrap();
    assert!(socket.read().unwrap() == large);

    socket.send(Message::Ping(vec![id as u8].into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong(vec![id as u8].into()));

    let goodbye = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
    socket.close(Some(goodbye.clone())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Close(Some(goodbye)));
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
}

#[test]
fn many_clients_at_once() {
    on_1_and_2_workers(|workers| {
        let (program, address) = server(workers);
        // It never ends its request, and holds up nobody.
        let mut silent = TcpStream::connect(&address).unwrap();
        silent.write_all(b"GET / HTTP/1.1\r\nUpgrade:").unwrap();
        let all_there = Arc::new(Barrier::new(CLIENTS));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|id| {
                let (address, all_there) = (address.clone(), Arc::clone(&all_there));
                thread::spawn(move || talk(&address, id, &all_there))
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        assert!(program.os_threads() < CLIENTS / 2, "{} OS threads", program.os_threads());
    });
}

#[test]
fn a_client_of_another_kind_is_refused() {
    on_1_and_2_workers(|workers| {
        let (_program, address) = server(workers);
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(!answer.contains("101 Switching"), "{answer}");
        talk(&address, 1, &Barrier::new(1));
    });
}
