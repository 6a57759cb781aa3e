use std::io::{Read, Write};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};

use crate::connection::{Answer, Connection};

pub trait Listener: Source {
    type Stream: Source + Read + Write;
    fn accept(&self) -> Option<Self::Stream>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    fn accept(&self) -> Option<TcpStream> {
        let (stream, _) = TcpListener::accept(self).ok()?;
        stream.set_nodelay(true).unwrap();
        Some(stream)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    fn accept(&self) -> Option<UnixStream> {
        Some(UnixListener::accept(self).ok()?.0)
    }
}

/// Answers whoever comes, for ever.
pub fn serve<L: Listener, A: Answer>(mut listener: L) {
    const LISTENER: Token = Token(usize::MAX);
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1024);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE).unwrap();
    let mut connections: Vec<Option<Connection<L::Stream, A>>> = Vec::new();
    let mut free = Vec::new();
    loop {
        poll.poll(&mut events, None).unwrap();
        for event in &events {
            if event.token() == LISTENER {
                while let Some(mut stream) = listener.accept() {
                    let place = free.pop().unwrap_or_else(|| {
                        connections.push(None);
                        connections.len() - 1
                    });
                    let both = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(place), both).unwrap();
                    connections[place] = Some(Connection::new(stream));
                }
            } else {
                let place = event.token().0;
                let over = connections[place].as_mut().is_none_or(|connection| connection.go_on().is_none());
                if over && connections[place].take().is_some() {
                    free.push(place);
                }
            }
        }
    }
}
