//! The standard streams, seen from outside: each test looks at a child process.

use compat_tests::child;
use compat_tests::in_coroutine;
use std::__std::process::{Child, Command, Stdio};
use std::io::{self, IsTerminal, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A child of this binary that does `case` of `test`, with these ends.
fn start(test: &str, workers: u32, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "-q"])
        .env("COSTD_TEST_CASE", test)
        .env("COSTD_WORKERS", workers.to_string())
        .stdin(stdin)
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap()
}

/// What the child has printed between two marks, which stand apart from what libtest says.
fn between_marks(text: &str) -> &str {
    text.split_once("<<").unwrap().1.split_once(">>").unwrap().0
}

fn outputs(test: &str, workers: u32, input: &[u8]) -> (String, String) {
    let mut child = start(test, workers, Stdio::piped(), Stdio::piped(), Stdio::piped());
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}\n{err}");
    (out, err)
}

/// A coroutine that waits for input leaves its worker to others, whatever the input is.
#[test]
fn waiting_for_input() {
    if child::case().is_some() {
        in_coroutine(|| {
            let (line, has_line) = mpsc::channel();
            let reading = thread::spawn(move || {
                for text in io::stdin().lines() {
                    line.send(text.unwrap()).unwrap();
                }
            });
            // On the one worker: it runs while the other waits.
            thread::sleep(Duration::from_millis(1));
            print!("<<ready;");
            io::stdout().flush().unwrap();
            assert_eq!(has_line.recv().unwrap(), "first");
            print!("first;");
            io::stdout().flush().unwrap();
            assert_eq!(has_line.recv().unwrap(), "second");
            reading.join().unwrap();
            println!("end>>");
        });
        return;
    }
    let test = "waiting_for_input";
    let talk = |mut child: Child, mut to: Box<dyn std::__std::io::Write>| {
        let mut out = child.stdout.take().unwrap();
        let mut text = String::new();
        let mut until = |mark: &str| {
            while !text.ends_with(mark) {
                let mut byte = [0];
                out.read_exact(&mut byte).unwrap();
                text.push(char::from(byte[0]));
            }
        };
        until("ready;");
        to.write_all(b"first\n").unwrap();
        until("first;");
        to.write_all(b"second\n").unwrap();
        drop(to);
        until("end>>");
        assert!(child.wait().unwrap().success());
    };
    // A pipe.
    let mut child = start(test, 1, Stdio::piped(), Stdio::piped(), Stdio::inherit());
    let to = child.stdin.take().unwrap();
    talk(child, Box::new(to));
    // A socket.
    let (ours, theirs) = std::__std::os::unix::net::UnixStream::pair().unwrap();
    let theirs = Stdio::from(std::__std::os::fd::OwnedFd::from(theirs));
    talk(start(test, 1, theirs, Stdio::piped(), Stdio::inherit()), Box::new(ours));
    // A terminal, whose input ends with a byte and not by being closed.
    let (ours, theirs) = terminal();
    let child = start(test, 1, theirs.into(), Stdio::piped(), Stdio::inherit());
    talk(child, Box::new(EndOfTransmission(ours)));
}

/// A new terminal: the end that the user would sit at, and the end of the program.
fn terminal() -> (std::__std::fs::File, std::__std::fs::File) {
    use std::__std::os::fd::FromRawFd;
    use std::ptr::{null, null_mut};
    let (mut user, mut program) = (0, 0);
    // SAFETY: two descriptors are written; no name, settings or size are asked for.
    assert_eq!(unsafe { libc::openpty(&mut user, &mut program, null_mut(), null(), null()) }, 0);
    // SAFETY: just opened, and nobody else's.
    unsafe { (std::__std::fs::File::from_raw_fd(user), std::__std::fs::File::from_raw_fd(program)) }
}

struct EndOfTransmission(std::__std::fs::File);

impl std::__std::io::Write for EndOfTransmission {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for EndOfTransmission {
    fn drop(&mut self) {
        self.0.write_all(&[4]).unwrap();
        // Closing it now would hang up on the program.
        std::mem::forget(self.0.try_clone().unwrap());
    }
}

/// Input from a file: all of it arrives, in order.
#[test]
fn input_from_a_file() {
    let expected: String = (0..50_000).map(|n| format!("line {n}\n")).collect();
    if child::case().is_some() {
        in_coroutine(move || {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).unwrap();
            assert!(text == expected);
        });
        return;
    }
    let path = std::env::temp_dir().join(format!("costd-input-{}", std::process::id()));
    std::__std::fs::write(&path, &expected).unwrap();
    let file = std::__std::fs::File::open(&path).unwrap();
    let mut child = start("input_from_a_file", 1, file.into(), Stdio::null(), Stdio::inherit());
    let status = child.wait().unwrap();
    std::__std::fs::remove_file(&path).unwrap();
    assert!(status.success());
}

