use std::io::{ErrorKind, Read, Write};

use job::{Requests, response};

/// What is written for what was read.
pub trait Answer: Default {
    fn answer<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8];
}

#[derive(Default)]
pub struct Echo;

impl Answer for Echo {
    fn answer<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        bytes
    }
}

#[derive(Default)]
pub struct Http(Requests);

impl Answer for Http {
    fn answer<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        response(self.0.count(bytes))
    }
}

pub struct Connection<S, A> {
    stream: S,
    answer: A,
    /// What the socket had no room for.
    rest: Vec<u8>,
}

impl<S: Read + Write, A: Answer> Connection<S, A> {
    pub fn new(stream: S) -> Connection<S, A> {
        Connection { stream, answer: A::default(), rest: Vec::new() }
    }

    /// Answers what has come. `None`: it is over.
    pub fn go_on(&mut self) -> Option<()> {
        let mut buffer = [0; 1024];
        loop {
            if !self.rest.is_empty() {
                let rest = std::mem::take(&mut self.rest);
                self.write(&rest)?;
                if !self.rest.is_empty() {
                    return Some(());
                }
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(len) => {
                    let answer = self.answer.answer(&buffer[..len]);
                    write(&mut self.stream, &mut self.rest, answer)?;
                    // Less than there was room for: that was all.
                    if len < buffer.len() && self.rest.is_empty() {
                        return Some(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(()),
                Err(_) => return None,
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Option<()> {
        write(&mut self.stream, &mut self.rest, bytes)
    }
}

/// Writes what there is room for, and leaves the rest in `rest`. `None`: it is over.
fn write(stream: &mut impl Write, rest: &mut Vec<u8>, mut bytes: &[u8]) -> Option<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(len) => bytes = &bytes[len..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(_) => return None,
        }
    }
    rest.extend_from_slice(bytes);
    Some(())
}
