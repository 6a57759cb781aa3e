//! A number of threads that wait for one another: a count and a list, under one lock.
//!
//! The last to arrive takes all the waiters out of the list at once, under the lock, and wakes them after it has released
//! that. So each arrival takes the lock once, and those who are awake already and come again do not wait for it.
//!
//! A waiter that was taken out and not marked yet is about to be, by one that neither waits nor gives up in between: one
//! that is interrupted at this moment waits for the mark, and has passed the barrier.

use std::cell::Cell;
use std::mem;
use std::ptr;

use crate::park::{self, Reason, Sleeper, WaitList, Waiter, WaitingPlace};
use crate::sched::primitive::{Mutex, lock};

/// See the module's text.
pub(crate) struct Barrier {
    state: Mutex<State>,
    threads: usize,
}

struct State {
    /// Who has arrived and waits: as many as are in the list.
    arrived: usize,
    /// How often the barrier has been passed.
    passages: u64,
    waiters: WaitList,
}

impl State {
    const fn new() -> State {
        State { arrived: 0, passages: 0, waiters: WaitList::new() }
    }
}

impl Barrier {
    #[cfg(not(loom))]
    pub(crate) const fn new(threads: usize) -> Barrier {
        Barrier { state: Mutex::new(State::new()), threads }
    }

    #[cfg(loom)]
    pub(crate) fn new(threads: usize) -> Barrier {
        Barrier { state: Mutex::new(State::new()), threads }
    }

    /// Arrives, and waits for the others. `true`: the caller was the last.
    pub(crate) fn wait(&self) -> bool {
        park::enter();
        let place = Place { barrier: self, passage: Cell::new(0) };
        let mut is_last = false;
        let _ = park::wait_in(&place, ptr::null_mut(), None, Reason::Barrier, |waiter| {
            let mut state = lock(&self.state);
            if state.arrived + 1 < self.threads {
                place.passage.set(state.passages);
                state.arrived += 1;
                // SAFETY: `wait_in` keeps the waiter where it is, and takes it out before it ends.
                unsafe { state.waiters.push(waiter, Sleeper::current()) };
                return true;
            }
            state.arrived = 0;
            state.passages += 1;
            let _passing = Passing(mem::replace(&mut state.waiters, WaitList::new()));
            drop(state);
            is_last = true;
            false
        });
        is_last
    }
}

/// All who have waited. They are told, and that does not depend on anything else.
struct Passing(WaitList);

impl Passing {
    fn wake(&mut self) {
        while let Some(chosen) = self.0.pop() {
            chosen.unpark();
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        /// Goes on after a panic (of the program's allocator, say).
        struct Rest<'a>(&'a mut Passing);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.wake();
            }
        }
        Rest(self).0.wake();
    }
}

struct Place<'a> {
    barrier: &'a Barrier,
    /// How often the barrier had been passed when the waiter arrived.
    passage: Cell<u64>,
}

// SAFETY: a waiter is in the list of the barrier until that is passed; from then on in one of whoever was the last to arrive, who
// marks it, which is waited for.
unsafe impl WaitingPlace for Place<'_> {
    /// Takes its arrival back as well.
    unsafe fn remove(&self, waiter: &Waiter) -> bool {
        let mut state = lock(&self.barrier.state);
        if state.passages == self.passage.get() {
            // SAFETY: the caller's promise; and nobody has taken the list away.
            let was_in = unsafe { state.waiters.remove(waiter) };
            debug_assert!(was_in, "who waits for a passage is in the list");
            state.arrived -= 1;
            return true;
        }
        drop(state);
        while !waiter.is_notified() {
            let _ = park::park(None, Reason::Barrier);
        }
        false
    }

    /// All have been told.
    fn pass_on(&self) {}
}
