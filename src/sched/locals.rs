//! A task's thread-locals: a table of values, indexed by the number of the key.
//!
//! A key gets its number on first use anywhere in the process. A task's table starts empty and grows to the highest
//! number that the task has used. A slot is null (never initialised), DESTROYED, or the address of a boxed value.
//! Values that need dropping are noted in the order of their initialisation and dropped in the opposite one when the task
//! ends, as std does; the memory of the others is freed after that, so destructors may still use them.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// The number of a key of thread-locals, given on first use.
pub(crate) struct LocalIndex(AtomicU32);

impl LocalIndex {
    pub(crate) const fn new() -> LocalIndex {
        LocalIndex(AtomicU32::new(0))
    }

    /// The number; 0 is nobody's, and what it is before the first use.
    #[inline]
    fn get_or_zero(&self) -> usize {
        // Relaxed: a number, nothing behind it.
        self.0.load(Ordering::Relaxed) as usize
    }

    fn get(&self) -> usize {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        if self.get_or_zero() == 0 {
            let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
            assert!(fresh != 0, "out of numbers for thread-local keys");
            // If another thread was first, a number is wasted.
            let _ = self.0.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.get_or_zero()
    }
}

/// What a slot holds.
pub(crate) enum Slot {
    /// Nothing yet.
    Initial,
    /// A value of the key's type.
    Alive(*mut ()),
    /// The value has been, or is being, dropped.
    Destroyed,
}

const DESTROYED: *mut () = ptr::without_provenance_mut(1);

/// How a boxed value is dropped or freed.
#[derive(Clone, Copy)]
pub(crate) struct Dispose {
    /// Runs the destructor, if the type has one, and frees the memory.
    ///
    /// # Safety
    /// The pointer is one that the same key's type was boxed at, not disposed of before.
    pub(crate) dispose: unsafe fn(*mut ()),
    /// Whether there is a destructor.
    pub(crate) needs_drop: bool,
}

struct Owned {
    index: usize,
    dispose: Dispose,
}

/// See the module's text. Touched only by the task that it belongs to.
pub(crate) struct Locals {
    /// `len` slots.
    slots: Cell<*mut *mut ()>,
    len: Cell<usize>,
    /// Every live value, in the order of initialisation.
    owned: RefCell<Vec<Owned>>,
}

impl Locals {
    pub(crate) const fn new() -> Locals {
        Locals { slots: Cell::new(ptr::null_mut()), len: Cell::new(0), owned: RefCell::new(Vec::new()) }
    }

    /// The value's address if it is alive, else null: the fast path.
    #[inline]
    pub(crate) fn alive(&self, index: &LocalIndex) -> *mut () {
        match self.slot(index) {
            DESTROYED => ptr::null_mut(),
            value => value,
        }
    }

    /// What the slot of this key holds.
    pub(crate) fn get(&self, index: &LocalIndex) -> Slot {
        match self.slot(index) {
            value if value.is_null() => Slot::Initial,
            DESTROYED => Slot::Destroyed,
            value => Slot::Alive(value),
        }
    }

    /// Puts a boxed value into the slot of this key, which must be [`Slot::Initial`].
    pub(crate) fn put(&self, index: &LocalIndex, value: *mut (), dispose: Dispose) {
        let index = index.get();
        if index >= self.len.get() {
            self.grow(index + 1);
        }
        self.owned.borrow_mut().push(Owned { index, dispose });
        self.set(index, value);
    }

    /// Drops every value that needs it, last initialised first, those too that destructors initialise meanwhile; then
    /// frees the others.
    pub(crate) fn run_destructors(&self) {
        loop {
            let next = {
                let mut owned = self.owned.borrow_mut();
                let last = owned.iter().rposition(|o| o.dispose.needs_drop);
                last.map(|at| owned.remove(at))
            };
            let Some(Owned { index, dispose }) = next else { break };
            let value = self.raw(index);
            self.set(index, DESTROYED);
            // SAFETY: the value was put there with this very `dispose`, and is out of the table now.
            unsafe { (dispose.dispose)(value) };
        }
        for Owned { index, dispose } in self.owned.take() {
            let value = self.raw(index);
            self.set(index, ptr::null_mut());
            // SAFETY: as above.
            unsafe { (dispose.dispose)(value) };
        }
    }

    #[inline]
    fn slot(&self, index: &LocalIndex) -> *mut () {
        let index = index.get_or_zero();
        if index < self.len.get() { self.raw(index) } else { ptr::null_mut() }
    }

    #[inline]
    fn raw(&self, index: usize) -> *mut () {
        debug_assert!(index < self.len.get());
        // SAFETY: `slots` has `len` elements, and only this task touches them.
        unsafe { *self.slots.get().add(index) }
    }

    fn set(&self, index: usize, value: *mut ()) {
        debug_assert!(index < self.len.get());
        // SAFETY: as in `raw`.
        unsafe { *self.slots.get().add(index) = value };
    }

    #[cold]
    fn grow(&self, least: usize) {
        let len = least.next_power_of_two().max(8);
        let mut slots = self.take_slots();
        slots.resize(len, ptr::null_mut());
        let slots = Box::leak(slots.into_boxed_slice());
        self.slots.set(slots.as_mut_ptr());
        self.len.set(len);
    }

    fn take_slots(&self) -> Vec<*mut ()> {
        let (slots, len) = (self.slots.replace(ptr::null_mut()), self.len.replace(0));
        if slots.is_null() {
            return Vec::new();
        }
        // SAFETY: leaked by `grow` as a boxed slice of this length.
        unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(slots, len)) }.into_vec()
    }
}

impl Drop for Locals {
    fn drop(&mut self) {
        drop(self.take_slots());
    }
}
