//! The root is std: little crates that have costd for their `std` by one line, in every edition, on stable and, where it
//! is installed, on nightly. Their source is in `tests/root/`.

mod cargo_common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;

use cargo_common::{build, here, member};

const EDITIONS: [&str; 4] = ["2015", "2018", "2021", "2024"];

/// A workspace with these crates, made anew: their names and editions. The name of the source is the crate's. The settings
/// are the profile's.
fn lay_out(workspace: &str, crates: &[(&str, &str)], settings: &str) -> PathBuf {
    let members: Vec<_> = crates.iter().map(|&(name, _)| name).collect();
    let dir = cargo_common::workspace(workspace, &members, settings);
    for (name, edition) in crates {
        let rest = format!(
            "[features]\nnightly = []\n\n[dependencies]\nstd = {{ package = \"costd\", path = {:?} }}\n",
            here()
        );
        let source = member(&dir, name, edition, &rest);
        for file in ["common.rs", "names.rs"] {
            fs::copy(here().join("tests/root").join(file), source.join(file)).unwrap();
        }
        fs::copy(here().join(format!("tests/root/{name}.rs")), source.join("main.rs")).unwrap();
    }
    dir
}

fn check(toolchain: &str, cargo: Command) {
    let names = EDITIONS.map(|edition| format!("e{edition}"));
    let crates: Vec<_> = names.iter().map(String::as_str).zip(EDITIONS).collect();
    let dir = lay_out(&format!("root-{toolchain}"), &crates, "");
    let binaries = build(&dir, cargo, if toolchain == "nightly" { &["--features", "nightly"] } else { &[] });
    for name in &names {
        let output = Command::new(binaries.join(name)).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.ends_with("done\n"), "{toolchain}, {name}:\n{out}\n{err}");
    }
}

#[test]
fn panics_that_abort() {
    let dir = lay_out("aborting", &[("aborting", "2024")], "panic = \"abort\"\n");
    let binaries = build(&dir, Command::new(env!("CARGO")), &[]);
    for case in ["spawn", "scope", "destructor", "cancelled"] {
        let output = Command::new(binaries.join("aborting")).arg(case).env("RUST_BACKTRACE", "0").output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{case}: {out}\n{err}");
        assert_eq!(out, "done\n", "{case}");
        match case {
            "cancelled" => assert_eq!(err, ""),
            _ => assert!(err.starts_with("\nthread 'last' (") && err.contains("\nwords\n"), "{case}: {err}"),
        }
    }
}

#[test]
fn one_line_is_enough() {
    check("stable", Command::new(env!("CARGO")));
}

#[test]
fn one_line_is_enough_on_nightly() {
    let mut cargo = Command::new("rustup");
    cargo.args(["run", "nightly", "cargo"]).env_remove("RUSTC").env_remove("RUSTDOC");
    let installed = Command::new("rustup").args(["run", "nightly", "rustc", "--version"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        eprintln!("no nightly here: skipped");
        return;
    }
    check("nightly", cargo);
}
