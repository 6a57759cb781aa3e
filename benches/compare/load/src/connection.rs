use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::event::Source;
use mio::net::{TcpStream, UdpSocket, UnixStream};

/// Whom a client talks to, and how.
pub trait Address {
    type Stream: Source + Read + Write;
    fn connect(&self) -> io::Result<Self::Stream>;
}

pub struct Tcp<'a>(pub &'a str);
pub struct Unix<'a>(pub &'a str);
pub struct Udp<'a>(pub &'a str);

fn parse(address: &str) -> SocketAddr {
    address.parse().expect("an address and a port")
}

impl Address for Tcp<'_> {
    type Stream = TcpStream;
    fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(parse(self.0))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Address for Unix<'_> {
    type Stream = UnixStream;
    fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(self.0)
    }
}

/// A socket that has one peer.
pub struct Datagrams(UdpSocket);

impl Address for Udp<'_> {
    type Stream = Datagrams;
    fn connect(&self) -> io::Result<Datagrams> {
        let socket = UdpSocket::bind(parse("127.0.0.1:0"))?;
        socket.connect(parse(self.0))?;
        Ok(Datagrams(socket))
    }
}

impl Read for Datagrams {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buffer)
    }
}

impl Write for Datagrams {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Datagrams {
    fn register(&mut self, registry: &mio::Registry, token: mio::Token, interest: mio::Interest) -> io::Result<()> {
        self.0.register(registry, token, interest)
    }

    fn reregister(&mut self, registry: &mio::Registry, token: mio::Token, interest: mio::Interest) -> io::Result<()> {
        self.0.reregister(registry, token, interest)
    }

    fn deregister(&mut self, registry: &mio::Registry) -> io::Result<()> {
        self.0.deregister(registry)
    }
}
