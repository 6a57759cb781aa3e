//! A task: whatever may park, a coroutine or an OS thread. (And what stands in a queue for an async task, which is no more
//! than a header: see `sched::async_joiner`.)
//!
//! One allocation holds all there is of a coroutine outside its stack: this header, and behind it the closure that it
//! will run or, later, the result that waits for `join` (`sched::spawn` lays that out). A task that has not started has no
//! stack, and no room for what is needed only then: that is in its context (`sched::context`). The header is counted by
//! [`TaskRef`]s; a coroutine that has not finished holds one of itself, which its worker gives back at the end, so a pointer in a
//! run queue needs no count of its own.

use std::cell::{Cell, OnceCell};
use std::mem;
use std::num::NonZeroU64;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use std::time::Instant;

use crate::pal::OsParker;
use crate::pal::prefetch::prefetch;

use super::context::Context;
use super::ending::Ending;
use super::inbox::Linked;
use super::interrupt::Interrupts;
use super::locals::Locals;
use super::park_state::{PARKED, ParkState};
use super::reason::Reason;
use super::runtime;
use super::stamp::Stamp;
use super::worker::{self, WorkerShared};

/// What differs between the kinds of task, and what only `sched::spawn` knows the type of.
pub(crate) struct VTable {
    /// Runs the closure, stores its result. Only for a coroutine, once, on its own stack.
    pub(crate) run: unsafe fn(NonNull<Task>),
    /// Where the result stands. Only for a coroutine.
    pub(crate) result: unsafe fn(NonNull<Task>) -> *mut (),
    /// Makes it run, which was parked and belongs to no worker.
    pub(crate) wake: unsafe fn(NonNull<Task>),
    /// Drops what is left and frees the memory; the last reference is gone.
    pub(crate) free: unsafe fn(NonNull<Task>),
}

/// See the module's text. Always behind a [`TaskRef`].
#[repr(C)]
pub(crate) struct Task {
    refs: AtomicUsize,
    pub(crate) vtable: &'static VTable,
    pub(crate) origin: Origin,
    /// Its thread-locals. Only the task itself touches them.
    pub(crate) locals: Locals,
    /// Given on first demand; 0 before.
    id: AtomicU64,
    /// Set before anybody else knows of the task, and never again. (A box of a box, for most have none and this is one word.)
    name: OnceCell<Box<Box<str>>>,
    /// Whether it has ended, and who waits for that.
    pub(crate) ending: Ending,
    /// The state of `thread::park` and `unpark`: see `sys::thread::token`.
    pub(crate) token: AtomicU32,
    /// The last census that has counted it. Only who has it touches this: its worker, or before its start whoever has taken it
    /// out of the queue that it was in.
    pub(crate) counted: Cell<u32>,
    /// Whether it is to unwind from its waits. From its end on is what each wait and wake touches.
    pub(crate) interrupts: Interrupts,
    pub(crate) state: ParkState,
    /// How many panics of this task are in flight, as far as it had to be noted: see `sched::panics`.
    pub(crate) panics: Cell<u32>,
    /// Why it is parked, or was last.
    reason: AtomicU8,
    /// Stack size class of a coroutine, see `sched::stack`.
    pub(crate) stack_class: u8,
    /// What lies behind the header of a coroutine: for `sched::spawn` alone, which has no other place for it that costs nothing.
    pub(crate) stage: Cell<Stage>,
    /// When it last parked, by its worker's clock. Only the worker that it belongs to touches it, and the coroutine itself.
    pub(crate) parked_at: Stamp,
    /// The next in the one queue that this task is in: a run queue or an inbox.
    pub(crate) link: AtomicPtr<Task>,
    /// The worker that it belongs to for life; null before the start, and for an OS thread.
    home: AtomicPtr<WorkerShared>,
    /// The coroutine on its stack, between start and end; else null. Touched as `parked_at`.
    pub(crate) context: Cell<*mut Context>,
    /// An OS thread stops here: on `state`, if the task is its own; on `token`, if it runs this coroutine and must not
    /// switch.
    pub(crate) os_parker: OsParker,
}

// Each spawn makes one, and each of a million parked coroutines has one.
#[cfg(all(target_os = "linux", target_pointer_width = "64", not(costd_portable)))]
const _: () = assert!(size_of::<Task>() == 128);

/// What the body of a coroutine holds. Changed by the task alone until it is done, and not at all afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Closure,
    Nothing,
    Result,
}

/// In the place of a stack size class, of an OS thread.
pub(crate) const NO_STACK: u8 = u8::MAX;

