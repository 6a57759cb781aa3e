//! Each test that `docs/soundness.md` names exists.

use std::fs;
use std::path::Path;

/// Is there a test of this name in this text?
fn has_test(source: &str, name: &str) -> bool {
    source.split("#[test]").skip(1).any(|after| {
        // The next function, perhaps after other attributes.
        let (attributes, signature) = after.split_once("fn ").unwrap_or_default();
        !attributes.contains('{') && signature.strip_prefix(name).is_some_and(|rest| rest.starts_with('('))
    })
}

/// What is named in `docs/soundness.md` as `file::test` is a test, and each claim names one. A claim is an item of a list or a row of
/// a table.
#[test]
fn the_document_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/soundness.md")).unwrap();
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with("  ") {
            parts.last_mut().unwrap().push_str(line);
        } else {
            parts.push(line.to_owned());
        }
    }
    let (mut names, mut claims, mut wrong) = (0, 0, Vec::new());
    for part in parts {
        let named: Vec<_> = part.split('`').skip(1).step_by(2).filter_map(|code| code.split_once(".rs::")).collect();
        if part.starts_with("- ") || part.starts_with("| *") {
            claims += 1;
            if named.is_empty() {
                wrong.push(format!("a claim without a test: {part}"));
            }
        }
        names += named.len();
        for (file, test) in named {
            let source = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
            if !has_test(&source, test) {
                wrong.push(format!("no such test: {file}.rs::{test}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(names > 80 && claims > 40, "{names} tests and {claims} claims");
}
