//! Peers that reset, and close one half; listeners that are shut down: coroutines see what threads of std see, and those that
//! have nothing to do with it see nothing.

#![cfg(target_os = "linux")]

mod child;
mod fault_common;

use child::{case, run};
use costd::io::{Read, Write};
use costd::os::unix::net::UnixStream;
use costd::thread;
use fault_common::watch;

fn on_workers(test: &str, f: impl FnOnce()) {
    if case().is_none() {
        for workers in ["1", "3"] {
            run(test, "go", &[("COSTD_WORKERS", workers)]).succeeded();
        }
        return;
    }
    watch(test);
    f();
}

/// What came of an operation, in a word.
fn word<T: std::fmt::Debug>(result: std::io::Result<T>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{:?} {:?}", error.kind(), error.raw_os_error()),
    }
}

/// The same scenarios, on whichever crate `$std` is. Each returns what it has seen.
macro_rules! scenarios {
    ($name:ident, $std:ident) => {
        mod $name {
            use $std::io::{Read, Write};
            use $std::net::{Shutdown, TcpListener, TcpStream};
            use $std::os::fd::AsFd;
            use $std::os::unix::net::UnixStream;
            use $std::thread;
            use $std::time::Duration;

            use super::word;

            fn pair() -> (TcpStream, TcpStream) {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                (near, listener.accept().unwrap().0)
            }

            /// Ends a connection by a reset.
            fn reset(stream: TcpStream) {
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                drop(stream);
            }

            /// Some time for the other side to get to where it waits. What it sees is the same if it does not.
            fn a_while() {
                thread::sleep(Duration::from_millis(20));
            }

            fn write_until_error(stream: &mut TcpStream) -> String {
                loop {
                    if let Err(error) = stream.write(&[0; 10_000]) {
                        break word::<()>(Err(error));
                    }
                }
            }

            pub fn reset_before_accept() -> Vec<String> {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                reset(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
                a_while();
                let seen = match listener.accept() {
                    Ok((mut stream, _)) => vec![word(stream.read(&mut [0; 5])), word(stream.read(&mut [0; 5]))],
                    Err(error) => vec![word::<()>(Err(error))],
                };
                let connected = TcpStream::connect(listener.local_addr().unwrap());
                seen.into_iter().chain([word(connected.map(drop)), word(listener.accept().map(drop))]).collect()
            }

            pub fn reset_while_reading() -> Vec<String> {
                let (mut near, far) = pair();
                let reads = thread::spawn(move || {
                    let first = word(near.read(&mut [0; 5]));
                    vec![first, word(near.read(&mut [0; 5])), word(near.write(&[0])), word(near.peer_addr().map(drop))]
                });
                a_while();
                reset(far);
                reads.join().unwrap()
            }

            pub fn reset_in_the_midst_of_a_message() -> Vec<String> {
                let (mut near, mut far) = pair();
                far.write_all(b"half").unwrap();
                let reads = thread::spawn(move || {
                    let mut message = [0; 8];
                    let exact = word(near.read_exact(&mut message));
                    vec![exact, format!("{message:?}"), word(near.take_error().map(|error| error.is_some()))]
                });
                a_while();
                reset(far);
                reads.join().unwrap()
            }

            pub fn reset_with_data_unread() -> Vec<String> {
                let (mut near, mut far) = pair();
                far.write_all(b"data").unwrap();
                a_while();
                reset(far);
                a_while();
                let mut text = Vec::new();
                vec![word(near.peek(&mut [0; 2])), word(near.read_to_end(&mut text)), format!("{text:?}")]
            }

            pub fn reset_while_writing() -> Vec<String> {
                let (mut near, far) = pair();
                let writes = thread::spawn(move || {
                    let first = write_until_error(&mut near);
                    vec![
                        first,
                        write_until_error(&mut near),
                        word(near.read(&mut [0])),
                        word(near.shutdown(Shutdown::Both)),
                    ]
                });
                a_while();
                reset(far);
                writes.join().unwrap()
            }

            pub fn reset_of_what_was_not_accepted() -> Vec<String> {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = listener.local_addr().unwrap();
                let mut near = TcpStream::connect(address).unwrap();
                let reads = thread::spawn(move || vec![word(near.read(&mut [0])), word(near.write(&[0]))]);
                a_while();
                drop(listener);
                let mut seen = reads.join().unwrap();
                seen.push(word(TcpStream::connect(address).map(drop)));
                seen
            }

            pub fn both_at_once() -> Vec<String> {
                let (near, far) = pair();
                let mut reader = near.try_clone().unwrap();
                let reads = thread::spawn(move || word(reader.read(&mut [0])));
                let mut writer = near.try_clone().unwrap();
                let writes = thread::spawn(move || write_until_error(&mut writer));
                a_while();
                reset(far);
                // One of them is told of the reset, the other finds the connection gone.
                let mut seen = vec![reads.join().unwrap(), writes.join().unwrap()];
                seen.iter_mut().for_each(|word| {
                    *word = (word.starts_with("ConnectionReset") || word.starts_with("BrokenPipe") || word == "0")
                        .to_string()
                });
                seen
            }

            pub fn peer_of_a_unix_stream_goes() -> Vec<String> {
                let (mut near, far) = UnixStream::pair().unwrap();
                near.write_all(b"unread").unwrap();
                let reads = thread::spawn(move || {
                    vec![word(near.read(&mut [0])), word(near.read(&mut [0])), word(near.write(&[0]))]
                });
                a_while();
                drop(far);
                reads.join().unwrap()
            }

            pub fn half_closed() -> Vec<String> {
                let (mut near, mut far) = pair();
                far.shutdown(Shutdown::Write).unwrap();
                let mut seen = vec![word(near.read(&mut [0])), word(near.read(&mut [0]))];
                near.write_all(b"still").unwrap();
                let mut bytes = [0; 5];
                seen.push(word(far.read_exact(&mut bytes)));
                seen.push(word(far.write(&[0])));
                seen.push(word(far.shutdown(Shutdown::Write)));
                seen.push(word(near.shutdown(Shutdown::Write)));
                seen.push(word(near.write(&[0])));
                seen.push(word(far.read(&mut [0])));
                seen.push(word(near.shutdown(Shutdown::Both)));
                seen.push(word(near.peer_addr().map(drop)));
                seen
            }

            pub fn our_half_is_closed_while_we_read() -> Vec<String> {
                let (near, mut far) = pair();
                let mut reader = near.try_clone().unwrap();
                let reads = thread::spawn(move || {
                    let first = word(reader.read(&mut [0; 5]));
                    (first, reader)
                });
                a_while();
                near.shutdown(Shutdown::Read).unwrap();
                let (first, mut reader) = reads.join().unwrap();
                let mut seen = vec![first, word(reader.read(&mut [0; 5]))];
                seen.push(word(far.write(b"late")));
                a_while();
                seen.push(word(reader.read(&mut [0; 5])));
                seen.push(word((&near).write(b"x")));
                seen.push(word(far.read(&mut [0; 5])));
                seen
            }

            pub fn half_closed_unix() -> Vec<String> {
                let (mut near, mut far) = UnixStream::pair().unwrap();
                let mut reader = near.try_clone().unwrap();
                let reads = thread::spawn(move || vec![word(reader.read(&mut [0])), word(reader.read(&mut [0]))]);
                a_while();
                far.shutdown(Shutdown::Write).unwrap();
                let mut seen = reads.join().unwrap();
                seen.push(word(near.write(b"x")));
                seen.push(word(far.read(&mut [0; 5])));
                seen.push(word(far.write(&[0])));
                near.shutdown(Shutdown::Read).unwrap();
                seen.push(word(far.write(&[0])));
                seen
            }

            pub fn a_listener_is_shut_down() -> Vec<String> {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let accepts: Vec<_> = (0..4)
                    .map(|_| {
                        let listener = listener.try_clone().unwrap();
                        thread::spawn(move || (word(listener.accept().map(drop)), word(listener.accept().map(drop))))
                    })
                    .collect();
                a_while();
                // Another handle, that of somebody who knows the descriptor only.
                let other: socket2::Socket = listener.as_fd().try_clone_to_owned().unwrap().into();
                drop(listener);
                other.shutdown(Shutdown::Both).unwrap();
                accepts.into_iter().flat_map(|thread| <[String; 2]>::from(thread.join().unwrap())).collect()
            }

            pub fn a_handle_of_a_listener_is_closed() -> Vec<String> {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = listener.local_addr().unwrap();
                let clone = listener.try_clone().unwrap();
                let accepts =
                    thread::spawn(move || vec![word(clone.accept().map(drop)), word(clone.accept().map(drop))]);
                a_while();
                // It goes on listening for the other.
                drop(listener);
                let first = word(TcpStream::connect(address).map(drop));
                let second = word(TcpStream::connect(address).map(drop));
                let mut seen = accepts.join().unwrap();
                seen.extend([first, second, word(TcpStream::connect(address).map(drop))]);
                seen
            }

            pub const ALL: &[(&str, fn() -> Vec<String>)] = &[
                ("reset before accept", reset_before_accept),
                ("reset while reading", reset_while_reading),
                ("reset in the midst of a message", reset_in_the_midst_of_a_message),
                ("reset with data unread", reset_with_data_unread),
                ("reset while writing", reset_while_writing),
                ("reset of what was not accepted", reset_of_what_was_not_accepted),
                ("reset for a reader and a writer", both_at_once),
                ("peer of a Unix stream goes", peer_of_a_unix_stream_goes),
                ("half closed", half_closed),
                ("our half is closed while we read", our_half_is_closed_while_we_read),
                ("half closed, Unix", half_closed_unix),
                ("a listener is shut down", a_listener_is_shut_down),
                ("a handle of a listener is closed", a_handle_of_a_listener_is_closed),
            ];
        }
    };
}

scenarios!(theirs, std);
scenarios!(ours, costd);

/// Every phase of a connection, with std's threads first; then with coroutines, twenty at once beside some that have nothing to
/// do with it, and on a plain thread.
#[test]
fn resets_and_half_closes_are_stds() {
    on_workers("resets_and_half_closes_are_stds", || {
        let expected: Vec<_> =
            theirs::ALL.iter().map(|(name, scenario)| (name, std::thread::spawn(scenario))).collect();
        let expected: Vec<_> = expected.into_iter().map(|(name, thread)| (name, thread.join().unwrap())).collect();
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let bystander = thread::spawn(move || {
            let mut byte = [0];
            let mut count = 0;
            while near.read(&mut byte).unwrap() == 1 {
                near.write_all(&byte).unwrap();
                count += 1;
            }
            count
        });
        for ((name, expected), (_, scenario)) in expected.iter().zip(ours::ALL) {
            let many: Vec<_> = (0..20).map(|_| thread::spawn(scenario)).collect();
            for thread in many {
                assert_eq!(&thread.join().unwrap(), expected, "{name}");
                far.write_all(b"x").unwrap();
                far.read_exact(&mut [0]).unwrap();
            }
            assert_eq!(&scenario(), expected, "{name}, on a thread");
        }
        drop(far);
        assert_eq!(bystander.join().unwrap(), 20 * expected.len());
    });
}
