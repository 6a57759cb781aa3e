//! The context switch: the one user of corosensei.
//!
//! A [`Context`] is a coroutine with its stack. It lies at the very top of that stack, above the first frame, so that a task
//! has no room in it for what it needs only between its start and its end. What each switch touches of it is one cache line, with
//! what corosensei keeps below:
//!
//! ```text
//! top of the slot    -> +----------------------+
//!                       | nothing              |  the colour of the slot
//!                       | Context              |  ROOM
//! base of the stack  -> +----------------------+
//!                       | frames               |
//!                       | ...                  |
//!                       | guard                |
//! bottom of the slot -> +----------------------+
//! ```
//!
//! Tops of slots are a power of two apart, and what parked coroutines keep lies just below: a thousand of them would have the
//! same few sets of every cache. So the places of their contexts differ (their *colour*), by cache lines; not by so many that
//! what is kept would not fit in the topmost page any more. An echo server with 1,000 connections takes 2 to 9 % less CPU for it.
//!
//! The worker resumes it; from inside, [`suspend`] switches back with the reason. One that is suspended can be asked where it
//! is: it is resumed for a moment, in which it notes that, and nothing else of it runs. A coroutine is never dropped before it has
//! finished (its stack may hold borrows that others rely on): a process that ends leaves it where it is.
//!
//! Where many wait for something from outside, each was last touched long ago when its turn comes. So the caches are told before: of the
//! context when the coroutine becomes ready and two turns before its own (`sched::run_queue`), of its innermost frames when the one
//! before it in the queue has its turn. An echo server with 1,000 connections takes 5 % less CPU for it.
//!
//! What a switch costs depends on who calls it. corosensei calls the coroutine and returns from it, and a processor predicts
//! a return by the calls before. So every function that has been called before a switch and returns after it is predicted
//! wrongly, and so is the switch itself: what switches is inlined into as few functions as can be.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::ptr::{self, NonNull};

use corosensei::stack::{Stack as StackMemory, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::roll::Entry;
use super::stack::{self, Stack};
use super::task::Task;

use crate::pal::fiber::{self, Fiber};
use crate::pal::frames::{self, Frames};
use crate::pal::prefetch::prefetch;

/// Why a coroutine has switched back to its worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Switch {
    /// It can go on; others first.
    Yielded,
    /// It waits to be unparked.
    Parked,
    /// Its function has returned.
    Finished,
}

/// What a resume says: to go on, or to show where it is, and to switch back at once.
type Resumed = Option<NonNull<Look>>;

/// What a suspended coroutine shows of itself.
pub(crate) struct Look {
    frames: Frames,
    /// Names are wanted, too.
    wants_names: bool,
    names: Option<Backtrace>,
}

/// Less room than this on its stack, and a coroutine does not look for names: what std does for that takes some KiB.
const ROOM_FOR_NAMES: usize = 24 << 10;

impl Look {
    pub(crate) const fn new() -> Look {
        Look { frames: Frames::new(), wants_names: false, names: None }
    }

    /// Where the coroutine is: the return addresses, innermost first, from its suspension outwards.
    pub(crate) fn frames(&self) -> &Frames {
        &self.frames
    }

    /// As std sees it, if names were wanted and there was room.
    pub(crate) fn take_names(&mut self) -> Option<Backtrace> {
        self.names.take()
    }
}

/// See the module's text.
#[repr(C)]
pub(crate) struct Context {
    /// Where it finds its way back, from its start on: so many bytes from here. Only the coroutine itself touches it.
    way_back: Cell<i32>,
    /// How far below this its innermost frames were when it last [noted](note_depth) that, for
    /// [`prefetch_frames`](Self::prefetch_frames).
    depth: Cell<u32>,
    /// Borrowed by its worker while it runs.
    coroutine: Coroutine<Resumed, Switch, (), Stack>,
    /// An address in its outermost frame, from its start on.
    outermost: Cell<usize>,
    /// In its worker's roll.
    entry: Entry,
    fiber: Fiber,
}

