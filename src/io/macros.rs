//! The macros that print. They shadow std's, at the root and in the prelude.

/// Prints to the standard output: as [`std::print`].
///
/// # Panics
/// Writing fails.
///
/// # Examples
///
/// ```
/// use costd::io::{self, Write};
///
/// costd::print!("this ");
/// costd::print!("stays on one line: {}", 1);
/// io::stdout().flush().unwrap();
/// ```
#[macro_export]
macro_rules! print {
    ($($arg:tt)*) => {{
        $crate::io::_print($crate::__std::format_args!($($arg)*), false);
    }};
}

/// Prints to the standard output, with a newline: as [`std::println`].
///
/// # Panics
/// Writing fails.
///
/// # Examples
///
/// ```
/// let answer = 42;
/// costd::println!("the answer is {answer}");
/// costd::println!();
/// ```
#[macro_export]
macro_rules! println {
    () => {
        $crate::io::_print($crate::__std::format_args!("\n"), true)
    };
    ($($arg:tt)*) => {{
        $crate::io::_print($crate::__std::format_args!("{}\n", $crate::__std::format_args!($($arg)*)), true);
    }};
}

/// Prints to the standard error: as [`std::eprint`].
///
/// # Panics
/// Writing fails.
///
/// # Examples
///
/// ```
/// costd::eprint!("error: {}", "could not complete the task");
/// ```
#[macro_export]
macro_rules! eprint {
    ($($arg:tt)*) => {{
        $crate::io::_eprint($crate::__std::format_args!($($arg)*));
    }};
}

/// Prints to the standard error, with a newline: as [`std::eprintln`].
///
/// # Panics
/// Writing fails.
///
/// # Examples
///
/// ```
/// costd::eprintln!("error: {}", "could not complete the task");
/// ```
#[macro_export]
macro_rules! eprintln {
    () => {
        $crate::io::_eprint($crate::__std::format_args!("\n"))
    };
    ($($arg:tt)*) => {{
        $crate::io::_eprint($crate::__std::format_args!("{}\n", $crate::__std::format_args!($($arg)*)));
    }};
}

/// Prints an expression and its value to the standard error, and returns the value: as [`std::dbg`].
///
/// # Panics
/// Writing fails.
///
/// # Examples
///
/// ```
/// let a = 2;
/// let b = costd::dbg!(a * 2) + 1;
/// assert_eq!(b, 5);
/// ```
#[macro_export]
macro_rules! dbg {
    () => {
        $crate::eprintln!("[{}:{}:{}]", $crate::__std::file!(), $crate::__std::line!(), $crate::__std::column!())
    };
    ($val:expr $(,)?) => {
        // A `match`, so that what the expression borrows lives until the end of the statement around.
        match $val {
            value => {
                $crate::eprintln!(
                    "[{}:{}:{}] {} = {:#?}",
                    $crate::__std::file!(),
                    $crate::__std::line!(),
                    $crate::__std::column!(),
                    $crate::__std::stringify!($val),
                    &&value as &dyn $crate::__std::fmt::Debug,
                );
                value
            }
        }
    };
    ($($val:expr),+ $(,)?) => {
        ($($crate::dbg!($val)),+,)
    };
}
