use std::time::{Duration, Instant};

use crate::coroutine::os_thread;
use crate::runtime;
use crate::sched::panics::resume_unwind;
use crate::sys::sync::arms::{Setting, Until};
use crate::sys::thread::alarm::Alarm;
use crate::sys::thread::contender::Contender;
use crate::thread::{JoinHandle, ScopedJoinHandle};

use super::arm::{Arm, WON, lasting, once};

/// Waits for so long, from the call on. In a [`Select`](super::Select) it goes off once.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::time::{Duration, Instant};
///
/// let begin = Instant::now();
/// select! { () = after(Duration::from_millis(5)) => {} }
/// assert!(begin.elapsed() >= Duration::from_millis(5));
/// ```
pub fn after(duration: Duration) -> impl Arm<Output = ()> {
    // Past the end of the clock is as good as never.
    alarm(Instant::now().checked_add(duration))
}

/// Waits until that moment. In a [`Select`](super::Select) it goes off once.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::time::Instant;
///
/// select! { () = at(Instant::now()) => {} }
/// ```
pub fn at(moment: Instant) -> impl Arm<Output = ()> {
    alarm(Some(moment))
}

fn alarm(at: Option<Instant>) -> impl Arm<Output = ()> {
    once(Alarm::new(at), |_| (), Alarm::is_spent)
}

/// What a thread can be waited for by: what [`finished`] takes.
pub trait Handle: kinds::Handle {}

pub(super) mod kinds {
    use super::Arm;

    pub trait Handle {
        #[doc(hidden)]
        fn finished_arm(&self) -> impl Arm<Output = ()>;
    }
}

impl<T> kinds::Handle for JoinHandle<T> {
    fn finished_arm(&self) -> impl Arm<Output = ()> {
        let ending = &self.task().ending;
        lasting(Until::new(ending.queue(), || ending.is_done()), |_| ())
    }
}

impl<T> kinds::Handle for ScopedJoinHandle<'_, T> {
    fn finished_arm(&self) -> impl Arm<Output = ()> {
        let ending = &self.task().ending;
        lasting(Until::new(ending.queue(), || ending.is_done()), |_| ())
    }
}

impl<T> kinds::Handle for os_thread::JoinHandle<T> {
    fn finished_arm(&self) -> impl Arm<Output = ()> {
        lasting(Setting::new(self.ended()), |_| ())
    }
}

impl<T> kinds::Handle for os_thread::ScopedJoinHandle<'_, T> {
    fn finished_arm(&self) -> impl Arm<Output = ()> {
        lasting(Setting::new(self.ended()), |_| ())
    }
}

impl<T> Handle for JoinHandle<T> {}
impl<T> Handle for ScopedJoinHandle<'_, T> {}
impl<T> Handle for os_thread::JoinHandle<T> {}
impl<T> Handle for os_thread::ScopedJoinHandle<'_, T> {}

/// Waits until a thread has ended, so that `join` returns at once: the result stays where it is.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::thread;
///
/// let (a, b) = (thread::spawn(|| thread::park()), thread::spawn(|| 7));
/// let result = select! {
///     () = finished(&a) => unreachable!(),
///     () = finished(&b) => b.join().unwrap(),
/// };
/// assert_eq!(result, 7);
/// # a.thread().unpark();
/// ```
pub fn finished<H: Handle>(handle: &H) -> impl Arm<Output = ()> {
    handle.finished_arm()
}

/// Runs a closure in a coroutine of its own: what [`select!`](macro@crate::coroutine::select) makes of an expression that is none of this
/// module's functions. The [module](super) says what becomes of it if it loses.
///
/// It is begun when the select finds that it has to wait: if another arm is ready at once, it never runs. In a
/// [`Select`](super::Select) it runs in the first wait that it is part of, and if it loses there, it is spent.
///
/// # Panics
/// Where the output is asked for: with what the closure has panicked with.
///
/// # Examples
///
/// ```
/// use costd::coroutine::{Select, select};
///
/// let mut select = Select::new();
/// for n in 0..3 {
///     select.add(select::child(move || n), |n| n);
/// }
/// let (_, n) = select.wait();
/// assert!(n < 3);
/// ```
#[track_caller]
pub fn child<T: Send>(closure: impl FnOnce() -> T + Send) -> impl Arm<Output = T> {
    let take =
        |arm: &mut Contender<_, _>| arm.take_result().expect(WON).unwrap_or_else(|payload| resume_unwind(payload));
    once(Contender::new(closure, runtime::report), take, Contender::is_spent)
}
