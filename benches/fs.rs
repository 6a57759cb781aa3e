//! Files: what a call costs on a worker itself, what it costs on a thread of the pool, and what costd makes of it.
//!
//! `cargo bench --bench fs [-- [--dir DIR] [part of a name]]`. The directory is the temporary one if none is given; what it lies on
//! makes the figures. Each figure is the median of single calls, beside it the 99th percentile, in nanoseconds; `ratio` is costd in a
//! coroutine to std on a plain OS thread.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use costd::thread;

const SIZES: [(&str, usize); 4] =
    [("4 KiB", 4 << 10), ("64 KiB", 64 << 10), ("256 KiB", 256 << 10), ("1 MiB", 1 << 20)];
const LARGE: usize = 64 << 20;

/// The median and the 99th percentile of `count` calls.
#[derive(Clone, Copy)]
struct Figures {
    median: u64,
    high: u64,
}

fn measure(count: usize, mut call: impl FnMut()) -> Figures {
    let mut all: Vec<u64> = (0..count)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed().as_nanos() as u64
        })
        .collect();
    all.sort_unstable();
    Figures { median: all[count / 2], high: all[count * 99 / 100] }
}

struct Bench {
    dir: PathBuf,
    only: String,
}

impl Bench {
    /// `real` on a plain OS thread; `ours` in a coroutine.
    fn case(&self, name: &str, count: usize, real: impl FnMut() + Send + 'static, ours: impl FnMut() + Send + 'static) {
        if !name.contains(&self.only) {
            return;
        }
        let real = std::thread::spawn(move || measure(count, real)).join().unwrap();
        let ours = thread::spawn(move || measure(count, ours)).join().unwrap();
        println!(
            "{name:32} {:>11} {:>11}   {:>11} {:>11}   {:5.2}",
            real.median,
            real.high,
            ours.median,
            ours.high,
            ours.median as f64 / real.median as f64
        );
    }

