//! Documents that have figures in them.

use std::io;
use std::path::Path;

const WHOLE: &str = "<!-- compare: all -->\n";
const SHORT: &str = "<!-- compare: short -->\n";
const END: &str = "<!-- compare: end -->\n";

/// Puts the figures where `file` says that they belong.
pub fn fill(file: &Path, whole: impl Fn() -> String, short: impl Fn() -> String) -> io::Result<()> {
    let text = std::fs::read_to_string(file)?;
    let text = replace(&text, WHOLE, whole).or_else(|| replace(&text, SHORT, short));
    std::fs::write(file, text.ok_or_else(|| io::Error::other("no lines that say where the figures belong"))?)
}

fn replace(text: &str, begin: &str, figures: impl Fn() -> String) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n{}\n{END}{after}", figures().trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_take_the_place_of_others() {
        let text = format!("a\n{SHORT}old\n{END}b\n");
        assert_eq!(replace(&text, SHORT, || "new\n".to_owned()), Some(format!("a\n{SHORT}\nnew\n{END}b\n")));
        assert_eq!(replace(&text, WHOLE, String::new), None);
    }
}
