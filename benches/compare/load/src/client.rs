use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};

use crate::connection::Address;
use crate::window::Window;

struct Client<S> {
    stream: S,
    /// How much of the answer is there; `None` until the first request is sent.
    received: Option<usize>,
    requests: u64,
}

/// Asks until the time is over. With `churn`, each connection has one request, and another takes its place.
pub fn run<A: Address>(address: &A, connections: u64, idle: u64, size: u64, time: Duration, server: u32, churn: bool) {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1024);
    let connect = |place: usize, poll: &Poll| {
        let mut stream = address.connect().unwrap();
        poll.registry().register(&mut stream, Token(place), Interest::READABLE | Interest::WRITABLE).unwrap();
        Client { stream, received: None, requests: 0 }
    };
    let size = size as usize;
    let mut buffer = vec![0; size + 1];
    // The silent ones first, each known to stand: it has asked once.
    let mut silent = Vec::new();
    for place in 0..idle as usize {
        let mut client = connect(place, &poll);
        while client.requests == 0 {
            poll.poll(&mut events, None).unwrap();
            client.go_on(place, size, &mut buffer);
        }
        poll.registry().deregister(&mut client.stream).unwrap();
        silent.push(client);
    }
    let mut clients: Vec<_> = (0..connections as usize).map(|place| connect(place, &poll)).collect();
    let mut window = Window::new(time, server);
    loop {
        poll.poll(&mut events, Some(Duration::from_millis(100))).unwrap();
        let mut answered = 0;
        for event in &events {
            let place = event.token().0;
            let client = &mut clients[place];
            let before = client.requests;
            client.go_on(place, size, &mut buffer);
            if client.requests == before {
                continue;
            }
            answered += 1;
            if churn {
                clients[place] = connect(place, &poll);
            } else {
                client.ask(place, size);
            }
        }
        if window.note(answered) {
            return;
        }
    }
}

impl<S: Read + Write> Client<S> {
    /// Sends the first request as soon as that can be done; takes what is there, up to the end of an answer.
    fn go_on(&mut self, place: usize, size: usize, buffer: &mut [u8]) {
        loop {
            let Some(received) = self.received else {
                if !self.ask(place, size) {
                    return;
                }
                continue;
            };
            match self.stream.read(&mut buffer[..size - received + 1]) {
                Ok(0) => panic!("the server has closed a connection"),
                Ok(len) => {
                    let expected = self.byte(place);
                    assert!(buffer[..len].iter().all(|&byte| byte == expected), "another answer than was asked for");
                    if received + len < size {
                        self.received = Some(received + len);
                        continue;
                    }
                    assert_eq!(received + len, size, "more than was asked for");
                    self.requests += 1;
                    self.received = None;
                    return;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("reading: {error}"),
            }
        }
    }

    /// What this request is made of: neither its neighbours' nor the one before.
    fn byte(&self, place: usize) -> u8 {
        (place as u64 * 7 + self.requests) as u8
    }

    /// `false`: the connection does not stand yet.
    fn ask(&mut self, place: usize, size: usize) -> bool {
        let request = [self.byte(place); 1024];
        match self.stream.write(&request[..size]) {
            Ok(len) => assert_eq!(len, size, "a request is written in one piece"),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => return false,
            Err(error) => panic!("writing: {error}"),
        }
        self.received = Some(0);
        true
    }
}
