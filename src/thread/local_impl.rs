//! What `thread_local!` expands to; no part of the public interface.
//!
//! The macro is safe code in the user's crate: a static [`Key`] names the type, so nothing that it could be made to say
//! confuses one type with another.

use std::marker::PhantomData;
use std::mem;
use std::ptr::NonNull;

use crate::sched::current;
use crate::sched::locals::{LocalIndex, LocalValue, Slot};

/// A key of thread-locals of the type `T`.
#[derive(Debug)]
pub struct Key<T: 'static> {
    index: LocalIndex,
    init: fn() -> T,
    /// The initial value is a constant.
    constant: bool,
    /// Neither a subtype nor a supertype of `T` will do.
    invariant: PhantomData<fn(T) -> T>,
}

impl<T: 'static> Key<T> {
    /// A key whose values `init` makes, on first access in each task.
    #[must_use]
    pub const fn lazy(init: fn() -> T) -> Key<T> {
        Key { index: LocalIndex::new(), init, constant: false, invariant: PhantomData }
    }

    /// A key whose values are the constant that `init` returns.
    #[must_use]
    pub const fn constant(init: fn() -> T) -> Key<T> {
        Key { index: LocalIndex::new(), init, constant: true, invariant: PhantomData }
    }

    /// The current task's value, made now if need be. `None`: it is destroyed.
    ///
    /// The value lives until the end of the task.
    #[inline]
    pub(super) fn get_or_init(&'static self) -> Option<NonNull<T>> {
        match self.get() {
            None => self.get_or_init_slow(None),
            alive => alive,
        }
    }

    /// As [`get_or_init`](Self::get_or_init), with `given` for the initial value if one has to be made now. What is not
    /// used is left there.
    #[inline]
    pub(super) fn get_or_init_with(&'static self, given: &mut Option<T>) -> Option<NonNull<T>> {
        self.get_or_init_slow(Some(given))
    }

    /// The current task's value, if it has one.
    #[inline]
    pub(super) fn get(&'static self) -> Option<NonNull<T>> {
        // `put_local` below is the only one to use this index, so what is found is a `T`.
        current::local_table().alive(&self.index).map(NonNull::cast)
    }

    #[cold]
    #[inline(never)]
    fn get_or_init_slow(&'static self, given: Option<&mut Option<T>>) -> Option<NonNull<T>> {
        let locals = &current::current_task().locals;
        match locals.get(&self.index, mem::needs_drop::<T>()) {
            Slot::Initial => {}
            Slot::Alive(value) => return Some(value.cast()),
            Slot::Destroyed => return None,
        }
        // A constant is there from the start, as it were: `set` finds it, and overwrites it.
        let given = if self.constant { None } else { given.and_then(Option::take) };
        let fresh = given.unwrap_or_else(self.init);
        match locals.get(&self.index, mem::needs_drop::<T>()) {
            Slot::Initial => {
                let (header, value) = LocalValue::allocate(fresh);
                // SAFETY: just made, of the one type of this key.
                unsafe { current::put_local(&self.index, header, value.cast()) };
                Some(value)
            }
            Slot::Alive(value) => {
                // The initialiser has used the key itself. As in std, the outer value wins.
                let value = value.cast::<T>();
                // SAFETY: alive, and nobody has a reference: the calls that did are over, for they were inside `init`.
                drop(unsafe { value.replace(fresh) });
                Some(value)
            }
            Slot::Destroyed => None,
        }
    }
}

/// Declares thread-local storage keys of type [`LocalKey`](crate::thread::LocalKey), as [`std::thread_local!`]: the values
/// are per coroutine.
///
/// The macro takes any number of statics, with their attributes and visibilities. An initial value in `const { }` is
/// evaluated at compile time.
///
/// # Examples
///
/// ```
/// use costd::cell::{Cell, RefCell};
///
/// costd::thread_local! {
///     pub static FOO: Cell<u32> = const { Cell::new(1) };
///
///     #[allow(unused)]
///     static BAR: RefCell<Vec<f32>> = RefCell::new(vec![1.0, 2.0]);
/// }
///
/// assert_eq!(FOO.get(), 1);
/// BAR.with_borrow(|v| assert_eq!(v[1], 2.0));
/// ```
#[macro_export]
macro_rules! thread_local {
    () => {};

    ($(#[$($attr:tt)*])* $vis:vis static $name:ident: $t:ty = const $init:block $(; $($($rest:tt)+)?)?) => {
        $(#[$($attr)*])*
        $vis const $name: $crate::thread::LocalKey<$t> = $crate::thread::LocalKey::new({
            static __COSTD_KEY: $crate::thread::local_impl::Key<$t> = $crate::thread::local_impl::Key::constant(|| {
                const __COSTD_INIT: $t = $init;
                __COSTD_INIT
            });
            || &__COSTD_KEY
        });
        $($($crate::thread_local! { $($rest)+ })?)?
    };

    ($(#[$($attr:tt)*])* $vis:vis static $name:ident: $t:ty = $init:expr $(; $($($rest:tt)+)?)?) => {
        $(#[$($attr)*])*
        $vis const $name: $crate::thread::LocalKey<$t> = $crate::thread::LocalKey::new({
            fn __costd_init() -> $t {
                $init
            }
            static __COSTD_KEY: $crate::thread::local_impl::Key<$t> =
                $crate::thread::local_impl::Key::lazy(__costd_init);
            || &__COSTD_KEY
        });
        $($($crate::thread_local! { $($rest)+ })?)?
    };
}
