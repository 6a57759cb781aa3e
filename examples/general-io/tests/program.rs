//! The program says what happens in all of its folders, whatever is done first.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;

use run_example::{Program, on_1_and_2_workers};

const FOLDERS: usize = 50;

#[test]
fn all_folders_are_watched() {
    on_1_and_2_workers(|workers| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("watched-{workers}"));
        let _ = fs::remove_dir_all(&root);
        let folders: Vec<_> = (0..FOLDERS).map(|n| root.join(n.to_string()).display().to_string()).collect();
        folders.iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
        let arguments: Vec<&str> = folders.iter().map(String::as_str).collect();
        let mut program = Program::start(env!("CARGO_BIN_EXE_general-io"), workers, &arguments);
        let mut watched: Vec<String> = (0..FOLDERS).map(|_| program.line()).collect();
        watched.sort_unstable();
        let mut expected: Vec<String> = folders.iter().map(|folder| format!("{folder}: watched")).collect();
        expected.sort_unstable();
        assert_eq!(watched, expected);
        // Fifty of them wait; beside the workers there are the OS thread of `main`, and those that the runtime needs when the
        // machine is busy.
        assert!(program.os_threads() < FOLDERS / 2, "{} OS threads", program.os_threads());

        for round in 0..3 {
            for folder in folders.iter().rev() {
                let file = format!("{folder}/{round}");
                fs::write(&file, "text").unwrap();
                assert_eq!(program.line(), format!("{file}: created"));
                assert_eq!(program.line(), format!("{file}: written"));
                fs::remove_file(&file).unwrap();
                assert_eq!(program.line(), format!("{file}: deleted"));
            }
        }
        assert_eq!(program.finish(), "");
        fs::remove_dir_all(&root).unwrap();
    });
}

#[test]
fn a_folder_that_is_not_there_ends_it_with_an_error() {
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("missing");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_general-io"))
        .arg(&missing)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("NotFound"), "{output:?}");
}
