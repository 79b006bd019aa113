//! Imports a folder of real wasm files and compares the verdicts with the expected ones.

mod index;
mod optimize;
mod tally;
mod verdict;

use crate::wrappers::Wrappers;
use calls::printable;
use index::Index;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tally::Tally;
use verdict::Outcome;
use wasmport_build::{
    AssetReport, Importer, LegacyExceptions, OptimizeLevel, Progress, Report, Settings,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with `.wasm` and `.wat` files at any depth
    dir: PathBuf,
    /// Expected verdicts: tab-separated, with columns `package`, `file` and `verdict`
    #[arg(long, value_name = "FILE")]
    index: Option<PathBuf>,
    /// Settings of the import, such as wasm features and choices for assets; roots and output are those of
    /// this command
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Compile all generated wrappers, with warnings denied
    #[arg(long)]
    wrappers: bool,
    /// Translate legacy exceptions with `wasm-opt`
    #[arg(long)]
    translate: bool,
    /// Import each module with and without `wasm-opt` at this level, such as `O3`, and compare sizes
    /// and the behavior of exports
    #[arg(long, value_name = "LEVEL", value_parser = level, conflicts_with = "wrappers")]
    optimize: Option<OptimizeLevel>,
    /// Skip larger files
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
}

fn level(text: &str) -> serde_json::Result<OptimizeLevel> {
    serde_json::from_value(text.into())
}

pub(crate) fn run(args: &Args) -> crate::Result {
    if let Some(level) = args.optimize {
        return optimize::run(args, level);
    }
    let tally = corpus(args)?;
    println!("{tally}");
    std::io::stdout().flush()?;
    if tally.is_good() {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

fn corpus(args: &Args) -> crate::Result<Tally> {
    let index = args.index.as_deref().map(|path| Index::read(path, args.translate));
    let index = index.transpose()?;
    let scratch = Wrappers::new()?;
    let report = args.importer(&scratch.out_dir())?.run(&Lines::new())?;
    let outcomes: Vec<Outcome> = report.assets.iter().map(Outcome::of).collect();
    let mut tally = Tally::default();
    outcomes.iter().for_each(|outcome| tally.add(outcome, index.as_ref()));
    if let Some(index) = &index {
        let mut absent = index.absent_from(&outcomes);
        let large = args.large_files()?;
        absent.retain(|source| !large.iter().any(|large| large == source));
        tally.add_absent(&absent, &args.dir);
    }
    print_totals(&report, &tally);
    if args.wrappers {
        check_wrappers(&scratch, &report, &mut tally)?;
    }
    Ok(tally)
}

impl Args {
    /// Returns the importer of everything below the folder. Artifacts are not embedded, so that
    /// compiling the wrappers does not read them.
    fn importer(&self, out_dir: &Path) -> crate::Result<Importer> {
        let file = self.config.as_deref().map(Settings::from_file).transpose()?;
        let mut settings = file.unwrap_or_default();
        settings.roots = vec![self.dir.clone()];
        if self.translate {
            settings.defaults.legacy_exceptions = Some(LegacyExceptions::Translate);
        }
        let importer = Importer::new(settings).no_cache().out_dir(out_dir).embed(false);
        let large = self.large_files()?;
        Ok(large.iter().fold(importer, |importer, file| importer.exclude(globset::escape(file))))
    }

    /// Returns the files to skip, relative to the folder.
    fn large_files(&self) -> crate::Result<Vec<String>> {
        let Some(most) = self.max_bytes else { return Ok(Vec::new()) };
        let mut large = Vec::new();
        for entry in walkdir::WalkDir::new(&self.dir) {
            let entry = entry?;
            if entry.file_type().is_file() && entry.metadata()?.len() > most {
                let path = entry.path().strip_prefix(&self.dir)?;
                large.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
        Ok(large)
    }
}

fn print_totals(report: &Report, tally: &Tally) {
    println!("{}", tally.files());
    let artifacts = || report.assets.iter().flat_map(|asset| &asset.artifacts);
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "imported in {:.1} s: {:.1} MB of artifacts",
        report.seconds,
        mb(artifacts().map(|artifact| artifact.bytes).sum())
    );
    if let Some(largest) = artifacts().max_by_key(|artifact| artifact.bytes) {
        println!("largest artifact: {:.1} MB, {}", mb(largest.bytes), largest.path);
    }
}

fn check_wrappers(scratch: &Wrappers, report: &Report, tally: &mut Tally) -> crate::Result {
    let start = Instant::now();
    let failed = scratch.check()?;
    for (wrapper, error) in &failed {
        let source = report.assets.iter().find(|asset| asset.name == *wrapper);
        let source = source.map_or(wrapper, |asset| &asset.source);
        println!("wrapper   {}: {}", printable(source), error.trim_end());
    }
    println!("compiled the wrappers in {:.1} s", start.elapsed().as_secs_f64());
    tally.add_wrappers(failed.len());
    Ok(())
}

/// Prints a line for each imported file: large ones take long.
struct Lines {
    start: Instant,
    all: AtomicUsize,
    done: AtomicUsize,
}

impl Lines {
    fn new() -> Self {
        Self { start: Instant::now(), all: AtomicUsize::new(0), done: AtomicUsize::new(0) }
    }
}

impl Progress for Lines {
    fn begin(&self, assets: usize) {
        self.all.store(assets, Ordering::Relaxed);
    }

    fn done(&self, asset: &AssetReport) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let all = self.all.load(Ordering::Relaxed);
        let seconds = self.start.elapsed().as_secs_f64();
        eprintln!("[{done}/{all}] {seconds:.1} s: {}", printable(&asset.source));
    }
}
