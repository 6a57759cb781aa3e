//! A few OS threads for what blocks in the kernel without telling when it is ready: name resolution, files.
//!
//! [`run`] lends such a thread a closure that lies on the calling coroutine's stack, and parks the coroutine until it has
//! run. On a plain OS thread, and where nothing may be switched, the closure runs in place.
//!
//! ```text
//! the coroutine                                 a thread of the pool
//!   a. queue the job (a pointer to its frame)     1. take a job, run it, write the result
//!   b. park until `done`                          2. move the unparker out of the frame
//!   c. take the result, leave the frame           3. set `done`: the frame is not touched any more
//!                                                 4. unpark
//! ```
//!
//! The frame stays until 3, also when the park is left by unwinding. A thread that has had nothing to do for a while ends.
//!
//! Two kinds of jobs: what ends by itself ([`run`]) has a limited number of threads (a setting), and waits for its turn. What may
//! have to wait for others of this process, or for a user who sits before a terminal ([`run_waiting`]), has a thread at once, as
//! many as there are such jobs: with a limit they could wait for one another for ever.

use std::any::Any;
use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::panics;
use super::pinning;
use super::primitive::lock;
use super::reason::Reason;
use super::settings::settings;
use super::task::Unparker;

/// So long does a thread wait for another job.
const IDLE: Duration = Duration::from_secs(10);

struct Pool {
    state: Mutex<State>,
    queued: Condvar,
}

struct State {
    jobs: VecDeque<Queued>,
    /// Threads that wait for a job, or have been woken for one and not looked yet.
    idle: usize,
    threads: usize,
    /// Threads that run, or are about to run, a job that waits.
    waiting: usize,
}

/// See the module's text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ends,
    Waits,
}

static POOL: Pool = Pool {
    state: Mutex::new(State { jobs: VecDeque::new(), idle: 0, threads: 0, waiting: 0 }),
    queued: Condvar::new(),
};

/// A job in the queue: a frame of [`run`], and how to run what is in it.
struct Queued {
    job: NonNull<()>,
    run: unsafe fn(NonNull<()>),
    kind: Kind,
}

// SAFETY: what lies behind the pointer is `Job<F, R>` with `F: Send` and `R: Send`, and its owner waits.
unsafe impl Send for Queued {}

/// See [`Pool::submit`].
struct NoThread;

/// The frame of a [`run`], shared with the thread that works on it.
struct Job<F, R> {
    /// Taken by the thread.
    closure: UnsafeCell<Option<F>>,
    /// Written by the thread before `done`.
    result: UnsafeCell<Option<Result<R, Box<dyn Any + Send>>>>,
    unparker: UnsafeCell<Option<Unparker>>,
    done: AtomicBool,
}

/// Runs `f` where it may block, and returns its result; a panic of `f` goes on in the caller.
pub(crate) fn run<R: Send>(reason: Reason, f: impl FnOnce() -> R + Send) -> R {
    if super::current_coroutine().is_none() {
        return f();
    }
    run_elsewhere(Kind::Ends, reason, f)
}

/// As [`run`], of what may have to wait for others, without a limit to how many there are.
pub(crate) fn run_waiting<R: Send>(reason: Reason, f: impl FnOnce() -> R + Send) -> R {
    if super::current_coroutine().is_none() {
        return f();
    }
    run_elsewhere(Kind::Waits, reason, f)
}

fn run_elsewhere<F: FnOnce() -> R + Send, R: Send>(kind: Kind, reason: Reason, f: F) -> R {
    let job = Job {
        closure: UnsafeCell::new(Some(f)),
        result: UnsafeCell::new(None),
        unparker: UnsafeCell::new(Some(Unparker::current())),
        done: AtomicBool::new(false),
    };
    let queued = Queued { job: NonNull::from(&job).cast(), run: run_job::<F, R>, kind };
    if POOL.submit(queued).is_err() {
        // Not one thread can be had, and nobody else knows of the frame: in place.
        let closure = job.closure.into_inner();
        return closure.expect("a job that was not queued was not run")();
    }
    let waiting = Waiting(&job.done);
    waiting.wait(reason);
    drop(waiting);
    match job.result.into_inner() {
        Some(Ok(result)) => result,
        Some(Err(payload)) => panics::resume_unwind(payload),
        None => unreachable!("a job that is done has a result"),
    }
}

