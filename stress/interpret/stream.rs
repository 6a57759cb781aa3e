//! The ends of streams of bytes: sockets and pipes.

use super::channel::SHORT;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write, pipe};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use stress_program::slot::Slot;

use stress_program::program::{How, Stream};

/// Where the ends wait for their tasks.
pub(crate) struct StreamPlace {
    pub(crate) writer: Slot<Writer>,
    pub(crate) reader: Slot<Reader>,
    listener: Option<(Slot<TcpListener>, SocketAddr)>,
}

pub(crate) struct Writer {
    end: WriteEnd,
    /// How many bytes were written.
    at: usize,
}

enum WriteEnd {
    Tcp(TcpStream),
    Unix(UnixStream),
    Pipe(PipeWriter),
    Udp(UdpSocket),
}

pub(crate) struct Reader {
    end: ReadEnd,
    at: usize,
}

enum ReadEnd {
    Tcp(TcpStream),
    Unix(UnixStream),
    Pipe(PipeReader),
    Udp(UdpSocket),
}

/// Every byte of a stream is known.
fn byte(at: usize) -> u8 {
    (at.wrapping_mul(167) >> 3) as u8
}

impl StreamPlace {
    pub(crate) fn new(kind: Stream) -> StreamPlace {
        let ends = match kind {
            Stream::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = listener.local_addr().unwrap();
                let listener = Some((Slot::new(Some(listener)), address));
                return StreamPlace { writer: Slot::new(None), reader: Slot::new(None), listener };
            }
            Stream::Unix => {
                let (writer, reader) = UnixStream::pair().unwrap();
                (WriteEnd::Unix(writer), ReadEnd::Unix(reader))
            }
            Stream::Pipe => {
                let (reader, writer) = pipe().unwrap();
                (WriteEnd::Pipe(writer), ReadEnd::Pipe(reader))
            }
            Stream::Udp => {
                let (writer, reader) =
                    (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
                writer.connect(reader.local_addr().unwrap()).unwrap();
                (WriteEnd::Udp(writer), ReadEnd::Udp(reader))
            }
        };
        let (writer, reader) = (Writer { end: ends.0, at: 0 }, Reader { end: ends.1, at: 0 });
        StreamPlace { writer: Slot::new(Some(writer)), reader: Slot::new(Some(reader)), listener: None }
    }

    pub(crate) fn connect(&self) -> Writer {
        let (_, address) = self.listener.as_ref().expect("of a stream that has to be connected");
        Writer { end: WriteEnd::Tcp(TcpStream::connect(address).unwrap()), at: 0 }
    }

    pub(crate) fn accept(&self) -> Reader {
        let (listener, _) = self.listener.as_ref().expect("as above");
        let listener = listener.take().expect("one connection is accepted");
        Reader { end: ReadEnd::Tcp(listener.accept().unwrap().0), at: 0 }
    }
}

impl Writer {
    /// Whether the reader is still there depends on the interleaving, so nobody looks.
    pub(crate) fn write(&mut self, length: usize) {
        let bytes: Vec<u8> = (self.at..self.at + length).map(byte).collect();
        self.at += length;
        let _ = match &mut self.end {
            WriteEnd::Tcp(stream) => stream.write_all(&bytes),
            WriteEnd::Unix(stream) => stream.write_all(&bytes),
            WriteEnd::Pipe(pipe) => pipe.write_all(&bytes),
            WriteEnd::Udp(socket) => socket.send(&bytes).map(|_| ()),
        };
    }

    /// For its reader all has been written.
    pub(crate) fn shutdown(self) {
        // As above. What is dropped is closed.
        let _ = match &self.end {
            WriteEnd::Tcp(stream) => stream.shutdown(Shutdown::Write),
            WriteEnd::Unix(stream) => stream.shutdown(Shutdown::Write),
            WriteEnd::Pipe(_) | WriteEnd::Udp(_) => Ok(()),
        };
    }
}

impl Reader {
    /// Reads so many bytes. An error: what was read is not what was written.
    pub(crate) fn read(&mut self, length: usize, how: How) -> Result<(), String> {
        let timeout = (how == How::Timeout).then_some(SHORT);
        match &self.end {
            ReadEnd::Tcp(stream) => stream.set_read_timeout(timeout),
            ReadEnd::Unix(stream) => stream.set_read_timeout(timeout),
            ReadEnd::Udp(socket) => socket.set_read_timeout(timeout),
            ReadEnd::Pipe(_) => Ok(()),
        }
        .unwrap();
        let mut bytes = vec![0; length];
        let mut done = 0;
        while done < length {
            match self.read_some(&mut bytes[done..]) {
                Ok(0) => return Err(format!("a stream ends after {done} of {length} bytes")),
                Ok(more) => done += more,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(format!("a stream fails after {done} of {length} bytes: {error}")),
            }
        }
        let at = self.at;
        self.at += length;
        match bytes.iter().enumerate().find(|&(n, &read)| read != byte(at + n)) {
            None => Ok(()),
            Some((n, _)) => Err(format!("byte {} of a stream was changed", at + n)),
        }
    }

    fn read_some(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.end {
            ReadEnd::Tcp(stream) => stream.read(bytes),
            ReadEnd::Unix(stream) => stream.read(bytes),
            ReadEnd::Pipe(pipe) => pipe.read(bytes),
            ReadEnd::Udp(socket) => socket.recv(bytes),
        }
    }

    /// Nothing comes but the end.
    pub(crate) fn read_end(&mut self) -> Result<(), String> {
        match &self.end {
            ReadEnd::Tcp(stream) => stream.set_read_timeout(None),
            ReadEnd::Unix(stream) => stream.set_read_timeout(None),
            ReadEnd::Pipe(_) | ReadEnd::Udp(_) => Ok(()),
        }
        .unwrap();
        match self.read_some(&mut [0; 16]) {
            Ok(0) => Ok(()),
            other => Err(format!("a stream should end, and gives {other:?}")),
        }
    }
}
