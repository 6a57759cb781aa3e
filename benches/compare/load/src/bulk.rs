use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// Sends so many bytes over one connection and waits until the server says that it has them all.
pub fn run(address: &str, size: u64) {
    let piece = vec![7; 256 * 1024];
    let send = |size: u64| {
        let mut stream = TcpStream::connect(address).unwrap();
        let start = Instant::now();
        let mut left = size;
        while left > 0 {
            let len = left.min(piece.len() as u64);
            stream.write_all(&piece[..len as usize]).unwrap();
            left -= len;
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut total = [0; 8];
        stream.read_exact(&mut total).unwrap();
        assert_eq!(u64::from_le_bytes(total), size, "not all has come");
        size as f64 / start.elapsed().as_secs_f64() / 1e6
    };
    // For warming up.
    send(size / 10);
    println!("rate {}", send(size));
}
