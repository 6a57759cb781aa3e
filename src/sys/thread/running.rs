//! The threads of a scope that run, be they coroutines or OS threads, and the one who waits for them at its end.
//!
//! ```text
//! the scope's end                                  a thread of it
//!   a. none runs? done                               1. subtract itself
//!   b. park, and look again                          2. that was the last one? unpark the scope's task
//! ```
//!
//! If the scope is interrupted meanwhile, or was in its body, it cancels its coroutines, and waits for their ends as ever.
//!
//! 1 before a: a sees it. Else 2 comes after a, and the park of b ends for it, before or after it has begun.

use crate::park::{self, Reason, Unparker};
use crate::sched::interrupt::{self, Interrupts};
use crate::sched::primitive::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sched::primitive::{Arc, Mutex, lock};
use crate::sched::task::TaskRef;

/// See the module's text.
pub(crate) struct Running {
    threads: AtomicUsize,
    a_thread_panicked: AtomicBool,
    /// Coroutines that may be running, to be cancelled with the scope.
    coroutines: Mutex<Vec<TaskRef>>,
    /// The task that the scope belongs to.
    main: Unparker,
}

impl Running {
    /// For a scope of the current task; nobody runs yet.
    pub(crate) fn new() -> Running {
        Running {
            threads: AtomicUsize::new(0),
            a_thread_panicked: AtomicBool::new(false),
            coroutines: Mutex::new(Vec::new()),
            main: Unparker::current(),
        }
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

    /// A coroutine has been spawned.
    pub(crate) fn note(&self, coroutine: &TaskRef) {
        let mut coroutines = lock(&self.coroutines);
        // Before it grows, those that have ended make room.
        if coroutines.len() == coroutines.capacity() {
            coroutines.retain(|coroutine| !coroutine.ending.is_done());
            let live = coroutines.len();
            coroutines.reserve(live.max(4));
        }
        coroutines.push(coroutine.clone());
    }

    fn cancel_coroutines(&self) {
        for coroutine in &*lock(&self.coroutines) {
            Interrupts::cancel(coroutine);
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

    /// Waits until nobody runs any more. For the task that the scope belongs to, which was `interrupted` already, or may be.
    pub(crate) fn wait(&self, reason: Reason, mut interrupted: bool) {
        let mut told = false;
        // Acquire: what the threads did.
        while self.threads.load(Ordering::Acquire) != 0 {
            interrupted = interrupted || interrupt::is_due();
            if interrupted && !told {
                self.cancel_coroutines();
                told = true;
            }
            // Neither of them unwinds: the threads borrow what that would end.
            let _ = if told { park::park(None, reason) } else { park::park_within_limits(None, reason) };
        }
    }
}

/// A thread that is counted and not spawned yet. Dropped, it is no longer counted: by an error of the spawn, or by a panic of the
/// closure's destructor after that.
pub(crate) struct Begun(Option<Arc<Running>>);

impl Begun {
    /// One more in `running`, which is going to be spawned.
    ///
    /// # Panics
    /// As [`Running::begin`].
    pub(crate) fn new(running: &Arc<Running>) -> Begun {
        running.begin();
        Begun(Some(Arc::clone(running)))
    }

    /// What the thread does at its end, when it uses nothing borrowed any more; it says whether it has panicked and nobody has
    /// seen that.
    pub(crate) fn at_end(&self) -> impl FnOnce(bool) + Send + use<> {
        let running = self.0.clone().expect(SPAWNED_ONCE);
        move |unseen_panic| running.end(unseen_panic)
    }

    /// It was spawned, and will do that.
    pub(crate) fn spawned(mut self) -> Arc<Running> {
        self.0.take().expect(SPAWNED_ONCE)
    }
}

const SPAWNED_ONCE: &str = "only `spawned` takes it, and consumes this";

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(running) = &self.0 {
            running.end(false);
        }
    }
}
