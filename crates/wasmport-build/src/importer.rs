//! `Importer`: the builder around the pipeline, for build scripts and programs.

#[cfg(feature = "compiler")]
use crate::bounds::{Overrun, Watchdog};
use crate::build_script::BuildScript;
use crate::check::{Patches, check};
use crate::error::Error;
use crate::files::{Files, HEADER};
use crate::lock::LockMode;
#[cfg(feature = "compiler")]
use crate::manifest::Manifest;
use crate::report::{Report, Status};
#[cfg(feature = "compiler")]
use crate::run::{Place, Progress, import, serve};
use crate::settings::{
    AssetExplanation, AssetSettings, CacheSettings, Explanation, Settings, Symlinks, Tools,
};
#[cfg(feature = "compiler")]
use crate::stages::Pass;
#[cfg(feature = "compiler")]
use crate::store::CacheFolder;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wasmport::EngineConfig;
use wasmport::engine::{Target, WasmFeature};

/// Imports the assets of a project, or checks what was imported before.
///
/// ```no_run
/// # #[cfg(feature = "compiler")]
/// # fn main() -> Result<(), wasmport_build::Error> {
/// use wasmport_build::EngineConfig;
///
/// wasmport_build::configure()
///     .root("assets")
///     .exclude("experiments/**")
///     .engine(EngineConfig::new().fuel(true))
///     .import()?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "compiler"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "call `import`, `verify`, `run` or `check`"]
pub struct Importer {
    settings: Settings,
    has_default_root: bool,
}

/// An importer with default settings: root `assets`, output `src/assets`, the host's baseline.
pub fn configure() -> Importer {
    Importer { settings: Settings::default(), has_default_root: true }
}

impl Importer {
    /// An importer with these settings, such as those of a `wasmport.toml`.
    pub fn new(settings: Settings) -> Self {
        Self { settings, has_default_root: false }
    }

    /// Adds a folder to search, or a single file. The first call replaces the default.
    pub fn root(mut self, path: impl Into<PathBuf>) -> Self {
        if std::mem::take(&mut self.has_default_root) {
            self.settings.roots.clear();
        }
        self.settings.roots.push(path.into());
        self
    }

    /// Imports or checks only what is at or below this path, which lies below a root. What else was
    /// imported stays as it is.
    pub fn only(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.only.push(path.into());
        self
    }

