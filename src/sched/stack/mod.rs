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

mod cache;
mod class;
mod pool;
#[expect(clippy::module_inception, reason = "named for the type in it")]
mod stack;
mod trim;

pub(crate) use cache::{StackCache, note_starved, somebody_starves};
pub(crate) use class::{class_of, default_class};
pub(crate) use pool::{committed, promise, reserved};
pub(crate) use stack::{Stack, guard_range};
pub(crate) use trim::trim_in_background;
