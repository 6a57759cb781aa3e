//! How a child is started, by coroutines and by plain OS threads: what it gets, and what it does not.

mod child;
mod net_common;
mod process_common;

use std::env;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use costd::io::{self, ErrorKind, Read, Write};
use costd::os::unix::process::CommandExt;
use costd::process::{self, Child, Command, Stdio};
use costd::thread;

use net_common::on_both;
use process_common::{cat, sh, text, write_all_to};

#[test]
fn the_errors_of_a_start_are_stds() {
    fn compare(set: impl Fn(&mut std::process::Command)) {
        let mut theirs = std::process::Command::new("true");
        set(&mut theirs);
        let theirs = theirs.spawn().unwrap_err();
        let mut command = std::process::Command::new("true");
        set(&mut command);
        let mut command = Command::from(command);
        for ours in [command.spawn().unwrap_err(), command.output().unwrap_err(), command.status().unwrap_err()] {
            assert_eq!((ours.kind(), ours.to_string()), (theirs.kind(), theirs.to_string()));
        }
    }
    on_both("the_errors_of_a_start_are_stds", || {
        compare(|command| *command = std::process::Command::new("no-such-program-anywhere"));
        compare(|command| *command = std::process::Command::new("/"));
        compare(|command| {
            command.arg("a\0b");
        });
        compare(|command| {
            command.current_dir("/no/such/directory");
        });
        let error = Command::new("no-such-program-anywhere").output().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(Command::new("no-such-program-anywhere").exec().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn directory_and_environment() {
    on_both("directory_and_environment", || {
        assert_eq!(sh("pwd").current_dir("/").output().unwrap().stdout, b"/\n");
        let mut command = Command::new("env");
        command.env_clear().env("A", "1").envs([("B", "2"), ("C", "3")]).env_remove("C");
        command.env("PATH", env::var_os("PATH").unwrap());
        let output = command.output().unwrap();
        let mut lines: Vec<_> = text(&output.stdout).lines().filter(|line| !line.starts_with("PATH=")).collect();
        lines.sort();
        assert_eq!(lines, ["A=1", "B=2"]);
        assert_eq!(command.get_program(), "env");
        assert_eq!(command.get_current_dir(), None);
        assert_eq!(command.get_envs().count(), 3);
        assert_eq!(sh("true").get_args().collect::<Vec<_>>(), ["-c", "true"]);
        assert_eq!(sh("echo $0").arg0("me").output().unwrap().stdout, b"me\n");
    });
}

/// What a command is set to holds for each start; what `output` needs for itself does not outlive it.
#[test]
fn a_command_starts_several_children() {
    if child::case().is_some() {
        let mut command = sh("echo \"[$0]\"; cat");
        command.arg("a child");
        let body = move || {
            for _ in 0..2 {
                assert_eq!(command.output().unwrap().stdout, b"[a child]\n");
            }
            let mut child = command.spawn().unwrap();
            assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
            assert!(child.wait().unwrap().success());
            assert!(command.status().unwrap().success());
            assert_eq!(command.output().unwrap().stdout, b"[a child]\n");
            command
        };
        let mut command = thread::spawn(body).join().unwrap();
        // The same one on a plain OS thread.
        assert_eq!(command.output().unwrap().stdout, b"[a child]\n");
        assert!(command.status().unwrap().success());
        assert_eq!(command.stdout(Stdio::null()).output().unwrap().stdout, b"");
        assert_eq!(thread::spawn(move || command.output().unwrap().stdout).join().unwrap(), b"");
        return;
    }
    let ended = child::run("a_command_starts_several_children", "inherit", &[]).succeeded();
    // The three that have inherited the standard output.
    assert_eq!(text(&ended.output.stdout).matches("[a child]\n").count(), 3);
}

#[test]
fn streams_that_are_set_stay_set_for_output() {
    on_both("streams_that_are_set_stay_set_for_output", || {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"from a pipe").unwrap();
        drop(writer);
        let output = Command::new("cat").stdin(reader).stderr(Stdio::inherit()).output().unwrap();
        assert_eq!((text(&output.stdout), text(&output.stderr)), ("from a pipe", ""));
    });
}

#[test]
fn before_the_program_is_executed() {
    on_both("before_the_program_is_executed", || {
        let parent = process::id();
        let mut command = sh("echo program");
        // SAFETY: system calls alone.
        unsafe {
            command.pre_exec(move || {
                assert_ne!(process::id(), parent);
                write_all_to(1, b"first\n");
                Ok(())
            });
            command.pre_exec(|| {
                write_all_to(1, b"second\n");
                Ok(())
            });
        }
        assert_eq!(text(&command.output().unwrap().stdout), "first\nsecond\nprogram\n");
        // SAFETY: it only makes a number an error.
        unsafe { command.pre_exec(|| Err(io::Error::from_raw_os_error(libc::EXDEV))) };
        assert_eq!(command.output().unwrap_err().raw_os_error(), Some(libc::EXDEV));

        let script = "read pid name state parent group session rest </proc/$$/stat; echo $pid $group $session";
        let ids = |command: &mut Command| {
            let output = command.output().unwrap();
            let mut ids = text(&output.stdout).split_whitespace().map(|id| id.parse::<u32>().unwrap());
            [(); 3].map(|()| ids.next().unwrap())
        };
        // Leads it a group, leads it a session?
        let leads = |command: &mut Command| {
            let [pid, group, session] = ids(command);
            (pid == group, pid == session)
        };
        let mut command = sh(script);
        assert_eq!(leads(&mut command), (false, false));
        assert_eq!(leads(command.setsid(true)), (true, true));
        assert_eq!(leads(command.setsid(false)), (false, false));
        assert_eq!(leads(command.setsid(true)), (true, true));
        assert_eq!(leads(sh(script).process_group(0)), (true, false));
    });
}

/// What runs there still looks like the coroutine that starts the child. It waits in the kernel, and no other coroutine
/// of its worker goes on in the new process.
#[test]
fn nothing_is_switched_before_the_program_is_executed() {
    if child::case().is_some() {
        let parent = process::id();
        let over = Arc::new(AtomicBool::new(false));
        let (is_over, strays) = (Arc::clone(&over), io::pipe().unwrap());
        let (mut stray, mut has_strayed) = strays;
        let other = thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                if process::id() != parent {
                    has_strayed.write_all(b"x").unwrap();
                    process::abort();
                }
                thread::yield_now();
            }
        });
        thread::spawn(move || {
            let (mut reader, mut writer) = io::pipe().unwrap();
            let writing = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(50));
                writer.write_all(&[7; 1000]).unwrap();
            });
            let mut command = sh("exit 0");
            // SAFETY: nothing is allocated, and there is no lock that others have.
            unsafe {
                command.pre_exec(move || {
                    // More than a coroutine does at a stretch.
                    for _ in 0..1000 {
                        let mut byte = [0];
                        reader.read_exact(&mut byte)?;
                        thread::yield_now();
                    }
                    Ok(())
                });
            }
            assert!(command.status().unwrap().success());
            writing.join().unwrap();
        })
        .join()
        .unwrap();
        over.store(true, Ordering::SeqCst);
        other.join().unwrap();
        assert_eq!(stray.read(&mut [0]).unwrap(), 0);
        return;
    }
    let name = "nothing_is_switched_before_the_program_is_executed";
    child::run(name, "start", &[("COSTD_WORKERS", "1")]).succeeded();
}

