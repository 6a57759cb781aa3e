//! Servers as a bare loop around mio, on one thread: no tasks, no timers, nothing that could be left out. What such a loop
//! cannot do, nobody can.

mod connection;
mod server;

use job::{Job, report};
use mio::net::{TcpListener, UdpSocket, UnixListener};
use mio::{Events, Interest, Poll, Token};

use connection::{Echo, Http};
use server::serve;

fn main() {
    let job = Job::from_args();
    std::thread::spawn(move || match &*job.case {
        "echo" => serve::<_, Echo>(tcp()),
        "http" => serve::<_, Http>(tcp()),
        "unix" => {
            let path = std::env::temp_dir().join(format!("compare-{}", std::process::id()));
            let listener = UnixListener::bind(&path).unwrap();
            report("listening", path.display());
            serve::<_, Echo>(listener);
        }
        "udp" => udp(),
        case => panic!("no such case: {case}"),
    });
    job::wait_for_the_end();
    job::report_memory();
}

fn tcp() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    report("listening", listener.local_addr().unwrap());
    listener
}

fn udp() {
    let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    report("listening", socket.local_addr().unwrap());
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(16);
    poll.registry().register(&mut socket, Token(0), Interest::READABLE).unwrap();
    let mut buffer = [0; 1024];
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((len, from)) => assert_eq!(socket.send_to(&buffer[..len], from).unwrap(), len),
            Err(_) => poll.poll(&mut events, None).unwrap(),
        }
    }
}
