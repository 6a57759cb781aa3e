//! A layer that counts which events are in the span that they belong to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Counts the events that have a field `request`, by whether the innermost span with such a field has the same value.
#[derive(Clone, Default)]
pub struct Attribution(Arc<Counts>);

#[derive(Default)]
struct Counts {
    right: AtomicUsize,
    wrong: AtomicUsize,
}

impl Attribution {
    /// How many were in the right span, and how many in a wrong one or in none.
    pub fn counts(&self) -> (usize, usize) {
        (self.0.right.load(Ordering::Relaxed), self.0.wrong.load(Ordering::Relaxed))
    }
}

/// The value of the field `request`.
#[derive(Clone, Copy, Default, PartialEq)]
struct Request(Option<u64>);

impl Visit for Request {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "request" {
            self.0 = Some(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Attribution {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut request = Request::default();
        attributes.record(&mut request);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(request);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut request = Request::default();
        event.record(&mut request);
        if request == Request::default() {
            return;
        }
        let in_span = context.event_scope(event).into_iter().flatten().find_map(|span| {
            let found = span.extensions().get::<Request>().copied();
            found.filter(|found| *found != Request::default())
        });
        let count = if in_span == Some(request) { &self.0.right } else { &self.0.wrong };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
