//! What happened, in the order in which it happened.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Prints a line. The path in it is the whole one, as macros have it.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {
        ::std::println!($($words)*)
    };
}

#[derive(Debug, Default)]
pub struct Log(Mutex<Vec<String>>);

impl Log {
    pub const fn new() -> Log {
        Log(Mutex::new(Vec::new()))
    }

    pub fn note(&self, line: &str) {
        self.lock().push(line.to_string());
    }

    pub fn lines(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
