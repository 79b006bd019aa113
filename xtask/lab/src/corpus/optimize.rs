//! Runs a corpus through `wasm-opt` and compares sizes and the behavior of exports.

use super::{Args, Lines};
use calls::printable;
use calls::{Comparison, Exactness, Imported, Patience, Variant, compare, shortened};
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use wasmport::EngineConfig;
use wasmport::engine::{OptLevel, Target};
use wasmport_build::{AssetReport, AssetSettings, Optimize, OptimizeLevel, Report, Stage, Status};

/// Time limit for the calls of one module.
const TIME: Duration = Duration::from_secs(15);

pub(super) fn run(args: &Args, level: OptimizeLevel) -> crate::Result {
    let folder = tempfile::Builder::new().prefix("wasmport-corpus-").tempdir()?;
    let import = |name: &str, optimize: Optimize| -> crate::Result<Import> {
        let folder = folder.path().join(name);
        let report = import(args, &folder, optimize)?;
        println!("{name}: imported in {:.1} s", report.seconds);
        Ok(Import { imported: Imported::new(&folder)?, report })
    };
    let plain = import("plain", Optimize::default())?;
    let optimized = import("optimized", Optimize::new().level(level))?;
    let tally = compare_all(&plain, &optimized)?;
    println!("{tally}");
    std::io::stdout().flush()?;
    if tally.different + tally.failed == 0 {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

struct Import {
    imported: Imported,
    report: Report,
}

/// Imports for this machine and as wasm. Custom sections are stripped last, so that only code is
/// compared: most of the names that `wasm-opt` writes are missing in its input.
fn import(args: &Args, out_dir: &Path, optimize: Optimize) -> crate::Result<Report> {
    let mut choices = AssetSettings::matching("**");
    choices.strip = Some(vec!["*".into()]);
    choices.optimize = optimize;
    let importer = args.importer(out_dir)?.asset(choices);
    let importer = importer.target(Target::host()).target(Target::SOURCE);
    Ok(importer.run(&Lines::new())?)
}

/// Sizes of a module in bytes: the input or output of `wasm-opt`, the same without custom sections, and
/// the artifact for this machine.
#[derive(Clone, Copy, Default)]
struct Sizes {
    wasm: u64,
    stripped: u64,
    artifact: u64,
}

impl Sizes {
    fn of(asset: &AssetReport, wasm: Option<u64>) -> Self {
        let artifact = |is: fn(&Target) -> bool| {
            let found = asset.artifacts.iter().find(|artifact| is(&artifact.target));
            found.map_or(0, |artifact| artifact.bytes)
        };
        Self {
            wasm: wasm.unwrap_or_default(),
            stripped: artifact(Target::is_source),
            artifact: artifact(|target| target.triple().is_some()),
        }
    }

    fn add(&mut self, other: &Self) {
        self.wasm += other.wasm;
        self.stripped += other.stripped;
        self.artifact += other.artifact;
    }
}

#[derive(Default)]
struct Tally {
    modules: usize,
    smaller: usize,
    different: usize,
    failed: usize,
    not_run: usize,
    calls: [usize; 5],
    sizes: [Sizes; 2],
}

fn compare_all(plain: &Import, optimized: &Import) -> crate::Result<Tally> {
    let mut tally = Tally::default();
    println!(
        "bytes before and after; calls: identical, of these traps, of these with other kinds of traps, out of fuel, no time left"
    );
    for asset in plain.report.assets.iter().filter(|asset| asset.status == Status::Imported) {
        let name = printable(&asset.source);
        tally.modules += 1;
        let after = optimized.report.assets.iter().find(|after| after.source == asset.source);
        let Some(after) = after else {
            return Err(format!("`{name}` is missing in the optimized import").into());
        };
        let stage = after.stages.iter().find(|stage| stage.stage == Stage::Optimize);
        let (Status::Imported, Some(stage)) = (after.status, stage) else {
            tally.failed += 1;
            let error = after.error.as_ref().map(ToString::to_string).unwrap_or_default();
            println!("{name}: FAILED: {}", shortened(&error));
            continue;
        };
        let sizes = [Sizes::of(asset, Some(stage.before)), Sizes::of(after, Some(stage.after))];
        println!("{name}: {} ({:.1} s)", Row(&sizes), stage.seconds);
        let found = behavior(plain, optimized, &asset.name)?;
        tally.add(&sizes, &found);
    }
    println!("total: {}", Row(&tally.sizes));
    let [same, trapped, other_traps, inconclusive, left_out] = tally.calls;
    println!(
        "calls: {same} identical, {trapped} of these traps, {other_traps} of other kinds, \
         {inconclusive} out of fuel, {left_out} without time; {} modules not run",
        tally.not_run
    );
    Ok(tally)
}

/// Compares the behavior of both modules, compiled with fuel so that every call ends.
fn behavior(plain: &Import, optimized: &Import, name: &str) -> crate::Result<Comparison> {
    let engine = EngineConfig::new().fuel(true).opt_level(OptLevel::None);
    let variant = |side: &str, import: &Import| -> crate::Result<Variant> {
        // A runtime caches its modules: each module has its own, to free the memory.
        let runtime = import.imported.runtime(&engine, &Target::SOURCE)?;
        Ok(Variant::new(side, &import.imported.load(&runtime, name, engine)?))
    };
    let variants = [variant("plain", plain)?, variant("optimized", optimized)?];
    Ok(compare(&variants, Exactness::SameBehavior, Patience::here(TIME)))
}

impl Tally {
    fn add(&mut self, sizes: &[Sizes; 2], found: &Comparison) {
        self.smaller += usize::from(sizes[1].stripped < sizes[0].stripped);
        self.sizes.iter_mut().zip(sizes).for_each(|(sum, sizes)| sum.add(sizes));
        let Comparison { same, trapped, other_traps, inconclusive, left_out, .. } = *found;
        let calls = [same, trapped, other_traps, inconclusive, left_out];
        self.calls.iter_mut().zip(calls).for_each(|(sum, calls)| *sum += calls);
        println!("    calls: {calls:?}");
        if !found.waiting.is_empty() {
            println!("    skipped, because they wait: {:?}", found.waiting);
        }
        if let Some(why) = &found.not_run {
            self.not_run += 1;
            println!("    not run: {why}");
        }
        found.differences.iter().for_each(|text| println!("    DIFFERENT: {text}"));
        self.different += usize::from(!found.differences.is_empty());
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { modules, smaller, different, failed, .. } = self;
        write!(
            f,
            "optimize: {modules} modules, {smaller} smaller, {different} different results, {failed} failed"
        )
    }
}

/// A line with the sizes before and after.
struct Row<'a>(&'a [Sizes; 2]);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = self.0;
        let columns = [
            ("wasm", before.wasm, after.wasm),
            ("stripped", before.stripped, after.stripped),
            ("artifact", before.artifact, after.artifact),
        ];
        for (i, (what, before, after)) in columns.into_iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let percent = (after as f64 - before as f64) / before.max(1) as f64 * 100.0;
            write!(f, "{comma}{what} {before} → {after} ({percent:+.1} %)")?;
        }
        Ok(())
    }
}
