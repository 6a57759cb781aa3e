use std::io::{self, Read, Write};

use job::{Requests, report, response};
use may::net::{TcpListener, TcpStream, UdpSocket};
use may::os::unix::net::UnixListener;

use crate::spawn;

pub fn by_name(name: &str) -> Option<fn()> {
    Some(match name {
        "echo" => || tcp(echo),
        "http" => || tcp(http),
        "per_request" => || tcp(per_request),
        "bulk" => || tcp(bulk),
        "unix" => || unix(),
        "udp" => || udp(),
        _ => return None,
    })
}

fn tcp(serve: fn(TcpStream) -> io::Result<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    report("listening", listener.local_addr().unwrap());
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        spawn(move || serve(stream));
    }
}

fn unix() {
    let path = std::env::temp_dir().join(format!("compare-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    report("listening", path.display());
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        spawn(move || echo(stream));
    }
}

fn echo(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            len => stream.write_all(&buffer[..len])?,
        }
    }
}

fn http(mut stream: TcpStream) -> io::Result<()> {
    let mut requests = Requests::default();
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            len => stream.write_all(response(requests.count(&buffer[..len])))?,
        }
    }
}

/// Each request, of 64 bytes, is answered by a thread of its own.
fn per_request(mut stream: TcpStream) -> io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut request = [0; 64];
    while stream.read_exact(&mut request).is_ok() {
        let answer = move || writer.write_all(&request).map(|()| writer);
        writer = spawn(answer).join().unwrap()?;
    }
    Ok(())
}

/// Takes all that comes, and says how much that was.
fn bulk(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => return stream.write_all(&u64::to_le_bytes(total)),
            len => total += len as u64,
        }
    }
}

fn udp() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    report("listening", socket.local_addr().unwrap());
    let mut buffer = [0; 1024];
    loop {
        let (len, from) = socket.recv_from(&mut buffer).unwrap();
        socket.send_to(&buffer[..len], from).unwrap();
    }
}
