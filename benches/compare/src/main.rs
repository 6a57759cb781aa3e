//! costd beside its peers, on the same work: each case and peer is a process of its own, the peers take turns in several
//! rounds, and the median counts.

mod cases;
mod chart;
mod document;
mod growth;
mod machine;
mod options;
mod peers;
mod pinned;
mod results;
mod run;
mod table;

use std::process::ExitCode;

use options::Options;
use peers::Peers;
use results::Results;

fn main() -> ExitCode {
    let options = match Options::from_args() {
        Ok(options) => options,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    pinned::allow_many_descriptors();
    let machine = machine::describe();
    let peers = match Peers::prepare() {
        Ok(peers) => peers,
        Err(error) => {
            eprintln!("the peers cannot be built: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(file) = &options.growth {
        return match growth::run(&peers, &options, &machine, file) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("\r\x1b[K{error}");
                ExitCode::FAILURE
            }
        };
    }
    let cases: Vec<_> = cases::ALL.iter().filter(|case| options.wants(case)).collect();
    let mut results = Results::default();
    for (number, case) in cases.iter().enumerate() {
        let taking_part = peers.taking_part(case);
        let rounds = options.rounds(case);
        for round in 0..rounds {
            for place in 0..taking_part.len() {
                // Nobody always comes after the same one.
                let peer = taking_part[(place + round) % taking_part.len()];
                eprint!(
                    "\r\x1b[K[{}/{}] {}: round {} of {rounds}, {}",
                    number + 1,
                    cases.len(),
                    case.title,
                    round + 1,
                    peer.name()
                );
                match run::run(case, peer, &peers, &options) {
                    Ok(figures) => results.add(case, peer, figures),
                    Err(error) => {
                        eprintln!("\r\x1b[K{}, {}: {error}", case.name, peer.name());
                        results.fail(case, peer);
                    }
                }
            }
        }
        eprint!("\r\x1b[K");
        table::print_case(case, &results);
    }
    println!("\n{}\n\n{machine}", table::summary(&cases, &results));
    for missing in &peers.missing {
        println!("left out: {missing}");
    }
    let mut written = Ok(());
    if let Some(file) = &options.chart {
        written = std::fs::write(file, chart::svg(&cases, &results, &machine)).map_err(|error| (file, error));
    }
    for file in &options.markdown {
        let whole = || table::markdown(&cases, &results, &machine);
        let short = || table::short(&cases, &results, &machine);
        written = written.and_then(|()| document::fill(file, whole, short).map_err(|error| (file, error)));
    }
    if let Err((file, error)) = written {
        eprintln!("{}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    if results.any_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
