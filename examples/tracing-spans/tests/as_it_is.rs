//! What happens without further ado. Should this test fail one day, `PerCoroutine` is no longer needed.

use tracing_spans::{Attribution, serve};
use tracing_subscriber::layer::SubscriberExt;

#[test]
fn lines_are_in_the_spans_of_others() {
    let attribution = Attribution::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(attribution.clone())).unwrap();
    serve(100);
    let (right, wrong) = attribution.counts();
    println!("{right} right, {wrong} wrong");
    assert_eq!(right + wrong, 400);
    // On each worker only the last one to enter is on top.
    assert!(wrong > 0);
}
