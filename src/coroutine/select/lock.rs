use std::sync::LockResult;

use crate::coroutine::semaphore::check;
use crate::coroutine::{Event, Semaphore, SemaphoreGuard, WaitGroup};
use crate::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::sys::sync::arms::{Acquiring, Locking, Reading, Setting, Writing};

use super::arm::{Arm, lasting};

/// Takes a mutex, as [`Mutex::lock`] does.
///
/// While it waits together with others, the mutex may be handed to the arm at the moment when another one wins; then it is
/// given on at once.
///
/// # Errors
/// The output is an error with the guard if the mutex is poisoned.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::sync::Mutex;
/// use costd::time::Duration;
///
/// let mutex = Mutex::new(1);
/// let held = mutex.lock().unwrap();
/// let taken = select! {
///     guard = lock(&mutex) => Some(*guard.unwrap()),
///     () = after(Duration::from_millis(1)) => None,
/// };
/// assert_eq!(taken, None);
/// drop(held);
/// assert_eq!(select! { guard = lock(&mutex) => *guard.unwrap() }, 1);
/// ```
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> impl Arm<Output = LockResult<MutexGuard<'_, T>>> {
    lasting(Locking::new(mutex.raw_mutex()), |arm| {
        arm.hand_over();
        // SAFETY: it has won, and has handed the lock over.
        unsafe { mutex.guard() }
    })
}

/// Takes a lock for reading, as [`RwLock::read`] does. What [`lock`] says of arms that lose holds here, too.
///
/// # Errors
/// The output is an error with the guard if the lock is poisoned.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::sync::RwLock;
///
/// let lock = RwLock::new(1);
/// assert_eq!(select! { guard = read(&lock) => *guard.unwrap() }, 1);
/// ```
pub fn read<T: ?Sized>(lock: &RwLock<T>) -> impl Arm<Output = LockResult<RwLockReadGuard<'_, T>>> {
    lasting(Reading::new(lock.raw_lock()), |arm| {
        arm.hand_over();
        // SAFETY: as in `lock`.
        unsafe { lock.read_guard() }
    })
}

/// Takes a lock for writing, as [`RwLock::write`] does. What [`lock`] says of arms that lose holds here, too; and while it is
/// this arm's turn, and it waits for readers to leave, no others get in.
///
/// # Errors
/// The output is an error with the guard if the lock is poisoned.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::sync::RwLock;
///
/// let lock = RwLock::new(1);
/// select! { guard = write(&lock) => *guard.unwrap() += 1 }
/// assert_eq!(lock.into_inner().unwrap(), 2);
/// ```
pub fn write<T: ?Sized>(lock: &RwLock<T>) -> impl Arm<Output = LockResult<RwLockWriteGuard<'_, T>>> {
    lasting(Writing::new(lock.raw_lock()), |arm| {
        arm.hand_over();
        // SAFETY: as in `lock`.
        unsafe { lock.write_guard() }
    })
}

/// Takes a permit, as [`Semaphore::acquire`] does.
///
/// While it waits together with others, the permit may be given to the arm at the moment when another one wins; then it is
/// given back at once.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{Semaphore, select};
///
/// let (a, b) = (Semaphore::new(0), Semaphore::new(1));
/// let from = select! {
///     _permit = acquire(&a) => "a",
///     _permit = acquire(&b) => "b",
/// };
/// assert_eq!((from, b.available_permits()), ("b", 1));
/// ```
pub fn acquire(semaphore: &Semaphore) -> impl Arm<Output = SemaphoreGuard<'_>> {
    acquire_many(semaphore, 1)
}

/// Takes so many permits at once, as [`Semaphore::acquire_many`] does.
///
/// # Panics
/// There can never be as many, as it is more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
///
/// # Examples
///
/// ```
/// use costd::coroutine::{Semaphore, select};
///
/// let semaphore = Semaphore::new(3);
/// select! { permits = acquire_many(&semaphore, 2) => assert_eq!(permits.permits(), 2) }
/// ```
#[track_caller]
pub fn acquire_many(semaphore: &Semaphore, permits: usize) -> impl Arm<Output = SemaphoreGuard<'_>> {
    check(permits);
    lasting(Acquiring::new(semaphore.raw(), permits), move |arm| {
        arm.hand_over();
        semaphore.guard(permits)
    })
}

/// Waits until an event is set, as [`Event::wait`] does.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{Event, select};
///
/// let stop = Event::new();
/// stop.set();
/// select! { () = set(&stop) => {} }
/// ```
pub fn set(event: &Event) -> impl Arm<Output = ()> {
    lasting(Setting::new(event.raw()), |_| ())
}

/// Gives up this member of a group, at once, and waits until there is no other, as [`WaitGroup::wait`] does. If the arm loses,
/// it is a member no more.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{WaitGroup, select};
/// use costd::time::Duration;
///
/// let group = WaitGroup::new();
/// let member = group.clone();
/// let all_done = select! {
///     () = done(group.clone()) => true,
///     () = after(Duration::from_millis(1)) => false,
/// };
/// assert!(!all_done);
/// drop(member);
/// select! { () = done(group) => {} }
/// ```
pub fn done(group: WaitGroup) -> impl Arm<Output = ()> {
    lasting(group.emptying(), |_| ())
}
