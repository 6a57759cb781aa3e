//! How costd's costs grow: with the number of coroutines that are alive meanwhile, and with that of workers.

use std::fmt::Write;
use std::path::Path;

use crate::cases::How;
use crate::chart::text;
use crate::options::Options;
use crate::peers::Peers;
use crate::results::number;
use crate::run;

/// What is plotted: a name, and its value at each place of an axis.
type Curve = (&'static str, Vec<f64>);

const LIVE: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const OF_LIVE: [(&str, &str, Option<u32>); 6] = [
    ("live_spawn", "spawn + join", None),
    ("live_wake", "wake, here and there", None),
    ("live_wake", "the same on one worker", Some(1)),
    ("live_touch", "a byte of a page, here and there (no coroutines)", None),
    ("live_timer", "two timers, set and taken back", None),
    ("live_accept", "connect, accept, close", None),
];

const WORKERS: [u64; 4] = [1, 2, 4, 8];
const OF_WORKERS: [(&str, &str, u64); 8] = [
    ("spawn_join", "spawn + join", 0),
    ("yield", "yield", 0),
    ("ping_pong", "ping-pong", 0),
    ("mpsc", "mpsc, 4 senders", 0),
    ("bounded", "sync_channel(128), 4 senders", 0),
    ("mutex_8", "Mutex, 8 tasks", 0),
    ("barrier", "Barrier of 64", 0),
    ("skynet", "skynet", 100_000),
];

pub fn run(peers: &Peers, options: &Options, machine: &str, file: &Path) -> Result<(), String> {
    let time = options.time(&How::Alone);
    let figure = |case: &str, size: u64, workers: Option<u32>| -> Result<f64, String> {
        let mut all = Vec::new();
        for round in 0..options.growth_rounds() {
            let at = workers.map_or(String::new(), |workers| format!(", {workers} workers"));
            eprint!("\r\x1b[K{case}, {}{at}: round {}", number(size as f64), round + 1);
            let figures = run::costd(peers, case, size, time, workers).map_err(|error| format!("{case}: {error}"))?;
            all.extend(figures.into_iter().filter(|(key, _)| key == "ns").map(|(_, value)| value));
        }
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().ok_or_else(|| format!("{case} has reported nothing"))
    };
    let mut of_live: Vec<Curve> = Vec::new();
    for (case, title, workers) in OF_LIVE {
        let values = LIVE.iter().map(|&live| figure(case, options.size(live), workers));
        of_live.push((title, values.collect::<Result<_, _>>()?));
    }
    let mut of_workers: Vec<Curve> = Vec::new();
    for (case, title, size) in OF_WORKERS {
        let values = WORKERS.iter().map(|&workers| figure(case, size, Some(workers as u32)));
        of_workers.push((title, values.collect::<Result<_, _>>()?));
    }
    eprint!("\r\x1b[K");
    print_table("ns, with so many live coroutines", &LIVE, &of_live);
    print_table("ns, with so many workers on two CPUs", &WORKERS, &of_workers);
    println!("\n{machine}");
    let svg = svg(machine, &of_live, &of_workers);
    std::fs::write(file, svg).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("written: {}", file.display());
    Ok(())
}

/// A number of things.
fn whole(value: u64) -> String {
    if value < 100 { value.to_string() } else { number(value as f64) }
}

fn print_table(title: &str, axis: &[u64], curves: &[Curve]) {
    print!("{title:50}");
    axis.iter().for_each(|&place| print!("{:>12}", whole(place)));
    println!("{:>14}", "most / least");
    for (name, values) in curves {
        print!("{name:50}");
        values.iter().for_each(|&value| print!("{:>12}", number(value)));
        let (least, most) = values.iter().fold((f64::MAX, 0.0_f64), |(a, b), &value| (a.min(value), b.max(value)));
        println!("{:>14.2}", most / least);
    }
    println!();
}

const COLOURS: [&str; 8] = ["#c2410c", "#0891b2", "#4d7c0f", "#7c3aed", "#a16207", "#be185d", "#334155", "#0f766e"];

fn svg(machine: &str, of_live: &[Curve], of_workers: &[Curve]) -> String {
    let mut body = String::new();
    text(&mut body, 16.0, 24.0, "start", 16, "How costd's costs grow (ns, by powers of ten; level is good)");
    for (n, line) in machine.lines().enumerate() {
        text(&mut body, 16.0, 44.0 + 15.0 * n as f64, "start", 11, line);
    }
    panel(&mut body, 60.0, "live coroutines", &LIVE, of_live);
    panel(&mut body, 600.0, "workers on two CPUs", &WORKERS, of_workers);
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='1140' height='600' font-family='sans-serif'>\
         <rect width='100%' height='100%' fill='white'/>{body}</svg>\n"
    )
}

fn panel(svg: &mut String, left: f64, title: &str, axis: &[u64], curves: &[Curve]) {
    const TOP: f64 = 90.0;
    const HEIGHT: f64 = 300.0;
    const WIDTH: f64 = 480.0;
    /// From a nanosecond to a millisecond.
    const DECADES: f64 = 6.0;
    let y = |value: f64| TOP + HEIGHT - value.clamp(1.0, 1e6).log10() / DECADES * HEIGHT;
    let x = |place: usize| left + place as f64 / (axis.len() - 1) as f64 * WIDTH;
    for decade in 0..=DECADES as i32 {
        let value = 10_f64.powi(decade);
        let at = y(value);
        write!(svg, "<line x1='{left}' x2='{}' y1='{at:.1}' y2='{at:.1}' stroke='#ddd'/>", left + WIDTH)
            .expect("a string takes it");
        text(svg, left - 6.0, at + 4.0, "end", 10, &number(value));
    }
    for (place, &value) in axis.iter().enumerate() {
        text(svg, x(place), TOP + HEIGHT + 16.0, "middle", 10, &whole(value));
    }
    text(svg, left + WIDTH / 2.0, TOP + HEIGHT + 32.0, "middle", 12, title);
    for (n, (name, values)) in curves.iter().enumerate() {
        let points: Vec<String> =
            values.iter().enumerate().map(|(place, &value)| format!("{:.1},{:.1}", x(place), y(value))).collect();
        let colour = COLOURS[n % COLOURS.len()];
        write!(svg, "<polyline points='{}' fill='none' stroke='{colour}' stroke-width='2'/>", points.join(" "))
            .expect("a string takes it");
        let legend = TOP + HEIGHT + 54.0 + 16.0 * n as f64;
        write!(svg, "<rect x='{left}' y='{}' width='10' height='10' fill='{colour}'/>", legend - 9.0)
            .expect("a string takes it");
        let values: Vec<String> = values.iter().map(|&value| number(value)).collect();
        text(svg, left + 14.0, legend, "start", 10, &format!("{name}: {}", values.join(" · ")));
    }
}
