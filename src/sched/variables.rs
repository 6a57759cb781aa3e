//! The environment variables that the runtime's settings may come from: what their values mean.
//!
//! A value that means nothing is as good as none, but for one line on the standard error that says so. (There is nobody to
//! return an error to: the runtime starts by itself. A program that is to run must not fail over a typing error in what
//! only tunes it, and not be silent about it either.)

use std::fmt::Display;
use std::time::Duration;

use crate::pal;

use super::settings::OnDeadlock;

/// What `name` says, as `parse` understands it. `None`: it is not set, or means nothing. `wanted`: what it may say.
pub(super) fn read<T>(name: &str, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let value = std::env::var_os(name)?;
    let parsed = value.to_str().and_then(|text| parse(text.trim()));
    if parsed.is_none() {
        complain(name, &value.display(), &format_args!("it must be {wanted}"));
    }
    parsed
}

/// Says that a variable has no effect.
pub(super) fn complain(name: &str, value: &dyn Display, why: &dyn Display) {
    pal::stderr::write(format!("costd: {name}={value} is ignored: {why}\n").as_bytes());
}

/// A whole number of at least 1.
pub(super) fn count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| *count > 0)
}

/// A number of bytes: `65536`, `64K`, `2M`, `1G`.
pub(super) fn bytes(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim() {
        "" => 0,
        "K" | "k" | "KiB" => 10,
        "M" | "m" | "MiB" => 20,
        "G" | "g" | "GiB" => 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1 << shift)
}

/// A time: `500ms`, `2s`, `1.5s`, `3min`; a bare number is of seconds.
pub(super) fn time(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(digits);
    let scale = match unit.trim() {
        "us" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "min" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * scale).ok()
}

/// A time that is not 0, or `Some(None)` for `off`.
pub(super) fn time_or_off(text: &str) -> Option<Option<Duration>> {
    match text {
        "off" | "0" => Some(None),
        _ => time(text).filter(|time| !time.is_zero()).map(Some),
    }
}

/// What is to be done about a deadlock.
pub(super) fn on_deadlock(text: &str) -> Option<OnDeadlock> {
    match text {
        "off" | "0" => Some(OnDeadlock::Ignore),
        "report" | "1" => Some(OnDeadlock::Report),
        "abort" => Some(OnDeadlock::Abort),
        _ => None,
    }
}

/// Numbers of CPUs: `0-3,6`. `Some(None)` for `all`; an empty list for `off`.
pub(super) fn cpus(text: &str) -> Option<Option<Vec<usize>>> {
    match text {
        "all" => return Some(None),
        "off" => return Some(Some(Vec::new())),
        _ => {}
    }
    /// More than any system has.
    const MOST: usize = 1 << 16;
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse::<usize>().ok()?, last.trim().parse::<usize>().ok()?);
        if first > last || last >= MOST {
            return None;
        }
        all.extend(first..=last);
    }
    Some(Some(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sizes() {
        assert_eq!([count("0"), count("-1"), count("x"), count("12")], [None, None, None, Some(12)]);
        assert_eq!(bytes("65536"), Some(65536));
        assert_eq!(bytes("64K"), Some(65536));
        assert_eq!(bytes("2 MiB"), Some(2 << 20));
        assert_eq!(bytes("1g"), Some(1 << 30));
        assert_eq!([bytes(""), bytes("K"), bytes("1T"), bytes("99999999999G")], [None; 4]);
    }

    #[test]
    fn times() {
        assert_eq!(time("2"), Some(Duration::from_secs(2)));
        assert_eq!(time("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(time("3min"), Some(Duration::from_secs(180)));
        assert_eq!([time(""), time("s"), time("-1s"), time("1.2.3"), time("1h")], [None; 5]);
        assert_eq!(time_or_off("off"), Some(None));
        assert_eq!(time_or_off("0ms"), None);
        assert_eq!(time_or_off("10ms"), Some(Some(Duration::from_millis(10))));
    }

    #[test]
    fn lists_of_cpus() {
        assert_eq!(cpus("all"), Some(None));
        assert_eq!(cpus("off"), Some(Some(vec![])));
        assert_eq!(cpus("0-2, 5"), Some(Some(vec![0, 1, 2, 5])));
        assert_eq!([cpus(""), cpus("3-1"), cpus("a"), cpus("0-99999999")], [None, None, None, None]);
    }

    #[test]
    fn deadlocks() {
        assert_eq!(on_deadlock("off"), Some(OnDeadlock::Ignore));
        assert_eq!(on_deadlock("1"), Some(OnDeadlock::Report));
        assert_eq!(on_deadlock("abort"), Some(OnDeadlock::Abort));
        assert_eq!(on_deadlock("yes"), None);
    }
}