    /// Where the output goes. Build scripts have a place of their own.
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.out_dir = path.into();
        self
    }

    /// Imports only files that match this or another such glob.
    pub fn include(mut self, glob: impl Into<String>) -> Self {
        self.settings.include.push(glob.into());
        self
    }

    /// Leaves out files that match.
    pub fn exclude(mut self, glob: impl Into<String>) -> Self {
        self.settings.exclude.push(glob.into());
        self
    }

    /// What to do with symbolic links.
    pub fn symlinks(mut self, symlinks: Symlinks) -> Self {
        self.settings.symlinks = symlinks;
        self
    }

    /// The engine configuration of the project.
    pub fn engine(mut self, engine: EngineConfig) -> Self {
        self.settings.engine = engine;
        self
    }

    /// Adds a target to compile for. Without any, an import is for the machine it runs on, and in
    /// a build script for the target of the build.
    pub fn target(mut self, target: Target) -> Self {
        self.settings.targets.get_or_insert_default().push(target);
        self
    }

    /// Lets assets use a proposal that Wasmtime does not enable by default.
    pub fn wasm_feature(mut self, feature: WasmFeature) -> Self {
        self.settings.features = self.settings.features.with(feature);
        self
    }

    /// Choices for all assets.
    pub fn defaults(mut self, settings: AssetSettings) -> Self {
        self.settings.defaults = settings;
        self
    }

    /// Choices for the assets that [`AssetSettings::matching`] names; where several match, later
    /// ones win.
    pub fn asset(mut self, settings: AssetSettings) -> Self {
        self.settings.assets.push(settings);
        self
    }

    /// The programs that stages run.
    pub fn tools(mut self, tools: Tools) -> Self {
        self.settings.tools = tools;
        self
    }

    /// Adds a pass over modules; passes run in the order in which they were added.
    #[cfg(feature = "compiler")]
    pub fn pass(mut self, pass: impl Pass + 'static) -> Self {
        self.settings.passes.list.push(std::sync::Arc::new(pass));
        self
    }

    /// Whether artifacts are part of the program; else it reads them when it runs. Default: true.
    pub fn embed(mut self, embed: bool) -> Self {
        self.settings.embed = embed;
        self
    }

    /// Threads at most. Default: one for each processor.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.settings.jobs = Some(jobs);
        self
    }

    /// Memory that the assets which are compiled at once may take together, in MiB, as far as can be
    /// told before.
    pub fn memory_mib(mut self, mib: u32) -> Self {
        self.settings.memory_mib = Some(mib);
        self
    }

    /// Where results are kept, so that no work is done twice.
    pub fn cache(mut self, cache: CacheSettings) -> Self {
        self.settings.cache = cache;
        self
    }

    /// Neither looks for results of earlier imports nor keeps any.
    pub fn no_cache(mut self) -> Self {
        self.settings.cache.enabled = Some(false);
        self
    }

    /// The cache itself; nothing where the settings want none.
    #[cfg(feature = "compiler")]
    pub fn cache_folder(&self) -> Option<CacheFolder> {
        let folder = crate::store::location(&self.settings.cache)?;
        Some(CacheFolder::new(folder, self.settings.cache.max_bytes()))
    }

    /// Imports write what they imported into the lock file.
    pub fn update_lock(mut self) -> Self {
        self.settings.lock = LockMode::Update;
        self
    }

    /// Imports and checks refuse what differs from the lock file, and do not write it.
    pub fn locked(mut self) -> Self {
        self.settings.lock = LockMode::Locked;
        self
    }

    /// [`run`](Self::run) and [`run_in_helper`](Self::run_in_helper) compile everything again, using
    /// nothing that an earlier import left, write nothing, and compare instead: with the files in the
    /// output folder, their manifest, and the lock file where the settings say to do something with
    /// it. What differs is stale in the report.
    #[cfg(feature = "compiler")]
    pub fn reproduce(mut self) -> Self {
        self.settings.reproduce = true;
        self
    }

    /// Imports, in this process: nothing bounds the time and memory that it takes. The failure of
    /// single assets is in the report.
    ///
    /// # Errors
    ///
    /// Where the settings cannot be followed or the output cannot be written.
    #[cfg(feature = "compiler")]
    pub fn run(&self, progress: &dyn Progress) -> Result<Report, Error> {
        Ok(import(&self.complete()?, progress, &Place::Here)?.report)
    }

    /// Imports in a process of its own, which is ended where an asset takes more time or memory than
    /// its limits allow; an asset that crashes it fails alone. `command` starts a program that calls
    /// [`serve`](Self::serve) of an importer with the same settings.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and where the program does not start.
    #[cfg(feature = "compiler")]
    pub fn run_in_helper(
        &self,
        progress: &dyn Progress,
        command: impl Fn() -> std::io::Result<std::process::Command>,
    ) -> Result<Report, Error> {
        let place = Place::Helper(crate::bounds::Helper(&command));
        Ok(import(&self.complete()?, progress, &place)?.report)
    }

    /// The other side of [`run_in_helper`](Self::run_in_helper): imports what it is told on standard
    /// input, and tells on standard output what became of it.
    ///
    /// # Errors
    ///
    /// Where the settings cannot be followed.
    #[cfg(feature = "compiler")]
    pub fn serve(&self) -> Result<(), Error> {
        serve(&self.complete()?)
    }

    #[cfg(feature = "compiler")]
    fn complete(&self) -> Result<Settings, Error> {
        let mut settings = self.settings.clone();
        if settings.reproduce && settings.targets.is_none() {
            // What there is may have been imported on another machine.
            let targets = Manifest::read(&settings.out_dir)?.targets();
            settings.targets = (!targets.is_empty()).then_some(targets);
        }
        settings.targets.get_or_insert_with(|| vec![Target::host()]);
        Ok(settings)
    }

    /// What applies to the project and to each of its assets, and where each value came from.
    ///
    /// # Errors
    ///
    /// Where the settings cannot be followed.
    pub fn explain(&self) -> Result<Explanation, Error> {
        let discovered = crate::discover::discover(&self.settings)?;
        let rules = crate::settings::AssetRules::new(&self.settings);
        let asset = |found: &crate::discover::Found| AssetExplanation {
            source: found.source.clone(),
            name: found.name(),
            settings: self.settings.explain_asset(&rules.matching(&found.source)),
        };
        let assets = discovered.found.iter().map(asset).collect();
        Ok(Explanation { project: self.settings.explain(), assets })
    }

    /// Every folder that is searched, each asset, the settings file, and what initializing assets
    /// reads, file by file: what changes an import has changed one of these, or their list.
    ///
    /// # Errors
    ///
    /// Where the settings cannot be followed.
    pub fn inputs(&self) -> Result<Vec<PathBuf>, Error> {
        let discovered = crate::discover::discover(&self.settings)?;
        let found = discovered.found.iter();
        let read: BTreeSet<PathBuf> =
            found.clone().flat_map(|found| found.inputs(&self.settings)).collect();
        let mut inputs = discovered.folders;
        inputs.extend(found.map(|found| found.path.clone()));
        inputs.extend(read.iter().flat_map(|path| crate::fs::paths_of_tree(path)));
        inputs.extend(self.settings.file.clone());
        Ok(inputs)
    }

    /// Compares sources and output; writes nothing. What is stale is in the report.
    ///
    /// # Errors
    ///
    /// Where the settings cannot be followed.
    pub fn check(&self) -> Result<Report, Error> {
        Ok(check(&self.settings, Patches::Stale)?.0)
    }

    /// In `build.rs`: imports for the target of the build, and for its CPU levels, `portable` and
    /// `source` where the settings name them; for `wasmport::include_assets!()`.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] with every asset that failed; [`Error::Settings`] outside a build script.
    /// A build script does not write the lock file, and what it leaves is not there to be compared.
    /// Where the import of an asset takes more time or memory than its limits allow, it says so and
    /// ends the build.
    #[cfg(feature = "compiler")]
    pub fn import(mut self) -> Result<Report, Error> {
        if self.settings.lock == LockMode::Update || self.settings.reproduce {
            return Err(Error::settings(
                "a build script neither writes the lock file nor compares with what is there",
                "use `locked()` in build.rs, and `cargo wasmport import` to write the lock file",
            ));
        }
        let cargo = BuildScript::once()?;
        self.settings.out_dir.clone_from(&cargo.out_dir);
        let cache = || crate::store::of_build_script(&cargo.out_dir);
        self.settings.cache.dir.get_or_insert_with(cache);
        // Documentation shows the wrappers; nobody runs them.
        let targets = if cargo.docs_rs { Vec::new() } else { self.targets_of(&cargo.target)? };
        self.settings.targets = Some(targets);
        let watchdog = Watchdog::start(|overruns| {
            // A pass of the project's own may have printed half a line.
            println!();
            for Overrun { source, message, key } in overruns {
                let help = format!("raise `{key}` for it, or exclude it");
                println!("cargo::error=`{}`: the import {message}; {help}", source.escape_debug());
            }
            crate::tool::end_all();
            std::process::exit(1);
        });
        let outcome = import(&self.settings, &(), &Place::Watched(watchdog))?;
        let watched = outcome.folders.iter().chain(&outcome.files).chain(&self.settings.file);
        let lock = self.locked_by();
        cargo.rerun_if_changed(watched.chain(&lock));
        outcome.report.warnings.iter().for_each(|warning| cargo.warn(warning));
        match outcome.report.count(Status::Failed) {
            0 => Ok(outcome.report),
            _ => Err(Error::Failed(Box::new(outcome.report))),
        }
    }

    /// The lock file, where it decides.
    fn locked_by(&self) -> Option<PathBuf> {
        (self.settings.lock == LockMode::Locked).then(|| self.settings.lock_file())
    }

    /// The target of the build decides: of those in the settings, what runs there. Where they name
    /// machines and not this one, it has its baseline too.
    #[cfg(feature = "compiler")]
    fn targets_of(&self, build: &str) -> Result<Vec<Target>, Error> {
        let wanted = self.settings.targets.as_deref().unwrap_or_default();
        let is_general = |target: &&Target| target.triple().is_none();
        let build = match build.parse::<Target>() {
            Ok(build) => build,
            // Whatever else the machine is, these run on it.
            Err(e) => {
                let runs = |target: &&Target| {
                    target.is_source() || target.is_portable() && runs_portable(build)
                };
                let targets: Vec<Target> = wanted.iter().filter(runs).cloned().collect();
                let help = "import for `source`, or, where the machine has 64 bits and is \
                            little-endian, for `portable`: name it with `target`";
                return match targets.is_empty() {
                    true => Err(Error::settings(e.to_string(), help)),
                    false => Ok(targets),
                };
            }
        };
        let fits = |target: &&Target| target.has_triple_of(&build) || is_general(target);
        let mut targets: Vec<Target> = wanted.iter().filter(fits).cloned().collect();
        let has_machine_code = targets.iter().any(|target| !is_general(&target));
        let wants_machine_code = wanted.is_empty() || wanted.iter().any(|t| !is_general(&t));
        if wants_machine_code && !has_machine_code {
            targets.push(build);
        }
        Ok(targets)
    }

    /// In `build.rs`: checks what `cargo wasmport import` has put into the output folder, and makes
    /// it what `wasmport::include_assets!()` includes. Needs no compiler.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`] with every asset whose output does not belong to its source any more, and
    /// [`Error::Failed`] with those that cannot be read.
    pub fn verify(self) -> Result<Report, Error> {
        let cargo = BuildScript::once()?;
        let (mut report, discovered) = check(&self.settings, Patches::Warn)?;
        let files = discovered.found.iter().map(|found| &found.path);
        let inputs: Vec<PathBuf> =
            discovered.found.iter().flat_map(|found| found.inputs(&self.settings)).collect();
        let output = [&self.settings.out_dir];
        let watched = discovered.folders.iter().chain(files).chain(&inputs);
        let watched = watched.chain(&self.settings.file).chain(output);
        let lock = self.locked_by();
        cargo.rerun_if_changed(watched.chain(&lock));
        report.warnings.iter().for_each(|warning| cargo.warn(warning));
        if !cargo.docs_rs {
            report.require_target(&cargo.target);
        }
        if report.count(Status::Failed) > 0 {
            return Err(Error::Failed(Box::new(report)));
        }
        if report.count(Status::Stale) > 0 {
            return Err(Error::Stale(Box::new(report)));
        }
        include_from(&self.settings.out_dir, &cargo.out_dir)?;
        Ok(report)
    }
}

/// Makes the build's `mod.rs` lead to the one in `imported`.
fn include_from(imported: &Path, out_dir: &Path) -> Result<(), Error> {
    let module = crate::fs::canonicalize(imported)?.join("mod.rs");
    let mut files = Files::default();
    let include = format!("include!({:?});\n", module.display().to_string());
    files.add("mod.rs", format!("{HEADER}: the imported output is elsewhere.\n{include}"));
    // All of the folder is this build script's.
    files.write(out_dir, |_| true)
}

/// Whether the interpreter's code runs on the machine that a triple names.
#[cfg(feature = "compiler")]
fn runs_portable(triple: &str) -> bool {
    let is_right = |triple: target_lexicon::Triple| {
        triple.pointer_width() == Ok(target_lexicon::PointerWidth::U64)
            && triple.endianness() == Ok(target_lexicon::Endianness::Little)
    };
    triple.parse().is_ok_and(is_right)
}
