//! One connection from its first byte to its last.

use crate::request::{self, Request};
use std::io::{self, Read, Write};

const BODY: &str = "Hello, World!\n";
/// A head that is larger than this is refused.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const READ_BYTES: usize = 2048;

/// Answers request after request until either side ends the connection.
pub fn serve(stream: impl Read + Write) -> io::Result<()> {
    Connection { stream, input: Vec::new(), output: Vec::new(), skip: 0 }.run()
}

struct Connection<S> {
    stream: S,
    /// What has arrived and is not answered: less than one request between two reads.
    input: Vec<u8>,
    /// Answers that are not sent yet. Those to pipelined requests leave together.
    output: Vec<u8>,
    /// Bytes of the present request's body that have not arrived.
    skip: u64,
}

impl<S: Read + Write> Connection<S> {
    fn run(mut self) -> io::Result<()> {
        loop {
            let goes_on = self.answer_input();
            self.stream.write_all(&self.output)?;
            self.output.clear();
            if !goes_on || self.receive()? == 0 {
                return Ok(());
            }
        }
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut buffer = [0; READ_BYTES];
        let bytes = loop {
            match self.stream.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => break result?,
            }
        };
        self.input.extend_from_slice(&buffer[..bytes]);
        Ok(bytes)
    }

    /// Answers all requests whose heads are there. Returns false if the connection ends after these answers.
    fn answer_input(&mut self) -> bool {
        let mut done = 0;
        let goes_on = loop {
            let body = self.skip.min((self.input.len() - done) as u64);
            self.skip -= body;
            done += body as usize;
            match request::parse(&self.input[done..]) {
                Ok(Some(request)) => {
                    self.answer(&request);
                    done += request.head_bytes;
                    self.skip = request.body_bytes;
                    if !request.keep_alive {
                        break false;
                    }
                }
                Ok(None) if self.input.len() - done > MAX_HEAD_BYTES => {
                    self.refuse("431 Request Header Fields Too Large");
                    break false;
                }
                Ok(None) => break true,
                Err(request::Refusal(status)) => {
                    self.refuse(status);
                    break false;
                }
            }
        };
        self.input.drain(..done);
        goes_on
    }

    fn answer(&mut self, request: &Request) {
        let connection = if request.keep_alive { "keep-alive" } else { "close" };
        let body = if request.head_only { "" } else { BODY };
        let bytes = BODY.len();
        self.push(format_args!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {bytes}\r\nConnection: {connection}\r\n\r\n{body}"
        ));
    }

    fn refuse(&mut self, status: &str) {
        self.push(format_args!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        self.output.write_fmt(text).expect("a Vec takes everything");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer that sends `pieces`, one per read, and keeps what it gets.
    struct Peer<'a> {
        pieces: std::slice::Iter<'a, &'a [u8]>,
        got: Vec<u8>,
        writes: usize,
    }

    impl Read for Peer<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.pieces.next().copied().unwrap_or_default();
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    impl Write for Peer<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            self.got.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What the server sends to `pieces`, and in how many writes.
    fn answers(pieces: &[&[u8]]) -> (String, usize) {
        let mut peer = Peer { pieces: pieces.iter(), got: Vec::new(), writes: 0 };
        let connection = Connection { stream: &mut peer, input: Vec::new(), output: Vec::new(), skip: 0 };
        connection.run().unwrap();
        (String::from_utf8(peer.got).unwrap(), peer.writes)
    }

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";

    fn hellos(text: &str) -> usize {
        text.matches(BODY).count()
    }

    #[test]
    fn pipelined_requests_are_answered_in_one_write() {
        let (text, writes) = answers(&[&GET.repeat(5)]);
        assert_eq!((hellos(&text), writes), (5, 1));
    }

    #[test]
    fn a_request_may_arrive_byte_by_byte() {
        let two = GET.repeat(2);
        let bytes: Vec<&[u8]> = two.chunks(1).collect();
        assert_eq!(hellos(&answers(&bytes).0), 2);
    }

    #[test]
    fn bodies_are_skipped_wherever_they_are_cut() {
        let posts = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nGET / HTT".repeat(3);
        for size in 1..posts.len() {
            let pieces: Vec<&[u8]> = posts.chunks(size).collect();
            assert_eq!(hellos(&answers(&pieces).0), 3, "in pieces of {size}");
        }
    }

    #[test]
    fn nothing_is_answered_after_close() {
        let (text, _) = answers(&[b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", GET]);
        assert_eq!(hellos(&text), 1);
        assert!(text.contains("Connection: close"));
    }

    #[test]
    fn head_gets_no_body() {
        let (text, _) = answers(&[b"HEAD / HTTP/1.1\r\n\r\n"]);
        assert!(text.contains("Content-Length: 14") && text.ends_with("\r\n\r\n"), "{text}");
    }

    #[test]
    fn an_endless_head_is_refused() {
        let line = [b"GET / HTTP/1.1\r\na: ".as_slice(), &[b'x'; 1000]].concat();
        let more = [b'x'; 1000].as_slice();
        let pieces: Vec<&[u8]> = std::iter::once(line.as_slice()).chain(std::iter::repeat_n(more, 20)).collect();
        assert!(answers(&pieces).0.starts_with("HTTP/1.1 431"));
    }
}
