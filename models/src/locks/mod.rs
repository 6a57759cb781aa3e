const PATIENCE: u32 = 2;

#[cfg_attr(not(test), allow(unused_imports, reason = "the tests use them"))]
#[path = "../../../src/sys/sync/arms/mod.rs"]
pub(crate) mod arms;
#[path = "../../../src/sys/sync/barrier.rs"]
pub(crate) mod barrier;
#[path = "../../../src/sys/sync/condvar.rs"]
pub(crate) mod condvar;
#[path = "../../../src/sys/sync/event.rs"]
pub(crate) mod event;
#[path = "../../../src/sys/sync/mutex.rs"]
pub(crate) mod mutex;
#[path = "../../../src/sys/sync/once.rs"]
pub(crate) mod once;
#[path = "../../../src/sys/sync/rwlock.rs"]
pub(crate) mod rwlock;
#[path = "../../../src/sys/sync/semaphore.rs"]
pub(crate) mod semaphore;
#[path = "../../../src/sys/sync/spin.rs"]
mod spin;
#[path = "../../../src/sys/sync/turns.rs"]
mod turns;
#[path = "../../../src/sys/sync/wait_group.rs"]
pub(crate) mod wait_group;

use mutex::Mutex;