/// The lock is the coroutine's: nobody gets in between while its holder waits, coroutine of the same worker or OS thread.
#[test]
fn a_lock_that_is_held_over_a_wait() {
    if child::case().is_some() {
        in_coroutine(|| {
            let (held, is_held) = mpsc::channel();
            let holding = thread::spawn(move || {
                let mut stdout = io::stdout().lock();
                let mut stderr = io::stderr().lock();
                // Its own may be taken again.
                let _again = io::stdout().lock();
                write!(stdout, "<<a").unwrap();
                write!(stderr, "<<a").unwrap();
                held.send(()).unwrap();
                for _ in 0..20 {
                    thread::sleep(Duration::from_millis(1));
                    write!(stdout, "a").unwrap();
                    write!(stderr, "a").unwrap();
                    print!("a");
                    eprint!("a");
                }
                writeln!(stdout).unwrap();
            });
            is_held.recv().unwrap();
            let coroutine = thread::spawn(|| {
                println!("b");
                eprint!("b");
            });
            let os_thread = std::__std::thread::spawn(|| {
                println!("b");
                eprint!("b");
            });
            holding.join().unwrap();
            coroutine.join().unwrap();
            os_thread.join().unwrap();
            println!(">>");
            eprintln!(">>");
        });
        return;
    }
    for workers in [1, 2] {
        let (out, err) = outputs("a_lock_that_is_held_over_a_wait", workers, b"");
        assert_eq!(between_marks(&out), format!("{}\nb\nb\n", "a".repeat(41)));
        assert_eq!(between_marks(&err), format!("{}bb", "a".repeat(41)));
    }
}

/// Parts of lines come out in the order in which they were printed, whoever printed them.
#[test]
fn parts_of_lines_keep_their_order() {
    if child::case().is_some() {
        print!("<<1");
        in_coroutine(|| print!("2"));
        print!("3");
        write!(io::stdout(), "4").unwrap();
        print!("5");
        in_coroutine(|| write!(io::stdout(), "6").unwrap());
        println!("7");
        in_coroutine(|| println!("8"));
        print!("9");
        in_coroutine(|| io::stdout().flush().unwrap());
        println!(">>");
        return;
    }
    let (out, _) = outputs("parts_of_lines_keep_their_order", 1, b"");
    assert_eq!(between_marks(&out), "1234567\n8\n9");
}

/// What is left in the buffer at the end of the process is written out.
#[test]
fn the_rest_of_the_buffer() {
    match child::case().as_deref() {
        None => {
            for how in ["return", "exit", "exit in a coroutine"] {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["the_rest_of_the_buffer", "--exact", "--nocapture", "-q"]);
                let output = command.env("COSTD_TEST_CASE", how).output().unwrap();
                let out = String::from_utf8(output.stdout).unwrap();
                assert_eq!(output.status.code(), Some(if how == "return" { 0 } else { 3 }), "{out}");
                assert_eq!(between_marks(&out), "no newline", "{how}");
            }
        }
        Some("return") => in_coroutine(|| print!("<<no newline>>")),
        Some("exit") => {
            in_coroutine(|| print!("<<no newline>>"));
            std::process::exit(3);
        }
        _ => in_coroutine(|| {
            print!("<<no newline>>");
            std::process::exit(3);
        }),
    }
}

/// A reader that is slow does not stop the worker of who prints to it, and loses nothing.
#[test]
fn a_slow_reader() {
    const LINES: usize = 40_000;
    if child::case().is_some() {
        in_coroutine(|| {
            let (printed, is_printed) = mpsc::channel();
            let printing = thread::spawn(move || {
                println!("<<");
                for n in 0..LINES {
                    println!("{n}");
                }
                println!(">>");
                printed.send(()).unwrap();
            });
            // On the same worker, while the other waits for the reader, who waits for this.
            thread::sleep(Duration::from_millis(20));
            assert!(is_printed.try_recv().is_err(), "a pipe does not take that much");
            eprint!("r");
            printing.join().unwrap();
        });
        return;
    }
    let mut child = start("a_slow_reader", 1, Stdio::null(), Stdio::piped(), Stdio::piped());
    child.stderr.take().unwrap().read_exact(&mut [0]).unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(child.wait().unwrap().success());
    let expected: String = (0..LINES).map(|n| format!("{n}\n")).collect();
    assert!(between_marks(&out).trim_start() == expected);
}

