//! Children of coroutines and of plain OS threads, how one waits for them and what they write.

mod child;
mod net_common;
mod process_common;

use std::env;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use costd::io::{self, Read, Write};
use costd::os::unix::process::{ChildExt, ExitStatusExt};
use costd::process::{self, Command, ExitStatus, Stdio};
use costd::thread;

use net_common::on_both;
use process_common::{cat, sh, text, write_all_to};

#[test]
fn how_a_child_ended() {
    on_both("how_a_child_ended", || {
        assert_eq!(sh("exit 7").status().unwrap().code(), Some(7));
        let mut child = sh("kill -TERM $$").spawn().unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (None, Some(libc::SIGTERM)));
        // It is known for good.
        assert_eq!(child.wait().unwrap(), status);
        assert_eq!(child.try_wait().unwrap(), Some(status));
        child.kill().unwrap();
        child.send_signal(libc::SIGTERM).unwrap();
    });
}

#[test]
fn kill_and_wait() {
    on_both("kill_and_wait", || {
        let mut child = cat();
        assert_eq!(child.try_wait().unwrap(), None);
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));

        let mut child = cat();
        child.send_signal(libc::SIGTERM).unwrap();
        assert_eq!(child.send_signal(-1).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            thread::sleep(Duration::from_millis(1));
        };
        assert_eq!(status.signal(), Some(libc::SIGTERM));
    });
}

#[test]
fn wait_closes_the_standard_input() {
    on_both("wait_closes_the_standard_input", || {
        let mut child = cat();
        assert!(child.wait().unwrap().success());
        assert!(child.stdin.is_none() && child.stdout.is_some());

        let mut child = cat();
        child.stdin.as_mut().unwrap().write_all(b"hello").unwrap();
        assert_eq!(child.wait_with_output().unwrap().stdout, b"hello");

        // It is closed for a command's output, too.
        assert_eq!(Command::new("cat").stdin(Stdio::piped()).output().unwrap().stdout, b"");
        assert_eq!(Command::new("cat").output().unwrap().stdout, b"");
        assert!(Command::new("cat").stdin(Stdio::piped()).status().unwrap().success());
    });
}

/// One waits while the child still runs, on whatever worker.
#[test]
fn a_wait_that_waits() {
    on_both("a_wait_that_waits", || {
        let mut child = cat();
        let stdin = child.stdin.take().unwrap();
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let closing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(30));
            is_closed.store(true, Ordering::SeqCst);
            drop(stdin);
        });
        assert!(child.wait().unwrap().success());
        assert!(closed.load(Ordering::SeqCst));
        closing.join().unwrap();
    });
}

const CHATTER: usize = 10_000_000;

fn chatter(stream: u8) -> Vec<u8> {
    (0..CHATTER).map(|i| (i * 7 + i / 251) as u8 ^ stream).collect()
}

/// A child writes much to both of its outputs, now to the one and now to the other.
#[test]
fn much_output_on_both_streams() {
    const MARK: &[u8] = b"from here on";
    if child::case().is_some() {
        // Not by the print macros: libtest has a say in those.
        for fd in [1, 2] {
            write_all_to(fd, MARK);
        }
        let (out, err) = (chatter(0), chatter(0xff));
        for (i, (out, err)) in out.chunks(10_000).zip(err.chunks(10_000)).enumerate() {
            // At times more than a pipe holds, to one side only.
            let streams = if i / 20 % 2 == 0 { [(1, out), (2, err)] } else { [(2, err), (1, out)] };
            for (fd, piece) in streams {
                write_all_to(fd, piece);
            }
        }
        process::exit(3);
    }
    on_both("much_output_on_both_streams", || {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["much_output_on_both_streams", "--exact", "--nocapture"]).env(child::CASE, "chatter");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        for (written, stream) in [(output.stdout, 0), (output.stderr, 0xff)] {
            let start = written.windows(MARK.len()).position(|window| window == MARK).unwrap() + MARK.len();
            assert!(written[start..] == chatter(stream), "stream {stream}");
        }
    });
}

