//! A task's thread-locals: a table of values, indexed by the number of the key.
//!
//! A key gets its number on first use anywhere in the process. A task's table starts empty and grows to the highest
//! number that the task has used. A slot is null (no value yet), DESTROYED, or the address of a value's [`Header`].
//!
//! Values that need dropping form one list, the others another. When the task ends, the first list is emptied from its
//! newest value to its oldest, as std does it, those too that destructors add meanwhile. The values of the second list
//! stay readable all the while, and their memory is freed after that.
//!
//! Nothing here asks the program's global allocator for memory, so that an allocator may itself use thread-locals, as it
//! may use std's.

use std::alloc::{GlobalAlloc, Layout, System, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};

/// The number of a key of thread-locals, given on first use.
#[derive(Debug)]
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

/// What stands at the start of every value's allocation.
pub(crate) struct Header {
    /// The one that was put into the same list before.
    older: Cell<*const Header>,
    /// The key's number, known once it is in a table.
    index: Cell<usize>,
    kind: &'static Kind,
}

/// What is known of the type of a value.
pub(crate) struct Kind {
    /// Drops the value and frees its allocation.
    ///
    /// # Safety
    /// The header is that of a value of this kind which is in no table any more.
    pub(crate) dispose: unsafe fn(NonNull<Header>),
    /// Whether the type has a destructor.
    pub(crate) needs_drop: bool,
}

impl Header {
    pub(crate) const fn new(kind: &'static Kind) -> Header {
        Header { older: Cell::new(ptr::null()), index: Cell::new(0), kind }
    }
}

/// What a slot holds.
pub(crate) enum Slot {
    /// Nothing yet.
    Initial,
    /// A value of the key's type.
    Alive(NonNull<Header>),
    /// The value has been, or is being, dropped.
    Destroyed,
}

const DESTROYED: *const Header = ptr::without_provenance(1);

/// See the module's text. Touched only by the task that it belongs to.
pub(crate) struct Locals {
    /// `len` slots, from `System`.
    slots: Cell<*mut *const Header>,
    len: Cell<usize>,
    /// The newest value that needs dropping.
    droppable: Cell<*const Header>,
    /// The newest one of the others.
    plain: Cell<*const Header>,
    /// No value that needs dropping may be added: nobody would drop it.
    closed: Cell<bool>,
}

impl Locals {
    pub(crate) const fn new() -> Locals {
        Locals {
            slots: Cell::new(ptr::null_mut()),
            len: Cell::new(0),
            droppable: Cell::new(ptr::null()),
            plain: Cell::new(ptr::null()),
            closed: Cell::new(false),
        }
    }

    /// The value of this key, if it is alive: the fast path.
    #[inline]
    pub(crate) fn alive(&self, index: &LocalIndex) -> Option<NonNull<Header>> {
        let value = self.slot(index);
        if value <= DESTROYED {
            return None;
        }
        NonNull::new(value.cast_mut())
    }

    /// What the slot of this key holds, for a value that needs dropping or not.
    pub(crate) fn get(&self, index: &LocalIndex, needs_drop: bool) -> Slot {
        let value = self.slot(index);
        if value == DESTROYED {
            return Slot::Destroyed;
        }
        match NonNull::new(value.cast_mut()) {
            Some(value) => Slot::Alive(value),
            None if self.closed.get() && needs_drop => Slot::Destroyed,
            None => Slot::Initial,
        }
    }

    /// Takes over a value for this key, whose slot must be [`Slot::Initial`].
    ///
    /// # Safety
    /// The header stands at the start of a value that is alive, in no table yet, and of the key's one type.
    pub(crate) unsafe fn put(&self, index: &LocalIndex, value: NonNull<Header>) {
        let index = index.get();
        if index >= self.len.get() {
            self.grow(index + 1);
        }
        // SAFETY: alive, as the caller promises, and from now on until it is disposed of.
        let header = unsafe { value.as_ref() };
        let list = if header.kind.needs_drop { &self.droppable } else { &self.plain };
        header.index.set(index);
        header.older.set(list.replace(value.as_ptr()));
        self.set(index, value.as_ptr());
    }

    /// Drops every value that needs it, last initialised first, those too that destructors initialise meanwhile.
    pub(crate) fn run_destructors(&self) {
        self.dispose_of(&self.droppable, DESTROYED);
    }

    /// The task has ended: from now on no value that needs dropping can be added, and what is left is freed.
    pub(crate) fn clear(&self) {
        debug_assert!(self.droppable.get().is_null(), "cleared before the destructors were run");
        self.dispose_of(&self.plain, ptr::null());
        self.free_slots();
    }

    /// No value that needs dropping can be added any more.
    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    fn dispose_of(&self, list: &Cell<*const Header>, leaving: *const Header) {
        while let Some(newest) = NonNull::new(list.get().cast_mut()) {
            // SAFETY: what is in a list is alive.
            let header = unsafe { newest.as_ref() };
            list.set(header.older.get());
            self.set(header.index.get(), leaving);
            // SAFETY: of the kind that it says, and out of the list and the table now. No reference of the value is left:
            // it can be borrowed only during a call of `LocalKey::with`, and none is in progress where destructors run,
            // or it is on a value that has not been reached yet.
            unsafe { (header.kind.dispose)(newest) };
        }
    }

    #[inline]
    fn slot(&self, index: &LocalIndex) -> *const Header {
        let index = index.get_or_zero();
        if index < self.len.get() {
            // SAFETY: `slots` has `len` elements, and only this task touches them.
            unsafe { *self.slots.get().add(index) }
        } else {
            ptr::null()
        }
    }

    fn set(&self, index: usize, value: *const Header) {
        debug_assert!(index < self.len.get());
        // SAFETY: as in `slot`: a table that has held a value of this number is that long, and does not shrink.
        unsafe { *self.slots.get().add(index) = value };
    }

    #[cold]
    fn grow(&self, least: usize) {
        let (slots, len) = (self.slots.get(), self.len.get());
        let new_len = least.next_power_of_two().max(8);
        let layout = layout_of(new_len);
        // SAFETY: not of size 0.
        let new_slots = unsafe { System.alloc_zeroed(layout) }.cast::<*const Header>();
        if new_slots.is_null() {
            handle_alloc_error(layout);
        }
        if !slots.is_null() {
            // SAFETY: the old table has `len` slots, the new one more, and they are different allocations.
            unsafe { ptr::copy_nonoverlapping(slots, new_slots, len) };
        }
        self.free_slots();
        self.slots.set(new_slots);
        self.len.set(new_len);
    }

    fn free_slots(&self) {
        let (slots, len) = (self.slots.replace(ptr::null_mut()), self.len.replace(0));
        if !slots.is_null() {
            // SAFETY: allocated in `grow` with this length, and out of use now.
            unsafe { System.dealloc(slots.cast(), layout_of(len)) };
        }
    }
}

fn layout_of(len: usize) -> Layout {
    Layout::array::<*const Header>(len).expect("a table of at most 2^33 bytes")
}

impl Drop for Locals {
    fn drop(&mut self) {
        self.clear();
    }
}
