use std::path::PathBuf;
use std::time::Duration;

use crate::cases::{self, Case, How};

const USAGE: &str =
    "usage: compare [--quick | --check] [--chart FILE.svg] [--markdown FILE.md]... [--rounds N] [CASE...]
       compare --growth FILE.svg [--quick | --check]

  --quick      fewer and shorter rounds
  --check      so short that only the checks of the results mean anything
  --rounds N   so many, of every case
  --markdown   the table, between the file's lines `<!-- compare: all -->` (or `short`) and `<!-- compare: end -->`
  --growth     costd alone: how its costs grow with the number of live coroutines, and of workers
  CASE         only the cases of this name, or whose name begins so; without one, all:
";

/// What the command line says.
pub struct Options {
    quick: bool,
    check: bool,
    rounds: Option<usize>,
    pub chart: Option<PathBuf>,
    pub markdown: Vec<PathBuf>,
    pub growth: Option<PathBuf>,
    only: Vec<String>,
}

impl Options {
    /// An error: what is wrong, and how to do it right.
    pub fn from_args() -> Result<Options, String> {
        let usage = || {
            let names: Vec<_> = cases::ALL.iter().map(|case| format!("               {}\n", case.name)).collect();
            format!("{USAGE}{}", names.concat())
        };
        let mut options = Options {
            quick: false,
            check: false,
            rounds: None,
            chart: None,
            markdown: Vec::new(),
            growth: None,
            only: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(usage);
            match &*arg {
                "--quick" => options.quick = true,
                "--check" => options.check = true,
                "--rounds" => options.rounds = Some(value()?.parse().map_err(|_| usage())?),
                "--chart" => options.chart = Some(value()?.into()),
                "--growth" => options.growth = Some(value()?.into()),
                "--markdown" => options.markdown.push(value()?.into()),
                name if cases::ALL.iter().any(|case| case.name.starts_with(name)) => options.only.push(arg),
                _ => return Err(usage()),
            }
        }
        Ok(options)
    }

    pub fn wants(&self, case: &Case) -> bool {
        // A whole name means that case alone.
        let whole = |name: &str| cases::ALL.iter().any(|case| case.name == name);
        let wanted = |name: &String| if whole(name) { case.name == name } else { case.name.starts_with(name.as_str()) };
        self.only.is_empty() || self.only.iter().any(wanted)
    }

    pub fn rounds(&self, case: &Case) -> usize {
        let usual = match case.size {
            _ if self.check => 1,
            Some(size) if size.is_slow => 3,
            _ if self.quick => 3,
            _ => 7,
        };
        self.rounds.unwrap_or(if self.quick { usual.min(3) } else { usual }).max(1)
    }

    /// How long one peer has for one round.
    pub fn time(&self, how: &How) -> Duration {
        let [full, quick, check] = match how {
            How::Alone | How::Startup => [500, 150, 10],
            // Its warm-up is a quarter.
            How::Asked(_) => [1500, 500, 100],
            // It knows whole seconds only.
            How::Wrk { .. } => [2000, 1000, 1000],
        };
        Duration::from_millis(if self.check {
            check
        } else if self.quick {
            quick
        } else {
            full
        })
    }

    /// The size of a case: smaller where nothing is measured.
    pub fn size(&self, size: u64) -> u64 {
        if self.check { (size / 100).max(100) } else { size }
    }

    /// How often each figure of the growth is taken.
    pub fn growth_rounds(&self) -> usize {
        if self.check || self.quick { 1 } else { 3 }
    }

    pub fn startups(&self) -> u32 {
        if self.check { 2 } else { 40 }
    }
}
