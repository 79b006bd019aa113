//! Discovery: the asset files below the import roots, sorted, each with its name and settings.

mod naming;
mod selection;
mod walk;

use crate::asset::{AssetError, Kind, Stage};
use crate::error::{Error, SettingsError, SettingsErrorKind};
use crate::fs;
use crate::project::manifest::{Entry, Manifest};
use crate::project::pins::{Pin, Pins};
use crate::report::{AssetReport, Status};
use crate::settings::{
    AssetRules, AssetSettings, Part, Settings, Version, nearest_path, prefix, with_nearest,
};
use selection::Selection;
pub(crate) use selection::UnusedGlob;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmport::Digest;

/// A file to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssetFile {
    pub path: PathBuf,
    /// The path below the root, with `/` between parts.
    pub source: String,
    /// The Rust modules that lead to the wrapper, the wrapper's own last.
    pub module: Vec<String>,
    /// The settings, shared by all files that the same rules match.
    pub settings: Arc<AssetSettings>,
    /// The pin of a file that came from a registry.
    pub pin: Option<Arc<Pin>>,
}

impl AssetFile {
    /// Returns the files that describe the versions of an interface, oldest first, with the versions.
    pub fn versions(&self, settings: &Settings) -> Vec<(Version, Self)> {
        let versions = self.settings.all_versions().into_iter();
        let files = versions.map(|version| {
            let path = settings.folder.join(version.path());
            let own = self.settings.of_version(&version);
            let module = self.module.iter().chain([&version.module]).cloned().collect();
            let (source, settings) = (self.source.clone(), Arc::new(own));
            (version, Self { path, source, module, settings, pin: None })
        });
        files.collect()
    }

    /// Returns whether a world in WIT describes it.
    pub fn is_world(&self) -> bool {
        let newest = self.settings.all_versions().pop();
        self.settings.wit.is_some() || newest.is_some_and(|version| !version.is_module())
    }

    /// Returns whether it describes an interface, and is no asset.
    pub fn is_interface(&self) -> bool {
        self.settings.is_interface()
    }

    /// Returns the asset's name, which is unique in the project and the path of its outputs.
    pub fn name(&self) -> String {
        self.module.join("/")
    }

    /// Returns the other files and folders that the outputs depend on: those that the initialization
    /// reads, and those that the asset's settings name.
    pub fn inputs(&self, settings: &Settings) -> Vec<PathBuf> {
        let mut inputs = self.settings.preinit.inputs(&settings.folder);
        inputs.extend(self.settings.inputs(&settings.folder));
        inputs
    }

    /// Refuses a file of `len` bytes if the settings allow fewer, before anything reads it.
    pub fn check_size(&self, len: u64) -> Result<(), AssetError> {
        let limit = self.settings.limits.bytes();
        if len <= limit {
            return Ok(());
        }
        Err(AssetError::over_limit(&self.path, Stage::Read, len, limit, "bytes", "max-bytes"))
    }

    /// Returns the digest of the file, unless the lock file pins another.
    ///
    /// # Errors
    ///
    /// Fails with both digests.
    pub fn as_pinned(&self, found: Digest) -> Result<Digest, AssetError> {
        match &self.pin {
            Some(pin) if pin.blake3 != found => Err(pin.changed(&self.path, found)),
            _ => Ok(found),
        }
    }

    /// Reports the file as failed.
    pub fn failed(&self, kind: Kind, error: AssetError) -> AssetReport {
        let report = AssetReport::new(&self.source, &self.name(), Status::Failed);
        AssetReport { kind, error: Some(error), ..report }.at(&self.path)
    }
}

