//! Two requests at a time, with lines that say which of them they belong to:
//!
//! ```text
//! cargo run -p tracing-spans -- as-it-is
//! cargo run -p tracing-spans
//! ```

use std::env;

use tracing::{Dispatch, dispatcher};
use tracing_spans::{Attribution, PerCoroutine, serve};
use tracing_subscriber::layer::SubscriberExt;

fn main() {
    let attribution = Attribution::default();
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).without_time().with_target(false);
    let subscriber = tracing_subscriber::registry().with(attribution.clone()).with(lines);
    let as_it_is = env::args().nth(1).as_deref() == Some("as-it-is");
    let dispatch = if as_it_is { Dispatch::new(subscriber) } else { Dispatch::new(PerCoroutine::new(subscriber)) };
    dispatcher::set_global_default(dispatch).expect("nobody else has set one");

    serve(3);

    let (right, wrong) = attribution.counts();
    println!("{right} lines in the span of their request, {wrong} not");
}
