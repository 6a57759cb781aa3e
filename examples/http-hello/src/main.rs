//! An HTTP/1.1 server that says hello: keep-alive, pipelining, one thread per connection.
//!
//! `http-hello [ADDRESS]` listens on the given address or port of this machine. By default the system picks a port;
//! the first line printed says which.

use std::net::TcpListener;
use std::{env, io, thread};

fn main() -> io::Result<()> {
    let address = match env::args().nth(1) {
        None => "127.0.0.1:0".to_owned(),
        Some(port) if port.parse::<u16>().is_ok() => format!("127.0.0.1:{port}"),
        Some(address) => address,
    };
    let listener = TcpListener::bind(&address)?;
    println!("listening on http://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        // A connection that the system refuses (no descriptor left, say) is not the end of the others.
        let served = stream.and_then(|stream| {
            stream.set_nodelay(true)?;
            thread::Builder::new().spawn(move || http_hello::serve(stream))
        });
        if let Err(refused) = served {
            eprintln!("a connection was refused: {refused}");
        }
    }
    Ok(())
}
