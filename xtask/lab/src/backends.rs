//! Imports the fixtures for many targets, checks the header of every artifact and runs those for this
//! machine: machine code for each CPU level, the interpreter, and the wasm itself. All must do the same
//! and use the same fuel.

mod header;

use crate::imports::import_for;
use calls::printable;
use calls::{Comparison, Exactness, Imported, Patience, compare};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wasmport::EngineConfig;
use wasmport::engine::Target;
use wasmport_build::{AssetReport, Kind, Settings, Status};

/// Common targets of programs, and CPU levels that change most of the code.
const TARGETS: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-gnu+v3",
    "x86_64-unknown-linux-gnu+v4",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu+v8.4",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "riscv64gc-unknown-linux-gnu",
    "riscv64gc-unknown-linux-gnu+rva23",
    "s390x-unknown-linux-gnu",
    "portable",
    "source",
];

/// Time limit for one asset.
const TIME: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with assets to import instead of the fixtures
    dir: Option<PathBuf>,
    /// Print the header of each artifact
    #[arg(long)]
    artifacts: bool,
}

/// Counts of the run.
#[derive(Default)]
struct Tally {
    assets: usize,
    artifacts: usize,
    identical: usize,
    different: usize,
    wrong: usize,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let tally = backends(args)?;
    let Tally { assets, artifacts, identical, different, wrong } = tally;
    println!(
        "targets: {assets} assets, {artifacts} artifacts, {identical} identical, {different} different"
    );
    std::io::stdout().flush()?;
    // A run without any asset proves nothing.
    if different + wrong == 0 && identical > 0 {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

fn backends(args: &Args) -> crate::Result<Tally> {
    let targets = targets()?;
    let folder = tempfile::Builder::new().prefix("wasmport-backends-").tempdir()?;
    // Fuel ends every call, and every back end counts the same.
    let engine = EngineConfig::new().fuel(true);
    let settings = settings(args.dir.as_deref())?;
    let report = import_for(settings, &targets, folder.path(), engine)?;
    let mut tally = Tally { assets: report.assets.len(), ..Tally::default() };
    for asset in &report.assets {
        tally.check_artifacts(asset, &targets, folder.path(), args)?;
    }
    let runnable = runnable(&targets);
    let names: Vec<String> = runnable.iter().map(ToString::to_string).collect();
    println!("\nrun: {}\n", names.join(", "));
    println!(
        "{:<28} {:>8} {:>6} {:>7} {:>9} {:>12}  digest",
        "asset", "variants", "calls", "trapped", "exhausted", "fuel"
    );
    let imported = Imported::new(folder.path())?;
    let runtimes = imported.runtimes(&engine, &runnable)?;
    // Components have no exports that take plain numbers; the importer's tests call theirs.
    let modules = report.assets.iter().filter(|asset| asset.kind == Kind::Module);
    for asset in modules.filter(|asset| asset.status == Status::Imported) {
        let variants = imported.variants(&asset.name, &runtimes, engine)?;
        let count = variants.len();
        tally.add(asset, count, &compare(&variants, Exactness::SameCode, Patience::here(TIME)));
    }
    Ok(tally)
}

/// Returns the listed targets and those of this machine.
fn targets() -> crate::Result<Vec<Target>> {
    let listed = TARGETS.iter().map(|text| text.parse::<Target>());
    let mut targets = listed.collect::<Result<Vec<_>, _>>()?;
    for target in [Target::host(), Target::native()] {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// Returns the targets that run here, the machine's baseline first: the others are compared with it.
fn runnable(targets: &[Target]) -> Vec<Target> {
    let host = Target::host();
    let others = targets.iter().filter(|target| target.runs_here() && **target != host);
    [&host].into_iter().chain(others).cloned().collect()
}

fn settings(dir: Option<&Path>) -> crate::Result<Settings> {
    let Some(dir) = dir else {
        let mut settings = Settings::from_file(&crate::root().join("fixtures/wasmport.toml"))?;
        // They have no artifacts.
        settings.interfaces.clear();
        return Ok(settings);
    };
    let mut settings = Settings::default();
    settings.roots = vec![dir.into()];
    Ok(settings)
}

impl Tally {
    /// Checks that each artifact's header names its target.
    fn check_artifacts(
        &mut self,
        asset: &AssetReport,
        targets: &[Target],
        folder: &Path,
        args: &Args,
    ) -> crate::Result {
        let name = printable(&asset.source);
        if let Some(error) = &asset.error {
            self.wrong += 1;
            println!("{name}: {error}");
            return Ok(());
        }
        for stage in &asset.stages {
            if let (Some(target), Some(why)) = (&stage.target, &stage.skipped) {
                println!("{name}: not for {target}: {why}");
            }
        }
        let skipped = asset.stages.iter().filter(|stage| stage.skipped.is_some()).count();
        if asset.artifacts.len() + skipped != targets.len() {
            self.wrong += 1;
            println!("{name}: {} artifacts for {} targets", asset.artifacts.len(), targets.len());
        }
        for artifact in &asset.artifacts {
            self.artifacts += 1;
            let path = folder.join(&artifact.path);
            let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let bytes = match artifact.uncompressed {
                Some(len) => zstd::bulk::decompress(&bytes, usize::try_from(len)?)?,
                None => bytes,
            };
            let is_right = header::is_for(&bytes, asset.kind, &artifact.target);
            self.wrong += usize::from(!is_right);
            if args.artifacts || !is_right {
                let what = if is_right { "" } else { "WRONG: " };
                let header = header::describe(&bytes);
                println!("{name}: {what}{}: {} bytes, {header}", artifact.target, bytes.len());
            }
        }
        Ok(())
    }

    fn add(&mut self, asset: &AssetReport, variants: usize, found: &Comparison) {
        let name = printable(&asset.source);
        if let Some(why) = &found.not_run {
            println!("{name:<28} {variants:>8} not run: {why}");
        } else {
            println!(
                "{name:<28} {variants:>8} {:>6} {:>7} {:>9} {:>12}  {}",
                found.same,
                found.trapped,
                found.inconclusive,
                found.fuel,
                found.digest()
            );
        }
        if !found.waiting.is_empty() {
            println!("{name}: skipped, because they wait: {:?}", found.waiting);
        }
        if found.left_out > 0 {
            println!("{name}: no time for {} calls", found.left_out);
        }
        for difference in &found.differences {
            println!("{name}: DIFFERENT: {difference}");
        }
        if !found.differences.is_empty() {
            self.different += 1;
        } else if found.is_run() {
            self.identical += 1;
        }
    }
}
