//! A task's thread-locals: a table of values, indexed by the number of the key.
//!
//! A key gets its number on first use anywhere in the process. A task's table starts without room for values and grows to the
//! highest number that the task has used. What it is besides stands in its first slots, so that a task without values pays
//! one word for it:
//!
//! | slot | holds |
//! |---|---|
//! | `LEN` | how many slots there are |
//! | `DROPPABLE` | the newest value that needs dropping |
//! | `PLAIN` | the newest one of the others |
//! | `CLOSED` | not null: no value that needs dropping may be added, for nobody would drop it |
//! | any other | null (no value yet), DESTROYED, or the address of a value |
//!
//! The table of the task that runs is at hand in one thread-local word of the OS thread (`sched::current`), so an access
//! costs that load, a look at the length, and a load of the slot.
//!
//! Values that need dropping form one list, the others another. When the task ends, the first list is emptied from its
//! newest value to its oldest, as std does it, those too that destructors add meanwhile. The values of the second list
//! stay readable all the while, and their memory is freed after that.
//!
//! Nothing here asks the program's global allocator for memory, so that an allocator may itself use thread-locals, as it
//! may use std's.

use std::alloc::{GlobalAlloc, Layout, System, handle_alloc_error};
use std::cell::Cell;
use std::mem;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};

/// The number of a key of thread-locals, given on first use.
#[derive(Debug)]
pub(crate) struct LocalIndex(AtomicU32);

/// What it is before: no table is that long.
const UNNUMBERED: u32 = u32::MAX;

impl LocalIndex {
    pub(crate) const fn new() -> LocalIndex {
        LocalIndex(AtomicU32::new(UNNUMBERED))
    }

    /// The number, or UNNUMBERED.
    #[inline]
    fn peek(&self) -> usize {
        // Relaxed: a number, nothing behind it.
        self.0.load(Ordering::Relaxed) as usize
    }

