//! OS threads and coroutines that work on the same things for a while, watched for stalls.

use crate::os_thread;
use crate::watchdog::Watchdog;
use std::__std::sync::{Arc, Mutex as RealMutex};
use std::__std::thread::{JoinHandle as OsHandle, sleep};
use std::env;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A member that gets nothing done for so long has stalled.
const STALL: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_secs(1);

/// How long a crew works: `COSTD_TEST_SECONDS`, or 2 seconds.
fn working_time() -> Duration {
    let seconds =
        env::var("COSTD_TEST_SECONDS").map_or(2, |text| text.parse().expect("COSTD_TEST_SECONDS is a number"));
    Duration::from_secs(seconds)
}

/// One of the crew, as the watchdog sees it.
pub struct Member {
    name: String,
    over: Arc<AtomicBool>,
    done: AtomicBool,
    rounds: AtomicU64,
}

impl Member {
    /// Counts one piece of work.
    pub fn progress(&self) {
        self.rounds.fetch_add(1, SeqCst);
    }

    /// Counts one piece of work and says whether there is time for another.
    pub fn goes_on(&self) -> bool {
        self.progress();
        !self.over.load(SeqCst)
    }
}

pub struct Crew {
    over: Arc<AtomicBool>,
    members: Arc<RealMutex<Vec<Arc<Member>>>>,
    os_threads: Vec<OsHandle<()>>,
    coroutines: Vec<JoinHandle<()>>,
    _watchdog: Watchdog,
}

impl Default for Crew {
    fn default() -> Crew {
        let members: Arc<RealMutex<Vec<Arc<Member>>>> = Arc::default();
        let mut seen: Vec<(u64, Instant)> = Vec::new();
        let watched = members.clone();
        let watchdog = Watchdog::every(LOOK, move || {
            let members = watched.lock().unwrap();
            seen.resize(members.len(), (0, Instant::now()));
            for (member, (rounds, since)) in members.iter().zip(&mut seen) {
                let now = member.rounds.load(SeqCst);
                if now != *rounds || member.done.load(SeqCst) {
                    (*rounds, *since) = (now, Instant::now());
                } else if since.elapsed() > STALL {
                    return Some(format!("{} has stalled after {rounds} rounds", member.name));
                }
            }
            None
        });
        let (os_threads, coroutines) = (Vec::new(), Vec::new());
        Crew { over: Arc::default(), members, os_threads, coroutines, _watchdog: watchdog }
    }
}

impl Crew {
    /// Adds an OS thread.
    pub fn os_thread(&mut self, name: &str, work: impl FnOnce(&Member) + Send + 'static) {
        let member = self.member(format!("{name}, an OS thread"));
        self.os_threads.push(os_thread::spawn(move || run(&member, work)));
    }

    /// Adds a coroutine.
    pub fn coroutine(&mut self, name: &str, work: impl FnOnce(&Member) + Send + 'static) {
        let member = self.member(format!("{name}, a coroutine"));
        self.coroutines.push(thread::spawn(move || run(&member, work)));
    }

    /// Adds several of each kind that do the same.
    pub fn both(&mut self, name: &str, each: usize, work: impl Fn(&Member) + Clone + Send + 'static) {
        for _ in 0..each {
            self.os_thread(name, work.clone());
            self.coroutine(name, work.clone());
        }
    }

    fn member(&mut self, name: String) -> Arc<Member> {
        let (done, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
        let member = Arc::new(Member { name, over: self.over.clone(), done, rounds });
        self.members.lock().unwrap().push(member.clone());
        member
    }

    /// Lets them work, then joins them all. Fails if one of them failed or did nothing.
    pub fn work(self) {
        sleep(working_time());
        self.over.store(true, SeqCst);
        self.os_threads.into_iter().for_each(os_thread::join);
        self.coroutines.into_iter().for_each(|coroutine| coroutine.join().expect("a coroutine failed"));
        for member in self.members.lock().unwrap().iter() {
            assert!(member.rounds.load(SeqCst) > 0, "{} did nothing", member.name);
        }
    }
}

fn run(member: &Member, work: impl FnOnce(&Member)) {
    /// A member that fails is done as well; its panic is reported when it is joined.
    struct Done<'a>(&'a Member);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.done.store(true, SeqCst);
        }
    }
    let done = Done(member);
    work(done.0);
}
