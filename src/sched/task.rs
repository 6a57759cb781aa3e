//! A task: whatever may park, a coroutine or an OS thread. (And what stands in a queue for an async task, which is no more
//! than a header: see `sched::async_joiner`.)
//!
//! One allocation holds all there is of a coroutine outside its stack: this header, and behind it the closure that it
//! will run or, later, the result that waits for `join` (`sched::spawn` lays that out). A task that has not started has no
//! stack. The header is counted by [`TaskRef`]s; a coroutine that has not finished holds one of itself, which its worker
//! gives back at the end, so a pointer in a run queue needs no count of its own.

use std::cell::{Cell, OnceCell, UnsafeCell};
use std::num::NonZeroU64;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use std::time::Instant;

use crate::pal::OsParker;

use super::context::{Context, WayBack};
use super::inbox::Linked;
use super::interrupt::Interrupts;
use super::locals::Locals;
use super::park_state::{PARKED, ParkState};
use super::reason::Reason;
use super::wait_queue::WaitQueue;
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
    pub(crate) state: ParkState,
    /// Why it is parked, or was last.
    reason: AtomicU8,
    /// Whether it is to unwind from its waits.
    pub(crate) interrupts: Interrupts,
    /// The next in the one queue that this task is in: a run queue or an inbox.
    pub(crate) link: AtomicPtr<Task>,
    /// The worker that it belongs to for life; null before the start, and for an OS thread.
    home: AtomicPtr<WorkerShared>,
    /// The stack and what is on it, between start and end. Only the worker that it belongs to touches it.
    pub(crate) context: UnsafeCell<Option<Context>>,
    /// How it switches back to its worker.
    pub(crate) way_back: WayBack,
    /// Stack size class of a coroutine, see `sched::stack`.
    pub(crate) stack_class: u8,
    /// The lowest address of the stack, set before the start; what a signal handler looks at.
    pub(crate) stack_bottom: Cell<usize>,
    /// Its thread-locals. Only the task itself touches them.
    pub(crate) locals: Locals,
    /// How many panics of this task are in flight, as far as it had to be noted: see `sched::panics`.
    pub(crate) panics: Cell<u32>,
    /// The state of `thread::park` and `unpark`: see `sys::thread::token`.
    pub(crate) token: AtomicU32,
    /// WAITED, DONE and DETACHED, or'ed.
    done: AtomicU32,
    /// Who waits for the end.
    pub(crate) joiners: WaitQueue,
    /// Given on first demand; 0 before.
    id: AtomicU64,
    /// Set before anybody else knows of the task, and never again.
    name: OnceCell<Box<str>>,
    /// An OS thread stops here: on `state`, if the task is its own; on `token`, if it runs this coroutine and must not
    /// switch.
    pub(crate) os_parker: OsParker,
}

/// In the place of a stack size class, of an OS thread.
pub(crate) const NO_STACK: u8 = u8::MAX;

/// Somebody waits in `joiners` for the end.
const WAITED: u32 = 1;
/// It has ended; a result, if anybody may want it, stands in its place.
const DONE: u32 = 2;
/// Nobody will ask for the result.
const DETACHED: u32 = 4;

// SAFETY: the cells are touched only by the task itself or the worker that it belongs to, as their comments say; the rest
// is atomic or never changes.
unsafe impl Sync for Task {}
// SAFETY: as above; a closure or result that lies behind the header is `Send` (the bounds of `sched::spawn`).
unsafe impl Send for Task {}

/// An owned reference of a task. `Unparker` is the same thing, named for what most holders do with it.
pub(crate) struct TaskRef(NonNull<Task>);

/// Ends a park of the task that it belongs to, from anywhere.
pub(crate) type Unparker = TaskRef;

impl Task {
    pub(crate) fn new(vtable: &'static VTable, name: Option<Box<str>>, stack_class: u8, refs: usize) -> Task {
        let task = Task {
            refs: AtomicUsize::new(refs),
            vtable,
            state: ParkState::new(),
            reason: AtomicU8::new(Reason::Park as u8),
            interrupts: Interrupts::new(),
            link: AtomicPtr::new(ptr::null_mut()),
            home: AtomicPtr::new(ptr::null_mut()),
            context: UnsafeCell::new(None),
            way_back: WayBack::new(),
            stack_class,
            stack_bottom: Cell::new(0),
            locals: Locals::new(),
            panics: Cell::new(0),
            token: AtomicU32::new(0),
            done: AtomicU32::new(0),
            joiners: WaitQueue::new(),
            id: AtomicU64::new(0),
            name: OnceCell::new(),
            os_parker: OsParker::new(),
        };
        if let Some(name) = name {
            task.set_name(name);
        }
        task
    }

    /// Names the task; only once, and while nobody else knows of it.
    pub(crate) fn set_name(&self, name: Box<str>) {
        let _ = self.name.set(name);
    }

    /// A reference of this task.
    pub(crate) fn to_ref(&self) -> TaskRef {
        // SAFETY: whoever has `&self` keeps it alive meanwhile.
        unsafe { TaskRef::share(NonNull::from(self)) }
    }

    /// The name that it was given.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.get().map(|name| &**name)
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

    /// Is it a coroutine's, and not an OS thread's own?
    pub(crate) fn is_coroutine(&self) -> bool {
        self.stack_class != NO_STACK
    }

    /// Why it is parked, or was last.
    #[inline]
    pub(crate) fn set_reason(&self, reason: Reason) {
        self.reason.store(reason as u8, Ordering::Relaxed);
    }

    /// Has it ended?
    pub(crate) fn is_done(&self) -> bool {
        // Acquire: the result is visible.
        self.done.load(Ordering::Acquire) & DONE != 0
    }

    /// Under the lock of `joiners`: notes that somebody waits there; `true` if the task has ended instead.
    pub(crate) fn done_or_waited(&self) -> bool {
        // Acquire: as in `is_done`.
        self.done.fetch_or(WAITED, Ordering::Acquire) & DONE != 0
    }

    /// Nobody will ask for the result. `true`: it stands there already, and the caller is to drop it. Only the first call
    /// says so: after one that came before the end, the result is the task's own to drop.
    pub(crate) fn detach(&self) -> bool {
        // Acquire: the result, if there. Nothing to release.
        self.done.fetch_or(DETACHED, Ordering::Acquire) & (DONE | DETACHED) == DONE
    }

    /// Has [`detach`](Self::detach) been called?
    pub(crate) fn is_detached(&self) -> bool {
        self.done.load(Ordering::Relaxed) & DETACHED != 0
    }

    /// The task has ended and its result stands in its place: wakes who waits for that. `true`: it is detached, and the
    /// caller is to drop the result.
    pub(crate) fn set_done(&self) -> bool {
        // Release: the result. (The queue has its own lock.)
        let before = self.done.fetch_or(DONE, Ordering::Release);
        if before & WAITED != 0 {
            self.joiners.notify_all();
        }
        before & DETACHED != 0
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
        loop {
            let in_time = self.os_parker.wait(self.state.word(), PARKED, deadline);
            if !in_time || self.state.is_notified() {
                return self.state.resume();
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
            fence(Ordering::Acquire);
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
