//! The root is std: little crates that have costd for their `std` by one line, in every edition, on stable and, where it
//! is installed, on nightly. Their source is in `tests/root/`.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const EDITIONS: [&str; 4] = ["2015", "2018", "2021", "2024"];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A workspace with these crates, made anew: their names and editions. The name of the source is the crate's. The settings
/// are the profile's.
fn lay_out(workspace: &str, crates: &[(&str, &str)], settings: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(workspace);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let members = crates.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let manifest =
        format!("[workspace]\nresolver = \"2\"\nmembers = [{members}]\n\n[profile.dev]\ndebug = false\n{settings}");
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    fs::copy(here().join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    for (name, edition) in crates {
        let member = dir.join(name);
        fs::create_dir_all(member.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n\
             [features]\nnightly = []\n\n\
             [dependencies]\nstd = {{ package = \"costd\", path = {:?} }}\n",
            here()
        );
        fs::write(member.join("Cargo.toml"), manifest).unwrap();
        for file in ["common.rs", "names.rs"] {
            fs::copy(here().join("tests/root").join(file), member.join("src").join(file)).unwrap();
        }
        fs::copy(here().join(format!("tests/root/{name}.rs")), member.join("src/main.rs")).unwrap();
    }
    dir
}

/// Builds the workspace at `dir`; where the binaries then are.
fn build(dir: &Path, mut cargo: Command, arguments: &[&str]) -> PathBuf {
    let target = dir.with_extension("target");
    cargo
        .args(["build", "--offline", "--quiet", "--workspace"])
        .args(arguments)
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("debug")
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
    let output = Command::new(binaries.join("aborting")).env("RUST_BACKTRACE", "0").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{out}\n{err}");
    assert_eq!(out, "done\n");
    assert!(err.starts_with("\nthread 'last' (") && err.contains("\nwords\n"), "{err}");
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
