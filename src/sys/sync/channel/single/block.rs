//! A chain of blocks of messages, and the places of those who fill it and empty it.
//!
//! Each place is a block and how many of its slots are behind. A new block is linked when a message finds the last one full, so
//! whoever takes the last message of a block finds the next one there if there is a next message. Emptied blocks go to the
//! one who fills, by way of a place for one.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use crate::sched::primitive::UnsafeCell;
use crate::sched::primitive::atomic::{AtomicPtr, Ordering};

/// In a model few messages have to go through several.
pub(super) const LEN: usize = if cfg!(loom) { 2 } else { 32 };

pub(super) struct Block<T> {
    next: AtomicPtr<Block<T>>,
    slots: [UnsafeCell<MaybeUninit<T>>; LEN],
}

impl<T> Block<T> {
    fn new() -> NonNull<Block<T>> {
        // In its place from the beginning: it may be larger than a stack.
        let mut block = Box::<Block<T>>::new_uninit();
        let this = block.as_mut_ptr();
        // SAFETY: it is memory for a block, of which every field is written once.
        let block = unsafe {
            (&raw mut (*this).next).write(AtomicPtr::new(ptr::null_mut()));
            let slots = (&raw mut (*this).slots).cast::<UnsafeCell<MaybeUninit<T>>>();
            (0..LEN).for_each(|n| slots.add(n).write(UnsafeCell::new(MaybeUninit::uninit())));
            block.assume_init()
        };
        NonNull::from(Box::leak(block))
    }
}

/// A block that is not in use, if there is one.
pub(super) struct Spare<T>(AtomicPtr<Block<T>>);

impl<T> Spare<T> {
    pub(super) fn new() -> Spare<T> {
        Spare(AtomicPtr::new(ptr::null_mut()))
    }

    fn take(&self) -> Option<NonNull<Block<T>>> {
        // Acquire: pairs with `put`; the block's last user is done with it.
        NonNull::new(self.0.swap(ptr::null_mut(), Ordering::Acquire))
    }

    /// A second one is freed.
    ///
    /// # Safety
    /// Nobody uses the block, and it is empty.
    unsafe fn put(&self, block: NonNull<Block<T>>) {
        // Release: see `take`. Acquire: of the one that is freed.
        if let Some(before) = NonNull::new(self.0.swap(block.as_ptr(), Ordering::AcqRel)) {
            // SAFETY: put here by this function, and taken out by nobody else.
            drop(unsafe { Box::from_raw(before.as_ptr()) });
        }
    }
}

impl<T> Drop for Spare<T> {
    fn drop(&mut self) {
        if let Some(block) = self.take() {
            // SAFETY: as in `put`.
            drop(unsafe { Box::from_raw(block.as_ptr()) });
        }
    }
}

/// A place in the chain.
pub(super) struct Cursor<T> {
    block: Cell<NonNull<Block<T>>>,
    /// How many slots of the block are behind it.
    behind: Cell<usize>,
}

impl<T> Cursor<T> {
    /// Both places at the beginning of a new chain: where to fill, and where to empty.
    pub(super) fn pair() -> (Cursor<T>, Cursor<T>) {
        let block = Block::new();
        let cursor = || Cursor { block: Cell::new(block), behind: Cell::new(0) };
        (cursor(), cursor())
    }

    /// Writes a message and goes past it.
    ///
    /// # Safety
    /// It is the place to fill, in a chain that was not [freed](Self::free), and nobody else uses it meanwhile.
    #[inline]
    pub(super) unsafe fn write(&self, message: T, spare: &Spare<T>) {
        if self.behind.get() == LEN {
            // SAFETY: the caller's promise.
            unsafe { self.append(spare) };
        }
        let behind = self.behind.get();
        // SAFETY: the chain is alive, and nobody reads a slot before it is told of the message there.
        unsafe { &self.block.get().as_ref().slots[behind] }.with_mut(|slot| {
            // SAFETY: as above.
            unsafe { (*slot).write(message) };
        });
        self.behind.set(behind + 1);
    }

    /// Takes back the message that was written last.
    ///
    /// # Safety
    /// As [`write`](Self::write), which was called and has told nobody of the message.
    pub(super) unsafe fn unwrite(&self) -> T {
        let behind = self.behind.get() - 1;
        self.behind.set(behind);
        // SAFETY: the message is there, and nobody else knows.
        unsafe { &self.block.get().as_ref().slots[behind] }.with_mut(|slot| unsafe { (*slot).assume_init_read() })
    }

    /// Takes a message and goes past it.
    ///
    /// # Safety
    /// It is the place to empty, in a chain that was not [freed](Self::free), nobody else uses it meanwhile, and there is one
    /// more message, of which the caller was told.
    #[inline]
    pub(super) unsafe fn read(&self, spare: &Spare<T>) -> T {
        if self.behind.get() == LEN {
            // SAFETY: the caller's promise.
            unsafe { self.advance(spare) };
        }
        let behind = self.behind.get();
        self.behind.set(behind + 1);
        // SAFETY: the chain is alive; the message is there, and is read once.
        unsafe { &self.block.get().as_ref().slots[behind] }.with_mut(|slot| unsafe { (*slot).assume_init_read() })
    }

    /// # Safety
    /// As [`write`](Self::write).
    #[inline(never)]
    unsafe fn append(&self, spare: &Spare<T>) {
        let new = spare.take().unwrap_or_else(Block::new);
        // SAFETY: nobody else has the new one; the chain is alive.
        unsafe {
            // Relaxed: who empties goes on to it for a message in it, and was told of that.
            new.as_ref().next.store(ptr::null_mut(), Ordering::Relaxed);
            self.block.get().as_ref().next.store(new.as_ptr(), Ordering::Relaxed);
        }
        self.block.set(new);
        self.behind.set(0);
    }

    /// # Safety
    /// As [`read`](Self::read).
    #[inline(never)]
    unsafe fn advance(&self, spare: &Spare<T>) {
        let emptied = self.block.get();
        // SAFETY: the chain is alive. Relaxed: see `append`.
        let next = unsafe { emptied.as_ref() }.next.load(Ordering::Relaxed);
        self.block.set(NonNull::new(next).expect("there is one more message"));
        self.behind.set(0);
        // SAFETY: it is empty, and who fills has left it before it has told of a message behind it.
        unsafe { spare.put(emptied) };
    }

    /// Frees the chain from here on.
    ///
    /// # Safety
    /// It is the place to empty, no messages are left, and nobody uses the chain any more.
    pub(super) unsafe fn free(&self) {
        let mut block = Some(self.block.get());
        while let Some(this) = block {
            // SAFETY: made by `Block::new`, and each is in the chain once.
            let this = unsafe { Box::from_raw(this.as_ptr()) };
            block = NonNull::new(this.next.load(Ordering::Relaxed));
        }
    }
}
