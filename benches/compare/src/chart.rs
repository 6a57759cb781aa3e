//! The figures as bars: how many times as good as the best peer each one is.

use std::fmt::Write;

use crate::cases::Case;
use crate::peers::Peer;
use crate::results::{Results, number};

const LEFT: f64 = 300.0;
const WIDTH: f64 = 560.0;
const BAR: f64 = 9.0;
/// The ends of the scale: a tenth as good as the best peer, ten times as good.
const SCALE: (f64, f64) = (0.1, 10.0);

fn colour(peer: Peer) -> &'static str {
    match peer {
        Peer::Costd => "#c2410c",
        Peer::Go => "#0891b2",
        Peer::Tokio => "#64748b",
        Peer::May => "#a3a34d",
        Peer::Threads => "#cbd5e1",
        Peer::Mio => "#334155",
    }
}

/// Where a ratio lies, from the left of the scale.
fn place(ratio: f64) -> f64 {
    let (least, most) = SCALE;
    (ratio.clamp(least, most) / least).ln() / (most / least).ln() * WIDTH
}

pub fn svg(cases: &[&Case], results: &Results, machine: &str) -> String {
    let mut body = String::new();
    let mut top = 96.0;
    for case in cases {
        for line in case.lines {
            let Some((_, best)) = results.best_peer(case, line).filter(|(_, best)| *best > 0.0) else { continue };
            let present: Vec<_> = Peer::ALL
                .into_iter()
                .filter_map(|peer| Some((peer, results.median(case, line.key, peer)?.value)))
                .collect();
            let height = present.len() as f64 * (BAR + 1.0);
            let title =
                if case.lines.len() > 1 { format!("{}, {}", case.title, line.unit) } else { case.title.to_owned() };
            text(&mut body, LEFT - 8.0, top + height / 2.0 + 4.0, "end", 12, &title);
            for (n, (peer, value)) in present.into_iter().enumerate() {
                let better = if line.more_is_better { value / best } else { best / value };
                let (y, end) = (top + n as f64 * (BAR + 1.0), place(better));
                write!(body, "<rect x='{LEFT}' y='{y}' width='{end:.1}' height='{BAR}' fill='{}'/>", colour(peer))
                    .expect("a string takes it");
                let label = format!("{} {} {}", peer.name(), number(value), line.unit);
                text(&mut body, LEFT + end + 4.0, y + 8.0, "start", 9, &label);
            }
            top += height + 8.0;
        }
    }
    let (width, height) = (LEFT + WIDTH + 150.0, top + 20.0);
    let mut head = String::new();
    text(
        &mut head,
        16.0,
        24.0,
        "start",
        16,
        "costd beside its peers: how many times as good as the best of them (longer is better)",
    );
    for (n, line) in machine.lines().enumerate() {
        text(&mut head, 16.0, 44.0 + 15.0 * n as f64, "start", 11, line);
    }
    for ratio in [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0] {
        let (x, colour) = (LEFT + place(ratio), if ratio == 1.0 { "#111" } else { "#ddd" });
        write!(head, "<line x1='{x:.1}' x2='{x:.1}' y1='88' y2='{top}' stroke='{colour}'/>")
            .expect("a string takes it");
        text(&mut head, x, 84.0, "middle", 10, &format!("{ratio} ×"));
    }
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' font-family='sans-serif'>\
         <rect width='100%' height='100%' fill='white'/>{head}{body}</svg>\n"
    )
}

pub fn text(svg: &mut String, x: f64, y: f64, anchor: &str, size: u32, text: &str) {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    write!(svg, "<text x='{x:.1}' y='{y:.1}' text-anchor='{anchor}' font-size='{size}'>{escaped}</text>")
        .expect("a string takes it");
}
