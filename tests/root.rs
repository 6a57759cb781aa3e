//! The root is std: little crates that have costd for their `std` by one line, in every edition, on stable and, where it
//! is installed, on nightly. Their source is in `tests/root/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const EDITIONS: [&str; 4] = ["2015", "2018", "2021", "2024"];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A workspace with one crate for each edition, made anew.
fn lay_out(toolchain: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("root-{toolchain}"));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let members = EDITIONS.map(|edition| format!("\"e{edition}\"")).join(", ");
    fs::write(dir.join("Cargo.toml"), format!("[workspace]\nresolver = \"2\"\nmembers = [{members}]\n")).unwrap();
    fs::copy(here().join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    for edition in EDITIONS {
        let member = dir.join(format!("e{edition}"));
        fs::create_dir_all(member.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"e{edition}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n\
             [features]\nnightly = []\n\n\
             [dependencies]\nstd = {{ package = \"costd\", path = {:?} }}\n",
            here()
        );
        fs::write(member.join("Cargo.toml"), manifest).unwrap();
        for file in ["common.rs", "names.rs"] {
            fs::copy(here().join("tests/root").join(file), member.join("src").join(file)).unwrap();
        }
        fs::copy(here().join(format!("tests/root/e{edition}.rs")), member.join("src/main.rs")).unwrap();
    }
    dir
}

fn check(toolchain: &str, mut cargo: Command) {
    let dir = lay_out(toolchain);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("root-target-{toolchain}"));
    cargo
        .args(["build", "--offline", "--quiet", "--workspace"])
        .args(if toolchain == "nightly" { &["--features", "nightly"][..] } else { &[] })
        .current_dir(&dir)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{toolchain}:\n{}", String::from_utf8_lossy(&output.stderr));
    for edition in EDITIONS {
        let output = Command::new(target.join(format!("debug/e{edition}"))).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && out.ends_with("done\n"), "{toolchain}, edition {edition}:\n{out}\n{err}");
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
