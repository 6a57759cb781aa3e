use std::io;

use job::{Requests, report, response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixListener};
use tokio::runtime::Runtime;

/// `false`: there is no such server.
pub fn start(runtime: &Runtime, name: &str) -> bool {
    match name {
        "echo" => drop(runtime.spawn(tcp(echo))),
        "http" => drop(runtime.spawn(tcp(http))),
        "per_request" => drop(runtime.spawn(tcp(per_request))),
        "bulk" => drop(runtime.spawn(tcp(bulk))),
        "unix" => drop(runtime.spawn(unix())),
        "udp" => drop(runtime.spawn(udp())),
        _ => return false,
    }
    true
}

async fn tcp<F>(serve: fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    report("listening", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(serve(stream));
    }
}

async fn unix() {
    let path = std::env::temp_dir().join(format!("compare-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    report("listening", path.display());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(echo(stream));
    }
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            len => stream.write_all(&buffer[..len]).await?,
        }
    }
}

async fn http(mut stream: TcpStream) -> io::Result<()> {
    let mut requests = Requests::default();
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            len => stream.write_all(response(requests.count(&buffer[..len]))).await?,
        }
    }
}

async fn per_request(stream: TcpStream) -> io::Result<()> {
    let (mut reader, mut writer) = stream.into_split();
    let mut request = [0; 64];
    while reader.read_exact(&mut request).await.is_ok() {
        let answer = async move { writer.write_all(&request).await.map(|()| writer) };
        writer = tokio::spawn(answer).await.unwrap()?;
    }
    Ok(())
}

async fn bulk(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer).await? {
            0 => return stream.write_all(&u64::to_le_bytes(total)).await,
            len => total += len as u64,
        }
    }
}

async fn udp() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    report("listening", socket.local_addr().unwrap());
    let mut buffer = [0; 1024];
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
        socket.send_to(&buffer[..len], from).await.unwrap();
    }
}