/// Streams that somebody has closed are empty, and take everything.
#[test]
fn closed_streams() {
    if child::case().is_some() {
        let all = || {
            assert_eq!(io::stdin().read(&mut [0]).unwrap(), 0);
            println!("lost");
            eprintln!("lost");
            io::stdout().flush().unwrap();
        };
        let body = move || {
            for fd in 0..3 {
                // SAFETY: nobody else uses these here.
                unsafe { libc::close(fd) };
            }
            all();
        };
        // Whatever opens a file once and for all does so now, and not in their place.
        in_coroutine(all);
        in_coroutine(body);
        body();
        std::process::exit(0);
    }
    let mut child = start("closed_streams", 1, Stdio::null(), Stdio::null(), Stdio::null());
    assert!(child.wait().unwrap().success());
}

/// A standard output that refuses is a panic of who prints, in std's words.
#[test]
fn an_output_that_refuses() {
    use std::__std::os::fd::AsRawFd;
    if child::case().is_some() {
        // Only now, for libtest has printed something itself.
        let full = std::__std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        // SAFETY: both are open.
        assert_eq!(unsafe { libc::dup2(full.as_raw_fd(), 1) }, 1);
        let payload = thread::spawn(|| println!("{}", "x".repeat(3000))).join().unwrap_err();
        let text = compat_tests::panic_text(payload);
        assert!(text.starts_with("failed printing to stdout: ") && text.contains("(os error 28)"), "{text}");
        std::process::exit(7);
    }
    let mut child = start("an_output_that_refuses", 1, Stdio::null(), Stdio::null(), Stdio::null());
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

/// After `dup2` the stream is what it was made.
#[test]
fn another_output_in_its_place() {
    use std::__std::os::fd::AsRawFd;
    if child::case().is_some() {
        in_coroutine(|| {
            println!("<<to the first>>");
            let (mut reader, writer) = std::__std::io::pipe().unwrap();
            // SAFETY: both are open.
            let saved = unsafe { libc::dup(1) };
            // SAFETY: as above.
            unsafe { libc::dup2(writer.as_raw_fd(), 1) };
            println!("to the second");
            // SAFETY: as above.
            unsafe { libc::dup2(saved, 1) };
            drop(writer);
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            assert_eq!(text, "to the second\n");
        });
        return;
    }
    let (out, _) = outputs("another_output_in_its_place", 1, b"");
    assert_eq!(between_marks(&out), "to the first");
}

#[test]
fn is_it_a_terminal() {
    let (_user, program) = terminal();
    assert!(std::fs::File::from(program.try_clone().unwrap()).is_terminal());
    assert!(!io::pipe().unwrap().0.is_terminal_like());
    if child::case().is_some() {
        assert!(io::stdin().is_terminal() && io::stdin().lock().is_terminal());
        assert!(!io::stdout().is_terminal() && !io::stderr().lock().is_terminal());
        return;
    }
    let mut child = start("is_it_a_terminal", 1, program.into(), Stdio::null(), Stdio::null());
    assert!(child.wait().unwrap().success());
}

trait IsTerminalLike {
    fn is_terminal_like(&self) -> bool;
}

impl IsTerminalLike for io::PipeReader {
    fn is_terminal_like(&self) -> bool {
        use std::__std::os::fd::AsFd;
        self.as_fd().is_terminal()
    }
}

/// The macros give back, and take, what std's do.
#[test]
fn shapes_of_the_macros() {
    in_coroutine(|| {
        let (a, b) = (1, "two");
        let unit: () = println!();
        assert_eq!(unit, ());
        println!("{a} {b:?} {0:>3} {c}", 3, c = 'x',);
        eprintln!("{a}");
        print!("");
        eprint!("{}", b);
        dbg!();
        assert_eq!(dbg!(a + 1), 2);
        assert_eq!(dbg!(a, b), (1, "two"));
        let moved = String::from("moved");
        let back: String = dbg!(moved);
        assert_eq!(back, "moved");
        if a == 1 {
            println!("as an expression's last")
        } else {
            eprintln!("or")
        }
        match a {
            1 => println!("an arm"),
            _ => print!("another"),
        }
        let _closure = || println!("a closure");
        // What an expression borrows lives as long as the statement.
        assert_eq!(dbg!(String::from("temporary").as_str()).len(), 9);
    });
}