/// Runs `f` where it may block, at once, and for as long as it likes. `false`: not one thread can be had, and it is not run.
pub(crate) fn run_detached(f: fn()) -> bool {
    /// # Safety
    /// `job` is a `fn()`.
    unsafe fn run_it(job: NonNull<()>) {
        // SAFETY: function pointers and data pointers are of one size on every platform that this builds for, which
        // `transmute` checks; and this one was made from a `fn()`.
        let f = unsafe { std::mem::transmute::<NonNull<()>, fn()>(job) };
        f();
    }
    let job = NonNull::new(f as *mut ()).expect("no function lies at null");
    POOL.submit(Queued { job, run: run_it, kind: Kind::Waits }).is_ok()
}

/// How many threads have nothing to do, if all but one have not.
pub(super) fn idle_but_one() -> Option<usize> {
    let state = lock(&POOL.state);
    (state.jobs.is_empty() && state.idle + 1 == state.threads).then_some(state.idle)
}

/// Holds a frame in place until its job is done.
struct Waiting<'a>(&'a AtomicBool);

impl Waiting<'_> {
    fn wait(&self, reason: Reason) {
        // Acquire: the result.
        while !self.0.load(Ordering::Acquire) {
            match super::current_coroutine() {
                Some(coroutine) => coroutine.park(None, reason),
                None => super::os_thread().park(None, reason),
            };
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.wait(Reason::Blocking);
    }
}

/// # Safety
/// `job` is a `Job<F, R>` whose owner waits until it is done, and which has not been run.
unsafe fn run_job<F: FnOnce() -> R, R>(job: NonNull<()>) {
    // SAFETY: alive until `done` is set below.
    let job = unsafe { job.cast::<Job<F, R>>().as_ref() };
    // SAFETY: the owner touches the cells only after `done`.
    let closure = unsafe { (*job.closure.get()).take() };
    let result = panic::catch_unwind(AssertUnwindSafe(closure.expect("a job is run once")));
    // SAFETY: see above.
    unsafe { *job.result.get() = Some(result) };
    // SAFETY: see above.
    let unparker = unsafe { (*job.unparker.get()).take() };
    // Release: the result. The frame may be gone right after this.
    job.done.store(true, Ordering::Release);
    if let Some(unparker) = unparker {
        unparker.unpark();
    }
}

impl Pool {
    /// Queues a job. An error: there is no thread that will come to it, and none can be started; nobody has the job.
    fn submit(&'static self, job: Queued) -> Result<(), NoThread> {
        let mut state = lock(&self.state);
        // Every job that is queued already has one of the idle threads woken for it.
        if state.idle > state.jobs.len() {
            state.jobs.push_back(job);
            drop(state);
            self.queued.notify_one();
            return Ok(());
        }
        if job.kind == Kind::Ends && state.threads - state.waiting >= settings().blocking_threads {
            state.jobs.push_back(job);
            return Ok(());
        }
        let name = format!("{}-blocking-{}", settings().thread_name, state.threads);
        let Queued { job: data, run, kind } = job;
        // Under the lock: the new thread finds itself counted.
        match pinning::unpinned(|| thread::Builder::new().name(name).spawn(move || POOL.work(job))) {
            Ok(_) => {
                state.threads += 1;
                state.waiting += usize::from(kind == Kind::Waits);
                Ok(())
            }
            // What waits would keep others from what they wait for, behind it in the queue; and threads that wait may never
            // come to it.
            Err(_) if kind == Kind::Waits || state.threads == state.waiting => Err(NoThread),
            // Those that there are will come to it.
            Err(_) => {
                state.jobs.push_back(Queued { job: data, run, kind });
                Ok(())
            }
        }
    }

    /// A thread of the pool, with its first job.
    fn work(&'static self, first: Queued) {
        let mut state = lock(&self.state);
        let mut next = Some(first);
        loop {
            if let Some(job) = next {
                drop(state);
                // SAFETY: it was queued by `run_elsewhere` or `run_detached`, and is run once.
                unsafe { (job.run)(job.job) };
                state = lock(&self.state);
                state.waiting -= usize::from(job.kind == Kind::Waits);
            }
            next = state.jobs.pop_front();
            if let Some(job) = &next {
                state.waiting += usize::from(job.kind == Kind::Waits);
                continue;
            }
            state.idle += 1;
            let timeout;
            (state, timeout) = self.queued.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}
