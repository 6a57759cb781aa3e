//! The spans of `tracing` in a program on costd.
//!
//! `tracing-subscriber` keeps the spans that are entered in one stack for each thread, and since it is on the real std, that is one
//! for each *OS thread*. Coroutines of one worker share it: a coroutine that waits inside a span leaves it there for whoever runs
//! next, whose lines are then said to be of that request. Nothing panics and nothing is lost; the lines are just wrong.
//!
//! Three ways around it:
//!
//! * [`PerCoroutine`], a subscriber around the one that you have. It is all that a program has to add, knows nothing of what is
//!   inside, and a spawned coroutine starts in its parent's spans.
//! * Covering the crate `thread_local`, in which `tracing-subscriber` keeps that stack (and the one of `EnvFilter`): a copy of its
//!   source with the line `std = { package = "costd", … }`, pointed to by `[patch.crates-io]`. Then there is one stack for each
//!   coroutine, and children start with an empty one.
//! * Never waiting inside an entered span: `span.in_scope(…)` around what does not wait, `parent: &span` for the rest. Code that one
//!   has not written oneself does not keep to it.
//!
//! What none of them changes: `tracing::subscriber::with_default` and `set_default` are for an OS thread, so their guards must not
//! be held over a wait (`set_global_default` is fine). And what an event says is looked at by filters of single layers
//! (`Layer::with_filter`) before its fields are computed, so a field's expression should not wait.

mod attribution;
mod demo;
mod per_coroutine;

pub use attribution::Attribution;
pub use demo::serve;
pub use per_coroutine::PerCoroutine;
