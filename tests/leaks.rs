//! After a million short coroutines, and after a hundred thousand connections, the process has what it had before: memory,
//! descriptors, OS threads.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use costd::io::{Read, Write};
use costd::net::{Ipv4Addr, TcpListener, TcpStream};
use costd::sync::mpsc;
use costd::thread;

/// The system's, and counts what is in use.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATIONS.fetch_sub(1, Ordering::Relaxed);
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the process has.
#[derive(Debug, Clone, Copy)]
struct Holdings {
    allocations: usize,
    bytes: usize,
    resident_kb: usize,
    descriptors: usize,
    threads: usize,
    /// On a busy machine workers may look held up, and then further OS threads are started, which stay: those that are not
    /// counted above. Each has three descriptors.
    reserves: usize,
}

/// What may be there that was not before: the last chunk of a queue, and a queue that has been longer than ever.
const ALLOCATIONS_MORE: usize = 100;
const BYTES_MORE: usize = 256 << 10;
/// Pages that the allocator keeps for itself, and stacks that are warm.
const RESIDENT_MORE_KB: usize = 16 << 10;
/// Each reserve has buffers and warm stacks of its own.
const OF_A_RESERVE: (usize, usize, usize) = (100, 128 << 10, 512);

impl Holdings {
    fn now() -> Holdings {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let resident_kb = resident.trim().trim_end_matches(" kB").parse().unwrap();
        drop(status);
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        // The kernel cuts names at 15 bytes. Threads of the pool end when they have had nothing to do for a while.
        let names: Vec<String> = names.filter(|name| !name.starts_with("costd-blocking")).collect();
        let reserves = names.iter().filter(|name| name.starts_with("costd-reserve")).count();
        let threads = names.len() - reserves;
        drop(names);
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().count() - 3 * reserves;
        let (allocations, bytes) = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
        Holdings { allocations, bytes, resident_kb, descriptors, threads, reserves }
    }

    fn is_as(&self, before: &Holdings) -> bool {
        let new = self.reserves - before.reserves;
        self.allocations <= before.allocations + ALLOCATIONS_MORE + new * OF_A_RESERVE.0
            && self.bytes <= before.bytes + BYTES_MORE + new * OF_A_RESERVE.1
            && self.resident_kb <= before.resident_kb + RESIDENT_MORE_KB + new * OF_A_RESERVE.2
            && self.descriptors <= before.descriptors
            && self.threads <= before.threads
    }
}

impl fmt::Display for Holdings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holdings { allocations, bytes, resident_kb, descriptors, threads, reserves } = self;
        write!(
            f,
            "{allocations} allocations, {bytes} bytes, {resident_kb} KiB resident, {descriptors} descriptors, \
             {threads} OS threads and {reserves} reserves"
        )
    }
}

/// Does `work` for a `count` that warms it up, and then for the whole; what is there afterwards is what was there before.
#[track_caller]
fn leaves_nothing(what: &str, warm_up: usize, count: usize, work: fn(usize)) {
    work(warm_up);
    let before = Holdings::now();
    let start = Instant::now();
    work(count);
    let took = start.elapsed();
    // What has ended goes back a little later: a worker frees a registration before its next look at the kernel.
    let start = Instant::now();
    let mut after = Holdings::now();
    while !after.is_as(&before) {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}:\nbefore: {before}\nafter:  {after}");
        thread::sleep(Duration::from_millis(50));
        after = Holdings::now();
    }
    eprintln!("{count} {what} in {took:.1?}: {after}");
}

fn short_coroutines(count: usize) {
    const AT_A_TIME: usize = 1000;
    for _ in 0..count / AT_A_TIME {
        let (sender, receiver) = mpsc::channel();
        let threads: Vec<_> = (0..AT_A_TIME)
            .map(|n| {
                let sender = sender.clone();
                let body = move || {
                    thread_local! { static TEXT: String = "of its own".to_owned() }
                    TEXT.with(|text| sender.send(text.len() + n).unwrap());
                };
                // Some have a name, some a stack of another size, and some unwind.
                match n % 16 {
                    0 => thread::Builder::new().name("named".to_owned()).spawn(body).unwrap(),
                    1 => thread::Builder::new().stack_size(100_000).spawn(body).unwrap(),
                    2 => thread::spawn(move || {
                        body();
                        costd::panic::resume_unwind(Box::new("unwound"));
                    }),
                    _ => thread::spawn(body),
                }
            })
            .collect();
        drop(sender);
        let sum: usize = receiver.iter().sum();
        assert_eq!(sum, AT_A_TIME * 10 + AT_A_TIME * (AT_A_TIME - 1) / 2);
        for (n, thread) in threads.into_iter().enumerate() {
            // Some are detached.
            if n % 3 > 0 {
                assert_eq!(thread.join().is_err(), n % 16 == 2);
            }
        }
    }
}

fn connections(count: usize) {
    const AT_A_TIME: usize = 50;
    // Each address has ports of its own for connections that are over and linger.
    const ADDRESSES: usize = 8;
    thread::scope(|s| {
        for n in 0..ADDRESSES {
            let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 1 + n as u8), 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let each = count / ADDRESSES;
            s.spawn(move || {
                for _ in 0..each {
                    let mut stream = listener.accept().unwrap().0;
                    thread::spawn(move || {
                        let mut byte = [0];
                        while stream.read_exact(&mut byte).is_ok() {
                            stream.write_all(&byte).unwrap();
                        }
                    });
                }
            });
            s.spawn(move || {
                for wave in 0..each.div_ceil(AT_A_TIME) {
                    let size = AT_A_TIME.min(each - wave * AT_A_TIME);
                    thread::scope(|s| {
                        for n in 0..size {
                            s.spawn(move || {
                                let mut stream = TcpStream::connect(address).unwrap();
                                let mut byte = [n as u8];
                                stream.write_all(&byte).unwrap();
                                stream.read_exact(&mut byte).unwrap();
                                assert_eq!(byte, [n as u8]);
                            });
                        }
                    });
                }
            });
        }
    });
}

/// One test, for what runs beside it would be counted.
#[test]
fn everything_is_as_before() {
    let less = if cfg!(costd_tsan) { 20 } else { 1 };
    leaves_nothing("coroutines", 50_000, 1_000_000 / less, short_coroutines);
    leaves_nothing("connections", 4_000, 100_000 / less, connections);
    // The one leaves nothing that the other would not have found.
    leaves_nothing("coroutines", 0, 100_000, short_coroutines);
}
