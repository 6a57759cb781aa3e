//! Prints the figures of both worlds beside each other.

use crate::measure::Figures;

/// How a figure is written.
type Format = fn(f64) -> String;
/// Finds a figure among those of a world.
type Pick = fn(&Figures) -> Option<f64>;

const ROWS: [(&str, Pick, Format); 9] = [
    ("threads alive at once", |f| Some(f.threads.as_ref()?.started), count),
    ("  time to start them", |f| Some(f.threads.as_ref()?.seconds), milliseconds),
    ("  memory of each", |f| Some(f.threads.as_ref()?.memory), kibibytes),
    ("round trip over two channels", |f| f.round_trip, nanoseconds),
    ("lock that 64 threads want", |f| f.lock, nanoseconds),
    ("connections held", |f| Some(f.server.as_ref()?.held), count),
    ("  memory of each", |f| Some(f.server.as_ref()?.memory), kibibytes),
    ("  OS threads meanwhile", |f| Some(f.server.as_ref()?.os_threads), count),
    ("  requests per second", |f| Some(f.server.as_ref()?.requests_per_second), count),
];

pub fn print(worlds: &[(&str, Figures); 2]) {
    println!("\n{:32}{:>14}{:>14}", "", worlds[0].0, worlds[1].0);
    for (title, pick, format) in ROWS {
        let figure = |figures| pick(figures).map_or("-".to_owned(), format);
        println!("{title:32}{:>14}{:>14}", figure(&worlds[0].1), figure(&worlds[1].1));
    }
    println!("\nMemory is that of the process with its page tables; a kernel stack for each OS thread comes on top.");
    for note in worlds.iter().flat_map(|(_, figures)| &figures.notes) {
        println!("{note}");
    }
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

fn kibibytes(bytes: f64) -> String {
    format!("{:.1} KiB", bytes / 1024.0)
}

fn nanoseconds(nanoseconds: f64) -> String {
    format!("{} ns", count(nanoseconds))
}

/// A whole number with commas between the thousands.
fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_set_apart() {
        let cases = [(0.4, "0"), (999.0, "999"), (1000.0, "1,000"), (123_456.0, "123,456"), (1e6, "1,000,000")];
        for (number, text) in cases {
            assert_eq!(super::count(number), text);
        }
    }
}
