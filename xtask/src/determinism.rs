//! Determinism: programs in whose results machines may differ, on this machine's baseline, at its
//! highest level, and in the interpreter. They must be the same bit for bit.

mod wasi;

use crate::files::printable;
use crate::run::{Comparison, Exactness, Imported, compare, import_for};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use wasmport::EngineConfig;
use wasmport::engine::Target;
use wasmport_build::{Kind, Settings, Status};

/// For one program.
const TIME: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with more programs, such as real modules
    dir: Option<PathBuf>,
}

#[derive(Default)]
struct Tally {
    identical: usize,
    different: usize,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let mut tally = Tally::default();
    tally.modules(args)?;
    tally.wasi()?;
    let Tally { identical, different } = tally;
    println!("determinism: {identical} identical, {different} different");
    std::io::stdout().flush()?;
    // Where nothing ran, nothing was proved.
    if different == 0 && identical > 0 {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

/// What the same wasm runs on.
fn targets() -> [Target; 3] {
    [Target::host(), Target::native(), Target::PORTABLE]
}

impl Tally {
    /// Exports called with numbers; results, traps, memories, globals and fuel compared.
    fn modules(&mut self, args: &Args) -> crate::Result {
        let fixtures = crate::root().join("fixtures");
        let mut settings = Settings::from_file(&fixtures.join("wasmport.toml"))?;
        settings.roots.push(fixtures.join("determinism"));
        settings.roots.extend(args.dir.clone());
        let folder = tempfile::Builder::new().prefix("wasmport-determinism-").tempdir()?;
        let engine = EngineConfig::new().fuel(true);
        let report = import_for(settings, &targets(), folder.path(), engine)?;
        let imported = Imported::new(folder.path())?;
        let runtimes = imported.runtimes(&engine, &targets())?;
        for asset in report.assets.iter().filter(|asset| asset.kind == Kind::Module) {
            let name = printable(&asset.source);
            if asset.status != Status::Imported {
                println!("{name}: not imported");
                continue;
            }
            let variants = imported.variants(asset, &runtimes, engine)?;
            let count = variants.len();
            let found = compare(variants, Exactness::SameCode, TIME);
            println!("{name}: on {count} back ends, {}", said(&found));
            found.differences.iter().for_each(|text| println!("    DIFFERENT: {text}"));
            self.different += usize::from(!found.differences.is_empty());
            // One back end alone agrees with itself.
            let is_proof = count > 1 && found.is_run() && found.differences.is_empty();
            self.identical += usize::from(is_proof);
        }
        Ok(())
    }
}

impl Tally {
    /// A command that asks for the time and for random numbers, sleeps, reads and prints: with a clock
    /// and a seed of its own.
    fn wasi(&mut self) -> crate::Result {
        let fixtures = crate::root().join("fixtures");
        let mut settings = Settings::default();
        settings.roots = vec![fixtures.join("assets/guests/steps.wasm")];
        let folder = tempfile::Builder::new().prefix("wasmport-determinism-").tempdir()?;
        let engine = EngineConfig::new().fuel(true);
        let report = import_for(settings, &targets(), folder.path(), engine)?;
        let imported = Imported::new(folder.path())?;
        let asset = report.assets.first().ok_or("the command was not imported")?;
        let runs = imported
            .runtimes(&engine, &targets())?
            .into_iter()
            .map(|(target, runtime)| {
                let module = imported.load(&runtime, &asset.name, engine)?;
                Ok((target, wasi::run(&module)?))
            })
            .collect::<crate::Result<Vec<_>>>()?;
        let Some((first, others)) = runs.split_first() else { return Ok(()) };
        let name = printable(&asset.source);
        println!("{name} with WASI: on {} back ends, {}", runs.len(), first.1);
        let different: Vec<_> = others.iter().filter(|other| other.1 != first.1).collect();
        for (target, run) in &different {
            println!("    DIFFERENT: {} and {target}: {run}", first.0);
        }
        self.different += usize::from(!different.is_empty());
        self.identical += usize::from(different.is_empty() && !others.is_empty());
        Ok(())
    }
}

fn said(found: &Comparison) -> String {
    match &found.not_run {
        Some(why) => format!("not run: {why}"),
        None => format!("{} calls the same, digest {}", found.same, found.digest()),
    }
}