// SAFETY: the cells are touched only by the task itself or the worker that it belongs to, as their comments say; the rest
// is atomic or never changes.
unsafe impl Sync for Task {}
// SAFETY: as above; a closure or result that lies behind the header is `Send` (the bounds of `sched::spawn`).
unsafe impl Send for Task {}

/// Where a task comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    /// Who has spawned it; `None`: it was not spawned.
    pub(crate) spawned_at: Option<&'static Location<'static>>,
    /// When, by the clock of the worker that did.
    pub(crate) born: u64,
}

impl Origin {
    /// Of an OS thread's task, and of what is none.
    pub(crate) const NONE: Origin = Origin { spawned_at: None, born: 0 };
}

/// An owned reference of a task. `Unparker` is the same thing, named for what most holders do with it.
pub(crate) struct TaskRef(NonNull<Task>);

/// Ends a park of the task that it belongs to, from anywhere.
pub(crate) type Unparker = TaskRef;

impl Task {
    /// Has the caches fetch what each wait and wake touches of a task, if it is one: it may lie in two lines.
    #[inline]
    pub(crate) fn prefetch(task: *mut Task) {
        prefetch(task.addr().wrapping_add(mem::offset_of!(Task, interrupts)));
        prefetch(task.addr().wrapping_add(mem::offset_of!(Task, context)));
    }

    // Inlined, so that it is made where it is to stay, and not copied there twice.
    #[inline(always)]
    pub(crate) fn new(
        vtable: &'static VTable,
        name: Option<Box<str>>,
        stack_class: u8,
        origin: Origin,
        refs: usize,
    ) -> Task {
        Task {
            refs: AtomicUsize::new(refs),
            vtable,
            origin,
            link: AtomicPtr::new(ptr::null_mut()),
            home: AtomicPtr::new(ptr::null_mut()),
            context: Cell::new(ptr::null_mut()),
            locals: Locals::new(),
            state: ParkState::new(),
            panics: Cell::new(0),
            parked_at: Stamp::new(),
            token: AtomicU32::new(0),
            counted: Cell::new(0),
            reason: AtomicU8::new(Reason::Park as u8),
            stack_class,
            stage: Cell::new(Stage::Closure),
            interrupts: Interrupts::new(),
            ending: Ending::new(),
            id: AtomicU64::new(0),
            name: name.map_or_else(OnceCell::new, |name| OnceCell::from(Box::new(name))),
            os_parker: OsParker::new(),
        }
    }

    /// Names the task; only once, and while nobody else knows of it.
    pub(crate) fn set_name(&self, name: Box<str>) {
        let _ = self.name.set(Box::new(name));
    }

    /// A reference of this task.
    pub(crate) fn to_ref(&self) -> TaskRef {
        // SAFETY: whoever has `&self` keeps it alive meanwhile.
        unsafe { TaskRef::share(NonNull::from(self)) }
    }

