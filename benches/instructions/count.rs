use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use super::paths::Path as HotPath;

/// The instructions of one operation.
pub fn each(path: &HotPath) -> f64 {
    let folder = env::temp_dir().join(format!("instructions-{}-{}", path.name, std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for what callgrind writes");
    let (few, many) = (path.operations / 2, path.operations);
    let counts_few = run(path.name, few, &folder);
    let counts_many = run(path.name, many, &folder);
    fs::remove_dir_all(&folder).expect("it was made above");
    // The worker is whoever does most.
    let (worker, most) = counts_many.iter().max_by_key(|(_, count)| *count).expect("a process has a thread");
    let (_, before) = counts_few.iter().find(|(thread, _)| thread == worker).expect("the same one as before");
    (most - before) as f64 / (many - few) as f64
}

/// What each OS thread has executed, by its number.
fn run(name: &str, operations: u64, folder: &Path) -> Vec<(String, u64)> {
    let output = folder.join("out");
    let own = env::current_exe().expect("this program lies somewhere");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--separate-threads=yes", "-q"]);
    command.arg(format!("--callgrind-out-file={}", output.display())).arg(own);
    command.args(["--run", name, &operations.to_string()]).env("COSTD_WORKERS", "1").stdout(Stdio::null());
    let status = command.status().expect("valgrind runs");
    assert!(status.success(), "{name}: {status}");
    let mut counts = Vec::new();
    for entry in fs::read_dir(folder).expect("made by the caller").flatten() {
        let text = fs::read_to_string(entry.path()).expect("written by callgrind");
        fs::remove_file(entry.path()).expect("as above");
        let field = |name: &str| text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
        if let (Some(thread), Some(total)) = (field("thread:"), field("totals:")) {
            counts.push((thread, total.parse().expect("a number of instructions")));
        }
    }
    counts
}
