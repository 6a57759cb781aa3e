//! Clients of rustls, in coroutines as well, that trust the server's certificate and nothing else.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::{fs, thread};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use run_example::{Program, on_1_and_2_workers};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const CLIENTS: usize = 30;
const REQUESTS: usize = 10;
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\nConnection: ";

/// A server with a certificate that it signed itself, its address, and who trusts it.
fn server(test: &str, workers: usize) -> (Program, SocketAddr, Arc<ClientConfig>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{workers}"));
    fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(path("cert.pem"), cert.pem()).unwrap();
    fs::write(path("key.pem"), signing_key.serialize_pem()).unwrap();

    let arguments = [&*path("cert.pem"), &*path("key.pem")];
    let mut program = Program::start(env!("CARGO_BIN_EXE_https"), workers, &arguments);
    let address = program.line_after("listening on https://").trim_end_matches('/').parse().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    (program, address, Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

type Client = StreamOwned<ClientConnection, TcpStream>;

fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> Client {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    StreamOwned::new(connection, TcpStream::connect(address).unwrap())
}

/// Asks, and reads the answer.
fn ask(client: &mut Client, connection: &str) -> io::Result<()> {
    write!(client, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n")?;
    let expected = format!("{ANSWER}{connection}\r\n\r\nHello, World!\n");
    let mut answer = vec![0; expected.len()];
    client.read_exact(&mut answer)?;
    assert_eq!(String::from_utf8_lossy(&answer), expected);
    Ok(())
}

#[test]
fn many_clients_at_once() {
    on_1_and_2_workers(|workers| {
        let (program, address, config) = server("many", workers);
        // It never says a word, and holds up nobody.
        let silent = TcpStream::connect(address).unwrap();
        let all_there = Arc::new(Barrier::new(CLIENTS));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (config, all_there) = (Arc::clone(&config), Arc::clone(&all_there));
                thread::spawn(move || {
                    let mut client = connect(address, &config);
                    for request in 1..=REQUESTS {
                        ask(&mut client, if request == REQUESTS { "close" } else { "keep-alive" }).unwrap();
                        if request == 1 {
                            // All of them are connected at the same time.
                            all_there.wait();
                        }
                    }
                    // The server's goodbye: without it this is an error.
                    assert_eq!(client.read(&mut [0]).unwrap(), 0);
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        assert!(program.os_threads() < CLIENTS / 2, "{} OS threads", program.os_threads());
        drop(silent);
    });
}

#[test]
fn no_plain_text_and_no_strangers() {
    on_1_and_2_workers(|workers| {
        let (_program, address, config) = server("strangers", workers);
        let mut plain = TcpStream::connect(address).unwrap();
        plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        // Whether the alert arrives before the reset is up to the kernel.
        let _ = plain.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).contains("Hello"));

        let stranger = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        let refused = ask(&mut connect(address, &Arc::new(stranger)), "close").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "{refused}");
        ask(&mut connect(address, &config), "close").unwrap();
    });
}
