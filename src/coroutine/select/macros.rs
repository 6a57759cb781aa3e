//! `select!`, `race!` and `join!`.

use std::convert::Infallible;

use crate::park::{self, Alternative};
use crate::sys::thread::alarm::Alarm;

use super::arm::AnySlot;
use super::arm::sealed::KEY;

/// What comes of one of several arms: of the first, or of one of the rest.
pub enum Chosen<T, U> {
    /// Of the first.
    This(T),
    /// Of one of the rest.
    Other(U),
}

/// Waits until one of `slots` has won. Nobody else has them meanwhile, so none is there twice, for an alternative has but one place:
///
/// ```compile_fail,E0499
/// use costd::coroutine::select::{__macros, after};
/// use costd::time::Duration;
///
/// let mut slot = __macros::Slot::new(Some(after(Duration::ZERO)));
/// __macros::wait([&mut slot, &mut slot]);
/// ```
#[track_caller]
pub fn wait<const N: usize>(slots: [&mut dyn AnySlot; N]) {
    assert!(
        slots.iter().any(|slot| slot.alternative(KEY).is_some()),
        "a select waits for nothing: all its arms are off"
    );
    let off = Alarm::new(None);
    let winner = park::select(&alternatives(&slots, &off), None);
    slots[winner.expect("there is no deadline")].set_won(KEY);
}

/// Has one of `slots` win if one can without waiting.
pub fn attempt<const N: usize>(slots: [&mut dyn AnySlot; N]) {
    let off = Alarm::new(None);
    if let Some(winner) = park::try_select(&alternatives(&slots, &off)) {
        slots[winner].set_won(KEY);
    }
}

/// In the place of those that are switched off stands an alarm that never goes off.
fn alternatives<'a, const N: usize>(slots: &'a [&mut dyn AnySlot; N], off: &'a Alarm) -> [&'a dyn Alternative; N] {
    slots.each_ref().map(|slot| slot.alternative(KEY).unwrap_or(off))
}

/// One of the arms has won.
pub fn one_has_won() -> Infallible {
    unreachable!("a select without `default` ends when an arm has won")
}

