//! Pipes between coroutines, plain OS threads and the kernel's other users.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use costd::io::{self, ErrorKind, IoSlice, IoSliceMut, PipeReader, PipeWriter, Read, Write, pipe};
use costd::sync::mpsc;
use costd::thread;

const LARGE: usize = 3_000_000;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 251) as u8).collect()
}

/// Runs `f` in a coroutine.
fn coroutine<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::spawn(f)
}

/// Runs `f` on a plain OS thread.
fn os_thread<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> std::thread::JoinHandle<T> {
    std::thread::spawn(f)
}

fn transfer(mut reader: PipeReader, mut writer: PipeWriter, reader_is_coroutine: bool, writer_is_coroutine: bool) {
    let sent = pattern(LARGE);
    let expected = sent.clone();
    let write = move || assert_eq!(writer.write(&sent).unwrap(), LARGE, "a blocking write writes all");
    let read = move || {
        let mut received = Vec::new();
        reader.read_to_end(&mut received).unwrap();
        assert!(received == expected);
    };
    match (reader_is_coroutine, writer_is_coroutine) {
        (true, true) => {
            let (a, b) = (coroutine(read), coroutine(write));
            a.join().unwrap();
            b.join().unwrap();
        }
        (true, false) => {
            let (a, b) = (coroutine(read), os_thread(write));
            a.join().unwrap();
            b.join().unwrap();
        }
        (false, true) => {
            let (a, b) = (os_thread(read), coroutine(write));
            a.join().unwrap();
            b.join().unwrap();
        }
        (false, false) => {
            let (a, b) = (os_thread(read), os_thread(write));
            a.join().unwrap();
            b.join().unwrap();
        }
    }
}

#[test]
fn every_byte_arrives_whoever_reads_and_writes() {
    for reader in [false, true] {
        for writer in [false, true] {
            let (r, w) = pipe().unwrap();
            transfer(r, w, reader, writer);
            let (r, w) = pipe().unwrap();
            // Exposed: others may know them.
            let (r, w) = (PipeReader::from(OwnedFd::from(r)), PipeWriter::from(OwnedFd::from(w)));
            transfer(r, w, reader, writer);
        }
    }
}

#[test]
fn a_reader_that_waits_lets_others_run() {
    let (mut reader, mut writer) = pipe().unwrap();
    let (ready, is_ready) = mpsc::channel();
    let reading = coroutine(move || {
        ready.send(()).unwrap();
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        byte[0]
    });
    // On one worker the reader would keep this one from ever writing.
    coroutine(move || {
        is_ready.recv().unwrap();
        thread::sleep(Duration::from_millis(5));
        writer.write_all(&[9]).unwrap();
    })
    .join()
    .unwrap();
    assert_eq!(reading.join().unwrap(), 9);
}

#[test]
fn closed_ends() {
    coroutine(|| {
        let (mut reader, writer) = pipe().unwrap();
        drop(writer);
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0);

        let (reader, mut writer) = pipe().unwrap();
        drop(reader);
        assert_eq!(writer.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);

        // While one waits.
        let (mut reader, writer) = pipe().unwrap();
        let reading = coroutine(move || reader.read(&mut [0; 4]).unwrap());
        thread::sleep(Duration::from_millis(5));
        drop(writer);
        assert_eq!(reading.join().unwrap(), 0);

        let (reader, mut writer) = pipe().unwrap();
        let writing = coroutine(move || {
            let written = writer.write(&vec![0; LARGE]).unwrap();
            assert!(0 < written && written < LARGE);
            writer.write(b"x").unwrap_err().kind()
        });
        thread::sleep(Duration::from_millis(5));
        drop(reader);
        assert_eq!(writing.join().unwrap(), ErrorKind::BrokenPipe);
    })
    .join()
    .unwrap();
}

#[test]
fn nothing_asked_for_is_nothing_waited_for() {
    coroutine(|| {
        let (mut reader, mut writer) = pipe().unwrap();
        assert_eq!(reader.read(&mut []).unwrap(), 0);
        assert_eq!(reader.read_vectored(&mut []).unwrap(), 0);
        assert_eq!(writer.write(&[]).unwrap(), 0);
        assert_eq!(writer.write_vectored(&[]).unwrap(), 0);
    })
    .join()
    .unwrap();
}

#[test]
fn several_buffers() {
    coroutine(|| {
        let (mut reader, mut writer) = pipe().unwrap();
        assert_eq!(writer.write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"cde")]).unwrap(), 5);
        let (mut a, mut b) = ([0; 3], [0; 3]);
        let n = reader.read_vectored(&mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)]).unwrap();
        assert_eq!((n, &a, &b[..2]), (5, b"abc", &b"de"[..]));
    })
    .join()
    .unwrap();
}