    /// Only on a plain OS thread.
    fn plain(&self, name: &str, count: usize, call: impl FnMut() + Send + 'static) {
        if name.contains(&self.only) {
            let figures = std::thread::spawn(move || measure(count, call)).join().unwrap();
            println!("{name:32} {:>11} {:>11}", figures.median, figures.high);
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The system call that does not wait. Whether all of `buf` was there.
fn read_now(file: &File, buf: &mut [u8], offset: u64) -> bool {
    const DO_NOT_WAIT: libc::c_int = 8;
    let bufs = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    // SAFETY: one buffer, borrowed for the call.
    let n = unsafe {
        libc::syscall(libc::SYS_preadv2, file.as_raw_fd(), &raw const bufs, 1, offset as libc::c_long, 0, DO_NOT_WAIT)
    };
    usize::try_from(n) == Ok(buf.len())
}

fn forget_cached(file: &impl AsRawFd) {
    // SAFETY: gives advice on an open file.
    unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
}

fn paths(bench: &Bench) {
    let file = bench.path("file");
    let missing = bench.path("missing");
    macro_rules! both {
        ($name:literal, $count:literal, |$fs:ident, $path:ident| $body:expr) => {{
            let (a, b) = (file.clone(), file.clone());
            bench.case(
                $name,
                $count,
                move || {
                    use std::fs as $fs;
                    let $path: &Path = &a;
                    $body;
                },
                move || {
                    use costd::fs as $fs;
                    let $path: &Path = &b;
                    $body;
                },
            );
        }};
    }
    both!("metadata", 20_000, |fs, path| fs::metadata(path).unwrap());
    both!("symlink_metadata", 20_000, |fs, path| fs::symlink_metadata(path).unwrap());
    both!("canonicalize", 10_000, |fs, path| fs::canonicalize(path).unwrap());
    both!("open and close", 20_000, |fs, path| fs::File::open(path).unwrap());
    both!("read, 4 KiB", 10_000, |fs, path| fs::read(path).unwrap());
    both!("set_permissions", 2_000, |fs, path| fs::set_permissions(path, path.metadata().unwrap().permissions())
        .unwrap());
    both!("create (new), remove", 1_000, |fs, path| {
        fs::File::create(path.with_extension("new")).unwrap();
        fs::remove_file(path.with_extension("new")).unwrap();
    });
    both!("create_dir, remove_dir", 1_000, |fs, path| {
        fs::create_dir(path.with_extension("dir")).unwrap();
        fs::remove_dir(path.with_extension("dir")).unwrap();
    });
    both!("rename", 2_000, |fs, path| {
        fs::rename(path, path.with_extension("other")).unwrap();
        fs::rename(path.with_extension("other"), path).unwrap();
    });
    both!("write (replaces), 4 KiB", 500, |fs, path| fs::write(path.with_extension("w"), [1; 4096]).unwrap());
    both!("read_dir of 1000", 100, |fs, path| fs::read_dir(path.with_file_name("entries")).unwrap().count());
    both!("copy, 64 MiB", 3, |fs, path| fs::copy(path.with_file_name("large"), path.with_extension("copy")).unwrap());
    bench.plain("nothing there", 20_000, move || {
        fs::metadata(&missing).unwrap_err();
    });
}

fn reading(bench: &Bench) {
    let large = bench.path("large");
    for (name, size) in SIZES {
        let (real, ours) = (File::open(&large).unwrap(), costd::fs::File::open(&large).unwrap());
        let (mut a, mut b) = (vec![0; size], vec![0; size]);
        bench.case(
            &format!("read, in memory, {name}"),
            3000,
            move || real.read_exact_at(&mut a, 0).unwrap(),
            move || ours.read_exact_at(&mut b, 0).unwrap(),
        );
        let file = File::open(&large).unwrap();
        let mut buf = vec![0; size];
        bench.plain("  the call that does not wait", 3000, move || {
            black_box(read_now(&file, &mut buf, 0));
        });
    }
    for (name, size) in SIZES {
        let (real, ours) = (File::open(&large).unwrap(), costd::fs::File::open(&large).unwrap());
        let (mut a, mut b) = (vec![0; size], vec![0; size]);
        // Apart from one another, in no order that the kernel would guess.
        let mut at = 0;
        let mut next = move || {
            at = (at + 37 * (1 << 20) + 4096 * 3) % (LARGE as u64 - (1 << 20)) / 4096 * 4096;
            at
        };
        let mut other = next;
        bench.case(
            &format!("read, from disk, {name}"),
            200,
            move || {
                forget_cached(&real);
                real.read_exact_at(&mut a, next()).unwrap();
            },
            move || {
                forget_cached(&ours);
                ours.read_exact_at(&mut b, other()).unwrap();
            },
        );
    }
    let (mut real, mut ours) = (File::open(&large).unwrap(), costd::fs::File::open(&large).unwrap());
    bench.case(
        "seek, read 4 KiB",
        10_000,
        move || {
            real.seek(SeekFrom::Start(4096)).unwrap();
            real.read_exact(&mut [0; 4096]).unwrap();
        },
        move || {
            ours.seek(SeekFrom::Start(4096)).unwrap();
            ours.read_exact(&mut [0; 4096]).unwrap();
        },
    );
    for name in ["/proc/self/stat", "/proc/meminfo", "/dev/zero"] {
        let (Ok(real), Ok(ours)) = (File::open(name), costd::fs::File::open(name)) else { continue };
        let read = |file: &dyn FileExt| file.read_at(&mut [0; 4096], 0).unwrap();
        bench.case(&format!("read {name}"), 3000, move || _ = read(&real), move || _ = read(&ours));
    }
}

fn writing(bench: &Bench) {
    for (name, size) in SIZES {
        let paths = (bench.path("new-a"), bench.path("new-b"));
        let (real, ours) = (File::create(&paths.0).unwrap(), costd::fs::File::create(&paths.1).unwrap());
        let (a, b) = (vec![7; size], vec![7; size]);
        let (mut real, mut ours) = (real, ours);
        bench.case(
            &format!("write, appending, {name}"),
            (128 << 20) / size.max(64 << 10),
            move || real.write_all(&a).unwrap(),
            move || ours.write_all(&b).unwrap(),
        );
        let (real, ours) = (File::create(&paths.0).unwrap(), costd::fs::File::create(&paths.1).unwrap());
        let (a, b) = (vec![7; size], vec![7; size]);
        bench.case(
            &format!("write, over and over, {name}"),
            2000,
            move || real.write_all_at(&a, 0).unwrap(),
            move || ours.write_all_at(&b, 0).unwrap(),
        );
    }
    let paths = (bench.path("new-a"), bench.path("new-b"));
    let (real, ours) = (File::create(&paths.0).unwrap(), costd::fs::File::create(&paths.1).unwrap());
    bench.case(
        "write 4 KiB, sync_all",
        50,
        move || {
            real.write_all_at(&[3; 4096], 0).unwrap();
            real.sync_all().unwrap();
        },
        move || {
            ours.write_all_at(&[3; 4096], 0).unwrap();
            ours.sync_all().unwrap();
        },
    );
    for path in [paths.0, paths.1] {
        let file = File::create(&path).unwrap();
        file.write_all_at(&vec![5; LARGE], 0).unwrap();
    }
    let paths = (bench.path("new-a"), bench.path("new-b"));
    bench.case(
        "create (empties 64 MiB)",
        1,
        move || drop(File::create(&paths.0).unwrap()),
        move || drop(costd::fs::File::create(&paths.1).unwrap()),
    );
}

/// How long others of the worker have to wait while one coroutine is at a file.
fn others(bench: &Bench) {
    let worst = |name: &str, work: &dyn Fn() -> Box<dyn FnOnce() + Send>| {
        if !name.contains(&bench.only) {
            return;
        }
        let work = work();
        let done = Arc::new(AtomicBool::new(false));
        let delays = Arc::new(Mutex::new(Vec::new()));
        let ticking = {
            let (done, delays) = (done.clone(), delays.clone());
            move || {
                loop {
                    let start = Instant::now();
                    thread::sleep(Duration::from_millis(1));
                    delays.lock().unwrap().push(start.elapsed().saturating_sub(Duration::from_millis(1)));
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            }
        };
        // On one worker (`COSTD_WORKERS=1`): else an idle one would take the second.
        thread::spawn(move || {
            let ticking = thread::spawn(ticking);
            thread::sleep(Duration::from_millis(5));
            work();
            done.store(true, Ordering::Relaxed);
            ticking.join().unwrap();
        })
        .join()
        .unwrap();
        let mut delays = delays.lock().unwrap();
        delays.sort_unstable();
        let count = delays.len();
        println!("{name:32} {:>11?} {:>11?} {:>11?}", delays[count / 2], delays[count * 99 / 100], delays[count - 1]);
    };
    let path = bench.path("new-a");
    worst("others: nothing", &|| Box::new(|| thread::sleep(Duration::from_secs(1))));
    worst("others: write 512 MiB, std", &|| {
        let path = path.clone();
        Box::new(move || {
            let mut file = File::create(path).unwrap();
            (0..8192).for_each(|_| file.write_all(&[1; 64 << 10]).unwrap());
        })
    });
    worst("others: write 512 MiB, costd", &|| {
        let path = path.clone();
        Box::new(move || {
            let mut file = costd::fs::File::create(path).unwrap();
            (0..8192).for_each(|_| file.write_all(&[1; 64 << 10]).unwrap());
        })
    });
    let large = bench.path("large");
    worst("others: read 64 MiB cold, std", &|| {
        let mut file = File::open(&large).unwrap();
        forget_cached(&file);
        Box::new(move || _ = std::io::copy(&mut file, &mut std::io::sink()).unwrap())
    });
    worst("others: read 64 MiB cold, costd", &|| {
        let mut file = costd::fs::File::open(&large).unwrap();
        forget_cached(&file);
        Box::new(move || _ = std::io::copy(&mut file, &mut std::io::sink()).unwrap())
    });
}

/// What a thread of the pool costs: a call that does nothing there.
fn hop(bench: &Bench) {
    let memory = PathBuf::from("/dev/shm/costd-bench-hop");
    let Ok(real) = File::create(&memory) else { return };
    let ours = costd::fs::File::create(&memory).unwrap();
    bench.case("sync of a file in memory", 20_000, move || real.sync_all().unwrap(), move || ours.sync_all().unwrap());
    let _ = fs::remove_file(memory);
}

fn main() {
    let mut bench = Bench { dir: std::env::temp_dir(), only: String::new() };
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        if arg == "--dir" {
            bench.dir = args.next().expect("--dir DIR").into();
        } else {
            bench.only = arg;
        }
    }
    bench.dir.push(format!("costd-bench-fs-{}", std::process::id()));
    fs::create_dir_all(bench.path("entries")).unwrap();
    for i in 0..1000 {
        File::create(bench.path(&format!("entries/{i}"))).unwrap();
    }
    fs::write(bench.path("file"), [1; 4096]).unwrap();
    let large = File::create(bench.path("large")).unwrap();
    large.write_all_at(&vec![9; LARGE], 0).unwrap();
    large.sync_all().unwrap();

    println!("{:32} {:>23}   {:>23}   ratio", "ns: median, 99 %", "std, OS thread", "costd, coroutine");
    hop(&bench);
    paths(&bench);
    reading(&bench);
    writing(&bench);
    println!("{:32} {:>11} {:>11} {:>11}", "too late by: median, 99 %, worst", "", "", "");
    others(&bench);
    fs::remove_dir_all(&bench.dir).unwrap();
}
