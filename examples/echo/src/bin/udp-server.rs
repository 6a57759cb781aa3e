//! A UDP echo server: several threads that receive from one socket, each in a plain blocking loop.
//!
//! `udp-server [ADDRESS [THREADS]]` listens on the given address, `127.0.0.1:7007` by default, with 4 threads.

use std::net::UdpSocket;
use std::{env, io, process, thread};

/// No datagram is larger.
const MAX_BYTES: usize = 65_535;

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7007".to_owned());
    let Ok(threads) = arguments.next().map_or(Ok(4), |text| text.parse::<usize>()) else {
        eprintln!("usage: udp-server [ADDRESS [THREADS]]");
        process::exit(2);
    };
    let socket = UdpSocket::bind(&address)?;
    println!("listening on {}", socket.local_addr()?);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| echo(&socket));
        }
    });
    Ok(())
}

/// Sends back what arrives, for ever.
fn echo(socket: &UdpSocket) {
    let mut buffer = vec![0; MAX_BYTES];
    loop {
        // What goes wrong with one datagram (its sender is gone, say) is of no concern to the others.
        let sent = socket.recv_from(&mut buffer).and_then(|(len, from)| socket.send_to(&buffer[..len], from));
        if let Err(error) = sent {
            eprintln!("a datagram was lost: {error}");
        }
    }
}
