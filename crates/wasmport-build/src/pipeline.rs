//! The importer: every stage between a folder of wasm files and a folder of Rust.
//!
//! ```text
//! discover → read → validate → compile per target → interface → codegen → files → write
//! ```

use crate::codegen;
use crate::compile::{Compiled, catch_panic, compile};
use crate::discover::{Discovered, Found, discover};
use crate::error::{AssetError, Error, Stage};
use crate::files::Files;
use crate::freshness::Freshness;
use crate::fs;
use crate::interface::Interface;
use crate::manifest::{self, Entry, Manifest, inside};
use crate::pack::{Packed, pack};
use crate::read::Source;
use crate::report::{AssetReport, Kind, Report, Status};
use crate::settings::Settings;
use crate::validate::{ValidModule, validate};
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

/// Watches a run: for progress bars.
pub trait Progress: Sync {
    /// The run has so many assets.
    fn begin(&self, assets: usize) {
        let _ = assets;
    }

    /// One of them is done.
    fn done(&self, asset: &AssetReport) {
        let _ = asset;
    }
}

/// Watches nothing.
impl Progress for () {}

/// What a run did, and what a build script must watch.
pub(crate) struct Outcome {
    pub report: Report,
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// Imports everything that the settings select. The failure of an asset ends neither the run nor
/// what was imported from it before.
pub(crate) fn import(settings: &Settings, progress: &dyn Progress) -> Result<Outcome, Error> {
    let start = Instant::now();
    let discovered = discover(settings)?;
    let freshness = Freshness::new(settings)?;
    progress.begin(discovered.found.len());

    let import_and_tell = |found: &Found| {
        let (report, entry) = import_one(settings, &freshness, found);
        progress.done(&report);
        (report, entry)
    };
    let results: Vec<(AssetReport, Option<Entry>)> =
        in_pool(settings.jobs, || discovered.found.par_iter().map(import_and_tell).collect())?;

    let (manifest, mut report) = gather(settings, &freshness, &discovered, results);
    // An import that finds nothing to do does not print everything to see that it is the same.
    if !is_as_it_was(settings, &freshness, &report) {
        finish(settings, freshness.previous(), manifest)?;
    }
    report.seconds = start.elapsed().as_secs_f64();
    let files = discovered.found.into_iter().map(|found| found.path).collect();
    Ok(Outcome { report, folders: discovered.folders, files })
}

/// What there is after the run, and what the run did.
fn gather(
    settings: &Settings,
    freshness: &Freshness<'_>,
    discovered: &Discovered,
    results: Vec<(AssetReport, Option<Entry>)>,
) -> (Manifest, Report) {
    let mut manifest = Manifest::new(settings.engine);
    let mut report = Report::default();
    for (mut asset, entry) in results {
        let warnings = std::mem::take(&mut asset.warnings).into_iter();
        report.warnings.extend(warnings.map(|why| format!("`{}`: {why}", asset.source)));
        manifest.assets.extend(entry.map(|entry| (asset.name.clone(), entry)));
        report.assets.push(asset);
    }
    let unused = discovered.unused_rules.iter();
    report.warnings.extend(unused.map(|pattern| {
        format!("the choices for `{pattern}` are for no asset: no source file matches")
    }));
    let former = discovered.former(freshness.previous());
    let kept = former.kept.into_iter().map(|(name, entry)| (name.to_string(), entry.clone()));
    manifest.assets.extend(kept);
    report.removed = former.gone.into_iter().map(|(_, entry)| entry.source.clone()).collect();
    report.assets.extend(discovered.failed.iter().map(AssetReport::of_failure));
    (manifest, report)
}

/// One asset; what there is of it afterwards goes into the manifest.
fn import_one(
    settings: &Settings,
    freshness: &Freshness<'_>,
    found: &Found,
) -> (AssetReport, Option<Entry>) {
    let mut kind = Kind::Module;
    let result = catch_panic(|| stages(settings, freshness, found, &mut kind));
    let result = result.unwrap_or_else(|panic| {
        Err(AssetError::new(&found.path, Stage::Validate, format!("panicked: {panic}"))
            .help("report it to wasmport with the file"))
    });
    match result {
        Ok((status, entry, warnings)) => {
            let report = AssetReport::of_entry(&entry, &found.name(), status);
            (AssetReport { warnings, ..report }, Some(entry))
        }
        // What was imported before stays what the program gets.
        Err(error) => (AssetReport::failed(found, kind, error), freshness.entry(found).cloned()),
    }
}

/// Every stage between a file and its outputs, in order. Between reading and writing none does I/O;
/// `pack` calls code generation.
fn stages(
    settings: &Settings,
    freshness: &Freshness<'_>,
    found: &Found,
    kind: &mut Kind,
) -> Result<(Status, Entry, Vec<String>), AssetError> {
    let source = Source::read(found)?;
    if let Some(entry) = freshness.up_to_date(found, source.digest) {
        return Ok((Status::Unchanged, entry.clone(), Vec::new()));
    }
    let keys = freshness.keys(found, source.digest);
    let wasm = source.into_wasm()?;
    *kind = Kind::of(&wasm.wasm);
    let module = validate(wasm.refuse_component()?, settings.features)?;
    let compiled = compile_for_each_target(&module, settings)?;
    let interface = Interface::of(&module)?;
    let Packed { entry, files, mut warnings } =
        pack(settings, found, keys, module.features(), compiled, interface)?;
    warnings.extend(freshness.entry(found).and_then(|former| moved_methods(former, &entry)));
    let written = files.write(&settings.out_dir, |path| freshness.previous().owns(path));
    written.map_err(|e| AssetError::new(&found.path, Stage::Write, e.to_string()))?;
    Ok((Status::Imported, entry, warnings))
}

/// Says where a method calls another export than before: a program would compile, and do another
/// thing.
fn moved_methods(former: &Entry, now: &Entry) -> Option<String> {
    let [former, now]: [Option<Interface>; 2] =
        [former, now].map(|entry| serde_json::from_str(entry.interface.get()).ok());
    let (former, now) = (former?, now?);
    let moved = now.moved_methods(&former);
    let (method, then, export) = moved.first()?;
    let more =
        if moved.len() > 1 { format!(", and {} more", moved.len() - 1) } else { String::new() };
    Some(format!(
        "the method `{method}` called the export {then:?} and calls {export:?} from now on{more}"
    ))
}

fn compile_for_each_target(
    module: &ValidModule,
    settings: &Settings,
) -> Result<Vec<Compiled>, AssetError> {
    let targets = settings.targets.par_iter().flatten();
    targets.map(|target| compile(module, &settings.engine, target)).collect()
}

/// Whether `finish` would write what is there: the same assets, all fresh, and an undamaged tree.
fn is_as_it_was(settings: &Settings, freshness: &Freshness<'_>, report: &Report) -> bool {
    let previous = freshness.previous();
    !report.assets.is_empty()
        && report.count(Status::Unchanged) == report.assets.len()
        && report.removed.is_empty()
        && previous.engine == settings.engine
        && freshness.damaged_tree().is_none()
}

/// Writes what belongs to all assets, and removes what belongs to none any more.
fn finish(settings: &Settings, previous: &Manifest, mut manifest: Manifest) -> Result<(), Error> {
    let modules = manifest.assets.values().map(|entry| entry.module.as_slice());
    let tree = codegen::tree(modules, &settings.engine).map_err(|message| Error::Settings {
        message,
        help: Some("report it to wasmport".into()),
    })?;
    tree.write(&settings.out_dir, |path| previous.owns(path))?;
    manifest.tree = tree.digests();
    // Before the manifest, which alone knows of them.
    let wanted: HashSet<&str> = manifest.outputs().map(|(path, _)| path).collect();
    for (path, _) in previous.outputs().filter(|(path, _)| !wanted.contains(path)) {
        if let Some(path) = inside(&settings.out_dir, path) {
            fs::remove_with_empty_folders(&path, &settings.out_dir)?;
        }
    }
    let mut files = Files::default();
    files.add(manifest::FILE, manifest.to_json());
    files.write(&settings.out_dir, |_| true)
}

/// Runs `work` in one pool, which the compiler uses for its functions too.
fn in_pool<T: Send>(jobs: Option<usize>, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let Some(jobs) = jobs else { return Ok(work()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let pool = pool.map_err(|e| Error::settings(e.to_string(), "ask for fewer jobs"))?;
    Ok(pool.install(work))
}
