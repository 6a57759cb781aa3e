//! Where things go wrong, and are found out.

use std as real;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, TryLockError};
use std::{fmt, thread};

#[derive(Debug)]
struct Complaint(&'static str);

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl std::error::Error for Complaint {}

/// A panic in a thread, a poisoned lock, and an error that says why.
pub fn complain() -> String {
    panic::set_hook(Box::new(|_| {}));
    let form = Arc::new(Mutex::new(0u32));
    let clerk = thread::spawn({
        let form = Arc::clone(&form);
        move || {
            let _form = form.lock().unwrap();
            panic::panic_any(Complaint("too long a queue"));
        }
    });
    let complaint = clerk.join().unwrap_err().downcast::<Complaint>().expect("the clerk said why");
    let poisoned = matches!(form.try_lock(), Err(TryLockError::Poisoned(_)));
    let caught = panic::catch_unwind(AssertUnwindSafe(|| *form.lock().unwrap())).is_err();
    let _ = panic::take_hook();
    let error: Box<dyn std::error::Error + Send + Sync> = complaint;
    format!("{error}; poisoned: {poisoned}; caught: {caught}; {}", real::cmp::max(1, 2))
}