/// What corosensei keeps right below the base of a stack, and each switch touches as it does the first fields of the context: all
/// that lies in one cache line.
const LINK: usize = 16;

/// What a context takes of a stack; a multiple of what a stack has to be aligned to.
const ROOM: usize = (size_of::<Context>() + LINK).next_multiple_of(64) - LINK;

/// So many cache lines of frames a wait takes, with what has called it.
const FRAMES: usize = 6;

/// So many places there are for a context at the top of a slot, a cache line apart.
const COLOURS: usize = 16;

/// Where the context lies on `stack`.
#[inline]
fn place_on(stack: &Stack) -> NonNull<Context> {
    let colour = stack.number() % COLOURS * 64;
    // SAFETY: the smallest slot is larger, and above its base nobody else uses it.
    unsafe { stack.top().sub(ROOM + colour) }.cast()
}

impl Context {
    /// Lays a coroutine out on `stack` that will run `body` with `task`. It is there until [`end`](Self::end).
    pub(crate) fn new(stack: Stack, task: NonNull<Task>, body: unsafe fn(NonNull<Task>)) -> NonNull<Context> {
        let place = place_on(&stack);
        let coroutine = Coroutine::with_stack(stack, move |yielder, mut resumed| {
            while let Some(look) = resumed {
                resumed = show(yielder, task, look);
            }
            let outermost = 0_u8;
            // SAFETY: it was written before the coroutine was resumed, and is there until after its end.
            unsafe {
                let way_back = ptr::from_ref(yielder).byte_offset_from(place.as_ptr());
                (*place.as_ptr()).way_back.set(way_back as i32);
                (*place.as_ptr()).outermost.set((&raw const outermost).addr());
            }
            // SAFETY: the task outlives its coroutine (it holds a reference of itself until it has finished), and this
            // is its one and only run.
            unsafe { body(task) };
            // It lies in this frame until here.
            std::hint::black_box(&outermost);
            fiber::before_suspend();
        });
        // SAFETY: as above; the top of a slot is aligned to more than a context is.
        unsafe {
            place.write(Context {
                way_back: Cell::new(0),
                depth: Cell::new(0),
                coroutine,
                outermost: Cell::new(0),
                entry: Entry::of(task),
                fiber: Fiber::new(),
            })
        };
        place
    }

    /// Runs the coroutine until it switches back.
    ///
    /// # Safety
    /// It is a context that has not ended, on its worker's OS thread, and does not run.
    #[inline]
    pub(crate) unsafe fn resume(context: NonNull<Context>) -> Switch {
        // SAFETY: the caller's promise. No more than these parts are borrowed, since the coroutine uses the other.
        unsafe { &(*context.as_ptr()).fiber }.before_resume();
        // SAFETY: as above.
        let coroutine = unsafe { &mut (*context.as_ptr()).coroutine };
        match coroutine.resume(None) {
            CoroutineResult::Yield(switch) => switch,
            CoroutineResult::Return(()) => Switch::Finished,
        }
    }

    /// A coroutine will have its turn soon: has the caches fetch what a resume touches first, if it has begun.
    #[inline]
    pub(crate) fn prefetch(task: &Task) {
        prefetch(task.context.get().addr());
    }

    /// It will have the next turn: has the caches fetch its innermost frames, if it has noted where they are.
    ///
    /// # Safety
    /// The task is of the worker that this is called on, and does not run.
    #[inline]
    pub(crate) unsafe fn prefetch_frames(task: &Task) {
        let context = task.context.get();
        // SAFETY: if there is a context, it has not ended, and only this OS thread touches it.
        let depth = unsafe { context.as_ref() }.map_or(0, |context| context.depth.get() as usize);
        if depth != 0 {
            for line in 0..FRAMES {
                prefetch(context.addr().wrapping_sub(depth + 64).wrapping_add(line * 64));
            }
        }
    }