/// Clones read and write the same pipe; every message of a page or less arrives in one piece.
#[test]
fn many_writers_and_readers() {
    const WRITERS: usize = 16;
    const MESSAGES: usize = 500;
    let (reader, writer) = pipe().unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|i| {
            let mut writer = writer.try_clone().unwrap();
            coroutine(move || {
                for _ in 0..MESSAGES {
                    assert_eq!(writer.write(&[i as u8; 64]).unwrap(), 64);
                }
            })
        })
        .collect();
    drop(writer);
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let mut reader = reader.try_clone().unwrap();
            coroutine(move || {
                let mut counts = [0; WRITERS];
                loop {
                    let mut message = [0; 64];
                    match reader.read(&mut message).unwrap() {
                        0 => return counts,
                        n => {
                            assert_eq!(n, 64);
                            assert!(message.iter().all(|byte| *byte == message[0]));
                            counts[usize::from(message[0])] += 1;
                        }
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let mut counts = [0; WRITERS];
    for reader in readers {
        for (sum, n) in counts.iter_mut().zip(reader.join().unwrap()) {
            *sum += n;
        }
    }
    assert_eq!(counts, [MESSAGES; WRITERS]);
}

fn is_nonblocking(fd: &impl AsRawFd) -> bool {
    // SAFETY: asks for the flags of an open descriptor.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    assert_ne!(flags, -1);
    flags & libc::O_NONBLOCK != 0
}

#[test]
fn the_mode_is_stds_as_far_as_anybody_sees() {
    coroutine(|| {
        let (mut reader, mut writer) = pipe().unwrap();
        writer.write_all(b"ab").unwrap();
        reader.read_exact(&mut [0; 2]).unwrap();
        assert!(!is_nonblocking(&reader) && !is_nonblocking(&writer));
        let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
        assert!(!is_nonblocking(&reader) && !is_nonblocking(&writer));
    })
    .join()
    .unwrap();
}

#[test]
fn who_asked_for_no_wait_does_not_wait() {
    for on_coroutine in [false, true] {
        let body = || {
            let (mut reader, mut writer) = pipe().unwrap();
            for fd in [reader.as_raw_fd(), writer.as_raw_fd()] {
                let mut on: libc::c_int = 1;
                // SAFETY: reads one int.
                assert_eq!(unsafe { libc::ioctl(fd, libc::FIONBIO, &mut on) }, 0);
            }
            assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
            let written = writer.write(&vec![0; LARGE]).unwrap();
            assert!(0 < written && written < LARGE);
            assert_eq!(writer.write(&[0; 4096]).unwrap_err().kind(), ErrorKind::WouldBlock);
        };
        if on_coroutine { coroutine(body).join().unwrap() } else { os_thread(body).join().unwrap() }
    }
}

/// Timers of the same worker stay punctual while a pipe is busy.
#[test]
fn a_busy_pipe_starves_nobody() {
    let (mut reader, mut writer) = pipe().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let writing = coroutine(move || {
        let mut written = 0;
        while !is_over.load(Ordering::Relaxed) {
            writer.write_all(&[1; 128]).unwrap();
            written += 128;
        }
        written
    });
    let reading = coroutine(move || io::copy(&mut reader, &mut io::sink()).unwrap());
    // The two go on until these have been slept.
    let sleeps = coroutine(move || (0..5).for_each(|_| thread::sleep(Duration::from_millis(1))));
    sleeps.join().unwrap();
    over.store(true, Ordering::Relaxed);
    let written = writing.join().unwrap();
    assert_eq!(reading.join().unwrap(), written);
}

/// `io::copy` from and to what costd has types of its own for, and between them and std's.
#[test]
fn copies_between_all_kinds() {
    use costd::fs::File;
    use costd::net::{TcpListener, TcpStream};
    use costd::os::unix::net::UnixStream;

    coroutine(|| {
        let path = std::env::temp_dir().join(format!("costd-copy-{}", std::process::id()));
        let expected = pattern(LARGE);
        std::fs::write(&path, &expected).unwrap();
        let (mut reader, mut writer) = pipe().unwrap();
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let len = LARGE as u64;
        // A file, a pipe, a Unix socket, a TCP socket, memory.
        let steps = [
            coroutine({
                let path = path.clone();
                move || io::copy(&mut File::open(path).unwrap(), &mut writer).unwrap()
            }),
            coroutine(move || io::copy(&mut reader, &mut near).unwrap()),
            coroutine(move || io::copy(&mut far, &mut client).unwrap()),
        ];
        let mut received = Vec::new();
        assert_eq!(io::copy(&mut server, &mut received).unwrap(), len);
        for step in steps {
            assert_eq!(step.join().unwrap(), len);
        }
        assert!(received == expected);
        std::fs::remove_file(&path).unwrap();
    })
    .join()
    .unwrap();
}