#[test]
fn exec_takes_the_place_of_the_process() {
    match child::case().as_deref() {
        Some("thread") => panic!("{}", sh("echo $$ it is").exec()),
        Some(_) => thread::spawn(|| panic!("{}", sh("echo $$ it is").exec())).join().unwrap(),
        None => {
            for case in ["thread", "coroutine"] {
                let ended = child::run("exec_takes_the_place_of_the_process", case, &[]);
                assert!(ended.output.status.success(), "{}", ended.stderr);
                assert!(text(&ended.output.stdout).contains(" it is\n"));
            }
        }
    }
}

/// A child gets the descriptors that it gets from std, in the mode that it gets them in.
#[test]
fn what_a_child_inherits() {
    /// The numbers of its descriptors, the mode of the standard streams, and its signals.
    const SCRIPT: &str = "read line; cd /proc/$$; echo fd/*; \
                          for file in status fdinfo/0 fdinfo/1 fdinfo/2; do while read name value; do \
                          case $name in Sig[BIC]*|flags*) echo $name $value;; esac; done <$file; done";
    if child::case().is_some() {
        let mut theirs = std::process::Command::new("sh");
        theirs.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut theirs = theirs.spawn().unwrap();
        theirs.stdin.take().unwrap().write_all(b"go\n").unwrap();
        let theirs = theirs.wait_with_output().unwrap();
        assert_eq!(text(&theirs.stderr), "");
        assert!(text(&theirs.stdout).starts_with("fd/0 fd/1 "), "{}", text(&theirs.stdout));

        on_both("what_a_child_inherits", move || {
            // Much that is open: pipes, sockets, a child that is waited for.
            let pipes = [io::pipe().unwrap(), io::pipe().unwrap()];
            let sockets = net_common::pair();
            let mut waited_for = cat();
            let keeps_it = waited_for.stdin.take();
            let waiting = thread::spawn(move || waited_for.wait().unwrap());
            thread::sleep(Duration::from_millis(10));

            let mut command = sh(SCRIPT);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            // Somebody waits for it to say something.
            let mut stdin = child.stdin.take().unwrap();
            let writing = thread::spawn(move || {
                thread::sleep(Duration::from_millis(10));
                stdin.write_all(b"go\n").unwrap();
            });
            let ours = child.wait_with_output().unwrap();
            writing.join().unwrap();
            assert_eq!(text(&ours.stdout), text(&theirs.stdout));
            assert_eq!(text(&ours.stderr), "");
            drop((pipes, sockets, keeps_it));
            assert!(waiting.join().unwrap().success());
        });
        return;
    }
    child::run("what_a_child_inherits", "inherit", &[]).succeeded();
}

