//! One feature picks the world: `examples/both-worlds` as it is, and with its feature `costd`.

mod cargo_common;

use std::path::Path;
use std::process::Command;

use cargo_common::{here, run};

/// Runs the library's own tests, and its binary, which says where it is.
fn check(features: &[&str], first_line: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("both-worlds.target");
    let package = ["--offline", "--quiet", "--package", "both-worlds"];
    for command in ["test", "build"] {
        let arguments = [command].into_iter().chain(package).chain(features.iter().copied());
        run(here(), Command::new(env!("CARGO")), arguments, &target);
    }
    let output = Command::new(target.join("debug/both-worlds")).arg("200").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with(first_line), "{text}");
    assert!(text.contains("\n200 threads on "), "{text}");
}

#[test]
fn a_library_for_both_worlds() {
    check(&[], "std is std\n");
    check(&["--features", "costd"], "std is costd\n");
}
