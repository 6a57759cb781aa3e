//! An OS thread that a coroutine can wait for without stopping its worker.
//!
//! std's own `JoinHandle::join` stops the OS thread that calls it, for as long as the other one runs. So the wait has two
//! parts:
//!
//! ```text
//! the thread                                       who joins
//!   1. say which task it is                          a. a coroutine: park until `ended`
//!   2. run the closure                               b. std's join: a coroutine on another OS thread, by the pool
//!   3. leave the outcome in the packet               c. take the outcome out of the packet
//!   4. set `ended`, and call `at_end`
//!   5. run destructors of thread-locals; exit
//! ```
//!
//! a may last as long as the thread has to do, and costs nothing meanwhile. b lasts as long as 5, which is short as a rule;
//! but a destructor may wait for anything, a coroutine of the very worker included, so it is not left to the worker.
//!
//! The packet belongs to the thread and to the handle. Whoever gives it up last drops what is in it: the thread before 4,
//! so that after `at_end` it uses nothing that the closure or the outcome may have borrowed.

use std::any::Any;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use once_cell::sync::OnceCell;

use crate::park::Reason;
use crate::sched::inherited::Inheritance;
use crate::sched::primitive::lock;
use crate::sched::spawn::drop_or_abort;
use crate::sched::task::TaskRef;
use crate::sched::{blocking_pool, current_coroutine, current_task, pinning};
use crate::sys::sync::Event;

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// The one who may ask for the outcome.
pub(crate) struct Handle<T> {
    thread: JoinHandle<()>,
    life: Arc<Life>,
    claim: Claim<T>,
}

/// What is known of the thread.
struct Life {
    /// Its task, from 1 on.
    task: OnceCell<TaskRef>,
    begun: Event,
    ended: Event,
}

/// Where the outcome is left.
struct Packet<T>(Mutex<Option<Outcome<T>>>);

/// The handle's part of the packet.
struct Claim<T>(Option<Arc<Packet<T>>>);

/// Spawns an OS thread that runs `f`, and then `at_end` with whether a panic was seen by nobody.
///
/// # Safety
/// The caller makes sure that what `f`, `T` and `at_end` borrow outlives the call of `at_end`, and the [`Handle`].
pub(crate) unsafe fn spawn<F, T, E>(builder: Builder, f: F, at_end: E) -> io::Result<Handle<T>>
where
    F: FnOnce() -> T + Send,
    T: Send,
    E: FnOnce(bool) + Send,
{
    let life = Arc::new(Life { task: OnceCell::new(), begun: Event::new(), ended: Event::new() });
    let packet = Arc::new(Packet(Mutex::new(None)));
    let claim = Claim(Some(Arc::clone(&packet)));
    let body = {
        let life = Arc::clone(&life);
        let inheritance = Inheritance::of_current_task();
        move || {
            life.begin();
            inheritance.adopt();
            // std's own is right here: this is no coroutine.
            let outcome = panic::catch_unwind(AssertUnwindSafe(f));
            *lock(&packet.0) = Some(outcome);
            let unseen = Packet::give_up(packet);
            let unseen_panic = matches!(unseen, Some(Err(_)));
            drop_or_abort(unseen, "thread result panicked on drop");
            life.ended.set();
            at_end(unseen_panic);
        }
    };
    // SAFETY: what `body` borrows is part of `f`, of `T` and of `at_end`. The first two are gone when `at_end` is called,
    // which is the last that it does, and the caller promises for the rest.
    let thread = pinning::unpinned(|| unsafe { builder.spawn_unchecked(body) })?;
    Ok(Handle { thread, life, claim })
}

impl Life {
    /// Step 1.
    fn begin(&self) {
        let _ = self.task.set(current_task().to_ref());
        self.begun.set();
    }
}

impl<T> Packet<T> {
    /// What is in it, for the last of its owners. (`into_inner` and not a count that is read: of two who give it up at one
    /// time exactly one gets it.)
    fn give_up(packet: Arc<Packet<T>>) -> Option<Outcome<T>> {
        Arc::into_inner(packet)?.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Claim<T> {
    fn give_up(&mut self) -> Option<Outcome<T>> {
        self.0.take().and_then(Packet::give_up)
    }
}

impl<T> Drop for Claim<T> {
    fn drop(&mut self) {
        drop_or_abort(self.give_up(), "thread result panicked on drop");
    }
}

impl<T> Handle<T> {
    /// The thread's task. Waits for the thread to come to life, if it has just been spawned.
    pub(crate) fn task(&self) -> &TaskRef {
        loop {
            match self.life.task.get() {
                Some(task) => return task,
                None => _ = self.life.begun.wait(None, Reason::OsThreadStart),
            }
        }
    }

    /// std's handle of it.
    pub(crate) fn thread(&self) -> &JoinHandle<()> {
        &self.thread
    }

    /// std's handle of it; nobody will ask for the outcome.
    pub(crate) fn into_thread(self) -> JoinHandle<()> {
        self.thread
    }

    /// Set once its closure has returned.
    pub(crate) fn ended(&self) -> &Event {
        &self.life.ended
    }

    /// Has its closure returned?
    pub(crate) fn is_ended(&self) -> bool {
        self.life.ended.is_set()
    }

    /// Waits for the thread to end; what it returned, or panicked with.
    pub(crate) fn join(self) -> Outcome<T> {
        let Handle { thread, life, mut claim } = self;
        if current_coroutine().is_some() {
            life.ended.wait(None, Reason::OsThreadJoin);
        }
        let ended = blocking_pool::run_waiting(Reason::OsThreadEnd, || thread.join());
        ended.expect("panics of the closure are caught, and others end the process");
        claim.give_up().expect("a thread that has ended has left its outcome, and given up the packet")
    }

    /// Gives up the outcome. If the thread has left it already, here it is, to be dropped.
    pub(crate) fn detach(&mut self) -> Option<Outcome<T>> {
        self.claim.give_up()
    }
}