/// The files below the import roots, and the places that were not searched.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    /// The selected assets.
    pub assets: Vec<AssetFile>,
    /// Assets that this run does not select. Their outputs stay.
    pub unselected: Vec<AssetFile>,
    /// Places that cannot be used, by their path below the root.
    pub failed: Vec<(String, AssetError)>,
    /// Patterns of `[[asset]]` rules that match no file.
    pub unused_rules: Vec<String>,
    /// Globs of the project's settings that match nothing.
    pub unused_globs: Vec<UnusedGlob>,
    /// The searched folders, for `cargo::rerun-if-changed`.
    pub folders: Vec<PathBuf>,
}

impl Discovered {
    /// Returns the manifest's entries whose sources were removed, by asset name.
    pub fn removed<'a>(&self, previous: &'a Manifest) -> Vec<(&'a str, &'a Entry)> {
        let files = self.assets.iter().chain(&self.unselected);
        let names: HashSet<String> = files.map(AssetFile::name).collect();
        let entries = previous.assets.iter().map(|(name, entry)| (name.as_str(), &**entry));
        let is_removed = |(name, entry): &(&str, &Entry)| {
            !names.contains(*name) && !self.is_unsearched(&entry.source)
        };
        entries.filter(is_removed).collect()
    }

    /// Returns the name of the asset that a source is now, if it is one.
    pub fn name_of(&self, source: &str) -> Option<String> {
        let mut files = self.assets.iter().chain(&self.unselected);
        files.find(|file| file.source == source).map(AssetFile::name)
    }

    /// Returns whether a run keeps the outputs of a source that it does not import: the source is not
    /// selected, or its place cannot be searched.
    pub fn keeps(&self, source: &str) -> bool {
        self.unselected.iter().any(|file| file.source == source) || self.is_unsearched(source)
    }

    fn is_unsearched(&self, source: &str) -> bool {
        self.failed.iter().any(|(place, _)| {
            let rest = source.strip_prefix(place.as_str());
            place.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Returns every file that the outputs depend on besides the settings.
    pub fn files(&self, settings: &Settings) -> Vec<PathBuf> {
        let inputs = self.assets.iter().flat_map(|file| file.inputs(settings));
        self.assets.iter().map(|file| file.path.clone()).chain(inputs).collect()
    }
}

/// Finds the assets that the settings select.
///
/// # Errors
///
/// Fails with [`Error::Settings`] if a root does not exist, a glob is malformed, or the settings of an
/// asset contradict each other. A file that cannot be used is in [`Discovered::failed`].
pub(crate) fn discover(settings: &Settings) -> Result<Discovered, Error> {
    settings.check()?;
    let selection = Selection::new(settings)?;
    let mut discovered = Discovered::default();
    let mut files = search_roots(settings, &selection, &mut discovered)?;
    let rules = AssetRules::new(settings);
    discovered.unused_rules = rules.unused(files.keys().map(String::as_str));
    discovered.unused_globs = selection.unused();
    discovered.failed.extend(naming::take_twins(&mut files));
    discovered.assets = naming::name(files, &rules);
    let pins = Pins::read(settings)?;
    for file in &mut discovered.assets {
        file.pin = pins.of(&file.source).cloned().map(Arc::new);
    }
    discovered.failed.extend(pins.missing(settings));
    check_settings(settings, &discovered.assets)?;
    interfaces(settings, &rules, &mut discovered)?;
    select(settings, &mut discovered)?;
    Ok(discovered)
}

/// Walks all roots and returns the files by source.
fn search_roots(
    settings: &Settings,
    selection: &Selection,
    discovered: &mut Discovered,
) -> Result<BTreeMap<String, PathBuf>, Error> {
    let mut files = BTreeMap::<String, PathBuf>::new();
    let output = fs::canonicalize(&settings.out_dir).ok();
    for root in &settings.roots {
        let real = fs::canonicalize(root).map_err(|e| missing_root(settings, root, e))?;
        let own = output.as_ref().and_then(|output| walk::own_folder(root, &real, output));
        let add = |source: String, path| match files.insert(source.clone(), path) {
            None => Ok(()),
            Some(path) => {
                let kind = SettingsErrorKind::SameName { name: source, path };
                Err(settings.error("import.roots", kind).into())
            }
        };
        walk::walk(root, &real, own.as_deref(), selection, discovered, add)?;
    }
    Ok(files)
}

/// Explains that a root cannot be found, with the nearest name in its folder.
fn missing_root(settings: &Settings, root: &Path, error: Error) -> SettingsError {
    let source = Box::new(error);
    if settings.is_written("import.roots") {
        let nearest = nearest_path(root, &settings.folder);
        return settings.error("import.roots", SettingsErrorKind::Root { source, nearest });
    }
    let nearest = nearest_path(root, Path::new(""));
    SettingsError::new(SettingsErrorKind::GivenRoot { source, nearest })
}

/// Adds the files that describe interfaces.
fn interfaces(
    settings: &Settings,
    rules: &AssetRules,
    discovered: &mut Discovered,
) -> Result<(), Error> {
    for (index, interface) in settings.interfaces.iter().enumerate() {
        let (Some((key, path)), Some(name), Some(source)) =
            (interface.description(), &interface.name, interface.source())
        else {
            continue;
        };
        if let Some(asset) = discovered.assets.iter().find(|file| file.module.first() == Some(name))
        {
            let (name, asset) = (name.clone(), asset.source.clone());
            let kind = SettingsErrorKind::InterfaceOfAsset { name, asset };
            let key = format!("interface.{index}.name");
            let place = settings.origin.as_ref().and_then(|file| file.location(&key));
            return Err(SettingsError::new(kind).at(place).into());
        }
        let path = settings.folder.join(&path);
        if let Err(e) = fs::canonicalize(&path) {
            let place = prefix(settings.choice_location(&source, key, Part::Whole));
            let error = AssetError::new(&path, Stage::Read, format!("{place}{e}"));
            discovered.failed.push((source, with_nearest(error, &path, &settings.folder)));
            continue;
        }
        discovered.assets.push(AssetFile {
            path,
            module: vec![name.clone()],
            settings: Arc::new(rules.of(&source)),
            source,
            pin: None,
        });
    }
    Ok(())
}

/// Checks each distinct set of asset settings once.
fn check_settings(settings: &Settings, assets: &[AssetFile]) -> Result<(), Error> {
    let mut checked = HashSet::new();
    let mut distinct = assets.iter().filter(|file| checked.insert(Arc::as_ptr(&file.settings)));
    distinct.try_for_each(|file| settings.check_asset(&file.source, &file.settings))?;
    Ok(())
}

/// Moves the assets that the settings do not select to `unselected`. Names come from all files, so an
/// asset has the same name however it is selected.
fn select(settings: &Settings, discovered: &mut Discovered) -> Result<(), Error> {
    if settings.only.is_empty() {
        return Ok(());
    }
    let paths = discovered.assets.iter().map(|file| fs::canonicalize(&file.path));
    let paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    let only: Vec<PathBuf> =
        settings.only.iter().map(|only| fs::canonicalize(only)).collect::<Result<_, _>>()?;
    for (only, given) in only.iter().zip(&settings.only) {
        let mut failed =
            discovered.failed.iter().filter_map(|(_, e)| fs::canonicalize(&e.path).ok());
        if !paths.iter().any(|path| path.starts_with(only))
            && !failed.any(|path| path.starts_with(only))
        {
            return Err(Error::arguments(
                format!("`{}` selects no asset of this project", given.display()),
                "name a file or folder below the import roots that the settings do not exclude; a \
                 hidden file is an asset if an `include` pattern names it, with its dot",
            ));
        }
    }
    for (file, path) in std::mem::take(&mut discovered.assets).into_iter().zip(paths) {
        let is_selected = only.iter().any(|only| path.starts_with(only));
        let list = if is_selected { &mut discovered.assets } else { &mut discovered.unselected };
        list.push(file);
    }
    Ok(())
}
