//! All slots of one size: the slabs that they are cut from, the free ones, and what is promised.

use std::collections::BTreeMap;
use std::io;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use once_cell::sync::Lazy;

use super::cache::CACHE;
use super::class::{default_class, refused};
use super::stack::Stack;
use super::trim;
use crate::pal::{guard, memory};
use crate::sched::primitive::lock;
use crate::sched::settings::settings;

/// Slots come from slabs of so many bytes, or of one slot where that is more; of less where the kernel refuses.
pub(super) const SLAB: usize = 1 << 27;

/// All that is known of the slots of one size.
pub(super) struct Class {
    pub(super) class: u8,
    pub(super) pool: Mutex<Pool>,
}

#[derive(Default)]
pub(super) struct Pool {
    /// By address.
    pub(super) slabs: BTreeMap<usize, Slab>,
    /// Free slots that have a guard; the hottest last.
    pub(super) free: Vec<NonNull<u8>>,
    /// So many at the start of `free` hold no pages.
    pub(super) clean: usize,
    /// The least length of `free` since the last look.
    pub(super) low_water: usize,
    /// Slots that were never used, as ranges: the first one, and how many.
    untouched: Vec<(NonNull<u8>, usize)>,
    /// Slots in all slabs.
    pub(super) capacity: usize,
    /// Coroutines that have, or will want, one.
    pub(super) promised: usize,
}

// SAFETY: addresses of owned memory.
unsafe impl Send for Pool {}

pub(super) struct Slab {
    pub(super) slots: usize,
    /// How many of its slots lie in `free`; counted only while trimming.
    pub(super) free: usize,
}

impl Pool {
    /// The address of the slab that a slot is in.
    pub(super) fn slab_of(&self, slot: NonNull<u8>) -> usize {
        let (&slab, _) = self.slabs.range(..=slot.addr().get()).next_back().expect("every slot is in a slab");
        slab
    }
}

pub(super) static CLASSES: Lazy<Vec<Class>> =
    Lazy::new(|| (0..usize::BITS as u8).map(|class| Class { class, pool: Mutex::default() }).collect());

impl Class {
    pub(super) fn of(class: u8) -> &'static Class {
        &CLASSES[usize::from(class)]
    }

    pub(super) fn size(&self) -> usize {
        1 << self.class
    }

    /// Promises `count` slots.
    pub(super) fn promise(&self, count: usize) -> io::Result<()> {
        let mut pool = lock(&self.pool);
        let idle = if self.class == default_class() { idle_allowance() } else { 0 };
        while pool.promised + count + idle > pool.capacity {
            let added = self.add_slab(&mut pool);
            // Relaxed: a hint.
            TIGHT.store(added.is_err(), Ordering::Relaxed);
            match added {
                Ok(()) => {}
                // What may lie idle in caches, and promises that nobody needs yet, are wishes; one that is needed is not.
                Err(_) if count == 1 && pool.promised < pool.capacity => break,
                Err(_) => return Err(refused()),
            }
        }
        pool.promised += count;
        Ok(())
    }

    fn add_slab(&self, pool: &mut Pool) -> io::Result<()> {
        let mut slots = (SLAB / self.size()).max(1);
        let slab = loop {
            match reserve_slab(slots * self.size(), self.size()) {
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
                    unsafe { release_slab(slab, slots * self.size()) };
                    return Err(error);
                }
            }
        }
        pool.slabs.insert(slab.addr().get(), Slab { slots, free: 0 });
        pool.untouched.push((slab, slots));
        pool.capacity += slots;
        Ok(())
    }

    pub(super) fn take_promise_back(&self, count: usize) {
        lock(&self.pool).promised -= count;
    }

    /// Moves up to `count` free slots to `into`; at least one if there is any at all.
    pub(super) fn take(&self, into: &mut Vec<Stack>, count: usize) {
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

    /// The parts of slabs that were ever in use.
    fn used(&self) -> Vec<(usize, usize)> {
        let pool = lock(&self.pool);
        let untouched: BTreeMap<usize, usize> =
            pool.untouched.iter().map(|&(slot, count)| (pool.slab_of(slot), count)).collect();
        let used = |(&slab, Slab { slots, .. }): (&usize, &Slab)| {
            (slab, (slots - untouched.get(&slab).copied().unwrap_or(0)) * self.size())
        };
        pool.slabs.iter().map(used).filter(|(_, len)| *len > 0).collect()
    }

    pub(super) fn give_back(&self, stacks: impl Iterator<Item = Stack>) {
        let mut pool = lock(&self.pool);
        pool.free.extend(stacks.map(|stack| stack.slot));
        drop(pool);
        trim::want();
    }
}

/// No slab could be had when one was last wanted. Workers keep no promises then that others may need.
pub(super) static TIGHT: AtomicBool = AtomicBool::new(false);

/// Address space in the slabs of all classes, in bytes.
static RESERVED: AtomicUsize = AtomicUsize::new(0);

/// Reserves a slab, if the limit of all of them allows it.
fn reserve_slab(len: usize, align: usize) -> io::Result<NonNull<u8>> {
    // Relaxed: a count. It is taken first, so that two who reserve at one time do not both fit in.
    let before = RESERVED.fetch_add(len, Ordering::Relaxed);
    let slab =
        if before.saturating_add(len) > settings().stack_limit { Err(refused()) } else { memory::reserve(len, align) };
    if slab.is_err() {
        RESERVED.fetch_sub(len, Ordering::Relaxed);
    }
    slab
}

/// Gives a slab back.
///
/// # Safety
/// As [`memory::release`], of what [`reserve_slab`] has reserved.
pub(super) unsafe fn release_slab(slab: NonNull<u8>, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { memory::release(slab, len) };
    RESERVED.fetch_sub(len, Ordering::Relaxed);
}

/// Address space reserved for stacks, in bytes.
pub(crate) fn reserved() -> usize {
    RESERVED.load(Ordering::Relaxed)
}

/// The memory in stacks, in bytes, as the system says.
pub(crate) fn committed() -> usize {
    // The ranges first: the system takes its time, and nobody is to wait for the lock. A slab that is given back meanwhile is
    // no memory any more, or counted as whatever lies there now.
    let used = CLASSES.iter().flat_map(Class::used);
    used.collect::<Vec<_>>().into_iter().map(|(start, len)| memory::resident(start, len)).sum()
}

/// How many slots may lie idle in workers' caches.
pub(super) fn idle_allowance() -> usize {
    CACHE * WORKERS.load(Ordering::Relaxed)
}

pub(super) static WORKERS: AtomicUsize = AtomicUsize::new(0);

/// A spawn from outside the workers, or of an unusual size: makes sure that there will be a stack for it.
pub(crate) fn promise(class: u8) -> io::Result<()> {
    Class::of(class).promise(1)
}
