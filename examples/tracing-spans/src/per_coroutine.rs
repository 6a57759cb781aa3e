//! A subscriber that keeps the spans of each coroutine apart.
//!
//! Which spans a coroutine has entered is kept here, in a value that it inherits. The subscriber inside has one stack for each OS
//! thread, so before it is asked anything that depends on it, that stack is made to say what the coroutine's does: what others of
//! the worker have left there is exited, and what is missing is entered. While one coroutine runs there is nothing to do. For the
//! layers inside it looks as a future does that is polled in turn with others: a span is entered while its coroutine runs.
//!
//! The layers inside must not wait for another coroutine, which would run in the middle of that. Those of published crates do
//! not: they are on the real std. One that is on costd uses atomics, or what the registry keeps with a span.

use std::cell::{OnceCell, RefCell};
use std::coroutine::InheritableLocal;
use std::sync::Arc;

use thread_local::ThreadLocal;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Dispatch, Event, Metadata, level_filters::LevelFilter};
use tracing_core::span::Current;

/// See the module's text. It is to be the global default, and the only one of its kind.
pub struct PerCoroutine(Arc<Shared>);

struct Shared {
    inner: Arc<dyn Subscriber + Send + Sync>,
    /// What is on the inner one's stack of this OS thread. The crate is on the real std: this *is* for each OS thread.
    entered: ThreadLocal<RefCell<Vec<Id>>>,
}

/// The spans that the current coroutine is in, its parent's at the time of the spawn first.
static SPANS: InheritableLocal<Vec<Arc<Held>>> = InheritableLocal::new();

/// Keeps a span open: a child may be in it for longer than its parent.
struct Held {
    id: Id,
    inner: Arc<dyn Subscriber + Send + Sync>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.inner.try_close(self.id.clone());
    }
}

thread_local! {
    static AT_END: OnceCell<AtEnd> = const { OnceCell::new() };
}

/// Exits what a coroutine has left on the stack of its OS thread at its end: the spans that it has inherited.
struct AtEnd(Arc<Shared>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.align_with(&[]);
    }
}

impl PerCoroutine {
    pub fn new(inner: impl Subscriber + Send + Sync) -> PerCoroutine {
        PerCoroutine(Arc::new(Shared { inner: Arc::new(inner), entered: ThreadLocal::new() }))
    }

    /// Makes the stack of this OS thread that of the current coroutine, and returns the subscriber that has it.
    fn aligned(&self) -> &dyn Subscriber {
        // Later than `AT_END`, in a destructor of another thread-local, nobody would exit what is entered.
        let is_at_end = AT_END.try_with(|at_end| _ = at_end.get_or_init(|| AtEnd(self.0.clone()))).is_err();
        SPANS.with(|spans| self.0.align_with(spans.filter(|_| !is_at_end).map_or(&[], Vec::as_slice)));
        &*self.0.inner
    }
}

impl Shared {
    fn align_with(&self, wanted: &[Arc<Held>]) {
        // The inner one may call back into this one, so nothing is borrowed when it is called.
        while let Some(step) = self.next_step(wanted) {
            match step {
                Step::Exit(id) => self.inner.exit(&id),
                Step::Enter(id) => self.inner.enter(&id),
            }
        }
    }

    fn next_step(&self, wanted: &[Arc<Held>]) -> Option<Step> {
        let mut entered = self.entered.get_or_default().borrow_mut();
        let common = entered.iter().zip(wanted).take_while(|(entered, wanted)| **entered == wanted.id).count();
        if common < entered.len() {
            return entered.pop().map(Step::Exit);
        }
        let id = wanted.get(common)?.id.clone();
        entered.push(id.clone());
        Some(Step::Enter(id))
    }
}

enum Step {
    Exit(Id),
    Enter(Id),
}

impl Subscriber for PerCoroutine {
    fn enter(&self, id: &Id) {
        let inner = self.0.inner.clone();
        let mut spans = SPANS.get().unwrap_or_default();
        spans.push(Arc::new(Held { id: inner.clone_span(id), inner }));
        SPANS.set(spans);
        self.aligned();
    }

    fn exit(&self, id: &Id) {
        let mut spans = SPANS.get().unwrap_or_default();
        let Some(place) = spans.iter().rposition(|held| held.id == *id) else { return };
        // It is closed after it is exited.
        let _held = spans.remove(place);
        SPANS.set(spans);
        self.aligned();
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.aligned().new_span(span)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.aligned().enabled(metadata)
    }

    fn event_enabled(&self, event: &Event<'_>) -> bool {
        self.aligned().event_enabled(event)
    }

    fn event(&self, event: &Event<'_>) {
        self.aligned().event(event);
    }

    fn current_span(&self) -> Current {
        self.aligned().current_span()
    }

    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        self.0.inner.on_register_dispatch(subscriber);
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.0.inner.register_callsite(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.0.inner.max_level_hint()
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.0.inner.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.0.inner.record_follows_from(span, follows);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.inner.clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.0.inner.try_close(id)
    }
}
