//! Search and replace: a program that says `std::` everywhere, put through `sed`, is the same program on costd. It is in
//! `tests/replace/`.

mod cargo_common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cargo_common::{here, member, run, workspace};

/// The command in docs/migrating.md.
const REPLACE: &str = r"s/\bstd::/costd::/g";

/// The bare macro is not a path, so the replacement does not see it.
const BARE: &str = "
use std::cell::Cell;
use std::thread;

thread_local!(static COUNT: Cell<u32> = const { Cell::new(0) });

fn main() {
    for _ in 0..2 {
        thread::spawn(|| {
            COUNT.set(COUNT.get() + 1);
            println!(\"{}\", COUNT.get());
        })
        .join()
        .unwrap();
    }
}
";

fn costd() -> String {
    format!("[dependencies]\ncostd = {{ path = {:?} }}\n", here())
}

/// Runs the `sed` of docs/migrating.md on all the sources in a folder.
fn replace(source: &Path) {
    let files: Vec<_> = fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path()).collect();
    let status = Command::new("sed").args(["-i", REPLACE]).args(&files).status().expect("sed is everywhere");
    assert!(status.success());
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("costd::") || !text.contains("use "), "nothing was replaced:\n{text}");
    }
}

/// Both tests build into one folder, and so costd once.
fn build(workspace: &Path) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replace.target");
    run(workspace, Command::new(env!("CARGO")), ["build", "--offline", "--quiet", "--workspace"], &target)
}

fn output(binary: &Path) -> Output {
    // One worker: whatever stops it, stops the program.
    Command::new(binary).env("COSTD_WORKERS", "1").output().unwrap()
}

#[test]
fn a_program_prints_the_same_after_search_and_replace() {
    let guide = fs::read_to_string(here().join("docs/migrating.md")).unwrap();
    assert!(guide.contains(&format!("sed -i '{REPLACE}'")), "the guide has another command");
    let dir = workspace("replace", &["before", "after"], "");
    for (name, dependencies) in [("before", ""), ("after", &costd())] {
        let source = member(&dir, name, "2024", dependencies);
        for entry in fs::read_dir(here().join("tests/replace/src")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), source.join(entry.file_name())).unwrap();
        }
        if name == "after" {
            replace(&source);
        }
    }
    let binaries = build(&dir);
    let [before, after] = ["before", "after"].map(|name| output(&binaries.join(name)));
    let [before_err, after_err] = [&before, &after].map(|output| String::from_utf8_lossy(&output.stderr));
    assert_eq!(before.status.code(), Some(7), "{before_err}");
    assert_eq!(after.status.code(), Some(7), "{after_err}");
    assert_eq!(String::from_utf8_lossy(&before.stdout), String::from_utf8_lossy(&after.stdout));
    assert!(before_err.starts_with("threads: std::"), "{before_err}");
    assert!(after_err.starts_with("threads: costd::"), "{after_err}");
}

/// What docs/migrating.md says of macros without a path: they stay std's, until one of two lines makes them costd's.
#[test]
fn a_bare_thread_local_needs_a_line() {
    let lines =
        [("bare", ""), ("macro-use", "#[macro_use]\nextern crate costd;\n"), ("import", "use costd::thread_local;\n")];
    let crates = ["2018", "2024"].map(|edition| lines.map(|(name, line)| (format!("{name}-{edition}"), edition, line)));
    let names: Vec<_> = crates.iter().flatten().map(|(name, ..)| name.as_str()).collect();
    let dir = workspace("bare", &names, "");
    for (name, edition, line) in crates.as_flattened() {
        let source = member(&dir, name, edition, &costd());
        fs::write(source.join("main.rs"), BARE).unwrap();
        replace(&source);
        let replaced = fs::read_to_string(source.join("main.rs")).unwrap();
        fs::write(source.join("main.rs"), format!("{line}{replaced}")).unwrap();
    }
    let binaries = build(&dir);
    for crates in &crates {
        let printed = crates.each_ref().map(|(name, ..)| output(&binaries.join(name)).stdout);
        // The value of the OS thread, which ran both; and each coroutine's own.
        assert_eq!(printed, [b"1\n2\n", b"1\n1\n", b"1\n1\n"], "{crates:?}");
    }
}
