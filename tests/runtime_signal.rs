//! A signal at which the dump is written to the standard error.

#![cfg(unix)]

mod child;

use std::io::{BufRead, BufReader, PipeReader};
use std::os::fd::AsRawFd;

use child::{case, run};
use costd::runtime::{Builder, Signal, metrics};
use costd::sync::mpmc;
use costd::thread;

/// The standard error of this process, from now on.
fn take_stderr() -> BufReader<PipeReader> {
    let (reader, writer) = std::io::pipe().unwrap();
    // SAFETY: both are open; the standard error is another file from now on.
    assert_eq!(unsafe { libc::dup2(writer.as_raw_fd(), libc::STDERR_FILENO) }, libc::STDERR_FILENO);
    BufReader::new(reader)
}

fn send(signal: libc::c_int) {
    // SAFETY: sends a signal to this process.
    assert_eq!(unsafe { libc::kill(libc::getpid(), signal) }, 0);
}

/// What is written up to the last line of the one who waits.
fn read_dump(stderr: &mut BufReader<PipeReader>) -> String {
    let mut text = String::new();
    while !text.split_once("'waits'").is_some_and(|(_, rest)| rest.contains("\n  spawned at ")) {
        assert_ne!(stderr.read_line(&mut text).unwrap(), 0, "{text}");
    }
    text
}

#[test]
fn each_time_it_comes() {
    let test = "each_time_it_comes";
    let Some(case) = case() else {
        for workers in ["1", "2", "8"] {
            for (case, name) in [("variable", "SIGQUIT"), ("variable", "usr1"), ("builder", "SIGTERM")] {
                run(test, case, &[("COSTD_WORKERS", workers), ("COSTD_DUMP", name), ("NAME", name)]).succeeded();
            }
        }
        return;
    };
    let signal = match std::env::var("NAME").unwrap().as_str() {
        "SIGQUIT" => libc::SIGQUIT,
        "usr1" => libc::SIGUSR1,
        _ => libc::SIGUSR2,
    };
    if case == "builder" {
        Builder::new().dump_on(Some(Signal::USR2)).start().unwrap();
    }
    let (release, released) = mpmc::channel::<()>();
    let waiting = thread::Builder::new().name("waits".into()).spawn(move || released.recv().unwrap_err()).unwrap();
    while metrics().parked != [("Receiver::recv", 1)] {
        thread::yield_now();
    }
    let mut stderr = take_stderr();
    let mut check = || {
        let text = read_dump(&mut stderr);
        let pid = std::process::id();
        assert!(text.starts_with(&format!("costd: process {pid}, ")), "{text}");
        assert!(text.contains(" 'waits' on worker ") && text.contains(", parked in Receiver::recv for "), "{text}");
        assert!(text.contains("\n  spawned at tests/runtime_signal.rs:"), "{text}");
    };
    for _ in 0..3 {
        send(signal);
        check();
    }
    // Sent by a coroutine, and taken by whoever the system likes; nobody who waits is disturbed.
    thread::spawn(move || send(signal)).join().unwrap();
    check();
    drop(release);
    waiting.join().unwrap();
}
