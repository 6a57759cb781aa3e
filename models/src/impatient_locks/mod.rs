const PATIENCE: u32 = 0;

#[allow(unused_imports, reason = "the models of impatience use some")]
#[path = "../../../src/sys/sync/arms/mod.rs"]
pub(crate) mod arms;
#[path = "../../../src/sys/sync/event.rs"]
pub(crate) mod event;
#[path = "../../../src/sys/sync/mutex.rs"]
pub(crate) mod mutex;
#[path = "../../../src/sys/sync/rwlock.rs"]
pub(crate) mod rwlock;
#[path = "../../../src/sys/sync/semaphore.rs"]
mod semaphore;
#[path = "../../../src/sys/sync/spin.rs"]
mod spin;
#[path = "../../../src/sys/sync/turns.rs"]
mod turns;
#[path = "../../../src/sys/sync/wait_group.rs"]
mod wait_group;