/// Waits for several things at once, of which exactly one takes effect; then runs the code that belongs to it.
///
/// See the [module](mod@crate::coroutine::select) for what one can wait for, and what happens to those that lose.
///
/// ```text
/// select! {
///     PATTERN = ARM => BODY,
///     PATTERN = ARM, if CONDITION => BODY,
///     …
///     default => BODY,
/// }
/// ```
///
/// An *arm* is a call of one of the [module's functions](mod@crate::coroutine::select#functions), by its bare name, or any other
/// expression, which then runs in a coroutine of its own. The pattern must match whatever comes. The bodies are as in
/// a `match`: they have the macro's value, and may `break`, `return` and use `?`. An arm whose condition is false is not made;
/// where all of them are false and there is no `default`, the macro panics.
///
/// If several arms are ready, each has the same chance.
///
/// With `default`, which comes last, the macro does not wait: it runs that body if no arm is ready at once. Then all arms must be
/// calls of the module's functions, and none of [`child`](crate::coroutine::select::child).
///
/// # Panics
/// All arms are switched off, and there is no `default`; or what an expression that is an arm panics with.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::sync::mpsc;
/// use costd::thread;
/// use costd::time::Duration;
///
/// let (words, word) = mpsc::channel();
/// let (_numbers, number) = mpsc::sync_channel::<u32>(0);
/// thread::spawn(move || words.send("hello"));
///
/// let text = select! {
///     word = recv(&word) => word.unwrap().to_string(),
///     number = recv(&number) => number.unwrap().to_string(),
///     () = after(Duration::from_secs(10)) => "nobody has anything to say".to_string(),
/// };
/// assert_eq!(text, "hello");
///
/// // Without waiting:
/// let empty = select! {
///     _ = recv(&number) => false,
///     default => true,
/// };
/// assert!(empty);
/// ```
///
/// Any other expression may be an arm. It may borrow; if it loses, it is [cancelled](crate::coroutine::cancel), and has
/// ended before the body of the winner runs:
///
/// ```
/// use costd::coroutine::select;
/// use costd::thread;
/// use costd::time::Duration;
///
/// fn slow(words: &[&str]) -> usize {
///     thread::sleep(Duration::from_secs(3600));
///     words.len()
/// }
///
/// let words = vec!["a", "b"];
/// let length = select! {
///     length = slow(&words) => Some(length),
///     () = after(Duration::from_millis(5)) => None,
/// };
/// assert_eq!(length, None);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __costd_select {
    () => { $crate::__std::compile_error!("a `select!` has one arm at least: `PATTERN = ARM => BODY`") };
    // Reads one arm after the other into a list of (slot, pattern, operation, condition, body); the slots' names differ
    // by the step of the expansion that they come from.
    (@read [$($arms:tt)*]) => {
        $crate::__costd_select!(@wait [$($arms)*])
    };
    (@read [$($arms:tt)*] default => $body:expr $(,)?) => {
        $crate::__costd_select!(@attempt [$($arms)*] $body)
    };
    (@read [$($arms:tt)*] $pattern:pat = $name:ident ($($argument:tt)*) => $($rest:tt)+) => {
        $crate::__costd_select!(@body [$($arms)*] ($pattern) ($name ($($argument)*)) (true) $($rest)+)
    };
    (@read [$($arms:tt)*] $pattern:pat = $name:ident ($($argument:tt)*), if $condition:expr => $($rest:tt)+) => {
        $crate::__costd_select!(@body [$($arms)*] ($pattern) ($name ($($argument)*)) ($condition) $($rest)+)
    };
    (@read [$($arms:tt)*] $pattern:pat = $expression:expr, if $condition:expr => $($rest:tt)+) => {
        $crate::__costd_select!(@body [$($arms)*] ($pattern) ({ $expression }) ($condition) $($rest)+)
    };
    (@read [$($arms:tt)*] $pattern:pat = $expression:expr => $($rest:tt)+) => {
        $crate::__costd_select!(@body [$($arms)*] ($pattern) ({ $expression }) (true) $($rest)+)
    };
    (@body [$($arms:tt)*] $pattern:tt $operation:tt $condition:tt $body:block $(,)?) => {
        $crate::__costd_select!(@read [$($arms)* (slot $pattern $operation $condition $body)])
    };
    (@body [$($arms:tt)*] $pattern:tt $operation:tt $condition:tt $body:block, $($rest:tt)+) => {
        $crate::__costd_select!(@read [$($arms)* (slot $pattern $operation $condition $body)] $($rest)+)
    };
    (@body [$($arms:tt)*] $pattern:tt $operation:tt $condition:tt $body:block $($rest:tt)+) => {
        $crate::__costd_select!(@read [$($arms)* (slot $pattern $operation $condition $body)] $($rest)+)
    };
    (@body [$($arms:tt)*] $pattern:tt $operation:tt $condition:tt $body:expr, $($rest:tt)+) => {
        $crate::__costd_select!(@read [$($arms)* (slot $pattern $operation $condition $body)] $($rest)+)
    };
    (@body [$($arms:tt)*] $pattern:tt $operation:tt $condition:tt $body:expr $(,)?) => {
        $crate::__costd_select!(@read [$($arms)* (slot $pattern $operation $condition $body)])
    };

    // All that the arms borrow ends before a body runs.
    (@wait [$(($slot:ident $pattern:tt $operation:tt ($condition:expr) $body:tt))+]) => {{
        let chosen = {
            $(
                #[allow(unused_parens)]
                let mut $slot = $crate::coroutine::select::__macros::Slot::new(if $condition {
                    $crate::__std::option::Option::Some($crate::__costd_select_arm!(in_time $operation))
                } else {
                    $crate::__std::option::Option::None
                });
            )+
            $crate::coroutine::select::__macros::wait([$(&mut $slot),+]);
            $crate::__costd_select!(@chosen ($crate::coroutine::select::__macros::one_has_won()) $($slot)+)
        };
        $crate::__costd_select!(@match chosen (match chosen {}) $(($pattern $body))+)
    }};
    (@attempt [$(($slot:ident $pattern:tt $operation:tt ($condition:expr) $body:tt))+] $default:expr) => {{
        let chosen = {
            $(
                #[allow(unused_parens)]
                let mut $slot = $crate::coroutine::select::__macros::Slot::new(if $condition {
                    $crate::__std::option::Option::Some($crate::__costd_select_arm!(at_once $operation))
                } else {
                    $crate::__std::option::Option::None
                });
            )+
            $crate::coroutine::select::__macros::attempt([$(&mut $slot),+]);
            $crate::__costd_select!(@chosen (()) $($slot)+)
        };
        $crate::__costd_select!(@match chosen ($default) $(($pattern $body))+)
    }};

    // What has come of the winner, as one value of a nested enum.
    (@chosen ($none:expr)) => { $none };
    (@chosen $none:tt $slot:ident $($rest:ident)*) => {
        if $slot.has_won() {
            $crate::coroutine::select::__macros::Chosen::This($slot.into_output())
        } else {
            $crate::coroutine::select::__macros::Chosen::Other($crate::__costd_select!(@chosen $none $($rest)*))
        }
    };
    (@match $chosen:ident ($none:expr)) => { $none };
    (@match $chosen:ident $none:tt (($pattern:pat) $body:tt) $($rest:tt)*) => {
        match $chosen {
            $crate::coroutine::select::__macros::Chosen::This($pattern) => $body,
            #[allow(unused_variables)]
            $crate::coroutine::select::__macros::Chosen::Other($chosen) => {
                $crate::__costd_select!(@match $chosen $none $($rest)*)
            }
        }
    };

    (@$step:ident $($rest:tt)*) => {
        $crate::__std::compile_error!("an arm of `select!` is `PATTERN = ARM => BODY`, and `default => BODY` comes last")
    };
    ($($arms:tt)+) => { $crate::__costd_select!(@read [] $($arms)+) };
}

