//! What a task starts out with: the values that are set for the one that spawns it.
//!
//! All values of a task are one array that never changes, shared by those who have the same. A spawn hands on one reference,
//! however many values there are; who changes a value makes an array of its own, so neither parent nor child sees what the
//! other does afterwards.
//!
//! The array is kept by a thread-local of the task (`sched::locals`). In a program that sets no value that key has no number,
//! and a spawn sees so by a load and a compare. What is handed on is the child's first thread-local, and therefore the last
//! to be dropped: destructors of the others may still read it.
//!
//! Code of the user's (a destructor, a `clone`) is never run while the place of the array is borrowed.

use std::any::Any;
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::Arc;

use super::current;
use super::locals::{LocalIndex, LocalValue, Locals, Slot};

/// A value, of whatever type its key has.
pub(crate) type Value = Arc<dyn Any + Send + Sync>;

/// The task is at its end, and has given up its values.
#[derive(Debug)]
pub(crate) struct Destroyed;

/// The values of a task, at some moment.
#[derive(Clone)]
pub(crate) struct Inheritance(Option<Arc<[Entry]>>);

#[derive(Clone)]
struct Entry {
    key: usize,
    value: Value,
}

/// The place of the array in a task.
struct Place(RefCell<Inheritance>);

static INDEX: LocalIndex = LocalIndex::new();

/// The current task's value for `key`, if it has one.
pub(crate) fn get(key: usize) -> Option<Value> {
    place()?.0.borrow().find(key).cloned()
}

/// Changes the current task's value for `key`; `None` takes it away. Returns the one that was there.
pub(crate) fn replace(key: usize, value: Option<Value>) -> Result<Option<Value>, Destroyed> {
    let place = match value {
        Some(_) => place_to_write()?,
        None => match place() {
            Some(place) => place,
            None => return Ok(None),
        },
    };
    let before = place.0.borrow().clone();
    let old = before.find(key).cloned();
    // Only references of values that others have, too, are dropped with the old array: `old` is one of them.
    let _before = place.0.replace(before.with(key, value));
    Ok(old)
}

impl Inheritance {
    /// What the current task would hand on now.
    #[inline]
    pub(crate) fn of_current_task() -> Inheritance {
        match place() {
            Some(place) => place.0.borrow().clone(),
            None => Inheritance(None),
        }
    }

    /// Gives the values to a task that has none yet, and is the current one.
    pub(crate) fn adopt(self) {
        if self.0.is_some()
            && let Ok(place) = place_to_write()
        {
            let _none = place.0.replace(self);
        }
    }

    /// Runs `f` with these values for the current task's. Afterwards it has its own again.
    pub(crate) fn within<R>(self, f: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Place, Inheritance);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                let own = std::mem::replace(&mut self.1, Inheritance(None));
                let _dropped_after = self.0.0.replace(own);
            }
        }
        let place = if self.0.is_some() { place_to_write().ok() } else { place() };
        let _restore = place.map(|place| Restore(place, place.0.replace(self)));
        f()
    }

    fn find(&self, key: usize) -> Option<&Value> {
        let entries = self.0.as_deref()?;
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    fn with(&self, key: usize, value: Option<Value>) -> Inheritance {
        let others = self.0.iter().flat_map(|entries| entries.iter()).filter(|entry| entry.key != key);
        let entries: Arc<[Entry]> = others.cloned().chain(value.map(|value| Entry { key, value })).collect();
        Inheritance(if entries.is_empty() { None } else { Some(entries) })
    }
}

/// To be called by a spawn: the child, which nobody knows of yet, gets what the current task has.
#[inline]
pub(super) fn hand_on(child: &Locals) {
    if current::local_table().alive(&INDEX).is_some() {
        hand_on_values(child);
    }
}

#[cold]
#[inline(never)]
fn hand_on_values(child: &Locals) {
    let inheritance = Inheritance::of_current_task();
    if inheritance.0.is_some() {
        let (header, value) = LocalValue::allocate(Place(RefCell::new(inheritance)));
        // SAFETY: just made, and of the one type of this index; the child has no values yet, and this is not the current task.
        unsafe { child.put(&INDEX, header, value.cast()) };
    }
}

/// The current task's place, if it has one. The reference must not be kept.
#[inline]
fn place<'a>() -> Option<&'a Place> {
    // SAFETY: this index is used here only, for a `Place`. It lives until the end of the task, whose code the caller is.
    current::local_table().alive(&INDEX).map(|place: NonNull<()>| unsafe { place.cast::<Place>().as_ref() })
}

/// The same, made now if need be.
fn place_to_write<'a>() -> Result<&'a Place, Destroyed> {
    if let Some(place) = place() {
        return Ok(place);
    }
    match current::current_task().locals.get(&INDEX, true) {
        Slot::Initial => {
            let (header, value) = LocalValue::allocate(Place(RefCell::new(Inheritance(None))));
            // SAFETY: just made, and of the one type of this index.
            unsafe { current::put_local(&INDEX, header, value.cast()) };
            // SAFETY: as in `place`.
            Ok(unsafe { value.as_ref() })
        }
        // SAFETY: as in `place`.
        Slot::Alive(place) => Ok(unsafe { place.cast::<Place>().as_ref() }),
        Slot::Destroyed => Err(Destroyed),
    }
}