/// The child ends; its own child still has the pipe.
#[test]
fn a_grandchild_that_keeps_the_pipe_open() {
    let script = "exec 3<&0; cat <&3 & echo child";
    on_both("a_grandchild_that_keeps_the_pipe_open", move || {
        let mut child = sh(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        assert!(child.wait().unwrap().success());
        stdin.write_all(b"grandchild").unwrap();
        drop(stdin);
        let mut written = String::new();
        child.stdout.as_mut().unwrap().read_to_string(&mut written).unwrap();
        assert_eq!(written, "child\ngrandchild");

        let mut child = sh(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(30));
            stdin.write_all(b"later").unwrap();
        });
        // The output ends with the last of those who may write it.
        assert_eq!(child.wait_with_output().unwrap().stdout, b"child\nlater");
        writing.join().unwrap();
    });
}

/// Who ignores the signal has no children to wait for.
#[test]
fn an_ignored_sigchld() {
    if child::case().is_some() {
        // SAFETY: nobody in this process relies on the signal.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
        let theirs = std::process::Command::new("true").status().unwrap_err();
        on_both("an_ignored_sigchld", move || {
            let same = |result: io::Result<ExitStatus>| {
                let ours = result.unwrap_err();
                assert_eq!(ours.raw_os_error(), Some(libc::ECHILD));
                assert_eq!((ours.kind(), ours.to_string()), (theirs.kind(), theirs.to_string()));
            };
            same(Command::new("true").status());
            same(Command::new("sleep").arg("0.05").status());
            assert_eq!(sh("echo hello").output().unwrap_err().raw_os_error(), Some(libc::ECHILD));
            let mut child = Command::new("true").spawn().unwrap();
            thread::sleep(Duration::from_millis(50));
            same(child.wait());
            child.try_wait().unwrap_err();
        });
        return;
    }
    child::run("an_ignored_sigchld", "ignored", &[]).succeeded();
}

/// The mode of our ends is std's as well, whatever they were used for.
#[test]
fn the_mode_of_the_pipes() {
    on_both("the_mode_of_the_pipes", || {
        let mut child = cat();
        let mut stdin = child.stdin.take().unwrap();
        let writing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            stdin.write_all(&[1; 200_000]).unwrap();
            stdin
        });
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 200_000]).unwrap();
        let stdin = writing.join().unwrap();
        for fd in [stdin.as_raw_fd(), child.stdout.as_ref().unwrap().as_raw_fd()] {
            // SAFETY: asks for the flags of an open descriptor.
            let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
            assert_eq!(flags & libc::O_NONBLOCK, 0);
        }
    });
}

