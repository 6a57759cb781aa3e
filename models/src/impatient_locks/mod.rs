const PATIENCE: u32 = 0;

#[path = "../../../src/sys/sync/mutex.rs"]
pub(crate) mod mutex;
#[path = "../../../src/sys/sync/rwlock.rs"]
pub(crate) mod rwlock;
#[path = "../../../src/sys/sync/spin.rs"]
mod spin;
#[path = "../../../src/sys/sync/turns.rs"]
mod turns;