    fn get(&self) -> usize {
        static NEXT: AtomicU32 = AtomicU32::new(FIRST as u32);
        if self.peek() == UNNUMBERED as usize {
            let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
            assert!(fresh < i32::MAX as u32, "out of numbers for thread-local keys");
            // If another thread was first, a number is wasted.
            let _ = self.0.compare_exchange(UNNUMBERED, fresh, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.peek()
    }
}

/// What stands before every value in its allocation.
pub(crate) struct Header {
    /// The one that was put into the same list before.
    older: Cell<*const Header>,
    /// The key's number, known once it is in a table.
    index: Cell<usize>,
    kind: &'static Kind,
}

/// What is known of the type of a value.
struct Kind {
    /// Drops the value and frees its allocation.
    ///
    /// # Safety
    /// The header is that of a live value of this kind which is in no table any more.
    dispose: unsafe fn(NonNull<Header>),
    /// Whether the type has a destructor.
    needs_drop: bool,
}

impl Header {
    const fn new(kind: &'static Kind) -> Header {
        Header { older: Cell::new(ptr::null()), index: Cell::new(0), kind }
    }
}

/// A value with what its task's table needs to know of it.
#[repr(C)]
pub(crate) struct LocalValue<T> {
    header: Header,
    value: T,
}

impl<T> LocalValue<T> {
    const KIND: &'static Kind = &Kind { dispose: Self::dispose, needs_drop: mem::needs_drop::<T>() };

    /// Makes an allocation of its own for `value`; [`Locals::put`] takes it over.
    pub(crate) fn allocate(value: T) -> (NonNull<Header>, NonNull<T>) {
        let layout = Layout::new::<LocalValue<T>>();
        // SAFETY: the layout has the header's size at least.
        let allocated = unsafe { System.alloc(layout) }.cast::<LocalValue<T>>();
        let Some(whole) = NonNull::new(allocated) else { handle_alloc_error(layout) };
        // SAFETY: fresh memory of this layout.
        unsafe { whole.write(LocalValue { header: Header::new(Self::KIND), value }) };
        // SAFETY: the address of a field of what stands there.
        (whole.cast(), unsafe { NonNull::new_unchecked(&raw mut (*allocated).value) })
    }

    /// # Safety
    /// See [`Kind::dispose`].
    unsafe fn dispose(header: NonNull<Header>) {
        /// Also when the destructor panics, though that ends the process soon.
        struct Free(*mut u8, Layout);
        impl Drop for Free {
            fn drop(&mut self) {
                // SAFETY: allocated in `allocate` with this layout, and the value is gone.
                unsafe { System.dealloc(self.0, self.1) };
            }
        }
        let whole = header.cast::<LocalValue<T>>().as_ptr();
        let _free = Free(whole.cast(), Layout::new::<LocalValue<T>>());
        // SAFETY: alive by the caller's promise, and dropped only here.
        unsafe { (&raw mut (*whole).value).drop_in_place() };
    }
}

/// What a slot holds.
pub(crate) enum Slot {
    /// Nothing yet.
    Initial,
    /// A value of the key's type.
    Alive(NonNull<()>),
    /// The value has been, or is being, dropped.
    Destroyed,
}

const DESTROYED: *const () = ptr::without_provenance(1);

/// A task's table as its OS thread keeps it at hand.
#[derive(Clone, Copy)]
pub(crate) struct Table(*const *const ());

const LEN: usize = 0;
const DROPPABLE: usize = 1;
const PLAIN: usize = 2;
const CLOSED: usize = 3;
/// The first number of a key.
const FIRST: usize = 4;

/// A table without room for values.
struct NoValues(#[expect(dead_code, reason = "read as a table")] [*const (); FIRST]);

// SAFETY: words that are never written.
unsafe impl Sync for NoValues {}

impl NoValues {
    const fn new(closed: bool) -> NoValues {
        let mut slots = [ptr::null(); FIRST];
        slots[LEN] = ptr::without_provenance(FIRST);
        if closed {
            slots[CLOSED] = ptr::without_provenance(1);
        }
        NoValues(slots)
    }
}

static EMPTY: NoValues = NoValues::new(false);
static EMPTY_AND_CLOSED: NoValues = NoValues::new(true);

impl Table {
    /// The table of a task that has no values.
    #[inline]
    pub(crate) const fn empty() -> Table {
        Table((&raw const EMPTY).cast())
    }

    /// The value of this key, if it is alive: the fast path.
    #[inline]
    pub(crate) fn alive(self, index: &LocalIndex) -> Option<NonNull<()>> {
        let value = self.slot(index);
        if value <= DESTROYED {
            return None;
        }
        NonNull::new(value.cast_mut())
    }

    /// What the slot of this key holds; null for a key that has none, or no number yet.
    #[inline]
    fn slot(self, index: &LocalIndex) -> *const () {
        let index = index.peek();
        if index < self.len() {
            // SAFETY: a table has at least as many slots as its first one says.
            unsafe { *self.0.add(index) }
        } else {
            ptr::null()
        }
    }

    #[inline]
    fn len(self) -> usize {
        self.special(LEN).addr()
    }

    /// One of the first slots.
    #[inline]
    fn special(self, slot: usize) -> *const () {
        debug_assert!(slot < FIRST);
        // SAFETY: every table has these.
        unsafe { *self.0.add(slot) }
    }

    fn without_values(closed: bool) -> Table {
        Table(if closed { &raw const EMPTY_AND_CLOSED } else { &raw const EMPTY }.cast())
    }

    /// Is it one of those that are not written?
    #[inline]
    fn is_shared(self) -> bool {
        self.len() == FIRST
    }
}

/// See the module's text. Touched only by the task that it belongs to.
pub(crate) struct Locals {
    /// From `System`, or one without room for values.
    table: Cell<Table>,
}

impl Locals {
    #[inline]
    pub(crate) const fn new() -> Locals {
        Locals { table: Cell::new(Table::empty()) }
    }

    /// The present table. It changes with [`put`](Self::put) and [`clear`](Self::clear).
    #[inline]
    pub(crate) fn table(&self) -> Table {
        self.table.get()
    }

    /// What the slot of this key holds, for a value that needs dropping or not.
    pub(crate) fn get(&self, index: &LocalIndex, needs_drop: bool) -> Slot {
        let value = self.table().slot(index);
        if value == DESTROYED {
            return Slot::Destroyed;
        }
        match NonNull::new(value.cast_mut()) {
            Some(value) => Slot::Alive(value),
            None if needs_drop && !self.table().special(CLOSED).is_null() => Slot::Destroyed,
            None => Slot::Initial,
        }
    }

    /// Takes over a value for this key, whose slot must be [`Slot::Initial`].
    ///
    /// The table may be another one afterwards: only `sched::current` calls this, and a spawn for a task that nobody knows of.
    ///
    /// # Safety
    /// The value is alive, in no table yet, and of the key's one type; the header is its own.
    pub(crate) unsafe fn put(&self, index: &LocalIndex, header: NonNull<Header>, value: NonNull<()>) {
        let index = index.get();
        if index >= self.table().len() {
            self.grow(index + 1);
        }
        // SAFETY: alive, as the caller promises, and from now on until it is disposed of.
        let known = unsafe { header.as_ref() };
        let list = if known.kind.needs_drop { DROPPABLE } else { PLAIN };
        known.index.set(index);
        known.older.set(self.table().special(list).cast());
        self.set(list, header.as_ptr().cast());
        self.set(index, value.as_ptr());
    }

    /// Drops every value that needs it, last initialised first, those too that destructors initialise meanwhile.
    pub(crate) fn run_destructors(&self) {
        self.dispose_of(DROPPABLE, DESTROYED);
    }

    /// Frees what [`run_destructors`](Self::run_destructors) has left, and the table: only `sched::current` calls this, and
    /// the destructor.
    pub(crate) fn clear(&self) {
        debug_assert!(self.table().special(DROPPABLE).is_null(), "cleared before the destructors were run");
        self.dispose_of(PLAIN, ptr::null());
        self.free_table();
    }

    /// No value that needs dropping can be added any more.
    pub(crate) fn close(&self) {
        if self.table().is_shared() {
            self.table.set(Table::without_values(true));
        } else {
            self.set(CLOSED, ptr::without_provenance(1));
        }
    }

    /// Disposes of the values of a list, from the newest to the oldest.
    #[inline]
    fn dispose_of(&self, list: usize, leaving: *const ()) {
        while let Some(newest) = NonNull::new(self.table().special(list).cast_mut()) {
            self.dispose_of_one(newest.cast(), list, leaving);
        }
    }

    fn dispose_of_one(&self, newest: NonNull<Header>, list: usize, leaving: *const ()) {
        // SAFETY: what is in a list is alive.
        let header = unsafe { newest.as_ref() };
        self.set(list, header.older.get().cast());
        self.set(header.index.get(), leaving);
        // SAFETY: of the kind that it says, and out of the list and the table now. No reference of the value is left:
        // it can be borrowed only during a call of `LocalKey::with`, and none is in progress where destructors run,
        // or it is on a value that has not been reached yet.
        unsafe { (header.kind.dispose)(newest) };
    }

    fn set(&self, index: usize, value: *const ()) {
        let Table(slots) = self.table();
        debug_assert!(index != LEN && index < self.table().len() && !self.table().is_shared());
        // SAFETY: a table that has held a value of this number is that long, does not shrink while it has values, is this
        // task's own, and only this task touches it.
        unsafe { *slots.cast_mut().add(index) = value };
    }

    #[cold]
    fn grow(&self, least: usize) {
        let Table(slots) = self.table();
        let len = least.next_power_of_two().max(8);
        let layout = layout_of(len);
        // SAFETY: not of size 0.
        let new_slots = unsafe { System.alloc_zeroed(layout) }.cast::<*const ()>();
        if new_slots.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: the old table has so many slots, the new one more, and they are different allocations.
        unsafe { ptr::copy_nonoverlapping(slots, new_slots, self.table().len()) };
        // SAFETY: the new table's first slot.
        unsafe { *new_slots = ptr::without_provenance(len) };
        self.free_table();
        self.table.set(Table(new_slots));
    }

    #[inline]
    fn free_table(&self) {
        if !self.table().is_shared() {
            self.free_own_table();
        }
    }

    #[cold]
    fn free_own_table(&self) {
        let closed = !self.table().special(CLOSED).is_null();
        let table = self.table.replace(Table::without_values(closed));
        // SAFETY: allocated in `grow` with this length, and out of use now.
        unsafe { System.dealloc(table.0.cast_mut().cast(), layout_of(table.len())) };
    }
}

fn layout_of(len: usize) -> Layout {
    Layout::array::<*const ()>(len).expect("a table of at most 2^35 bytes")
}

impl Drop for Locals {
    fn drop(&mut self) {
        self.clear();
    }
}
