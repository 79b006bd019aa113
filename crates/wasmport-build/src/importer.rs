//! `Importer`: the builder around the run, for build scripts and programs.

#[cfg(feature = "compiler")]
mod project;

#[cfg(feature = "compiler")]
pub use project::write_file;

use crate::build_script;
#[cfg(feature = "compiler")]
use crate::codegen::GuestLanguage;
use crate::error::Error;
#[cfg(feature = "compiler")]
use crate::error::did_you_mean;
#[cfg(feature = "compiler")]
use crate::inspector::{self, Overview, OverviewOptions};
#[cfg(feature = "compiler")]
use crate::names::nearest;
#[cfg(feature = "compiler")]
use crate::partition::Partition;
#[cfg(feature = "compiler")]
use crate::pipeline::{guest, needs_concurrency};
use crate::project::check::{OlderPatch, check};
use crate::project::discover::{AssetFile, Discovered, discover};
use crate::project::manifest::Manifest;
use crate::report::Report;
#[cfg(feature = "compiler")]
use crate::run::{self, Executor, Progress};
use crate::settings::{
    Alternatives, AssetExplanation, AssetRules, AssetSettings, CacheSettings, Concurrency,
    DebugProfile, Explanation, LockMode, Profile, Settings, Symlinks, Tools, concurrency,
};
#[cfg(feature = "compiler")]
use crate::settings::{Merge, Pass};
#[cfg(feature = "compiler")]
use crate::store::CacheFolder;
use std::collections::BTreeSet;
use std::path::PathBuf;
use wasmport::EngineConfig;
use wasmport::engine::{Target, WasmFeature};

/// The importer of a project's assets.
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
#[must_use = "call `import`, `check`, `run` or `run_check`"]
pub struct Importer {
    settings: Settings,
    has_default_root: bool,
}

/// Creates an importer with default settings: root `assets`, output `src/assets`, the host's baseline.
pub fn configure() -> Importer {
    Importer { settings: Settings::default(), has_default_root: true }
}

impl Importer {
    /// Creates an importer with these settings, such as those of a `wasmport.toml`.
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

    /// Imports or checks only the assets at or below this path, which lies below a root. The outputs of
    /// other assets stay.
    pub fn only(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.only.push(path.into());
        self
    }