/// Is it one of the module's functions, or any other expression?
#[doc(hidden)]
#[macro_export]
macro_rules! __costd_select_arm {
    ($how:ident (recv $arguments:tt)) => { $crate::coroutine::select::recv $arguments };
    ($how:ident (send $arguments:tt)) => { $crate::coroutine::select::send $arguments };
    ($how:ident (send_from $arguments:tt)) => { $crate::coroutine::select::send_from $arguments };
    ($how:ident (accept $arguments:tt)) => { $crate::coroutine::select::accept $arguments };
    ($how:ident (recv_from $arguments:tt)) => { $crate::coroutine::select::recv_from $arguments };
    ($how:ident (readable $arguments:tt)) => { $crate::coroutine::select::readable $arguments };
    ($how:ident (writable $arguments:tt)) => { $crate::coroutine::select::writable $arguments };
    ($how:ident (after $arguments:tt)) => { $crate::coroutine::select::after $arguments };
    ($how:ident (at $arguments:tt)) => { $crate::coroutine::select::at $arguments };
    ($how:ident (finished $arguments:tt)) => { $crate::coroutine::select::finished $arguments };
    ($how:ident (exited $arguments:tt)) => { $crate::coroutine::select::exited $arguments };
    ($how:ident (lock $arguments:tt)) => { $crate::coroutine::select::lock $arguments };
    ($how:ident (read $arguments:tt)) => { $crate::coroutine::select::read $arguments };
    ($how:ident (write $arguments:tt)) => { $crate::coroutine::select::write $arguments };
    ($how:ident (acquire $arguments:tt)) => { $crate::coroutine::select::acquire $arguments };
    ($how:ident (acquire_many $arguments:tt)) => { $crate::coroutine::select::acquire_many $arguments };
    ($how:ident (set $arguments:tt)) => { $crate::coroutine::select::set $arguments };
    ($how:ident (done $arguments:tt)) => { $crate::coroutine::select::done $arguments };
    (in_time (child $arguments:tt)) => { $crate::coroutine::select::child $arguments };
    (in_time ($name:ident ($($argument:tt)*))) => { $crate::coroutine::select::child(|| $name($($argument)*)) };
    (in_time ({ $expression:expr })) => { $crate::coroutine::select::child(|| $expression) };
    (at_once $expression:tt) => {
        $crate::__std::compile_error!(
            "an expression runs in a coroutine of its own and is never ready at once: it has no place in a `select!` with `default`"
        )
    };
}