    /// The name that it was given.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.get().map(|name| &***name)
    }

    /// A number that no other task of the process has or had.
    pub(crate) fn id(&self) -> NonZeroU64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed throughout: the number says nothing about other memory.
        let id = self.id.load(Ordering::Relaxed);
        let id = if id != 0 {
            id
        } else {
            let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
            match self.id.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => fresh,
                Err(theirs) => theirs,
            }
        };
        NonZeroU64::new(id).expect("2^64 tasks have been numbered")
    }

    /// The worker that this coroutine belongs to; `None` before its start, and for an OS thread.
    #[inline]
    pub(crate) fn home(&self) -> Option<&'static WorkerShared> {
        // Relaxed: set once by the home itself, before the task first runs; others learn of the task by what it did
        // later. Workers live for ever.
        let home = self.home.load(Ordering::Relaxed);
        // SAFETY: null or a leaked `WorkerShared`.
        unsafe { home.as_ref() }
    }

    pub(crate) fn set_home(&self, home: &'static WorkerShared) {
        self.home.store(ptr::from_ref(home).cast_mut(), Ordering::Relaxed);
    }

    /// The lowest address of its stack, between its start and its end. May be asked in a signal handler.
    pub(crate) fn stack_bottom(&self) -> Option<usize> {
        let context = self.context.get();
        // A slot is aligned to its size, and the context lies in it.
        (!context.is_null()).then(|| context.addr() & !((1 << self.stack_class) - 1))
    }

    /// Is it a coroutine that has not started? For who has taken it out of a queue.
    pub(crate) fn is_unstarted(&self) -> bool {
        self.is_coroutine() && self.home().is_none()
    }

    /// Is it a coroutine's, and not an OS thread's own?
    pub(crate) fn is_coroutine(&self) -> bool {
        self.stack_class != NO_STACK
    }

    /// Why it is parked, or was last.
    #[inline]
    pub(crate) fn set_reason(&self, reason: Reason) {
        self.reason.store(reason as u8, Ordering::Relaxed);
    }

    /// Why it is parked, or was last: the number of the reason.
    #[inline]
    pub(crate) fn reason(&self) -> u8 {
        self.reason.load(Ordering::Relaxed)
    }

    /// Makes the task run if it is parked, or its next park end at once.
    #[inline]
    pub(crate) fn unpark(&self) {
        if self.state.notify() {
            match self.home() {
                Some(home) => worker::make_ready(home, NonNull::from(self)),
                // SAFETY: this very task's, and it was parked.
                None => unsafe { (self.vtable.wake)(NonNull::from(self)) },
            }
        }
    }

    /// Parks this OS thread, whose task this is. `false` when the deadline has passed.
    pub(crate) fn park_os_thread(&self, deadline: Option<Instant>, reason: Reason) -> bool {
        self.set_reason(reason);
        if self.state.take() || !self.state.publish() {
            return true;
        }
        let deadlocks = runtime::started().and_then(|runtime| runtime.deadlocks.as_ref());
        let _in_wait = deadlocks.filter(|_| deadline.is_none()).map(|deadlocks| deadlocks.enter(self));
        loop {
            let in_time = self.os_parker.wait(self.state.word(), PARKED, deadline);
            if self.state.is_woken() {
                return true;
            }
            if !in_time {
                return !self.state.give_up();
            }
        }
    }
}

impl Linked for Task {
    fn link(&self) -> &AtomicPtr<Task> {
        &self.link
    }
}

impl TaskRef {
    /// Takes over a reference that was counted already.
    ///
    /// # Safety
    /// The task is alive, and one count of it belongs to the caller, who gives it up.
    pub(crate) unsafe fn from_raw(task: NonNull<Task>) -> TaskRef {
        TaskRef(task)
    }

    /// Gives up the reference without taking back its count: see [`from_raw`](Self::from_raw).
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<Task> {
        let task = self.0;
        std::mem::forget(self);
        task
    }

    pub(crate) fn as_ptr(&self) -> NonNull<Task> {
        self.0
    }

    /// Another reference of a task that is known to be alive.
    ///
    /// # Safety
    /// The task is alive: somebody else's count outlasts this call.
    pub(crate) unsafe fn share(task: NonNull<Task>) -> TaskRef {
        // Relaxed: a new reference is made from one that exists, so nothing can be freed meanwhile.
        // SAFETY: alive, as the caller promises.
        let before = unsafe { task.as_ref() }.refs.fetch_add(1, Ordering::Relaxed);
        if before > isize::MAX as usize {
            // Only leaked handles get here; wrapping around would free what is in use.
            std::process::abort();
        }
        TaskRef(task)
    }

    /// The task that would park if something blocked now: the current coroutine, or this OS thread.
    #[inline]
    pub(crate) fn current() -> TaskRef {
        match super::current_coroutine() {
            // SAFETY: the current coroutine runs this very code.
            Some(coroutine) => unsafe { TaskRef::share(NonNull::from(coroutine.task())) },
            None => super::os_thread().task().clone(),
        }
    }
}

/// What others have released with `word` is visible from now on. ThreadSanitizer does not know fences.
#[inline]
fn acquire(word: &AtomicUsize) {
    if cfg!(costd_tsan) {
        word.load(Ordering::Acquire);
    } else {
        fence(Ordering::Acquire);
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> TaskRef {
        // SAFETY: `self` keeps it alive.
        unsafe { TaskRef::share(self.0) }
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        let task = self.0;
        // Release: what this holder did with the task comes before its end.
        if self.refs.fetch_sub(1, Ordering::Release) == 1 {
            // Acquire: what all the other holders did, too.
            acquire(&self.refs);
            // SAFETY: that was the last reference.
            unsafe { (task.as_ref().vtable.free)(task) }
        }
    }
}

impl Deref for TaskRef {
    type Target = Task;

    #[inline]
    fn deref(&self) -> &Task {
        // SAFETY: counted, so alive.
        unsafe { self.0.as_ref() }
    }
}

// SAFETY: a reference of a task, which is Send and Sync.
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}
