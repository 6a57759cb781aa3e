//! costd's children and commands look like std's: the same auto traits, the same texts.

use std::panic::{RefUnwindSafe, UnwindSafe};

use costd::process;

/// Which auto traits a type has: an inherent constant hides the trait's where its bound holds.
macro_rules! traits {
    ($type:ty) => {{
        macro_rules! probe {
            ($mark:ident) => {{
                #[allow(dead_code)]
                struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
                #[allow(dead_code)]
                trait Not {
                    const HAS: bool = false;
                }
                impl<T: ?Sized> Not for Probe<T> {}
                #[allow(dead_code)]
                impl<T: ?Sized + $mark> Probe<T> {
                    const HAS: bool = true;
                }
                <Probe<$type>>::HAS
            }};
        }
        [probe!(Send), probe!(Sync), probe!(Unpin), probe!(UnwindSafe), probe!(RefUnwindSafe)]
    }};
}

macro_rules! same_traits {
    ($($name:ident)*) => {
        $(assert_eq!(traits!(costd::process::$name), traits!(std::process::$name), stringify!($name));)*
    };
}

#[test]
fn auto_traits() {
    same_traits!(Command Child ChildStdin ChildStdout ChildStderr);
}

#[test]
fn debug_texts() {
    macro_rules! texts {
        ($process:path) => {{
            use $process as process;
            let mut command = process::Command::new("cat");
            command.arg("-").env("A", "b").env_remove("C").current_dir("/").stdin(process::Stdio::piped());
            let mut texts = vec![format!("{command:?}"), format!("{command:#?}")];
            command.stdout(process::Stdio::null()).stderr(process::Stdio::piped());
            let mut child = command.spawn().unwrap();
            texts.extend([format!("{child:?}"), format!("{child:#?}"), format!("{:?}", child.stderr)]);
            child.kill().unwrap();
            child.wait().unwrap();
            texts.push(format!("{child:?}"));
            texts
        }};
    }
    assert_eq!(texts!(costd::process), texts!(std::process));
    assert!(format!("{:?}", process::Command::new("true").status().unwrap()).contains("ExitStatus"));
}
