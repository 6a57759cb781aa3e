//! `#[costd::test]`, in the forms that std's `#[test]` has.

use costd::coroutine::is_coroutine;
use costd::process::ExitCode;
use costd::thread;

mod child;

use child::text;

#[costd::test]
fn runs_in_a_coroutine() {
    assert!(is_coroutine());
    assert_eq!(thread::spawn(|| 7).join().unwrap(), 7);
}

/// With `--test-threads=1` it has libtest's own, which is `main`.
#[costd::test]
fn has_the_name_of_the_test() {
    let name = thread::current().name().map(str::to_owned);
    assert!(matches!(name.as_deref(), Some("has_the_name_of_the_test" | "main")), "{name:?}");
}

/// Documented, on a line of
/// its own.
#[costd::test]
#[allow(unused_variables)]
pub(crate) fn with_attributes_and_visibility() {
    let unused = 1;
}

#[costd::test]
#[should_panic]
fn should_panic() {
    panic!("as it should");
}

#[should_panic(expected = "the right text")]
#[costd::test]
#[expect(clippy::unused_unit, reason = "it may be written")]
fn should_panic_with_a_text() -> () {
    assert!(is_coroutine(), "the wrong text");
    panic!("{} text", "the right");
}

#[costd::test]
fn returns_a_result() -> Result<(), std::num::ParseIntError> {
    assert_eq!("7".parse::<u32>()?, 7);
    Ok(())
}

/// Not the only braces behind its name are those of the body.
#[costd::test]
fn returns_a_type_with_a_block_in_it() -> Result<(), OfSize<{ 1 + 1 }>>
where
    OfSize<2>: Copy,
{
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct OfSize<const N: usize>;

#[costd::test]
fn returns_an_exit_code() -> ExitCode {
    ExitCode::SUCCESS
}

#[costd::test(crate = ::costd)]
fn is_told_the_name_of_costd() {
    assert!(is_coroutine());
}

mod of_another_name {
    use costd as renamed;

    #[renamed::test(crate = super::of_another_name::renamed)]
    fn is_told_a_path() {
        assert!(renamed::coroutine::is_coroutine());
    }
}

/// What a macro makes has invisible groups around its parts.
mod from_a_macro {
    use super::is_coroutine;

    macro_rules! of_parts {
        ($(#[$attribute:meta])* $vis:vis $name:ident $result:ty, $body:block) => {
            #[costd::test]
            $(#[$attribute])*
            $vis fn $name() -> $result $body
        };
    }
    of_parts!(pub(super) of_parts_unit (), { assert!(is_coroutine()) });
    of_parts!(of_parts_result Result<(), String>, {
        assert!(is_coroutine());
        Ok(())
    });
    of_parts!(
        #[should_panic(expected = "yes")]
        of_parts_panic(),
        { panic!("yes") }
    );

    macro_rules! whole {
        ($item:item) => {
            #[costd::test]
            $item
        };
    }
    whole! {
        fn whole() {
            assert!(is_coroutine());
        }
    }
}

/// Its own name means the body itself, as in any function.
#[costd::test]
fn calls_itself() {
    costd::thread_local!(static DEPTH: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    DEPTH.set(DEPTH.get() + 1);
    if DEPTH.get() < 5 {
        calls_itself();
        assert_eq!(DEPTH.get(), 5);
    }
}

/// Fails in a child; see `failures_are_reported`.
#[costd::test]
fn fails_by_an_error() -> Result<(), String> {
    match child::case() {
        Some(_) => Err("an error".to_owned()),
        None => Ok(()),
    }
}

/// As above.
#[costd::test]
fn fails_by_a_panic() {
    assert!(child::case().is_none(), "a panic");
}

/// As above.
#[costd::test]
#[should_panic(expected = "another text")]
fn fails_by_another_panic() {
    match child::case() {
        Some(_) => panic!("a text"),
        None => panic!("another text"),
    }
}

/// As above; a test that is not to run, and cannot succeed, which is what this shows.
#[costd::test]
#[ignore = "shows that the attribute works"]
fn is_left_out() {
    panic!("it has been run");
}

#[test]
fn failures_are_reported() {
    for name in ["fails_by_an_error", "fails_by_a_panic", "fails_by_another_panic"] {
        let passing = child_without_case(name);
        assert!(passing.contains(&format!("test {name}")) && passing.contains("1 passed"), "{passing}");
        let failing = child::run("fail", &[name, "--exact"]);
        let stdout = text(&failing.stdout);
        assert_eq!(failing.status.code(), Some(101), "{stdout}");
        assert!(stdout.contains("0 passed; 1 failed"), "{stdout}");
    }
    let error = child::run("fail", &["fails_by_an_error", "--exact", "--nocapture"]);
    assert!(text(&error.stderr).contains("Error: \"an error\""), "{}", text(&error.stderr));
    let panic = child::run("fail", &["fails_by_a_panic", "--exact", "--nocapture"]);
    let stderr = text(&panic.stderr);
    assert!(stderr.contains("thread 'fails_by_a_panic' (") && stderr.contains("a panic"), "{stderr}");
    let other = child::run("fail", &["fails_by_another_panic", "--exact"]);
    assert!(text(&other.stdout).contains("panic did not contain expected string"), "{}", text(&other.stdout));

    let left_out = child_without_case("is_left_out");
    assert!(
        left_out.contains("ignored, shows that the attribute works") && left_out.contains("1 ignored"),
        "{left_out}"
    );
    let asked_for = child::run("fail", &["is_left_out", "--exact", "--ignored", "--nocapture"]);
    assert!(text(&asked_for.stderr).contains("it has been run"), "{}", text(&asked_for.stderr));
}

/// Runs a test of this binary as it is run here.
fn child_without_case(name: &str) -> String {
    let binary = std::env::current_exe().unwrap();
    text(&costd::process::Command::new(binary).args([name, "--exact"]).output().unwrap().stdout)
}