/// Two outputs are read to their ends even if somebody else has set a mode on them.
#[test]
fn outputs_in_another_mode() {
    on_both("outputs_in_another_mode", || {
        let mut command = sh("sleep 0.02; echo out; echo err >&2");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        for fd in [child.stdout.as_ref().unwrap().as_raw_fd(), child.stderr.as_ref().unwrap().as_raw_fd()] {
            let mut on: libc::c_int = 1;
            // SAFETY: reads one int.
            assert_eq!(unsafe { libc::ioctl(fd, libc::FIONBIO, &mut on) }, 0);
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!((text(&output.stdout), text(&output.stderr)), ("out\n", "err\n"));
    });
}

#[test]
fn dropping_a_child_does_nothing_to_it() {
    on_both("dropping_a_child_does_nothing_to_it", || {
        let mut child = cat();
        let (stdin, id) = (child.stdin.take(), child.id() as libc::pid_t);
        drop(child);
        let state = || fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        assert!(!state().contains(") Z "));
        drop(stdin);
        // Nobody but this test waits for it.
        let mut status = 0;
        // SAFETY: writes an int.
        assert_eq!(unsafe { libc::waitpid(id, &mut status, 0) }, id);
        assert!(ExitStatus::from_raw(status).success());
    });
}

#[cfg(target_os = "linux")]
#[test]
fn descriptors_of_children() {
    use costd::os::linux::process::{ChildExt as _, CommandExt as _, PidFd};
    on_both("descriptors_of_children", || {
        assert!(Command::new("true").output().is_ok());
        let mut command = Command::new("false");
        let mut child = command.spawn().unwrap();
        child.pidfd().unwrap_err();
        child.wait().unwrap();
        child.into_pidfd().unwrap_err();

        let mut child = command.create_pidfd(true).spawn().unwrap();
        if cfg!(costd_portable) {
            child.pidfd().unwrap_err();
            assert_eq!(child.wait().unwrap().code(), Some(1));
            return;
        }
        let fd = child.pidfd().unwrap().as_raw_fd();
        // SAFETY: asks for the flags of an open descriptor.
        assert_eq!(unsafe { libc::fcntl(fd, libc::F_GETFD) } & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
        assert_eq!(child.wait().unwrap().code(), Some(1));
        let gone = child.into_pidfd().unwrap();
        assert_eq!(gone.wait().unwrap_err().raw_os_error(), Some(libc::ECHILD));
        assert_eq!(gone.kill().unwrap_err().raw_os_error(), Some(libc::ESRCH));

        let mut child = sh("read line; exit 5").stdin(Stdio::piped()).create_pidfd(true).spawn().unwrap();
        let stdin = child.stdin.take();
        let pidfd = Arc::new(PidFd::from(OwnedFd::from(child.into_pidfd().unwrap())));
        assert_eq!(pidfd.try_wait().unwrap(), None);
        // One of those who wait learns how it has ended, and the others that it has.
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let pidfd = Arc::clone(&pidfd);
                thread::spawn(move || pidfd.wait().map_err(|error| error.raw_os_error()))
            })
            .collect();
        thread::sleep(Duration::from_millis(10));
        drop(stdin);
        let mut ends: Vec<_> = waiting.into_iter().map(|one| one.join().unwrap()).collect();
        ends.sort_by_key(Result::is_err);
        assert_eq!(ends[0].unwrap().code(), Some(5));
        assert_eq!(ends[1..], [Err(Some(libc::ECHILD)); 2]);

        for (script, signal) in [("kill -TERM $$", libc::SIGTERM), ("exec sleep 1000", libc::SIGKILL)] {
            let pidfd = Command::new("sh").args(["-c", script]).create_pidfd(true).spawn().unwrap();
            let pidfd = pidfd.into_pidfd().unwrap();
            if signal == libc::SIGKILL {
                pidfd.kill().unwrap();
            }
            assert_eq!(pidfd.wait().unwrap().signal(), Some(signal));
        }
    });
}

/// As long as a debugger has not looked at a child that is dead, its parent cannot wait for it to any effect: one that waits
/// neither keeps trying nor stops its worker.
#[test]
fn a_child_that_a_debugger_traces() {
    const NAME: &str = "a_child_that_a_debugger_traces";
    match child::case().as_deref() {
        Some("parent") => {}
        Some(pid) => return trace(pid.parse().unwrap()),
        None => return drop(child::run(NAME, "parent", &[("COSTD_WORKERS", "1")]).succeeded()),
    }
    net_common::in_coroutine(NAME, || {
        let mut traced = Command::new("sleep").arg("1000").spawn().unwrap();
        let mut debugger = Command::new(env::current_exe().unwrap());
        debugger.args([NAME, "--exact", "--nocapture"]).env(child::CASE, traced.id().to_string());
        let mut debugger = debugger.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut answer = [0; 5];
        debugger.stderr.as_mut().unwrap().read_exact(&mut answer).unwrap();
        if &answer != b"ready" {
            assert_eq!(&answer, b"never");
            println!("tracing is not allowed here");
            return traced.kill().unwrap();
        }
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        traced.kill().unwrap();
        let waiting = thread::spawn(move || {
            let status = traced.wait().unwrap();
            assert!(is_over.load(Ordering::SeqCst), "the debugger has not looked yet");
            status
        });
        let (start, before) = (Instant::now(), cpu_time());
        thread::sleep(Duration::from_millis(300));
        // Who asks over and over computes for all of the time.
        let (time, spent) = (start.elapsed(), cpu_time() - before);
        assert!(spent < time / 3, "{spent:?} of computing in {time:?}");
        over.store(true, Ordering::SeqCst);
        // It ends, and with that the dead is its parent's.
        assert!(debugger.wait().unwrap().success());
        assert_eq!(waiting.join().unwrap().signal(), Some(libc::SIGKILL));
    });
}

/// Traces the process `pid` until the standard input is closed.
fn trace(pid: libc::pid_t) {
    const NONE: *mut libc::c_void = std::ptr::null_mut();
    // SAFETY: this process traces another and does not touch its memory.
    let seized = unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, NONE, NONE) } == 0;
    write_all_to(2, if seized { b"ready" } else { b"never" });
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// What this process has computed so far.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes a timespec.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
