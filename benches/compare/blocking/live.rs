//! What an operation costs while many others are alive.

use std::hint::black_box;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use job::{Job, sum_below};

/// From one to the next of those that are alive: it has no divisor in common with a power of ten.
const STEP: usize = 612_377;

/// Threads that wait to be unparked, count that, and wait again.
struct Live {
    threads: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

struct Shared {
    over: AtomicBool,
    woken: AtomicU64,
    /// When so many have been woken, `main` is told.
    goal: AtomicU64,
    main: Thread,
}

impl Live {
    /// With a `timeout` they all have a timer meanwhile.
    fn new(count: u64, timeout: Option<Duration>) -> Live {
        let shared = Arc::new(Shared {
            over: AtomicBool::new(false),
            woken: AtomicU64::new(0),
            goal: AtomicU64::new(count),
            main: thread::current(),
        });
        let body = |shared: Arc<Shared>| {
            move || {
                loop {
                    if shared.woken.fetch_add(1, Ordering::AcqRel) + 1 == shared.goal.load(Ordering::Acquire) {
                        shared.main.unpark();
                    }
                    timeout.map_or_else(thread::park, thread::park_timeout);
                    if shared.over.load(Ordering::Acquire) {
                        break;
                    }
                }
            }
        };
        let threads = (0..count).map(|_| thread::spawn(body(Arc::clone(&shared)))).collect();
        let live = Live { threads, shared };
        // The first time is when they begin.
        live.wait_for(count);
        live
    }

    fn wait_for(&self, woken: u64) {
        while self.shared.woken.load(Ordering::Acquire) < woken {
            thread::park();
        }
    }

    fn end(self) {
        self.shared.over.store(true, Ordering::Release);
        self.threads.iter().for_each(|thread| thread.thread().unpark());
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

pub fn spawn(job: Job) {
    let live = Live::new(job.size, None);
    job.repeat(|n| {
        let start = Instant::now();
        let sum: u64 = (0..n).map(|i| thread::spawn(move || i).join().unwrap()).sum();
        assert_eq!(sum, sum_below(n));
        start.elapsed()
    });
    live.end();
}

/// Wakes others, here and there, and waits for them: a hundred at a time.
pub fn wake(job: Job) {
    const TOGETHER: u64 = 100;
    let live = Live::new(job.size, None);
    let count = live.threads.len();
    let mut next = 0;
    job.repeat(|n| {
        let start = Instant::now();
        for _ in 0..n / TOGETHER {
            let goal = live.shared.woken.load(Ordering::Acquire) + TOGETHER;
            live.shared.goal.store(goal, Ordering::Release);
            for _ in 0..TOGETHER {
                next = (next + STEP) % count;
                live.threads[next].thread().unpark();
            }
            live.wait_for(goal);
        }
        start.elapsed()
    });
    live.end();
}

/// What the memory alone takes: reads a byte, here and there, of as many pages. Each read waits for the one before.
pub fn touch(job: Job) {
    const PAGE: usize = 4096;
    let count = job.size as usize;
    let mut pages = vec![0_u8; count * PAGE];
    pages.iter_mut().step_by(PAGE).for_each(|page| *page = 1);
    let mut next = 0;
    job.repeat(|n| {
        let start = Instant::now();
        let mut sum = 0;
        for _ in 0..n {
            next = (next + STEP) % count;
            sum += u64::from(pages[next * PAGE + (sum % 2) as usize * 64]);
        }
        black_box(sum);
        start.elapsed()
    });
}

/// Two timers that are set and taken back: a message to another one and the answer, both waited for with a timeout.
pub fn timer(job: Job) {
    const LONG: Duration = Duration::from_secs(3600);
    let live = Live::new(job.size, Some(LONG));
    job.repeat(|n| {
        let (to, from_us) = channel();
        let (to_us, from) = channel();
        let partner = thread::spawn(move || {
            while let Ok(message) = from_us.recv_timeout(LONG) {
                to_us.send(message).unwrap();
            }
        });
        let start = Instant::now();
        for message in 0..n {
            to.send(message).unwrap();
            assert_eq!(from.recv_timeout(LONG), Ok(message));
        }
        let time = start.elapsed();
        drop(to);
        partner.join().unwrap();
        time
    });
    live.end();
}

/// Connects and accepts.
pub fn accept(job: Job) {
    let live = Live::new(job.size, None);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    job.repeat(|n| {
        let start = Instant::now();
        for _ in 0..n {
            let ours = TcpStream::connect(address).unwrap();
            let (theirs, from) = listener.accept().unwrap();
            assert_eq!(ours.local_addr().unwrap(), from);
            // The other side first: no port stays taken on this one.
            drop(theirs);
            drop(ours);
        }
        start.elapsed()
    });
    live.end();
}
