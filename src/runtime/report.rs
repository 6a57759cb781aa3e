/// What the runtime says of its own accord: the dump, as text, with a line before it.
pub(crate) fn report() -> String {
    format!("costd: process {}, {}", std::process::id(), super::dump())
}
