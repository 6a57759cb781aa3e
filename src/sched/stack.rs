//! Stacks: reserved in slabs, committed by touch, guarded, reused hottest first, given back after a burst.
//!
//! A stack is a slot of a power of two bytes, aligned to its size, so the pages at its two ends (the guard at the low
//! end, the first frames at the high one) share a page of the page table as far as that can be: a parked coroutine on a
//! default stack of 2 MiB costs one page, and one page of page table.
//!
//! *Promises.* A coroutine gets its stack when it starts, but whether there can be one is said when it is spawned: each
//! spawn holds a promise of its size class, and there are never more promises than slots in reserved slabs (plus as many
//! as may lie idle in the workers' caches). So the kernel's refusal is an error of `Builder::spawn`, where std has it.
//!
//! *Giving back.* The free slots of a class form a pile. Since the last look, the pile was never lower than its low-water
//! mark: what lies below it was not needed meanwhile, and its pages go back to the kernel; slabs that lie there whole go
//! back with their page tables. A look is due a while after a slot was freed, and again until there is nothing to give.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use once_cell::sync::Lazy;
use once_cell::sync::OnceCell;

use super::blocking_pool;
use super::primitive::lock;
use crate::pal::{guard, memory};

/// A stack that nobody else uses. Dropping it leaks it: it goes back by [`StackCache::put`] or [`give_back`].
#[derive(Debug)]
pub(crate) struct Stack {
    slot: NonNull<u8>,
    class: u8,
}

// SAFETY: owned memory.
unsafe impl Send for Stack {}

impl Stack {
    /// One past the highest byte: where the stack begins.
    pub(crate) fn top(&self) -> NonNull<u8> {
        // SAFETY: the end of the slot.
        unsafe { self.slot.add(1 << self.class) }
    }

    /// The lowest byte; here lies the guard.
    pub(crate) fn bottom(&self) -> NonNull<u8> {
        self.slot
    }
}

/// The smallest slot: room for a panic's message besides the guard; what is not touched costs nothing.
const LEAST_CLASS: u8 = 16;
/// Slots come from slabs of so many bytes, or of one slot where that is more; of less where the kernel refuses.
const SLAB: usize = 1 << 27;

/// The size class of a stack of at least `size` bytes; an error where nothing that large could be mapped.
pub(crate) fn class_of(size: usize) -> io::Result<u8> {
    match size.checked_next_power_of_two() {
        Some(size) if size <= isize::MAX as usize / 4 => Ok((size.trailing_zeros() as u8).max(LEAST_CLASS)),
        _ => Err(refused()),
    }
}

/// What std's spawn returns when the system has no memory for a stack: it is `pthread_create`'s answer to that.
fn refused() -> io::Error {
    io::Error::from_raw_os_error(memory::NO_THREAD)
}

/// The class of a stack whose size nobody said: that of `RUST_MIN_STACK`, or 2 MiB, as std has it.
pub(crate) fn default_class() -> u8 {
    static DEFAULT: OnceCell<u8> = OnceCell::new();
    *DEFAULT.get_or_init(|| {
        let asked = std::env::var_os("RUST_MIN_STACK").and_then(|text| text.to_str()?.parse().ok());
        class_of(asked.unwrap_or(2 * 1024 * 1024)).unwrap_or(21)
    })
}

/// The guard of a stack whose lowest byte is at `bottom`. May be asked in a signal handler.
pub(crate) fn guard_range(bottom: usize) -> std::ops::Range<usize> {
    bottom..bottom + memory::page_size()
}

/// All that is known of the slots of one size.
struct Class {
    class: u8,
    pool: Mutex<Pool>,
}

#[derive(Default)]
struct Pool {
    /// By address.
    slabs: BTreeMap<usize, Slab>,
    /// Free slots that have a guard; the hottest last.
    free: Vec<NonNull<u8>>,
    /// So many at the start of `free` hold no pages.
    clean: usize,
    /// The least length of `free` since the last look.
    low_water: usize,
    /// Slots that were never used, as ranges: the first one, and how many.
    untouched: Vec<(NonNull<u8>, usize)>,
    /// Slots in all slabs.
    capacity: usize,
    /// Coroutines that have, or will want, one.
    promised: usize,
}

// SAFETY: addresses of owned memory.
unsafe impl Send for Pool {}

struct Slab {
    slots: usize,
    /// How many of its slots lie in `free`; counted only while trimming.
    free: usize,
}

impl Pool {
    /// The address of the slab that a slot is in.
    fn slab_of(&self, slot: NonNull<u8>) -> usize {
        let (&slab, _) = self.slabs.range(..=slot.addr().get()).next_back().expect("every slot is in a slab");
        slab
    }
}

static CLASSES: Lazy<Vec<Class>> =
    Lazy::new(|| (0..usize::BITS as u8).map(|class| Class { class, pool: Mutex::default() }).collect());

/// So many promises move between a worker and the pool at once.
const PROMISE_BATCH: usize = 64;
/// So many free slots a worker keeps for itself.
const CACHE: usize = 64;
/// So many move between a worker and the pool at once.
const CACHE_BATCH: usize = 32;

