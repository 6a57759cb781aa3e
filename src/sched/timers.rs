//! The timers of one worker: a heap of deadlines, the earliest on top, whose entries know their place.
//!
//! Four children a node: half the levels of a binary heap, and the four lie in one cache line or two. The usual timer is
//! a timeout that does not happen: it is put in behind all the earlier ones (no sifting) and taken out from the middle
//! (O(log n)). An entry lies on the stack of the coroutine that waits, which takes it out before it goes on.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use super::task::Task;

/// A deadline of a parked task. Must not move while it is in.
pub(crate) struct Entry {
    task: *const Task,
    place: Cell<usize>,
}

/// Not in the heap.
const OUT: usize = usize::MAX;

impl Entry {
    pub(crate) fn new(task: &Task) -> Entry {
        Entry { task, place: Cell::new(OUT) }
    }

    /// Is it (still) in the heap?
    pub(crate) fn is_in(&self) -> bool {
        self.place.get() != OUT
    }
}

struct Timer {
    deadline: Instant,
    entry: *const Entry,
}

/// See the module's text. For the worker's OS thread alone.
pub(crate) struct Timers {
    heap: RefCell<Vec<Timer>>,
}

const ARITY: usize = 4;

impl Timers {
    pub(crate) fn new() -> Timers {
        Timers { heap: RefCell::new(Vec::new()) }
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.borrow().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heap.borrow().is_empty()
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.borrow().first().map(|timer| timer.deadline)
    }

    /// Puts `entry` in.
    ///
    /// # Safety
    /// `entry` neither moves nor ends, nor does its task, until it is out again: by [`remove`](Self::remove), or by
    /// [`expire`](Self::expire) having handed out its task.
    pub(crate) unsafe fn insert(&self, entry: &Entry, deadline: Instant) {
        let mut heap = self.heap.borrow_mut();
        let place = heap.len();
        entry.place.set(place);
        heap.push(Timer { deadline, entry });
        sift_up(&mut heap, place);
    }

    /// Takes `entry` out, if it is in.
    pub(crate) fn remove(&self, entry: &Entry) {
        if entry.is_in() {
            take_out(&mut self.heap.borrow_mut(), entry.place.get());
        }
    }

    /// Takes the earliest entry out if its time has come, and returns its task.
    pub(crate) fn expire(&self, now: Instant) -> Option<*const Task> {
        let mut heap = self.heap.borrow_mut();
        let first = heap.first()?;
        if first.deadline > now {
            return None;
        }
        let timer = take_out(&mut heap, 0);
        // SAFETY: an entry is alive until it is out of the heap; it was in until now, and its owner runs on this OS thread,
        // so not meanwhile.
        Some(unsafe { (*timer.entry).task })
    }
}

fn take_out(heap: &mut Vec<Timer>, place: usize) -> Timer {
    let timer = heap.swap_remove(place);
    // SAFETY: as in `expire`.
    unsafe { (*timer.entry).place.set(OUT) };
    if place < heap.len() {
        put(heap, place);
        sift_down(heap, place);
        sift_up(heap, place);
    }
    if heap.capacity() > 1024 && heap.len() < heap.capacity() / 8 {
        let half = heap.capacity() / 2;
        heap.shrink_to(half);
    }
    timer
}

/// Tells the entry at `place` that it is there.
fn put(heap: &[Timer], place: usize) {
    // SAFETY: what is in the heap is alive, see `insert`.
    unsafe { (*heap[place].entry).place.set(place) };
}

fn sift_up(heap: &mut [Timer], mut place: usize) {
    while place > 0 {
        let parent = (place - 1) / ARITY;
        if heap[parent].deadline <= heap[place].deadline {
            break;
        }
        heap.swap(parent, place);
        put(heap, place);
        place = parent;
        put(heap, place);
    }
}

fn sift_down(heap: &mut [Timer], mut place: usize) {
    loop {
        let children = place * ARITY + 1..(place * ARITY + 1 + ARITY).min(heap.len());
        let Some(least) = children.min_by_key(|&child| heap[child].deadline) else { break };
        if heap[place].deadline <= heap[least].deadline {
            break;
        }
        heap.swap(place, least);
        put(heap, place);
        place = least;
        put(heap, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn order_and_removal() {
        let timers = Timers::new();
        let start = Instant::now();
        let at = |n: u64| start + Duration::from_millis(n);
        let entries: Vec<Entry> = (0..1000).map(|_| Entry { task: std::ptr::null(), place: Cell::new(OUT) }).collect();
        // A fixed permutation of 0..1000.
        for (n, entry) in entries.iter().enumerate() {
            // SAFETY: `entries` outlives `timers`' use of it and does not move.
            unsafe { timers.insert(entry, at((n as u64 * 389) % 1000)) };
        }
        for entry in entries.iter().step_by(3) {
            timers.remove(entry);
            assert!(!entry.is_in());
            timers.remove(entry);
        }
        let mut left: Vec<u64> = (0..1000).filter(|n| n % 3 != 0).map(|n| (n * 389) % 1000).collect();
        left.sort_unstable();
        for deadline in left {
            assert_eq!(timers.next(), Some(at(deadline)));
            assert!(timers.expire(at(deadline) - Duration::from_nanos(1)).is_none());
            assert!(timers.expire(at(deadline)).is_some());
        }
        assert!(timers.is_empty());
    }
}
