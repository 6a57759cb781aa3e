//! An HTTPS server that says hello: one thread per connection, and rustls as it is published.
//!
//! `https CERTIFICATE KEY [ADDRESS]`: the first two are files in PEM form. It listens on the given address, or on a port that
//! the system picks; the first line printed says which. To try it:
//!
//! ```text
//! openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem
//! cargo run -p https -- cert.pem key.pem 127.0.0.1:8443
//! curl --insecure https://127.0.0.1:8443/
//! ```
//!
//! rustls is on the real std, and knows a stream as something that reads and writes: costd's do. The handshake is a wait like
//! any other, in the connection's own coroutine, so nobody has to wait for a client that never ends it.

use std::error::Error;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::{env, process, thread};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [certificate, key, address @ ..] = arguments.as_slice() else {
        eprintln!("usage: https CERTIFICATE KEY [ADDRESS]");
        process::exit(2);
    };
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let config = Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?);

    let listener = TcpListener::bind(address.first().map_or("127.0.0.1:0", String::as_str))?;
    println!("listening on https://{}/", listener.local_addr()?);
    for stream in listener.incoming() {
        let config = Arc::clone(&config);
        // A connection that the system refuses (no descriptor left, say) is not the end of the others.
        let served = stream.and_then(|stream| thread::Builder::new().spawn(move || serve(stream, config)));
        if let Err(refused) = served {
            eprintln!("a connection was refused: {refused}");
        }
    }
    Ok(())
}

/// One connection from its first byte to its last.
fn serve(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    http_hello::serve(&mut stream)?;
    // The client can tell this end from one that somebody else has made.
    stream.conn.send_close_notify();
    stream.flush()
}
