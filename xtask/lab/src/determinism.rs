//! Runs programs whose results may differ between machines on this machine's baseline, on its highest
//! CPU level and in the interpreter. All results must be identical bit for bit.

mod wasi;

use crate::imports::import_for;
use calls::printable;
use calls::{Comparison, Exactness, Imported, Patience, compare};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use wasmport::EngineConfig;
use wasmport::engine::{RequiredFeatures, Target, WasmFeature};
use wasmport_build::{Kind, Settings, Status};

/// Time limit for one program.
const TIME: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with more programs, such as real modules
    dir: Option<PathBuf>,
}

/// Commands and reactors that do not end without WASI; other checks compare them with it.
const WITHOUT_WASI: &[&str] =
    &["greetings/tinygo.wasm", "guests/almanac.wasm", "guests/steps.wasm", "guests/vowels.wasm"];

#[derive(Default)]
struct Tally {
    identical: usize,
    different: usize,
    /// Programs of this repository that were not compared.
    missed: usize,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let mut tally = Tally::default();
    let fixtures = crate::root().join("fixtures");
    let mut own = Settings::from_file(&fixtures.join("wasmport.toml"))?;
    own.roots.push(fixtures.join("determinism"));
    // They have no code.
    own.interfaces.clear();
    tally.modules(own, true)?;
    if let Some(dir) = &args.dir {
        let mut given = Settings::default();
        given.roots = vec![dir.clone()];
        tally.modules(given, false)?;
    }
    tally.wasi()?;
    let Tally { identical, different, missed } = tally;
    if missed > 0 {
        println!("{missed} programs that must run did not");
    }
    println!("determinism: {identical} identical, {different} different");
    std::io::stdout().flush()?;
    // A run without any program proves nothing.
    if different == 0 && missed == 0 && identical > 0 {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

/// Returns the targets to compare.
fn targets() -> [Target; 3] {
    [Target::host(), Target::native(), Target::PORTABLE]
}

/// Returns how many of the targets can run a module: the interpreter has no shared memories.
fn expected(features: RequiredFeatures) -> usize {
    let is_shared = features.contains(WasmFeature::Threads);
    targets().iter().filter(|target| !(is_shared && **target == Target::PORTABLE)).count()
}

impl Tally {
    /// Calls exports with numbers and compares results, traps, memories, globals and fuel. Programs of
    /// this repository (`own`) must run on every target that can run them.
    fn modules(&mut self, settings: Settings, own: bool) -> crate::Result {
        let folder = tempfile::Builder::new().prefix("wasmport-determinism-").tempdir()?;
        let engine = EngineConfig::new().fuel(true);
        let report = import_for(settings, &targets(), folder.path(), engine)?;
        let imported = Imported::new(folder.path())?;
        let runtimes = imported.runtimes(&engine, &targets())?;
        for asset in report.assets.iter().filter(|asset| asset.kind == Kind::Module) {
            let name = printable(&asset.source);
            let must_run = own && !WITHOUT_WASI.contains(&&*asset.source);
            if asset.status != Status::Imported {
                println!("{name}: not imported");
                self.missed += usize::from(must_run);
                continue;
            }
            let variants = imported.variants(&asset.name, &runtimes, engine)?;
            let (count, expected) = (variants.len(), expected(imported.features(&asset.name)?));
            let found = compare(&variants, Exactness::SameCode, Patience::here(TIME));
            println!("{name}: on {count} of {expected} back ends, {}", describe(&found));
            found.differences.iter().for_each(|text| println!("    DIFFERENT: {text}"));
            // One back end alone, or no call at all, proves nothing.
            let is_proof = count > 1 && found.is_run() && found.same > 0;
            if !found.differences.is_empty() {
                self.different += 1;
            } else if must_run && (!is_proof || count < expected) {
                println!("    NOT COMPARED: it must run");
                self.missed += 1;
            } else {
                self.identical += usize::from(is_proof);
            }
        }
        Ok(())
    }
}

impl Tally {
    /// Compares a command that reads time and random numbers, sleeps, reads and prints, with a manual
    /// clock and a fixed seed.
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
        // The files of another day and machine, too.
        let is_same_tree = first.1.tree() == wasi::TREE;
        if !is_same_tree {
            println!("    DIFFERENT: files {}, and before {}", first.1.tree(), wasi::TREE);
        }
        let is_same = different.is_empty() && is_same_tree;
        self.different += usize::from(!is_same);
        self.identical += usize::from(is_same && !others.is_empty());
        Ok(())
    }
}

fn describe(found: &Comparison) -> String {
    match &found.not_run {
        Some(why) => format!("not run: {why}"),
        None => format!("{} identical calls, digest {}", found.same, found.digest()),
    }
}
