//! An echo server with a thread per connection. It runs until the driver ends the process.

use crate::{in_thread, say};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

pub fn run() -> io::Result<()> {
    in_thread(|| {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        say("address", listener.local_addr()?);
        let mut refused = false;
        for stream in listener.incoming() {
            let served = stream.and_then(|stream| thread::Builder::new().spawn(move || echo(stream)));
            // The first refusal is told, all the others would be the same.
            if let Err(error) = served
                && !refused
            {
                say("note", format_args!("the system refused the server a connection: {error}"));
                refused = true;
            }
        }
        Ok(())
    })
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n])?,
        }
    }
}
