//! What runs the coroutines: set it up, before it starts, and see what it does. (Not in std.)
//!
//! The runtime starts by itself with the first spawn, and has proven settings; nothing here has to be called.
//!
//! * [`Builder`] says how it is to be, from the program; the environment can, too.
//! * [`metrics`] counts what it does.
//! * [`dump`] tells what every coroutine does, where, and for how long; with `COSTD_DUMP=SIGQUIT` a running program does so
//!   when it is asked by `kill -QUIT`, or from its terminal by Ctrl and the backslash.
//!
//! There are two things that it says of its own accord, on the standard error: that a coroutine has kept its worker for a second
//! ([`Builder::stuck_after`]); and, to those who want to be told, that nothing can ever run again ([`OnDeadlock`]).
//!
//! ```
//! use costd::{runtime, thread};
//!
//! runtime::Builder::new().workers(2).stack_size(64 << 10).start()?;
//! assert_eq!(thread::spawn(|| 6 * 7).join().unwrap(), 42);
//! # Ok::<(), runtime::StartError>(())
//! ```
//!
//! # Variables
//!
//! What the program leaves alone, the environment may set. Where it says something that means nothing, a line on the standard
//! error says so, and the setting is what it would be without.
//!
//! | variable | value | as |
//! |---|---|---|
//! | `COSTD_WORKERS` | a number | [`Builder::workers`] |
//! | `COSTD_STACK_SIZE` | bytes: `65536`, `64K`, `2M`, `1G` | [`Builder::stack_size`]; if it is not set, std's `RUST_MIN_STACK` |
//! | `COSTD_STACK_LIMIT` | bytes | [`Builder::stack_limit`] |
//! | `COSTD_STACK_IDLE` | a time: `500ms`, `2s`, `1min` | [`Builder::stack_idle`] |
//! | `COSTD_THREAD_NAME` | a name | [`Builder::thread_name`] |
//! | `COSTD_CPUS` | `all`, or a list: `0-3,6`, or `off` | [`Builder::pin_workers`], [`Builder::cpus`] |
//! | `COSTD_BLOCKING_THREADS` | a number | [`Builder::blocking_threads`] |
//! | `COSTD_STUCK` | a time, or `off` | [`Builder::stuck_after`] |
//! | `COSTD_DEADLOCK` | `report`, `abort` or `off` | [`Builder::on_deadlock`] |
//! | `COSTD_DUMP` | a signal: `SIGQUIT`, `SIGUSR1`, … | [`Builder::dump_on`] |

mod builder;
mod dump;
mod error;
mod metrics;
mod report;

pub use builder::Builder;
pub use dump::{CoroutineDump, Dump, Frame, HeldUp, State, dump};
pub use error::StartError;
pub use metrics::{Metrics, WorkerMetrics, metrics};
pub(crate) use report::report;

pub use crate::pal::signal::Signal;
pub use crate::sched::settings::OnDeadlock;