/// Runs several expressions side by side, each in a coroutine of its own, and has the value of the first that ends; the others
/// are cancelled, and have ended when it returns.
///
/// It is a [`select!`](crate::coroutine::select!) whose bodies are the values, so that the calls that may stand there may
/// stand here, too. All must be of one type. [`race`](fn@crate::coroutine::race) is for any number.
///
/// # Panics
/// The first that ends panics, or one of the others on its way out.
///
/// # Examples
///
/// ```
/// use costd::coroutine::race;
/// use costd::thread;
/// use costd::time::Duration;
///
/// fn ask(server: &str, answers_after: Duration) -> String {
///     thread::sleep(answers_after);
///     format!("{server} was first")
/// }
///
/// let (near, far) = (Duration::from_millis(1), Duration::from_secs(3600));
/// assert_eq!(race!(ask("a", far), ask("b", near), ask("c", far)), "b was first");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __costd_race {
    ($($name:ident ($($argument:tt)*)),+ $(,)?) => {
        $crate::__costd_select! { $(value = $name($($argument)*) => value,)+ }
    };
    ($($expression:expr),+ $(,)?) => {
        $crate::__costd_select! { $(value = $expression => value,)+ }
    };
}

/// Runs several expressions side by side, the first here and each of the others in a coroutine of its own, and has the values of
/// all, as a tuple.
///
/// The expressions may borrow. They are closures' bodies: `?` and `return` leave the expression, not the function around it.
///
/// # Panics
/// One of them panics: the others run to their ends first, as in a [scope](crate::thread::scope).
///
/// # Examples
///
/// ```
/// use costd::coroutine::join;
/// use costd::thread;
/// use costd::time::Duration;
///
/// fn fetch(name: &str) -> usize {
///     thread::sleep(Duration::from_millis(1));
///     name.len()
/// }
///
/// let names = ["one", "two", "three"];
/// let (a, b, all) = join!(fetch(names[0]), fetch(names[1]), names.iter().map(|name| fetch(name)).sum::<usize>());
/// assert_eq!((a, b, all), (3, 3, 11));
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __costd_join {
    ($first:expr $(,)?) => { ($first,) };
    ($first:expr, $($rest:expr),+ $(,)?) => { $crate::__costd_join!(@spawn [] ($first) $(($rest))+) };
    // A handle for each but the first; the names differ by the step of the expansion that they come from.
    (@spawn [$($done:tt)*] $first:tt ($next:expr) $(($rest:expr))*) => {
        $crate::__costd_join!(@spawn [$($done)* (handle ($next))] $first $(($rest))*)
    };
    (@spawn [$(($handle:ident ($expression:expr)))+] ($first:expr)) => {
        $crate::thread::scope(|scope| {
            $(let $handle = scope.spawn(|| $expression);)+
            // In the order in which they are written down.
            ((|| $first)(), $($crate::coroutine::select::__macros::value_of($handle)),+)
        })
    };
}

/// Waits for a coroutine of a `join!`, and panics with what it has panicked with.
pub fn value_of<T>(handle: crate::thread::ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|payload| crate::sched::panics::resume_unwind(payload))
}
