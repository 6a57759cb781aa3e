//! Where a coroutine's output goes under libtest: nowhere but to the standard output.

use std::process::Command;

const CHILD: &str = "COSTD_OUTPUT_CHILD";

#[test]
fn output_is_not_swallowed_by_the_first_test() {
    if std::env::var_os(CHILD).is_some() {
        costd::thread::spawn(|| println!("said by a coroutine")).join().unwrap();
        return;
    }
    let test = "output_is_not_swallowed_by_the_first_test";
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args([test, "--exact"]).env(CHILD, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed") && text.contains("said by a coroutine"), "{text}");
}
