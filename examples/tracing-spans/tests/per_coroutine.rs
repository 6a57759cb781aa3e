//! With `PerCoroutine` every line is in the span of its request, the children's too, and every span is closed in the end.

use std::coroutine::JoinHandleExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber, info, info_span};
use tracing_spans::{Attribution, PerCoroutine, serve};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// How many spans are open; with each of them is kept how often it has been entered and not exited. (A lock of costd's would let
/// others in while it is waited for: see `PerCoroutine`.)
#[derive(Clone, Default)]
struct Open(Arc<AtomicUsize>);

struct Entered(AtomicUsize);

impl Open {
    fn entered<S: Subscriber + for<'a> LookupSpan<'a>>(
        id: &Id,
        context: Context<'_, S>,
        look: impl FnOnce(&AtomicUsize) -> usize,
    ) -> usize {
        look(&context.span(id).unwrap().extensions().get::<Entered>().unwrap().0)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Open {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        context.span(id).unwrap().extensions_mut().insert(Entered(AtomicUsize::new(0)));
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Open::entered(id, context, |entered| entered.fetch_add(1, Ordering::Relaxed));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        assert!(Open::entered(id, context, |entered| entered.fetch_sub(1, Ordering::Relaxed)) > 0);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let entered = Open::entered(&id, context, |entered| entered.load(Ordering::Relaxed));
        assert_eq!(entered, 0, "closed while somebody is in it");
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One subscriber for the process, so one test.
#[test]
fn every_line_is_in_its_span() {
    let attribution = Attribution::default();
    let open = Open::default();
    let subscriber = tracing_subscriber::registry().with(attribution.clone()).with(open.clone());
    tracing::subscriber::set_global_default(PerCoroutine::new(subscriber)).unwrap();

    serve(100);
    assert_eq!(attribution.counts(), (400, 0));

    // A child that outlives its parent keeps the span open.
    let (go, may_go) = mpsc::channel();
    let parent = thread::spawn(move || {
        info_span!("parent", request = 7_u64).in_scope(|| {
            thread::spawn(move || {
                may_go.recv().unwrap();
                info!(request = 7_u64, "late");
            })
        })
    });
    let child = parent.join().unwrap();
    go.send(()).unwrap();
    child.join().unwrap();
    assert_eq!(attribution.counts(), (401, 0));

    // Spans that are left in another order, by unwinding, and by cancellation.
    thread::spawn(|| {
        let outer = info_span!("outer", request = 1_u64).entered();
        let inner = info_span!("inner", request = 2_u64).entered();
        drop(outer);
        thread::yield_now();
        info!(request = 2_u64, "in the inner one");
        drop(inner);
        assert!(Span::current().is_none());
        let unwound = std::panic::catch_unwind(|| {
            let _span = info_span!("unwound", request = 3_u64).entered();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(unwound.is_err() && Span::current().is_none());
    })
    .join()
    .unwrap();
    let sleeper = thread::spawn(|| info_span!("asleep").in_scope(|| thread::sleep(Duration::MAX)));
    sleeper.cancel();
    assert!(sleeper.join().is_err());
    assert_eq!(attribution.counts(), (402, 0));

    // Whoever runs last on an OS thread leaves nothing behind: all are exited, and closed.
    assert_eq!(open.0.load(Ordering::Relaxed), 0);
}
