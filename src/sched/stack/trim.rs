//! Giving back: the pages of free slots that were not needed lately, and slabs that lie idle whole.

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::pool::{CLASSES, Class, Pool, idle_allowance, release_slab};
use crate::pal::memory;
use crate::sched::blocking_pool;
use crate::sched::primitive::lock;
use crate::sched::settings::settings;

impl Class {
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
            unsafe { release_slab(base, slots * self.size()) };
        }
    }
}

/// Has stacks that were not needed lately given back to the kernel, in the background, if there may be any.
pub(crate) fn trim_in_background() {
    if begin_trimming() {
        let begun = blocking_pool::run_detached(|| {
            loop {
                while trim() {
                    std::thread::sleep(settings().stack_idle.max(LEAST_IDLE));
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

/// There may be something to look for in a while.
pub(super) fn want() {
    TRIM_WANTED.store(true, Ordering::SeqCst);
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
/// Between two looks lies at least this.
const LEAST_IDLE: Duration = Duration::from_millis(10);

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
    use super::super::pool::SLAB;
    use super::*;

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