    /// Sets the output folder. Build scripts use a folder in `OUT_DIR`.
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.out_dir = path.into();
        self
    }

    /// Imports only files that match this or another such glob.
    pub fn include(mut self, glob: impl Into<String>) -> Self {
        self.settings.include.push(glob.into());
        self
    }

    /// Excludes files that match.
    pub fn exclude(mut self, glob: impl Into<String>) -> Self {
        self.settings.exclude.push(glob.into());
        self
    }

    /// Sets the treatment of symbolic links.
    pub fn symlinks(mut self, symlinks: Symlinks) -> Self {
        self.settings.symlinks = symlinks;
        self
    }

    /// Sets the path of the `wasmport` crate in generated code, for programs that rename the dependency or
    /// get it through another crate. Default: `::wasmport`.
    pub fn crate_path(mut self, path: impl Into<String>) -> Self {
        self.settings.crate_path = path.into();
        self
    }

    /// Sets the engine configuration of the project. Its
    /// [`concurrency_support`](EngineConfig::concurrency_support) counts if it is on; else
    /// [`concurrency`](Self::concurrency) decides.
    pub fn engine(mut self, engine: EngineConfig) -> Self {
        self.settings.engine = engine;
        self
    }

    /// Sets what the import is for. Default: in a build script what cargo builds for, else
    /// [`Profile::Release`].
    pub fn profile(mut self, profile: Profile) -> Self {
        self.settings.profile = Some(profile);
        self
    }

    /// Sets what development imports replace in the engine configuration, to compile in less time. Default: nothing.
    pub fn debug_profile(mut self, profile: DebugProfile) -> Self {
        self.settings.debug_profile = profile;
        self
    }

    /// Sets whether the engine supports concurrent calls of components. Default: if an asset needs it.
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.settings.concurrency = concurrency;
        self
    }

    /// Adds a target to compile for. Default: this machine; in a build script, the target of the build.
    pub fn target(mut self, target: Target) -> Self {
        self.settings.targets.get_or_insert_default().push(target);
        self
    }

    /// Allows a proposal that Wasmtime does not enable by default.
    pub fn wasm_feature(mut self, feature: WasmFeature) -> Self {
        self.settings.features = self.settings.features.with(feature);
        self
    }

    /// Sets the settings of all assets.
    pub fn defaults(mut self, settings: AssetSettings) -> Self {
        self.settings.defaults = settings;
        self
    }

    /// Adds settings for the assets that [`AssetSettings::matching`] names. If several match, the last
    /// one wins.
    pub fn asset(mut self, settings: AssetSettings) -> Self {
        self.settings.assets.push(settings);
        self
    }

    /// Adds an interface of code that arrives while the program runs: [`AssetSettings::interface`].
    pub fn interface(mut self, settings: AssetSettings) -> Self {
        self.settings.interfaces.push(settings);
        self
    }

    /// Sets the programs that stages run.
    pub fn tools(mut self, tools: Tools) -> Self {
        self.settings.tools = tools;
        self
    }

    /// Runs programs outside of the project that a settings file names in `tools`.
    pub fn allow_tools(mut self) -> Self {
        self.settings.allow_tools = true;
        self
    }

    /// Adds a pass over modules; passes run in the order in which they were added.
    #[cfg(feature = "compiler")]
    pub fn pass(mut self, pass: impl Pass + 'static) -> Self {
        self.settings.passes.list.push(std::sync::Arc::new(pass));
        self
    }

    /// Sets whether the program contains the artifacts, instead of reading them at run time. Default: true.
    pub fn embed(mut self, embed: bool) -> Self {
        self.settings.embed = embed;
        self
    }

    /// Sets the number of threads. Default: one per processor.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.settings.jobs = Some(jobs);
        self
    }

    /// Sets the estimated memory that all running compilations may take together, in MiB.
    pub fn memory_mib(mut self, mib: u32) -> Self {
        self.settings.memory_mib = Some(mib);
        self
    }

    /// Sets the cache of results.
    pub fn cache(mut self, cache: CacheSettings) -> Self {
        self.settings.cache = cache;
        self
    }

    /// Uses no cache.
    pub fn no_cache(mut self) -> Self {
        self.settings.cache.enabled = Some(false);
        self
    }

    /// Uses results that others wrote into the cache folder too, whatever their key, and whoever may write
    /// there. All of them can then decide what code the program runs.
    pub fn trust_cache(mut self) -> Self {
        self.settings.cache.trust = Some(true);
        self
    }

    /// Returns the cache folder, or `None` if the settings use no cache.
    #[cfg(feature = "compiler")]
    pub fn cache_folder(&self) -> Option<CacheFolder> {
        CacheFolder::new(&self.settings)
    }

    /// Writes the module after each stage as text into `DIR/ASSET/NN-STAGE.wat`. It needs the cargo
    /// feature `emit-stages`.
    #[cfg(feature = "compiler")]
    pub fn emit_stages(mut self, dir: impl Into<PathBuf>) -> Self {
        self.settings.emit_stages = Some(dir.into());
        self
    }

    /// Writes the imported assets into the lock file.
    pub fn update_lock(mut self) -> Self {
        self.settings.lock = LockMode::Update;
        self
    }

    /// Refuses what differs from the lock file, and does not write it.
    pub fn locked(mut self) -> Self {
        self.settings.lock = LockMode::Locked;
        self
    }

    /// Makes [`run`](Self::run) and [`run_in_helper`](Self::run_in_helper) compile everything again without
    /// the cache, write nothing, and compare the results with the output folder, its manifest, and the
    /// lock file unless the settings ignore it. Differences are stale in the report.
    #[cfg(feature = "compiler")]
    pub fn reproduce(mut self) -> Self {
        self.settings.reproduce = true;
        self
    }

    /// Makes [`run`](Self::run) and [`run_in_helper`](Self::run_in_helper) compile only the items of this part into
    /// the cache, and write no output. An item is an asset with a target. Every job computes the same parts from the
    /// same files and settings; [`merge`](Self::merge) imports from the results of all of them.
    #[cfg(feature = "compiler")]
    pub fn partition(mut self, partition: Partition) -> Self {
        self.settings.partition = Some(partition);
        self
    }

    /// Makes [`run`](Self::run) and [`run_in_helper`](Self::run_in_helper) import from the results of other jobs: they
    /// compile nothing, and write nothing if an artifact is missing, unless the merge compiles what is missing.
    #[cfg(feature = "compiler")]
    pub fn merge(mut self, merge: Merge) -> Self {
        self.settings.merge = Some(merge);
        self
    }

    /// Imports in this process, without bounds on time and memory. The report names assets that failed.
    ///
    /// # Errors
    ///
    /// Fails if the settings contradict each other, or the output cannot be written.
    #[cfg(feature = "compiler")]
    pub fn run(&self, progress: &dyn Progress) -> Result<Report, Error> {
        Ok(run::import(&self.complete()?, progress, &Executor::Local)?.report)
    }

    /// Returns the guest's side of the interface or asset `name`: source code for those who write plug-ins. Of an
    /// interface with versions it is that of `version`, or of the newest.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Arguments`] if the project has no such interface, and with [`Error::Asset`] if the
    /// file cannot be read or is not valid, or if the language is for the other kind of code.
    #[cfg(feature = "compiler")]
    pub fn guest(
        &self,
        name: &str,
        version: Option<&str>,
        language: GuestLanguage,
    ) -> Result<String, Error> {
        let discovered = discover(&self.settings)?;
        let failed = discovered.failed.into_iter();
        let own = format!("#{name}");
        if let Some((_, error)) = failed.into_iter().find(|(source, _)| source.ends_with(&own)) {
            return Err(error.into());
        }
        let Some(file) = discovered.assets.iter().find(|file| file.name() == name) else {
            let names: Vec<String> = discovered.assets.iter().map(AssetFile::name).collect();
            let near = nearest(name, names.iter().map(String::as_str));
            let help = near.map_or_else(
                || "name an `[[interface]]` of the settings, or an asset".into(),
                did_you_mean,
            );
            return Err(Error::arguments(
                format!("the project has no interface `{}`", name.escape_debug()),
                help,
            ));
        };
        Ok(guest(file, &self.settings, language, version)?)
    }

    /// Imports in a helper process, which ends if an asset exceeds its limits. An asset that crashes it
    /// fails alone. `command` starts a program that calls [`serve`](Self::serve) of an importer with the
    /// same settings.
    ///
    /// # Errors
    ///
    /// Fails like [`run`](Self::run), and with [`Error::Helper`] if the program does not start.
    #[cfg(feature = "compiler")]
    pub fn run_in_helper(
        &self,
        progress: &dyn Progress,
        command: impl Fn() -> std::io::Result<std::process::Command>,
    ) -> Result<Report, Error> {
        let executor = Executor::Helper(run::Helper(&command));
        Ok(run::import(&self.complete()?, progress, &executor)?.report)
    }

    /// Runs the helper process of [`run_in_helper`](Self::run_in_helper): reads sources on standard input,
    /// and writes results on standard output.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Settings`] if the settings contradict each other.
    #[cfg(feature = "compiler")]
    pub fn serve(&self) -> Result<(), Error> {
        run::serve(&self.complete()?)
    }

    /// Adds the default targets.
    #[cfg(feature = "compiler")]
    pub(crate) fn complete(&self) -> Result<Settings, Error> {
        let mut settings = self.settings.clone();
        settings.apply_profile(Profile::Release);
        if settings.reproduce && settings.targets.is_none() {
            // The outputs may come from another machine.
            let targets = Manifest::read(&settings.out_dir)?.targets();
            settings.targets = (!targets.is_empty()).then_some(targets);
        }
        settings.targets.get_or_insert_with(|| vec![Target::host()]);
        Ok(settings)
    }

    /// Returns the settings of the project and of each asset, with the origin of each value.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Settings`] if the settings contradict each other.
    pub fn explain(&self) -> Result<Explanation, Error> {
        let discovered = discover(&self.settings)?;
        let rules = AssetRules::new(&self.settings);
        let asset = |file: &AssetFile| AssetExplanation {
            source: file.source.clone(),
            name: file.name(),
            settings: self.settings.explain_asset(&rules.matching(&file.source)),
        };
        let assets = discovered.assets.iter().map(asset).collect();
        let mut project = self.settings.explain();
        if Alternatives::new(&self.settings).are_open() {
            let needing = self.need_concurrency(&discovered)?;
            let key = format!("engine.{}", concurrency::KEY);
            let setting = project.iter_mut().find(|setting| setting.key == key);
            setting.into_iter().for_each(|s| s.decision = Some(concurrency::decision(&needing)));
        }
        Ok(Explanation { project, assets })
    }

    /// Returns the sources of the project that need an engine with concurrency.
    #[cfg(feature = "compiler")]
    fn need_concurrency<'a>(&self, discovered: &'a Discovered) -> Result<Vec<&'a str>, Error> {
        let files = discovered.assets.iter().chain(&discovered.unselected);
        let needing = files.filter(|file| needs_concurrency(file, &self.settings));
        Ok(needing.map(|file| file.source.as_str()).collect())
    }

    /// Returns the sources of the project that needed an engine with concurrency at the last import.
    #[cfg(not(feature = "compiler"))]
    fn need_concurrency<'a>(&self, discovered: &'a Discovered) -> Result<Vec<&'a str>, Error> {
        let manifest = Manifest::read(&self.settings.out_dir)?;
        let files = discovered.assets.iter().chain(&discovered.unselected);
        let needing = files.filter(|file| {
            manifest.assets.get(&file.name()).is_some_and(|entry| entry.concurrency)
        });
        Ok(needing.map(|file| file.source.as_str()).collect())
    }

    /// Returns the searched folders, the assets, the settings file, and the files that initializations
    /// read. Every change of an import's result changes one of these files, or the list.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Settings`] if the settings contradict each other.
    pub fn inputs(&self) -> Result<Vec<PathBuf>, Error> {
        let discovered = discover(&self.settings)?;
        let assets = discovered.assets.iter();
        let read: BTreeSet<PathBuf> =
            assets.clone().flat_map(|file| file.inputs(&self.settings)).collect();
        let mut inputs = discovered.folders;
        inputs.extend(assets.map(|file| file.path.clone()));
        let follow = self.settings.symlinks == Symlinks::Follow;
        inputs.extend(read.iter().flat_map(|path| crate::fs::paths_of_tree(path, follow)));
        inputs.extend(self.settings.file.clone());
        Ok(inputs)
    }

    /// Describes the selected assets as the output folder has them: imports and who satisfies them, exports, sizes,
    /// artifacts. `report` is that of [`run`](Self::run) or [`run_check`](Self::run_check).
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Settings`] if the settings contradict each other, and with [`Error::File`] if the manifest
    /// cannot be read.
    #[cfg(feature = "compiler")]
    pub fn overview(&self, report: &Report, options: &OverviewOptions) -> Result<Overview, Error> {
        inspector::overview(&self.settings, report, options)
    }

    #[cfg(feature = "compiler")]
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Compares outputs with sources, and writes nothing. The report names the stale assets.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Settings`] if the settings contradict each other.
    pub fn run_check(&self) -> Result<Report, Error> {
        Ok(check(&self.settings, OlderPatch::Stale)?.0)
    }

    /// Imports in a `build.rs`, for the target of the build, and for its CPU levels, `portable` and
    /// `source` if the settings name them. `::wasmport::include_assets!()` includes the output.
    ///
    /// If the import of an asset exceeds its limits, the build script names it and ends. A build script
    /// does not write the lock file.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Failed`] and every asset that failed, and with [`Error::BuildScript`] outside
    /// a build script.
    #[cfg(feature = "compiler")]
    pub fn import(self) -> Result<Report, Error> {
        build_script::import(self.settings)
    }

    /// Checks in a `build.rs` that imported output belongs to its sources, and includes it. It needs no
    /// compiler.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Stale`] if an output does not belong to its source or there is none for the
    /// target of the build, with [`Error::Failed`] if an asset cannot be read, and with
    /// [`Error::BuildScript`] outside a build script.
    pub fn check(self) -> Result<Report, Error> {
        build_script::check(&self.settings)
    }
}