impl Class {
    fn of(class: u8) -> &'static Class {
        &CLASSES[usize::from(class)]
    }

    fn size(&self) -> usize {
        1 << self.class
    }

    /// Promises `count` slots.
    fn promise(&self, count: usize) -> io::Result<()> {
        let mut pool = lock(&self.pool);
        let idle = if self.class == default_class() { idle_allowance() } else { 0 };
        while pool.promised + count + idle > pool.capacity {
            match self.add_slab(&mut pool) {
                Ok(()) => {}
                // What may lie idle in caches is a wish; what is promised is not.
                Err(_) if pool.promised + count <= pool.capacity => break,
                Err(_) => return Err(refused()),
            }
        }
        pool.promised += count;
        Ok(())
    }

    fn add_slab(&self, pool: &mut Pool) -> io::Result<()> {
        let mut slots = (SLAB / self.size()).max(1);
        let slab = loop {
            match memory::reserve(slots * self.size(), self.size()) {
                Ok(slab) => break slab,
                Err(_) if slots > 1 => slots /= 2,
                Err(error) => return Err(error),
            }
        };
        // Where every guard takes a mapping of its own, these run out: that has to be known before a slot is promised.
        if guard::takes_mapping() {
            for slot in 0..slots {
                // SAFETY: page-aligned, inside what was just reserved, and nobody's yet.
                if let Err(error) = unsafe { guard::install(slab.add(slot * self.size()), memory::page_size()) } {
                    // SAFETY: reserved above, and nobody's.
                    unsafe { memory::release(slab, slots * self.size()) };
                    return Err(error);
                }
            }
        }
        pool.slabs.insert(slab.addr().get(), Slab { slots, free: 0 });
        pool.untouched.push((slab, slots));
        pool.capacity += slots;
        Ok(())
    }

    fn take_promise_back(&self, count: usize) {
        lock(&self.pool).promised -= count;
    }

    /// Moves up to `count` free slots to `into`; at least one if there is any at all.
    fn take(&self, into: &mut Vec<Stack>, count: usize) {
        let mut pool = lock(&self.pool);
        for _ in 0..count {
            let slot = match pool.free.pop() {
                Some(slot) => {
                    let len = pool.free.len();
                    pool.clean = pool.clean.min(len);
                    pool.low_water = pool.low_water.min(len);
                    slot
                }
                // New slots cost a guard each: no more of them than are needed.
                None if into.is_empty() => match self.cut(&mut pool) {
                    Some(slot) => slot,
                    None => break,
                },
                None => break,
            };
            into.push(Stack { slot, class: self.class });
        }
    }

    /// A slot that was never used, with its guard.
    fn cut(&self, pool: &mut Pool) -> Option<NonNull<u8>> {
        let (slot, count) = pool.untouched.pop()?;
        if !guard::takes_mapping() {
            // SAFETY: page-aligned, reserved, and nobody's yet.
            if unsafe { guard::install(slot, memory::page_size()) }.is_err() {
                // The kernel has no memory for it: perhaps later, when others have been given back.
                pool.untouched.push((slot, count));
                return None;
            }
        }
        if count > 1 {
            // SAFETY: still inside the slab.
            pool.untouched.push((unsafe { slot.add(self.size()) }, count - 1));
        }
        Some(slot)
    }

    fn give_back(&self, stacks: impl Iterator<Item = Stack>) {
        let mut pool = lock(&self.pool);
        pool.free.extend(stacks.map(|stack| stack.slot));
        drop(pool);
        TRIM_WANTED.store(true, Ordering::SeqCst);
    }

    /// Gives back what was not needed since the last look. `true` if another look may find more.
    fn trim(&self) -> bool {
        // A few at a time, so that nobody waits long for the lock; they are out of the pile meanwhile.
        const BATCH: usize = 64;
        let mut pool = lock(&self.pool);
        let idle = pool.low_water;
        pool.low_water = pool.free.len();
        self.release_slabs(&mut pool, idle);
        let mut done = pool.clean;
        while done < idle.min(pool.free.len()) {
            let end = (done + BATCH).min(idle).min(pool.free.len());
            let batch: Vec<NonNull<u8>> = pool.free.drain(done..end).collect();
            drop(pool);
            for &slot in &batch {
                let page = memory::page_size();
                // SAFETY: the slot is free and out of the pile, so nobody uses it; all of it but the guard.
                unsafe { memory::discard(slot.add(page), self.size() - page) };
            }
            pool = lock(&self.pool);
            let at = done.min(pool.free.len());
            let count = batch.len();
            pool.free.splice(at..at, batch);
            // Clean ones lie at the start, without a gap.
            if at == pool.clean {
                pool.clean += count;
            }
            done = at + count;
        }
        let more = pool.clean < pool.free.len();
        drop(pool);
        more
    }

    /// Unmaps the slabs whose slots are all among the `idle` coldest free ones, as far as promises allow.
    fn release_slabs(&self, pool: &mut Pool, idle: usize) {
        let mut spare = pool.capacity.saturating_sub(pool.promised + idle_allowance());
        if idle == 0 || spare == 0 {
            return;
        }
        for slab in pool.slabs.values_mut() {
            slab.free = 0;
        }
        for place in 0..idle {
            let slab = pool.slab_of(pool.free[place]);
            pool.slabs.get_mut(&slab).expect("just found").free += 1;
        }
        let mut gone = BTreeMap::new();
        for (&address, slab) in &pool.slabs {
            if slab.free == slab.slots && slab.slots <= spare {
                spare -= slab.slots;
                gone.insert(address, slab.slots);
            }
        }
        if gone.is_empty() {
            return;
        }
        let mut bases = Vec::new();
        let mut clean_gone = 0;
        let mut kept = Vec::with_capacity(pool.free.len());
        for (place, &slot) in pool.free.iter().enumerate() {
            let slab = pool.slab_of(slot);
            match gone.get(&slab) {
                None => kept.push(slot),
                Some(&slots) => {
                    clean_gone += usize::from(place < pool.clean);
                    if slot.addr().get() == slab {
                        bases.push((slot, slots));
                    }
                }
            }
        }
        pool.free = kept;
        pool.clean -= clean_gone;
        pool.low_water = pool.free.len();
        for (base, slots) in bases {
            pool.slabs.remove(&base.addr().get());
            pool.capacity -= slots;
            // SAFETY: every slot of this slab was free and is out of the pile.
            unsafe { memory::release(base, slots * self.size()) };
        }
    }
}

