//! The threads of a scope that run, be they coroutines or OS threads, and the one who waits for them at its end.
//!
//! ```text
//! the scope's end                                  a thread of it
//!   a. none runs? done                               1. subtract itself
//!   b. park, and look again                          2. that was the last one? unpark the scope's task
//! ```
//!
//! 1 before a: a sees it. Else 2 comes after a, and the park of b ends for it, before or after it has begun.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::park::{self, Reason, Unparker};

/// See the module's text.
pub(crate) struct Running {
    threads: AtomicUsize,
    a_thread_panicked: AtomicBool,
    /// The task that the scope belongs to.
    main: Unparker,
}

impl Running {
    /// For a scope of the current task; nobody runs yet.
    pub(crate) fn new() -> Running {
        Running { threads: AtomicUsize::new(0), a_thread_panicked: AtomicBool::new(false), main: Unparker::current() }
    }

    /// How many run.
    pub(crate) fn threads(&self) -> usize {
        self.threads.load(Ordering::Relaxed)
    }

    /// One more.
    ///
    /// # Panics
    /// There are too many to count.
    pub(crate) fn begin(&self) {
        // Half the range is kept free, so that no number of leaked threads can wrap it to 0.
        if self.threads.fetch_add(1, Ordering::Relaxed) > usize::MAX / 2 {
            self.end(false);
            panic!("too many running threads in thread scope");
        }
    }

    /// One less; nothing borrowed is used by it any more.
    pub(crate) fn end(&self, unseen_panic: bool) {
        if unseen_panic {
            self.set_panicked();
        }
        // Release: what the thread did, this flag included, comes before the end of the scope.
        if self.threads.fetch_sub(1, Ordering::Release) == 1 {
            self.main.unpark();
        }
    }

    /// A thread has panicked, and nobody has seen it.
    pub(crate) fn set_panicked(&self) {
        self.a_thread_panicked.store(true, Ordering::Relaxed);
    }

    /// Has a thread panicked, and nobody has seen it? Right once nobody runs any more.
    pub(crate) fn has_panicked(&self) -> bool {
        self.a_thread_panicked.load(Ordering::Relaxed)
    }

    /// Waits until nobody runs any more. For the task that the scope belongs to.
    pub(crate) fn wait(&self, reason: Reason) {
        /// Waits on if a park is left by unwinding: the threads borrow what that would end.
        struct ToTheEnd<'a>(&'a Running, Reason);
        impl ToTheEnd<'_> {
            fn wait(&self) {
                // Acquire: what the threads did.
                while self.0.threads.load(Ordering::Acquire) != 0 {
                    let _ = park::park(None, self.1);
                }
            }
        }
        impl Drop for ToTheEnd<'_> {
            fn drop(&mut self) {
                self.wait();
            }
        }
        ToTheEnd(self, reason).wait();
    }
}
