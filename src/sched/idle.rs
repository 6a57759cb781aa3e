//! Who sleeps, who searches: how a spawn finds a worker to run it without a system call for each.
//!
//! A worker that finds nothing to do marks itself in `asleep` and sleeps in its reactor. Whoever has work for anybody
//! (a spawn from a plain thread, a backlog of unstarted spawns) takes one mark out and rings that worker, who becomes the
//! *searcher*. There is one searcher at a time, and while there is, spawns ring nobody: the searcher, when it has found
//! something, rings the next one if there is more.
//!
//! ```text
//! a spawner                                  a worker about to sleep
//!   1. push the task                           a. mark itself asleep
//!   2. SeqCst fence                            b. SeqCst fence
//!   3. a searcher, or nobody asleep? done      c. look at every queue once more
//!      else take a mark out and ring           d. nothing: sleep; else take the mark out
//! ```
//!
//! Of two SeqCst fences one comes first: either 3 sees the mark or c sees the task. A searcher who gives up resigns
//! *before* a, so that a spawner who relied on it is covered by its c. One who does not come to c, because it has found
//! something or has been left something meanwhile, looks at every queue after a fence of its own, and rings the next one.
//!
//! A *lone* unstarted spawn is not a reason to take it away from its worker: its parent is probably about to wait for it,
//! and the two will then talk for the rest of their lives. So a searcher that sees nothing but lone spawns *watches*: it
//! sleeps for some tens of microseconds and takes one whose worker has not switched meanwhile, which means that somebody
//! computes there and keeps the child waiting. It goes on watching, at longer intervals, as long as there are spawns.

use super::primitive::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// See the module's text.
pub(crate) struct Idle {
    /// A bit for each worker.
    asleep: Box<[AtomicU64]>,
    /// 1 while somebody searches or watches.
    searching: AtomicU32,
    /// While the searcher watches (asleep for some tens of microseconds): its number, plus one.
    watcher: AtomicU32,
}

impl Idle {
    pub(crate) fn new(workers: usize) -> Idle {
        Idle {
            asleep: (0..workers.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            searching: AtomicU32::new(0),
            watcher: AtomicU32::new(0),
        }
    }

    /// Step a and b.
    pub(crate) fn mark_asleep(&self, worker: usize) {
        // Relaxed, for the fence orders it.
        self.asleep[worker / 64].fetch_or(1 << (worker % 64), Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// A worker that is awake again takes its own mark out. `false`: somebody else has, to make it the searcher.
    pub(crate) fn unmark(&self, worker: usize) -> bool {
        let bit = 1 << (worker % 64);
        // Acquire: pairs with the one who took the mark out.
        self.asleep[worker / 64].fetch_and(!bit, Ordering::Acquire) & bit != 0
    }

    /// Steps 2 and 3 for a task that is pushed: who is to be rung, and is the searcher from now on.
    ///
    /// `urgent`: a watcher is not good enough, since nobody is at home to run the task otherwise.
    #[inline]
    pub(crate) fn choose_searcher(&self, urgent: bool) -> Option<usize> {
        fence(Ordering::SeqCst);
        if self.searching.load(Ordering::Relaxed) != 0 {
            let watcher = if urgent { self.watcher.load(Ordering::Relaxed) } else { 0 };
            return watcher.checked_sub(1).map(|watcher| watcher as usize);
        }
        self.choose_searcher_slow()
    }

    fn choose_searcher_slow(&self) -> Option<usize> {
        while self.anybody_asleep() {
            if !self.become_searcher() {
                return None;
            }
            for (n, word) in self.asleep.iter().enumerate() {
                let mut marks = word.load(Ordering::Relaxed);
                while marks != 0 {
                    let bit = marks.trailing_zeros();
                    // Release: pairs with `unmark`.
                    let before = word.fetch_and(!(1 << bit), Ordering::Release);
                    if before & (1 << bit) != 0 {
                        return Some(n * 64 + bit as usize);
                    }
                    marks = before & !(1 << bit);
                }
            }
            self.resign();
            // Another spawner may have relied on this one while it was the searcher, and a worker may have marked itself
            // since: look again, after the fence in `resign`.
        }
        None
    }

    /// How many sleep, as a hint.
    pub(crate) fn asleep(&self) -> usize {
        self.asleep.iter().map(|word| word.load(Ordering::Relaxed).count_ones() as usize).sum()
    }

    fn anybody_asleep(&self) -> bool {
        self.asleep.iter().any(|word| word.load(Ordering::Relaxed) != 0)
    }

    /// A worker that is awake and has nothing to do becomes the searcher, if there is none.
    pub(crate) fn become_searcher(&self) -> bool {
        self.searching.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The searcher has found something, or gives up.
    pub(crate) fn resign(&self) {
        // Release: comes before the mark that may follow (see the module's text).
        self.searching.store(0, Ordering::Release);
        // As step b: whoever relied on this searcher is found by the look that follows.
        fence(Ordering::SeqCst);
    }

    /// The searcher, worker `watcher`, starts a watch, or ends it (`None`).
    pub(crate) fn set_watcher(&self, watcher: Option<usize>) {
        self.watcher.store(watcher.map_or(0, |watcher| watcher as u32 + 1), Ordering::Relaxed);
        // As step b: whoever pushed before this and saw no watcher is found by the look that follows.
        fence(Ordering::SeqCst);
    }
}
