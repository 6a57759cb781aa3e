//! The panic hook: a wrapper around the user's, or around a default that names the coroutine.
//!
//! There is one place for a hook, std's. What this module puts there counts the panic and keeps the worker from switching
//! (`panics::in_hook`) while the hook inside it runs. A hook that somebody has taken out and calls from inside another
//! notices that this was done already.
//!
//! A hook that code which is not covered sets with the real `std::panic::set_hook`, and which does not call the one that
//! was there, takes the place of all that.

use std::panic::{self, PanicHookInfo};

use once_cell::sync::OnceCell;

use super::current::running_coroutine;
use super::{panic_message, panics};

/// As std has it.
pub(crate) type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

/// std's default hook, once ours is installed.
static STD_DEFAULT: OnceCell<Hook> = OnceCell::new();

/// Sees to it that our hook is in its place, around whatever was there. When the runtime starts, at the latest.
pub(super) fn install() {
    if std::thread::panicking() {
        // The first spawn of the process is made by a destructor during an unwinding, or even by a panic hook. std does
        // not let this OS thread change the hook now; another will as soon as it can.
        if STD_DEFAULT.get().is_none() {
            let _ = std::thread::Builder::new().spawn(install_now);
        }
    } else {
        install_now();
    }
}

fn install_now() {
    STD_DEFAULT.get_or_init(|| {
        let present = panic::take_hook();
        // Nothing is set now, so this is the default.
        let default = panic::take_hook();
        panic::set_hook(if is_same(&present, &default) { watched_default() } else { watched(present) });
        default
    });
}

/// Are both the default hook? It is a function without data, so two boxes of it have the same address and the same table,
/// which no box of anything else has. (If that failed, all that would be lost is a coroutine's name in messages.)
fn is_same(a: &Hook, b: &Hook) -> bool {
    std::ptr::eq(&**a, &**b)
}

fn watched(hook: Hook) -> Hook {
    Box::new(move |info| panics::in_hook(|| hook(info)))
}

fn watched_default() -> Hook {
    Box::new(|info| panics::in_hook(|| default_hook(info)))
}

fn default_hook(info: &PanicHookInfo<'_>) {
    match (running_coroutine(), STD_DEFAULT.get()) {
        (None, Some(default)) => default(info),
        (Some(task), _) => panic_message::print(task, info),
        // Another OS thread is in the middle of `install_now`.
        (None, None) => eprintln!("\n{info}"),
    }
}

/// As `std::panic::set_hook`.
pub(crate) fn set_hook(hook: Hook) {
    change(move || panic::set_hook(watched(hook)));
}

/// As `std::panic::take_hook`.
pub(crate) fn take_hook() -> Hook {
    change(|| {
        let hook = panic::take_hook();
        panic::set_hook(watched_default());
        hook
    })
}

/// As the unstable `std::panic::update_hook`, though others may see the default hook in between.
pub(crate) fn update_hook<F>(hook: F)
where
    F: Fn(&(dyn Fn(&PanicHookInfo<'_>) + Send + Sync + 'static), &PanicHookInfo<'_>) + Sync + Send + 'static,
{
    change(move || {
        let before = panic::take_hook();
        panic::set_hook(watched(Box::new(move |info| hook(&*before, info))));
    });
}

fn change<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    assert!(!panics::panicking(), "cannot modify the panic hook from a panicking thread");
    if std::thread::panicking() {
        // Another coroutine of this worker is, and std takes that for ours.
        return std::thread::scope(|scope| scope.spawn(|| changed(f)).join())
            .unwrap_or_else(|payload| panics::resume_unwind(payload));
    }
    changed(f)
}

fn changed<R>(f: impl FnOnce() -> R) -> R {
    install_now();
    f()
}
