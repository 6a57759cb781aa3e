//! What the tests share that build crates of their own.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Where this repository is.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty workspace, made anew, with the versions of this one's lock file. The settings are the profile's.
pub fn workspace(name: &str, members: &[&str], settings: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let manifest =
        format!("[workspace]\nresolver = \"2\"\nmembers = {members:?}\n\n[profile.dev]\ndebug = false\n{settings}");
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    fs::copy(here().join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    dir
}

/// A member of a workspace, without sources; `rest` is what its manifest ends with. Where its sources belong.
pub fn member(workspace: &Path, name: &str, edition: &str, rest: &str) -> PathBuf {
    let source = workspace.join(name).join("src");
    fs::create_dir_all(&source).unwrap();
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n{rest}");
    fs::write(workspace.join(name).join("Cargo.toml"), manifest).unwrap();
    source
}

/// Runs cargo in `dir`, with a target folder of its own; where the binaries then are.
pub fn run(
    dir: &Path,
    mut cargo: Command,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    target: &Path,
) -> PathBuf {
    cargo
        .args(arguments)
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("debug")
}

/// Builds the workspace at `dir`; where the binaries then are.
pub fn build(dir: &Path, cargo: Command, arguments: &[&str]) -> PathBuf {
    let arguments = ["build", "--offline", "--quiet", "--workspace"].iter().chain(arguments);
    run(dir, cargo, arguments, &dir.with_extension("target"))
}
