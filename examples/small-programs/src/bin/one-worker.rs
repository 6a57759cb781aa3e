//! A server and its clients on one OS thread: `COSTD_WORKERS=1 one-worker [CLIENTS]`, 100 by default.
//!
//! Any of them that waited without letting the others run would stop them all.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::{env, io, process, thread};

fn main() -> io::Result<()> {
    let Ok(clients) = env::args().nth(1).map_or(Ok(100), |text| text.parse::<usize>()) else {
        eprintln!("usage: one-worker [CLIENTS]");
        process::exit(2);
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || echo(stream));
        }
    });

    let asking: Vec<_> = (0..clients)
        .map(|id| {
            thread::spawn(move || -> io::Result<bool> {
                let message = [id as u8; 100];
                let mut answer = [0; 100];
                let mut stream = TcpStream::connect(address)?;
                stream.write_all(&message)?;
                stream.read_exact(&mut answer)?;
                Ok(answer == message)
            })
        })
        .collect();
    let mut right = 0;
    for client in asking {
        right += usize::from(client.join().expect("a client does not panic")?);
    }
    println!("{right} of {clients} clients have got back what they sent");
    Ok(())
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n])?,
        }
    }
}
