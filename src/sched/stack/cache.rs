//! What each worker keeps for itself, of stacks and of promises, so that a spawn takes no lock most of the time.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::class::default_class;
use super::pool::{Class, TIGHT, WORKERS, promise};
use super::stack::Stack;

/// So many promises move between a worker and the pool at once.
const PROMISE_BATCH: usize = 64;
/// So many free slots a worker keeps for itself.
pub(super) const CACHE: usize = 64;
/// So many move between a worker and the pool at once.
const CACHE_BATCH: usize = 32;

/// Unstarted tasks that have found no stack. While there are any, no worker keeps stacks for itself.
static STARVED: AtomicUsize = AtomicUsize::new(0);

/// Does a task want for a stack that may lie idle in some worker's cache?
#[inline]
pub(crate) fn somebody_starves() -> bool {
    // Relaxed: a hint; who starves asks again and again.
    STARVED.load(Ordering::Relaxed) != 0
}

/// So many more tasks starve, or fewer.
pub(crate) fn note_starved(change: isize) {
    STARVED.fetch_add(change.cast_unsigned(), Ordering::Relaxed);
}

/// One worker's free stacks and promises of the default size. For its OS thread alone.
pub(crate) struct StackCache {
    stacks: Vec<Stack>,
    promises: usize,
}

impl StackCache {
    pub(crate) fn new() -> StackCache {
        WORKERS.fetch_add(1, Ordering::Relaxed);
        StackCache { stacks: Vec::with_capacity(CACHE), promises: 0 }
    }

    /// As [`promise`], without the pool's lock most of the time.
    #[inline]
    pub(crate) fn promise(&mut self, class: u8) -> io::Result<()> {
        if class != default_class() {
            return promise(class);
        }
        if self.promises == 0 {
            match Class::of(class).promise(PROMISE_BATCH) {
                Ok(()) => self.promises = PROMISE_BATCH,
                Err(_) => return promise(class),
            }
        }
        self.promises -= 1;
        Ok(())
    }

    /// The stack that was promised. `None` only where the kernel refused what was wished for beyond the promises.
    #[inline]
    pub(crate) fn get(&mut self, class: u8) -> Option<Stack> {
        if class != default_class() {
            let mut one = Vec::with_capacity(1);
            Class::of(class).take(&mut one, 1);
            return one.pop();
        }
        if self.stacks.is_empty() {
            Class::of(class).take(&mut self.stacks, CACHE_BATCH);
        }
        self.stacks.pop()
    }

    /// Takes back a stack, and the promise that it was for.
    #[inline]
    pub(crate) fn put(&mut self, stack: Stack) {
        let class = stack.class;
        if class != default_class() {
            Class::of(class).give_back(std::iter::once(stack));
            Class::of(class).take_promise_back(1);
            return;
        }
        if self.stacks.len() >= CACHE {
            // The coldest lie at the start.
            Class::of(class).give_back(self.stacks.drain(..CACHE_BATCH));
        }
        self.stacks.push(stack);
        self.promises += 1;
        if self.promises > 2 * PROMISE_BATCH || TIGHT.load(Ordering::Relaxed) {
            let spare = if self.promises > 2 * PROMISE_BATCH { PROMISE_BATCH } else { self.promises };
            self.promises -= spare;
            Class::of(class).take_promise_back(spare);
        }
    }

    /// Gives what this worker holds for itself to the pool, when it has had nothing to do for a while.
    pub(crate) fn flush(&mut self) {
        if !self.stacks.is_empty() {
            Class::of(default_class()).give_back(mem::take(&mut self.stacks).into_iter());
            self.stacks.reserve(CACHE);
        }
        Class::of(default_class()).take_promise_back(mem::take(&mut self.promises));
    }
}
