use super::{Select, child};

/// Runs all of the closures side by side, each in a coroutine of its own, and returns what the first that ends returns; the others
/// are cancelled, and have ended when it returns.
///
/// # Panics
/// There is no closure; or the first that ends panics, or one of the others on its way out.
///
/// # Examples
///
/// ```
/// use costd::coroutine;
/// use costd::thread;
/// use costd::time::Duration;
///
/// let delays = [3600, 0, 3600].map(Duration::from_secs);
/// let first = coroutine::race(delays.iter().map(|delay| {
///     move || {
///         thread::sleep(*delay);
///         delay.as_secs()
///     }
/// }));
/// assert_eq!(first, 0);
/// ```
#[track_caller]
pub fn race<'a, T, F>(contenders: impl IntoIterator<Item = F>) -> T
where
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    let mut select = Select::new();
    for contender in contenders {
        select.add(child(contender), |value| value);
    }
    assert!(!select.is_empty(), "a race without anybody in it");
    select.wait().1
}