/// How many slots may lie idle in workers' caches.
fn idle_allowance() -> usize {
    CACHE * WORKERS.load(Ordering::Relaxed)
}

static WORKERS: AtomicUsize = AtomicUsize::new(0);

/// A spawn from outside the workers, or of an unusual size: makes sure that there will be a stack for it.
pub(crate) fn promise(class: u8) -> io::Result<()> {
    Class::of(class).promise(1)
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
        if self.promises > 2 * PROMISE_BATCH {
            self.promises -= PROMISE_BATCH;
            Class::of(class).take_promise_back(PROMISE_BATCH);
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

/// Has stacks that were not needed lately given back to the kernel, in the background, if there may be any.
pub(crate) fn trim_in_background() {
    if begin_trimming() {
        let begun = blocking_pool::run_detached(|| {
            loop {
                while trim() {
                    std::thread::sleep(TRIM_INTERVAL);
                }
                TRIMMING.store(false, Ordering::SeqCst);
                // Somebody may have wanted it between the last look and this, and left it to this thread.
                if !begin_trimming() {
                    break;
                }
            }
        });
        if !begun {
            // Not here, where coroutines would wait for it: the next stack that is freed brings us back.
            TRIMMING.store(false, Ordering::SeqCst);
        }
    }
}

/// SeqCst throughout: of one who sets WANTED and finds TRIMMING, and one who ends TRIMMING and looks at WANTED, at least
/// one sees the other.
fn begin_trimming() -> bool {
    TRIM_WANTED.load(Ordering::SeqCst) && !TRIMMING.swap(true, Ordering::SeqCst)
}

/// Something lies in a pile of free slots that was not looked at.
static TRIM_WANTED: AtomicBool = AtomicBool::new(false);
/// Somebody is at it.
static TRIMMING: AtomicBool = AtomicBool::new(false);
/// Between two looks.
const TRIM_INTERVAL: Duration = Duration::from_secs(1);

/// One look at every pile. `true` if another look may find more.
fn trim() -> bool {
    TRIM_WANTED.store(false, Ordering::SeqCst);
    let mut more = false;
    for class in CLASSES.iter() {
        more |= class.trim();
    }
    more || TRIM_WANTED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        assert_eq!(class_of(0).unwrap(), LEAST_CLASS);
        assert_eq!(class_of(2 << 20).unwrap(), 21);
        assert_eq!(class_of((2 << 20) + 1).unwrap(), 22);
        assert_eq!(class_of(usize::MAX).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn burst_is_given_back() {
        // A class that nothing else in this process uses.
        let class = Class::of(17);
        let mut stacks = Vec::new();
        class.promise(3000).unwrap();
        while stacks.len() < 3000 {
            let mut some = Vec::new();
            class.take(&mut some, 7);
            assert!(!some.is_empty());
            stacks.append(&mut some);
        }
        for stack in &stacks {
            // SAFETY: the stack is this test's, and the byte is above the guard.
            unsafe { stack.top().sub(1).write(1) };
        }
        class.give_back(stacks.into_iter());
        class.take_promise_back(3000);
        assert!(class.trim(), "the first look finds nothing that was idle since the one before");
        class.trim();
        let pool = lock(&class.pool);
        assert!(pool.capacity <= SLAB / class.size() + idle_allowance(), "slots left: {}", pool.capacity);
        assert_eq!(pool.clean, pool.free.len());
    }
}
