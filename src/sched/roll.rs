//! The roll of a worker: the coroutines that have started on it and not ended, linked through their contexts in a ring, the
//! youngest first.
//!
//! Entering and leaving cost a handful of instructions and no memory, since that is done for each coroutine whether or not
//! anybody ever asks for the roll. Who goes through it while coroutines come and go leaves a *marker* in it, an entry that is
//! nobody's: see `sched::census`.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::task::Task;

/// A place in the roll.
pub(crate) struct Entry {
    younger: Cell<*const Entry>,
    older: Cell<*const Entry>,
    task: Option<NonNull<Task>>,
}

impl Entry {
    /// Of a coroutine.
    pub(crate) const fn of(task: NonNull<Task>) -> Entry {
        Entry { younger: Cell::new(ptr::null()), older: Cell::new(ptr::null()), task: Some(task) }
    }

    pub(crate) const fn marker() -> Entry {
        Entry { younger: Cell::new(ptr::null()), older: Cell::new(ptr::null()), task: None }
    }

    /// Whose it is; `None`: a marker.
    pub(crate) fn task(&self) -> Option<NonNull<Task>> {
        self.task
    }
}

/// See the module's text. For the worker's OS thread alone; must not move once it is in use.
pub(crate) struct Roll {
    ends: Entry,
}

impl Roll {
    pub(crate) const fn new() -> Roll {
        Roll { ends: Entry::marker() }
    }

    /// Makes the empty ring, where it is to stay.
    pub(crate) fn begin(&self) {
        self.ends.younger.set(&self.ends);
        self.ends.older.set(&self.ends);
    }

    /// Puts down `entry`.
    ///
    /// # Safety
    /// It is in no roll, and stays where it is until it [leaves](Self::leave).
    #[inline]
    pub(crate) unsafe fn enter(&self, entry: NonNull<Entry>) {
        self.insert(&self.ends, entry.as_ptr());
    }

    /// Puts down `entry` after another one that is in.
    ///
    /// # Safety
    /// As [`enter`](Self::enter).
    pub(crate) unsafe fn enter_after(&self, other: NonNull<Entry>, entry: NonNull<Entry>) {
        self.insert(other.as_ptr(), entry.as_ptr());
    }

    #[inline]
    fn insert(&self, younger: *const Entry, inserted: *const Entry) {
        // SAFETY: all of them are alive, and only this OS thread touches the links.
        unsafe {
            let older = (*younger).older.get();
            (*inserted).younger.set(younger);
            (*inserted).older.set(older);
            (*older).younger.set(inserted);
            (*younger).older.set(inserted);
        }
    }

    /// Strikes `entry` out.
    ///
    /// # Safety
    /// It is in.
    #[inline]
    pub(crate) unsafe fn leave(&self, entry: NonNull<Entry>) {
        // SAFETY: as in `insert`.
        unsafe {
            let (younger, older) = (entry.as_ref().younger.get(), entry.as_ref().older.get());
            (*younger).older.set(older);
            (*older).younger.set(younger);
        }
    }

    /// The one after `entry`.
    ///
    /// # Safety
    /// It is in.
    pub(crate) unsafe fn next(&self, entry: NonNull<Entry>) -> Option<NonNull<Entry>> {
        // SAFETY: as in `insert`.
        let older = unsafe { entry.as_ref() }.older.get();
        if ptr::eq(older, &self.ends) { None } else { NonNull::new(older.cast_mut()) }
    }
}
