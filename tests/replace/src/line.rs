//! Questions over the network, a thread for each connection.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

/// Asks as many questions at once; how many answers were right.
pub fn ask_all(count: usize) -> io::Result<usize> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || answer(&listener, count));
    let callers: Vec<JoinHandle<io::Result<bool>>> =
        (0..count).map(|number| thread::spawn(move || ask(address, number))).collect();
    let mut right = 0;
    for caller in callers {
        right += usize::from(caller.join().expect("no caller fails")?);
    }
    server.join().expect("the server does not fail")?;
    Ok(right)
}

fn answer(listener: &TcpListener, count: usize) -> io::Result<()> {
    let mut lines = Vec::new();
    for stream in listener.incoming().take(count) {
        let stream = stream?;
        lines.push(thread::spawn(move || -> io::Result<()> {
            let mut question = String::new();
            BufReader::new(&stream).read_line(&mut question)?;
            writeln!(&stream, "{}?", question.trim_end())?;
            stream.shutdown(Shutdown::Write)
        }));
    }
    lines.into_iter().try_for_each(|line| line.join().expect("no line fails"))
}

fn ask(address: SocketAddr, number: usize) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.write_all(format!("{number}\n").as_bytes())?;
    let answer = io::read_to_string(&mut stream)?;
    Ok(answer == format!("{number}?\n"))
}
