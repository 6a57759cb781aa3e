use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::sched::inherited::{self, Destroyed, Value};

/// A thread-local value that a thread hands on to those it spawns: for what belongs to a request and not to a thread, such as
/// its id, its deadline, or who asks.
///
/// A thread that is spawned by [`thread::spawn`](crate::thread::spawn), a [`Builder`](crate::thread::Builder), a
/// [`scope`](crate::thread::scope()) or [`os_thread`](super::os_thread) starts with the value that its parent has at that moment,
/// be the parent a coroutine or an OS thread; so do its own children. From then on it is the thread's own: what the one changes
/// does not show in the other. A closure that [`blocking`](super::blocking) runs elsewhere has the values of its caller. Threads
/// that are started by the real std have none.
///
/// The value itself is shared by all who have it, and not copied by a spawn. It is dropped when the last of them has changed it
/// or has ended: before [`join`](crate::thread::JoinHandle::join) returns, as thread-locals are. An inherited value is dropped
/// after them, so that their destructors may read it; one that the thread has set itself, in its turn. Then there is none.
///
/// A spawn costs nothing more in a program that sets no such value. In one that does, it costs two allocations, for any number
/// of values; a change costs another two.
///
/// # Examples
///
/// ```
/// use costd::coroutine::InheritableLocal;
/// use costd::thread;
///
/// static REQUEST: InheritableLocal<u64> = InheritableLocal::new();
///
/// fn log(text: &str) -> String {
///     format!("request {:?}: {text}", REQUEST.get())
/// }
///
/// let line = REQUEST.scope(17, || {
///     // The request's part that is computed by somebody else.
///     thread::spawn(|| log("half of it done")).join().unwrap()
/// });
/// assert_eq!(line, "request Some(17): half of it done");
/// assert_eq!(REQUEST.get(), None);
/// ```
pub struct InheritableLocal<T: Send + Sync + 'static> {
    /// A key is told by where it stands. A constant stands nowhere; this keeps the compiler from making up a place for it.
    _stands_in_one_place: AtomicBool,
    /// Neither a subtype nor a supertype of `T` will do.
    invariant: PhantomData<fn(T) -> T>,
}

impl<T: Send + Sync + 'static> InheritableLocal<T> {
    /// A key for which no thread has a value yet.
    #[must_use]
    pub const fn new() -> InheritableLocal<T> {
        InheritableLocal { _stands_in_one_place: AtomicBool::new(false), invariant: PhantomData }
    }

    /// The current thread's value, cloned; `None` if it has none, or not any more.
    #[must_use]
    pub fn get(&'static self) -> Option<T>
    where
        T: Clone,
    {
        self.with(|value| value.cloned())
    }

    /// Calls `f` with the current thread's value. `f` may change it, which does not show in what it was given.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::InheritableLocal;
    ///
    /// static USER: InheritableLocal<String> = InheritableLocal::new();
    ///
    /// USER.set("Zoe".to_owned());
    /// assert_eq!(USER.with(|user| user.map(String::len)), Some(3));
    /// ```
    pub fn with<R>(&'static self, f: impl FnOnce(Option<&T>) -> R) -> R {
        match inherited::get(self.key()) {
            Some(value) => f(Some(self.downcast(&*value))),
            None => f(None),
        }
    }

    /// Gives the current thread a value, in place of the one that it has.
    ///
    /// # Panics
    /// The thread is at its end, and its values are dropped already.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        drop(self.replace(Some(Arc::new(value))));
    }

    /// Takes the current thread's value away.
    pub fn clear(&'static self) {
        drop(inherited::replace(self.key(), None));
    }

    /// Runs `f` with this value for the current thread's, and for that of the threads spawned meanwhile. Afterwards the thread
    /// has the value again that it had before, or none; also if `f` panics, or is cancelled.
    ///
    /// # Panics
    /// `f` does, or as [`set`](Self::set).
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::coroutine::InheritableLocal;
    ///
    /// static DEPTH: InheritableLocal<u32> = InheritableLocal::new();
    ///
    /// DEPTH.scope(1, || {
    ///     DEPTH.scope(2, || assert_eq!(DEPTH.get(), Some(2)));
    ///     assert_eq!(DEPTH.get(), Some(1));
    /// });
    /// assert_eq!(DEPTH.get(), None);
    /// ```
    #[track_caller]
    pub fn scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        struct Restore {
            key: usize,
            before: Option<Value>,
        }
        impl Drop for Restore {
            fn drop(&mut self) {
                drop(inherited::replace(self.key, self.before.take()));
            }
        }
        let before = self.replace(Some(Arc::new(value)));
        let _restore = Restore { key: self.key(), before };
        f()
    }

    #[track_caller]
    fn replace(&'static self, value: Option<Value>) -> Option<Value> {
        match inherited::replace(self.key(), value) {
            Ok(before) => before,
            Err(Destroyed) => panic!("cannot set an inheritable value after it is destroyed, at the end of its thread"),
        }
    }

    fn key(&'static self) -> usize {
        ptr::from_ref(self).addr()
    }

    fn downcast<'a>(&self, value: &'a (dyn Any + Send + Sync)) -> &'a T {
        value.downcast_ref().expect("no two keys stand in one place, and all values of one have its type")
    }
}

impl<T: Send + Sync + 'static> Default for InheritableLocal<T> {
    /// A key for which no thread has a value yet.
    fn default() -> InheritableLocal<T> {
        InheritableLocal::new()
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for InheritableLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InheritableLocal").finish_non_exhaustive()
    }
}
