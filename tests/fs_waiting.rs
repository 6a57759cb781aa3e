//! What has to wait at a file stops a coroutine and no worker: FIFOs, terminals, locks, busy files. All on one worker.

mod child;
mod fs_common;

use std::fs::TryLockError;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use costd::fs::{self, File};
use costd::io::{ErrorKind, Read, Write};
use costd::sync::mpsc;
use costd::thread::{self, JoinHandle};

use fs_common::{Dir, make_fifo};

/// Runs `body` in a coroutine of a process with one worker.
fn on_one_worker(test: &str, body: fn()) {
    if child::case().is_none() {
        child::run(test, "one worker", &[("COSTD_WORKERS", "1")]).succeeded();
        return;
    }
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(100));
        eprintln!("somebody keeps the worker from running the others");
        std::process::abort();
    });
    thread::spawn(body).join().unwrap();
}

/// A coroutine that sleeps over and over, and tells each time. It cannot when somebody stops the worker.
struct Ticks {
    ticking: JoinHandle<()>,
    told: mpsc::Receiver<()>,
}

fn ticking() -> Ticks {
    let (tell, told) = mpsc::channel();
    let ticking = thread::spawn(move || {
        while tell.send(()).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    });
    // Before whatever may stop the worker.
    let ticks = Ticks { ticking, told };
    ticks.let_pass(1);
    ticks
}

impl Ticks {
    /// Waits for so many of them from now on.
    fn let_pass(&self, ticks: usize) {
        self.told.try_iter().for_each(drop);
        (0..ticks).for_each(|_| self.told.recv().unwrap());
    }

    fn end(self) {
        drop(self.told);
        self.ticking.join().unwrap();
    }
}

/// So many ticks does that which must not stop the worker take.
const LONG: usize = 100;

