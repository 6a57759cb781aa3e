//! A WebSocket server that sends back what it gets: one thread per connection, and tungstenite as it is published.
//!
//! `websocket [ADDRESS]` listens on the given address, or on a port that the system picks; the first line printed says which.
//!
//! tungstenite is on the real std, and knows a stream as something that reads and writes: costd's do.

use std::net::{TcpListener, TcpStream};
use std::{env, io, thread};

use tungstenite::{Error, HandshakeError};

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(&address)?;
    println!("listening on ws://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        let served = stream.and_then(|stream| {
            let peer = stream.peer_addr()?;
            thread::Builder::new().spawn(move || {
                if let Err(error) = echo(stream) {
                    eprintln!("{peer}: {error}");
                }
            })
        });
        // A connection that the system refuses (no descriptor left, say) is not the end of the others.
        if let Err(refused) = served {
            eprintln!("a connection was refused: {refused}");
        }
    }
    Ok(())
}

/// One connection from its first byte to its last.
fn echo(stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut socket = tungstenite::accept(stream).map_err(|error| match error {
        HandshakeError::Failure(error) => error,
        HandshakeError::Interrupted(_) => unreachable!("a stream that blocks says nothing of blocking"),
    })?;
    loop {
        match socket.read() {
            // Pings are answered by the library, and so is a close.
            Ok(message) if message.is_text() || message.is_binary() => socket.send(message)?,
            Ok(_) => {}
            Err(Error::ConnectionClosed) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