#[test]
fn to_std_and_back() {
    on_both("to_std_and_back", || {
        let mut theirs = std::process::Command::new("cat");
        theirs.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Child::from(theirs.spawn().unwrap());
        child.stdin.as_mut().unwrap().write_all(b"hello").unwrap();
        assert_eq!(child.wait_with_output().unwrap().stdout, b"hello");

        let mut child = cat();
        child.stdin.as_mut().unwrap().write_all(b"hello").unwrap();
        assert_eq!(std::process::Child::from(child).wait_with_output().unwrap().stdout, b"hello");

        // Ends alone.
        let mut child = cat();
        let stdin = std::process::ChildStdin::from(child.stdin.take().unwrap());
        let stdout = std::process::ChildStdout::from(child.stdout.take().unwrap());
        let mut stdin = process::ChildStdin::from(OwnedFd::from(stdin));
        let mut stdout = process::ChildStdout::from(stdout);
        stdin.write_all(b"hello").unwrap();
        drop(stdin);
        let mut echo = String::new();
        stdout.read_to_string(&mut echo).unwrap();
        assert_eq!(echo, "hello");
        assert!(child.wait().unwrap().success());

        // A command of std's, whoever it is that has set its streams.
        let mut theirs = std::process::Command::new("sh");
        theirs.args(["-c", "echo out; echo err >&2"]);
        let mut command = Command::from(theirs);
        let output = command.output().unwrap();
        assert_eq!((text(&output.stdout), text(&output.stderr)), ("out\n", "err\n"));
        let output = command.stderr(Stdio::null()).output().unwrap();
        assert_eq!((text(&output.stdout), text(&output.stderr)), ("out\n", ""));
        let mut theirs = std::process::Command::new("sh");
        theirs.args(["-c", "echo out"]).stdout(Stdio::null());
        assert_eq!(Command::from(theirs).output().unwrap().stdout, b"");
        assert_eq!(std::process::Command::from(sh("echo out")).output().unwrap().stdout, b"out\n");
    });
}

#[test]
fn streams_of_one_child_for_another() {
    on_both("streams_of_one_child_for_another", || {
        let mut first = sh("echo out; echo err >&2").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let from_out = Command::new("cat").stdin(first.stdout.take().unwrap()).output().unwrap();
        let from_err = Command::new("cat").stdin(first.stderr.take().unwrap()).output().unwrap();
        assert_eq!((text(&from_out.stdout), text(&from_err.stdout)), ("out\n", "err\n"));
        assert!(first.wait().unwrap().success());

        let mut last = cat();
        assert!(sh("echo hello").stdout(last.stdin.take().unwrap()).status().unwrap().success());
        assert_eq!(last.wait_with_output().unwrap().stdout, b"hello\n");

        let (mut reader, writer) = io::pipe().unwrap();
        assert!(sh("echo pipe").stdout(writer).status().unwrap().success());
        let mut written = String::new();
        reader.read_to_string(&mut written).unwrap();
        assert_eq!(written, "pipe\n");
    });
}
