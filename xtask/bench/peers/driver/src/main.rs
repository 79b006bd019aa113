//! Compares wasmport with other ways to run WebAssembly; `cargo xtask bench peers` starts it.

mod build;
mod error;
mod files;
mod lines;
mod machine;
mod page;
mod peers;
mod report;
mod run;
mod table;
mod wasm2c;

use build::{Builder, Built};
use clap::{Parser, ValueEnum};
use error::{Error, Result};
use peers::{PEERS, Peer};
use report::{Report, Row, Skipped};
use std::process::ExitCode;

/// Compare wasmport with other ways to run WebAssembly, on the same modules and calls.
///
/// Builds a program of each peer in an empty target folder, one after the other, and then starts all of them many times in
/// turns, so that a slow phase of the machine is one for all. Prints medians. A wrong result of any call is an error. Takes
/// some 20 minutes on two idle cores, nearly all of it for the builds; figures of a busy machine mean little.
///
/// Exit codes: 0 done, 1 a build or a run failed, 2 wrong arguments.
#[derive(Parser)]
#[command(name = "cargo xtask bench peers", bin_name = "cargo xtask bench peers")]
struct Args {
    /// Build into target folders that stay, measure no builds, and start each program a few times
    #[arg(long)]
    quick: bool,
    /// Only the peer of this name, or else those whose names begin with it; can be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Use the programs of the last run without `--quick`, and the times of their builds; build only the missing ones
    #[arg(long, conflicts_with = "quick")]
    reuse: bool,
    /// Also write the tables into docs/peers.md
    #[arg(long, conflicts_with_all = ["quick", "only", "reuse"])]
    write: bool,
    /// Print the names of all peers
    #[arg(long)]
    list: bool,
    /// The form of the tables on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The form of the tables on standard output.
#[derive(Clone, Copy, Default, PartialEq, ValueEnum)]
enum Format {
    #[default]
    Markdown,
    Json,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.list {
        PEERS.iter().for_each(|peer| println!("{}\t{}", peer.name, peer.label));
        return ExitCode::SUCCESS;
    }
    match compare(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if matches!(error, Error::NoPeer(_)) { 2 } else { 1 })
        }
    }
}

/// Builds, runs and prints.
fn compare(args: &Args) -> Result {
    let peers = selected(&args.only)?;
    let machine = machine::Machine::read()?;
    if machine.load > 0.5 {
        eprintln!("warning: the machine is busy (load {}): the figures mean little", machine.load);
    }
    let builder = Builder::new(args.quick, args.reuse)?;
    let (mut built, mut skipped) = (Vec::new(), Vec::new());
    for peer in peers {
        match builder.build(peer)? {
            Built::Program(program) => built.push((peer, program)),
            Built::Skipped(reason) => {
                eprintln!("{}: skipped: {reason}", peer.name);
                skipped.push(Skipped { name: peer.name.into(), reason });
            }
        }
    }
    let medians = run::in_turns(&built, &builder.artifacts(), args.quick)?;
    let rows = built.iter().zip(medians);
    let rows = rows.map(|((peer, program), measured)| Row::new(peer, program, measured));
    let report = Report { quick: args.quick, machine, rows: rows.collect::<Result<_>>()?, skipped };
    print(&report, args)
}

/// Prints the tables, and writes them into the page.
fn print(report: &Report, args: &Args) -> Result {
    let tables = table::markdown(report);
    match args.format {
        Format::Markdown => println!("{tables}"),
        Format::Json => println!("{}", report.json()?),
    }
    if args.write {
        let path = files::root().join(page::PATH);
        let text = files::read_text(&path)?;
        files::write(&path, page::replace(&text, &tables)?.as_bytes())?;
        eprintln!("{}: written", page::PATH);
    }
    Ok(())
}

/// Returns the peers that `--only` selects.
fn selected(only: &[String]) -> Result<Vec<&'static Peer>> {
    if only.is_empty() {
        return Ok(PEERS.iter().collect());
    }
    let mut names = Vec::new();
    for name in only {
        let found = names.len();
        let is_selected = |peer: &&Peer| {
            Peer::named(name).map_or(peer.name.starts_with(name), |named| named.name == peer.name)
        };
        names.extend(PEERS.iter().filter(is_selected).map(|peer| peer.name));
        if names.len() == found {
            return Err(Error::NoPeer(name.clone()));
        }
    }
    Ok(PEERS.iter().filter(|peer| names.contains(&peer.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_selects_by_name_or_prefix() {
        let names = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|&name| name.into()).collect();
            selected(&only).map(|peers| peers.iter().map(|peer| peer.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["wasmi", "wasm2c"]).unwrap(), ["wasmi", "wasm2c"]);
        assert_eq!(names(&["wasmer"]).unwrap(), ["wasmer"]);
        assert_eq!(names(&["wasme"]).unwrap(), ["wasmer", "wasmer-artifact"]);
        assert_eq!(names(&[]).unwrap().len(), PEERS.len());
        assert!(
            matches!(names(&["wasmi", "nobody"]), Err(Error::NoPeer(name)) if name == "nobody")
        );
    }
}
