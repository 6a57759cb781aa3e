//! The load client: one thread that drives all the connections, so that it takes little of the machine.
//!
//! First it opens the connections and has each answered once; those are held. When the driver has looked at the server
//! it keeps one request in flight on every connection for some seconds.

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const REQUEST: [u8; 64] = *b"This is a request, and its answer is the same sixty-four bytes.\n";
/// Connections that may be on their way at once; the listener's queue is not endless.
const OPENING: usize = 100;
/// A server that answers nobody for so long will not answer at all.
const PATIENCE: Duration = Duration::from_secs(3);
const MEASURING: Duration = Duration::from_secs(3);

pub fn run(address: SocketAddr, connections: usize) -> io::Result<()> {
    let mut load = Load::new(address)?;
    let held = load.open(connections)?;
    println!("held {held}");
    if io::stdin().read_line(&mut String::new())? == 0 {
        return Ok(());
    }
    let (answers, time) = load.exchange()?;
    if load.lost > 0 {
        println!("note {} connections were lost under load", load.lost);
    }
    println!("requests_per_second {}", answers as f64 / time.as_secs_f64());
    Ok(())
}

struct Load {
    address: SocketAddr,
    poll: Poll,
    events: Events,
    /// Indexed by token. A connection that failed or was lost is `None`.
    connections: Vec<Option<Connection>>,
    lost: usize,
}

struct Connection {
    stream: TcpStream,
    /// Bytes of the present request that are sent, and bytes of its answer that are here.
    sent: usize,
    received: usize,
}

impl Load {
    fn new(address: SocketAddr) -> io::Result<Load> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(1024));
        Ok(Load { address, poll, events, connections: Vec::new(), lost: 0 })
    }

    /// Opens as many connections as asked for and exchanges one request on each. Returns how many were answered.
    fn open(&mut self, wanted: usize) -> io::Result<usize> {
        let (mut held, mut failed) = (0, 0);
        let mut reason = None;
        let mut last_answer = Instant::now();
        while held + failed < wanted {
            while self.connections.len() < wanted.min(held + failed + OPENING) {
                let connection = self.connect();
                failed += usize::from(connection.is_err());
                self.connections.push(connection.map_err(|error| reason = Some(error.to_string())).ok());
            }
            self.wait(Duration::from_millis(100))?;
            for token in self.tokens() {
                match self.advance(token) {
                    Ok(false) => {}
                    Ok(true) => {
                        held += 1;
                        last_answer = Instant::now();
                    }
                    Err(error) => {
                        failed += 1;
                        reason = Some(error.to_string());
                    }
                }
            }
            if last_answer.elapsed() > PATIENCE {
                reason = Some("no answer came".to_owned());
                break;
            }
        }
        if let Some(reason) = reason {
            println!("note {} of {wanted} connections could not be had: {reason}", wanted - held);
        }
        self.connections.iter_mut().for_each(|slot| drop(slot.take_if(|connection| !connection.answered())));
        Ok(held)
    }

    /// Keeps all connections busy. Returns the number of answers and the time they took.
    fn exchange(&mut self) -> io::Result<(u64, Duration)> {
        let start = Instant::now();
        let mut answers = 0;
        for token in 0..self.connections.len() {
            answers += self.repeat(token);
        }
        while start.elapsed() < MEASURING {
            self.wait(Duration::from_millis(100))?;
            for token in self.tokens() {
                answers += self.repeat(token);
            }
        }
        Ok((answers, start.elapsed()))
    }

    /// Goes on with a connection as far as it gets, with new requests after each answer.
    fn repeat(&mut self, token: usize) -> u64 {
        let mut answers = 0;
        while let Some(connection) = &mut self.connections[token] {
            if connection.answered() {
                (connection.sent, connection.received) = (0, 0);
            }
            match self.advance(token) {
                Ok(true) => answers += 1,
                Ok(false) => break,
                Err(_) => self.lost += 1,
            }
        }
        answers
    }

    fn connect(&self) -> io::Result<Connection> {
        let mut stream = TcpStream::connect(self.address)?;
        let token = Token(self.connections.len());
        self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Connection { stream, sent: 0, received: 0 })
    }

    fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }

    fn tokens(&self) -> Vec<usize> {
        self.events.iter().map(|event| event.token().0).collect()
    }

    /// Sends and receives until the answer is complete (true) or the socket has no more for now (false). A connection
    /// that fails is dropped.
    fn advance(&mut self, token: usize) -> io::Result<bool> {
        let Some(connection) = &mut self.connections[token] else { return Ok(false) };
        let result = connection.advance();
        if result.is_err() {
            self.connections[token] = None;
        }
        result
    }
}

impl Connection {
    fn answered(&self) -> bool {
        self.received == REQUEST.len()
    }

    fn advance(&mut self) -> io::Result<bool> {
        if self.answered() {
            return Ok(false);
        }
        while self.sent < REQUEST.len() {
            match self.stream.write(&REQUEST[self.sent..]) {
                Ok(n) => self.sent += n,
                // Not connected: the connect is still under way, and an event tells of its end.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        let mut buffer = [0; REQUEST.len()];
        while !self.answered() {
            let missing = &mut buffer[self.received..];
            match self.stream.read(missing) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) if missing[..n] == REQUEST[self.received..self.received + n] => self.received += n,
                Ok(_) => return Err(io::Error::new(ErrorKind::InvalidData, "an answer is not what was asked")),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
