//! The figures as a table, on the terminal and in Markdown.

use std::fmt::Write;

use crate::cases::{Case, Line};
use crate::peers::Peer;
use crate::results::{Results, number};

const HEADER: [&str; 11] =
    ["case", "unit", "threads", "may", "tokio", "Go", "mio", "costd", "±", "ratio", "costd is to be"];

/// A line's cells, in the order of [`HEADER`].
fn cells(case: &Case, line: &Line, results: &Results) -> [String; 11] {
    let figure = |peer| match results.median(case, line.key, peer) {
        _ if results.has_failed(case, peer) => "fails".to_owned(),
        Some(median) => {
            let smaller = case.size.filter(|size| size.of(peer) != size.usual);
            let note = smaller.map(|size| format!(" at {}", number(size.of(peer) as f64)));
            number(median.value) + &note.unwrap_or_default()
        }
        None => "–".to_owned(),
    };
    let verdict = results.verdict(case, line);
    let ours = results.median(case, line.key, Peer::Costd);
    [
        case.title.to_owned(),
        line.unit.to_owned(),
        figure(Peer::Threads),
        figure(Peer::May),
        figure(Peer::Tokio),
        figure(Peer::Go),
        figure(Peer::Mio),
        figure(Peer::Costd),
        ours.map_or(String::new(), |ours| format!("{:.0} %", ours.spread * 100.0)),
        verdict.as_ref().and_then(|verdict| verdict.ratio).map_or(String::new(), |ratio| format!("{ratio:.2}")),
        verdict.map_or(String::new(), |verdict| {
            format!("{}{}", verdict.wanted, if verdict.met { ": yes" } else { ": NO" })
        }),
    ]
}

/// The lines of one case, as soon as they are there.
pub fn print_case(case: &Case, results: &Results) {
    const WIDTHS: [usize; 11] = [42, 16, 18, 18, 9, 9, 9, 9, 5, 6, 0];
    static HEADED: std::sync::Once = std::sync::Once::new();
    let print = |cells: &[String; 11]| {
        let mut text = String::new();
        for ((column, cell), width) in cells.iter().enumerate().zip(WIDTHS) {
            if (2..10).contains(&column) {
                write!(text, "{cell:>width$} ").expect("a string takes it");
            } else {
                write!(text, "{cell:width$} ").expect("a string takes it");
            }
        }
        println!("{}", text.trim_end());
    };
    HEADED.call_once(|| print(&HEADER.map(str::to_owned)));
    for line in case.lines {
        print(&cells(case, line, results));
    }
}

/// How many lines are met.
pub fn summary(cases: &[&Case], results: &Results) -> String {
    let lines = cases.iter().flat_map(|case| case.lines.iter().map(move |line| (case, line)));
    let verdicts: Vec<_> = lines.filter_map(|(case, line)| results.verdict(case, line)).collect();
    let met = verdicts.iter().filter(|verdict| verdict.met).count();
    format!("{met} of {} lines are met.", verdicts.len())
}

/// The lines that say most.
const SHORT: [(&str, &str); 12] = [
    ("spawn_join", "ns"),
    ("spawn_many", "ns"),
    ("yield", "ns"),
    ("ping_pong", "ns"),
    ("mpsc", "ns"),
    ("mutex", "ns"),
    ("skynet", "ns"),
    ("parked", "bytes"),
    ("sleepers", "ms"),
    ("echo_64", "cpu"),
    ("http", "rate"),
    ("bulk", "rate"),
];

/// Some lines, without what costd is to be.
pub fn short(cases: &[&Case], results: &Results, machine: &str) -> String {
    const COLUMNS: std::ops::Range<usize> = 0..8;
    let mut text = row(&HEADER.map(str::to_owned)[COLUMNS]);
    text += "|---|---|--:|--:|--:|--:|--:|--:|\n";
    for (name, key) in SHORT {
        for case in cases.iter().filter(|case| case.name == name) {
            for line in case.lines.iter().filter(|line| line.key == key) {
                text += &row(&cells(case, line, results)[COLUMNS]);
            }
        }
    }
    text + &format!("\n{}\n", machine.replace('\n', "; "))
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// All lines, and what the processes held in memory at their ends.
pub fn markdown(cases: &[&Case], results: &Results, machine: &str) -> String {
    let mut text = format!("{machine}\n\n");
    text += &row(&HEADER.map(str::to_owned));
    text += "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n";
    for case in cases {
        for line in case.lines {
            text += &row(&cells(case, line, results));
        }
    }
    text +=
        &format!("\n{}\n\nMemory of the processes at the end of the case (VmRSS, MiB):\n\n", summary(cases, results));
    text += &row(&["case", "threads", "may", "tokio", "Go", "mio", "costd"].map(str::to_owned));
    text += "|---|--:|--:|--:|--:|--:|--:|\n";
    for case in cases {
        let memory =
            |peer| results.median(case, "rss", peer).map_or("–".to_owned(), |rss| number(rss.value / 1024.0));
        let cells: Vec<String> = std::iter::once(case.title.to_owned()).chain(Peer::ALL.map(memory)).collect();
        if cells[1..].iter().any(|cell| cell != "–") {
            text += &row(&cells);
        }
    }
    text
}
