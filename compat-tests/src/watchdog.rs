//! Ends the process when a test makes no progress: a hang becomes a failure with a name.
//!
//! The watchdog is an OS thread and uses the real std alone, so that nothing that it watches can hold it up.

use std::__std::panic::Location;
use std::__std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::__std::thread;
use std::process;
use std::time::Duration;

/// Time for a test that does not say how much it needs. Much, for a machine that is busy with other things.
const LIMIT: Duration = Duration::from_secs(60);

/// Watches until it is dropped.
pub struct Watchdog {
    _over: Sender<()>,
}

impl Watchdog {
    /// Gives the calling test the usual time.
    #[track_caller]
    pub fn start() -> Watchdog {
        Watchdog::with_limit(LIMIT)
    }

    #[track_caller]
    pub fn with_limit(limit: Duration) -> Watchdog {
        let place = Location::caller();
        let mut left = Some(limit);
        Watchdog::every(limit, move || match left.take() {
            Some(_) => None,
            None => Some(format!("the test at {place} is not done after {limit:?}")),
        })
    }

    /// Calls `check` at once and then every `period`. When it returns a complaint, the process ends with it.
    pub fn every(period: Duration, mut check: impl FnMut() -> Option<String> + Send + 'static) -> Watchdog {
        let (over, is_over) = channel::<()>();
        thread::spawn(move || {
            loop {
                if let Some(complaint) = check() {
                    eprintln!("watchdog: {complaint}");
                    process::abort();
                }
                if is_over.recv_timeout(period) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
        });
        Watchdog { _over: over }
    }
}