    /// Has the coroutine say where it is. Nothing else of it runs.
    ///
    /// # Safety
    /// As [`resume`](Self::resume).
    pub(crate) unsafe fn look(context: NonNull<Context>, look: &mut Look, wants_names: bool) {
        look.wants_names = wants_names;
        // SAFETY: as in `resume`.
        unsafe { &(*context.as_ptr()).fiber }.before_resume();
        // SAFETY: as in `resume`.
        let coroutine = unsafe { &mut (*context.as_ptr()).coroutine };
        let shown = coroutine.resume(Some(NonNull::from(&mut *look)));
        debug_assert!(matches!(shown, CoroutineResult::Yield(_)));
        // SAFETY: it is suspended in `show`, which has noted the frames.
        unsafe { look.frames.collect() };
    }

    /// Its place in the roll.
    #[inline]
    pub(crate) fn entry(context: NonNull<Context>) -> NonNull<Entry> {
        // SAFETY: in bounds, and only an address is made.
        unsafe { NonNull::new_unchecked(&raw mut (*context.as_ptr()).entry) }
    }

    /// Takes a coroutine that has finished off its stack.
    ///
    /// # Safety
    /// As [`resume`](Self::resume); this is its end, and it has switched back with [`Switch::Finished`].
    #[inline]
    pub(crate) unsafe fn end(context: NonNull<Context>) -> Stack {
        // SAFETY: the caller's promise: nobody reads it again.
        unsafe { context.read() }.coroutine.into_stack()
    }
}

/// Switches from the running coroutine, whose task this is, back to its worker; returns when it is resumed.
#[inline]
pub(crate) fn suspend(task: &Task, switch: Switch) {
    let context = task.context.get();
    debug_assert!(!context.is_null(), "a coroutine that runs has begun and not ended");
    // SAFETY: see above. It was set when the coroutine started, and leads to the bottom of the stack that this code runs on, in which
    // the context lies, too.
    let yielder = unsafe {
        let way_back = (*context).way_back.get() as isize;
        &*context.byte_offset(way_back).cast::<Yielder<Resumed, Switch>>()
    };
    fiber::before_suspend();
    let mut resumed = yielder.suspend(switch);
    while let Some(look) = resumed {
        resumed = show(yielder, NonNull::from(task), look);
    }
}

/// Notes where the frames are of the running coroutine, whose task this is.
#[inline]
pub(crate) fn note_depth(task: &Task) {
    let here = 0_u8;
    let context = task.context.get();
    // SAFETY: as in `suspend`.
    unsafe { &(*context).depth }.set(context.addr().wrapping_sub((&raw const here).addr()) as u32);
}

/// On the stack of a coroutine that was not to go on but to show where it is: does so, and switches back.
#[cold]
#[inline(never)]
fn show(yielder: &Yielder<Resumed, Switch>, task: NonNull<Task>, mut look: NonNull<Look>) -> Resumed {
    // SAFETY: the worker has lent it until this coroutine switches back.
    let look = unsafe { look.as_mut() };
    // SAFETY: the task is alive, as its coroutine is.
    let task = unsafe { task.as_ref() };
    let bottom = task.stack_bottom().expect("a coroutine that runs has begun and not ended");
    let room = (&raw const look).addr().saturating_sub(stack::guard_range(bottom).end);
    if look.wants_names {
        look.names = (room >= ROOM_FOR_NAMES).then(Backtrace::force_capture);
    }
    if room >= frames::ROOM {
        // SAFETY: this very coroutine's, which has not ended. (0 if it has not begun, either: then there is nothing to see.)
        look.frames.note(bottom..=unsafe { (*task.context.get()).outermost.get() });
    } else {
        look.frames.clear();
    }
    fiber::before_suspend();
    // Nobody asks why: the reason why it stopped before stands. (One of its own would be one more to tell apart at each switch.)
    yielder.suspend(Switch::Yielded)
}

// SAFETY: a guard lies at the low end of every slot that `sched::stack` hands out, and its smallest slot has room for more
// than corosensei's minimum besides.
unsafe impl StackMemory for Stack {
    fn base(&self) -> StackPointer {
        place_on(self).addr()
    }

    fn limit(&self) -> StackPointer {
        self.bottom().addr()
    }
}
