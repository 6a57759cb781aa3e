//! The mechanisms of `sync` and of what `coroutine` has of that kind, free of the data that they guard, of poison and of guards.
//!
//! All of them wait by `park`, so they serve coroutines and OS threads alike, and none knows which
//! it has before it. They are `const` to make, and nothing of the system's is behind them before somebody waits.
//!
//! System calls (`strace -c -f`): none to take a lock that is free, or to release one that nobody waits for; and none to wait
//! for, wake or hand over to another coroutine of the same worker. Between workers a wake costs what `sched::worker` says.
//!
//! How they keep coroutines of one worker from starving one another, which no clock interrupts:
//!
//! * What takes a lock ticks (`park::tick`): a loop that takes and releases locks, and never blocks, has others run now
//!   and then. So does what looks at a lock and finds it not as wished (`try_lock`, an `OnceLock` that is empty): such is
//!   called in loops. Looking at a `Once` that is completed costs a load and no tick.
//! * Releasing a lock for which others wait is a whole operation (`park::checkpoint`), after it has been released.
//! * Whoever has been woken for a lock `PATIENCE` times and each time found it taken again has it handed over.
//!
//! | module | what it is |
//! |---|---|
//! | `barrier` | a count and a list |
//! | `turns` | a queue of those who wait for a lock, which may be handed over |
//! | `mutex` | one word, and turns |
//! | `rwlock` | one word, turns for readers and for writers, and a queue for the writer whose turn it is |
//! | `condvar` | a queue |
//! | `once` | one word and a queue |
//! | `semaphore` | one word and a list |
//! | `event` | one word and a queue |
//! | `wait_group` | a count and a queue |
//! | `arms` | all of them as alternatives of a select |
//! | `channel` | what `mpsc`, `mpmc` and `oneshot` are built on |

pub(crate) mod arms;
mod barrier;
pub(crate) mod channel;
mod condvar;
mod event;
mod mutex;
mod once;
mod rwlock;
mod semaphore;
mod spin;
mod turns;
mod wait_group;

pub(crate) use barrier::Barrier;
pub(crate) use condvar::Condvar;
pub(crate) use event::Event;
pub(crate) use mutex::Mutex;
pub(crate) use once::Once;
pub(crate) use rwlock::RwLock;
pub(crate) use semaphore::Semaphore;
pub(crate) use wait_group::WaitGroup;

/// So many times may a task be woken for a lock and find it taken by another before it has the lock handed over.
///
/// Handing over at once would make each release of a contended lock wait for a switch, and the lock stand idle meanwhile;
/// barging lets a task that runs already have it. The figure is small because it may be whole time slices that are lost:
/// where the holder blocks inside, each of the losses lasts as long as the holder does.
const PATIENCE: u32 = 2;