#[test]
fn a_fifo_is_opened_by_two_coroutines() {
    on_one_worker("a_fifo_is_opened_by_two_coroutines", || {
        let dir = Dir::new();
        let path = dir.join("fifo");
        make_fifo(&path);
        let ticks = ticking();
        let reading = thread::spawn({
            let path = path.clone();
            move || {
                let mut text = String::new();
                File::open(path).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        ticks.let_pass(LONG);
        let mut writer = File::options().write(true).open(&path).unwrap();
        writer.write_all(b"hello ").unwrap();
        // The reader waits for the rest.
        ticks.let_pass(LONG);
        writer.write_all(b"again").unwrap();
        drop(writer);
        assert_eq!(reading.join().unwrap(), "hello again");
        ticks.end();
    });
}

/// More than there are threads in the pool, with whoever opens the other ends last in the queue.
#[test]
fn a_hundred_fifos_at_once() {
    on_one_worker("a_hundred_fifos_at_once", || {
        let dir = Dir::new();
        let paths: Vec<_> = (0..100).map(|i| dir.join(&format!("fifo-{i}"))).collect();
        paths.iter().for_each(|path| make_fifo(path));
        let ticks = ticking();
        let readers: Vec<_> = (0..100)
            .map(|i| {
                let path = paths[i].clone();
                // One call that does all, and one after the other.
                thread::spawn(move || if i % 2 == 0 { fs::read(path) } else { read_slowly(path) }.unwrap())
            })
            .collect();
        ticks.let_pass(LONG);
        // The pool still has threads for what ends by itself.
        fs::write(dir.join("file"), "text").unwrap();
        fs::copy(dir.join("file"), dir.join("copy")).unwrap();
        let writers: Vec<_> = (0..100)
            .map(|i| {
                let path = paths[i].clone();
                thread::spawn(move || fs::write(path, vec![i as u8; 100_000]).unwrap())
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        for (i, reader) in readers.into_iter().enumerate() {
            assert!(reader.join().unwrap() == vec![i as u8; 100_000]);
        }
        ticks.end();
    });
}

fn read_slowly(path: std::path::PathBuf) -> costd::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    let mut piece = [0; 1000];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(bytes),
            n => bytes.extend_from_slice(&piece[..n]),
        }
    }
}

#[test]
fn a_full_fifo_takes_a_whole_write() {
    on_one_worker("a_full_fifo_takes_a_whole_write", || {
        let dir = Dir::new();
        let path = dir.join("fifo");
        make_fifo(&path);
        let mut both = File::options().read(true).write(true).open(&path).unwrap();
        let writing = thread::spawn({
            let mut file = both.try_clone().unwrap();
            move || file.write(&vec![7; 1_000_000]).unwrap()
        });
        let ticks = ticking();
        ticks.let_pass(LONG);
        let mut bytes = vec![0; 1_000_000];
        both.read_exact(&mut bytes).unwrap();
        assert_eq!(writing.join().unwrap(), 1_000_000);
        assert!(bytes.iter().all(|byte| *byte == 7));
        ticks.end();
    });
}

#[test]
fn who_asked_for_no_wait_does_not_wait() {
    on_one_worker("who_asked_for_no_wait_does_not_wait", || {
        let dir = Dir::new();
        let path = dir.join("fifo");
        make_fifo(&path);
        let no_wait = |options: &mut fs::OpenOptions| options.custom_flags(libc::O_NONBLOCK).open(&path);
        let nobody = no_wait(File::options().write(true)).unwrap_err();
        assert_eq!(nobody.raw_os_error(), Some(libc::ENXIO));
        let mut reader = no_wait(File::options().read(true)).unwrap();
        // Nobody writes.
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0);
        let mut writer = no_wait(File::options().write(true)).unwrap();
        assert_eq!(reader.read(&mut [0; 4]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let written = writer.write(&vec![0; 3_000_000]).unwrap();
        assert!(0 < written && written < 3_000_000);
        assert_eq!(writer.write(&[0; 8192]).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

/// The two ends of a terminal that nobody sits at.
fn terminal() -> (File, File) {
    let (mut ours, mut theirs) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: writes two descriptors.
    assert_eq!(unsafe { libc::openpty(&mut ours, &mut theirs, null, null.cast(), null.cast()) }, 0);
    // SAFETY: just made, and nobody else's.
    unsafe { (OwnedFd::from_raw_fd(ours).into(), OwnedFd::from_raw_fd(theirs).into()) }
}

#[test]
fn a_terminal_that_is_typed_at_slowly() {
    on_one_worker("a_terminal_that_is_typed_at_slowly", || {
        let (mut ours, mut theirs) = terminal();
        let ticks = ticking();
        let reading = thread::spawn(move || {
            let mut lines = Vec::new();
            while lines.len() < 3 {
                let mut line = [0; 100];
                let n = theirs.read(&mut line).unwrap();
                lines.push(line[..n].to_vec());
            }
            theirs.write_all(b"thanks\n").unwrap();
            lines
        });
        for line in ["one\n", "two\n", "three\n"] {
            for byte in line.bytes() {
                ticks.let_pass(LONG / 20);
                ours.write_all(&[byte]).unwrap();
            }
        }
        assert_eq!(reading.join().unwrap(), [&b"one\n"[..], b"two\n", b"three\n"]);
        // What was typed is shown again, and then comes the answer.
        let mut shown = Vec::new();
        while !shown.ends_with(b"thanks\r\n") {
            let mut piece = [0; 100];
            let n = ours.read(&mut piece).unwrap();
            shown.extend_from_slice(&piece[..n]);
        }
        ticks.end();
    });
}

#[test]
fn a_lock_that_a_coroutine_holds() {
    on_one_worker("a_lock_that_a_coroutine_holds", || {
        let dir = Dir::new();
        let path = dir.join("lock");
        let held = File::create_new(&path).unwrap();
        held.lock().unwrap();
        let ticks = ticking();
        let (sender, order) = mpsc::channel();
        let waiters: Vec<_> = (0..100)
            .map(|i| {
                let (path, sender) = (path.clone(), sender.clone());
                thread::spawn(move || {
                    let file = File::open(path).unwrap();
                    assert!(matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
                    if i % 2 == 0 {
                        file.lock().unwrap()
                    } else {
                        file.lock_shared().unwrap()
                    }
                    sender.send("taken").unwrap();
                    // With the lock, what needs the pool.
                    file.sync_all().unwrap();
                    file.unlock().unwrap();
                })
            })
            .collect();
        ticks.let_pass(LONG);
        for i in 0..50 {
            fs::write(dir.join("other"), [i; 1000]).unwrap();
            held.sync_all().unwrap();
        }
        sender.send("given back").unwrap();
        held.unlock().unwrap();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(order.recv().unwrap(), "given back");
        assert_eq!(order.try_iter().count(), 100);
        held.try_lock().unwrap();
        ticks.end();
    });
}

/// Coroutines that do nothing but what is done on the worker itself.
#[test]
fn busy_files_starve_nobody() {
    on_one_worker("busy_files_starve_nobody", || {
        let dir = Dir::new();
        let ticks = ticking();
        let over = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = [1, 1000, 60_000]
            .into_iter()
            .map(|size| {
                let path = dir.join(&size.to_string());
                let over = Arc::clone(&over);
                thread::spawn(move || {
                    let mut file = File::create_new(&path).unwrap();
                    while !over.load(Ordering::Relaxed) {
                        file.set_len(0).unwrap();
                        for _ in 0..200 {
                            fs::metadata(&path).unwrap();
                            std::os::unix::fs::FileExt::write_at(&file, &vec![1; size], 0).unwrap();
                            std::io::Seek::rewind(&mut file).unwrap();
                            file.read_exact(&mut vec![0; size]).unwrap();
                        }
                    }
                })
            })
            .collect();
        ticks.let_pass(LONG);
        over.store(true, Ordering::Relaxed);
        for one in busy {
            one.join().unwrap();
        }
        ticks.end();
    });
}
