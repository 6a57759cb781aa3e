//! An echo server: one thread per connection, each in a plain blocking loop.
//!
//! `server [ADDRESS]` listens on the given address, `127.0.0.1:7007` by default.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::{env, thread};

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7007".to_owned());
    let listener = TcpListener::bind(&address)?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        // A connection that the system refuses (no descriptor left, say) is not the end of the others.
        let served = stream.and_then(|stream| thread::Builder::new().spawn(move || echo(stream)));
        if let Err(refused) = served {
            eprintln!("a connection was refused: {refused}");
        }
    }
    Ok(())
}

/// Sends back what arrives until the peer has nothing more to say.
fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n])?,
        }
    }
}
