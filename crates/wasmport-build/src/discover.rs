//! Discover: the asset files below the import roots, sorted, each with its name.

use crate::error::{AssetError, Error, Stage, over_limit};
use crate::fs;
use crate::manifest::{ARTIFACTS, Entry, Manifest};
use crate::names;
use crate::settings::{AssetRules, AssetSettings, Settings, Symlinks};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::{DirEntry, WalkDir};

/// A file to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the root, with `/` between parts.
    pub source: String,
    /// The Rust modules that lead to its wrapper, the wrapper's own last.
    pub module: Vec<String>,
    /// What is chosen for it, shared with those for which the same is chosen.
    pub settings: Arc<AssetSettings>,
}

impl Found {
    /// The asset's name: unique in the project, and the path of its outputs.
    pub fn name(&self) -> String {
        self.module.join("/")
    }

    /// What it depends on besides its source: the folders and files that its initialization reads, and
    /// those that its settings name.
    pub fn inputs(&self, settings: &Settings) -> Vec<PathBuf> {
        let mut inputs = self.settings.preinit.inputs(&settings.folder);
        inputs.extend(self.settings.inputs(&settings.folder));
        inputs
    }

    /// Refuses a file of `len` bytes where the settings allow fewer: before anything reads it.
    pub fn check_size(&self, len: u64) -> Result<(), AssetError> {
        let limit = self.settings.limits.bytes();
        if len <= limit {
            return Ok(());
        }
        Err(over_limit(&self.path, Stage::Read, len, limit, "bytes", "max-bytes"))
    }
}

/// What discovering gives: files, and places that could not be searched.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    pub found: Vec<Found>,
    /// Files that are there but not asked for: their outputs stay.
    pub others: Vec<Found>,
    /// By the path below the root.
    pub failed: Vec<(String, AssetError)>,
    /// Patterns of choices for assets that match none.
    pub unused_rules: Vec<String>,
    /// Every folder that was searched, for `cargo::rerun-if-changed`.
    pub folders: Vec<PathBuf>,
}

/// What becomes of assets that were imported before and are not imported now, by name.
#[derive(Debug, Default)]
pub(crate) struct Former<'a> {
    /// Not asked for, or the place of the source cannot be searched: the outputs stay.
    pub kept: Vec<(&'a str, &'a Entry)>,
    /// The source was removed.
    pub gone: Vec<(&'a str, &'a Entry)>,
}

impl Discovered {
    /// Sorts what was imported before and is not among the files found.
    pub fn former<'a>(&self, previous: &'a Manifest) -> Former<'a> {
        let names = |files: &[Found]| files.iter().map(Found::name).collect::<HashSet<_>>();
        let (found, others) = (names(&self.found), names(&self.others));
        let mut former = Former::default();
        for (name, entry) in previous.assets.iter().filter(|(name, _)| !found.contains(*name)) {
            let is_kept = others.contains(name) || self.cannot_search(&entry.source);
            let list = if is_kept { &mut former.kept } else { &mut former.gone };
            list.push((name, entry));
        }
        former
    }

    /// Whether an import leaves alone what there is of a source: it is not asked for, or its place
    /// cannot be searched.
    pub fn keeps(&self, source: &str) -> bool {
        self.others.iter().any(|found| found.source == source) || self.cannot_search(source)
    }

    fn cannot_search(&self, source: &str) -> bool {
        self.failed.iter().any(|(place, _)| {
            let rest = source.strip_prefix(place.as_str());
            place.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// Finds the assets that the settings select.
///
/// # Errors
///
/// Where a root does not exist or a glob is malformed. A single file that cannot be used is in
/// [`Discovered::failed`].
pub(crate) fn discover(settings: &Settings) -> Result<Discovered, Error> {
    settings.check()?;
    let selection = Selection::new(settings)?;
    let mut discovered = Discovered::default();
    let mut files = BTreeMap::new();
    let output = fs::canonicalize(&settings.out_dir).ok();
    for root in &settings.roots {
        let real = fs::canonicalize(root).map_err(|e| {
            let place = settings.place_of("import.roots");
            Error::settings(
                format!("{place}import root: {e}"),
                "create the folder, or name another with `roots`",
            )
        })?;
        let own = output.as_ref().and_then(|output| own_folder(root, &real, output));
        walk(root, &real, own.as_deref(), &selection, &mut discovered, |source, path| match files
            .insert(source.clone(), path)
        {
            None => Ok(()),
            Some(other) => Err(Error::settings(
                format!("two import roots hold `{source}`: one is `{}`", other.display()),
                "rename one, or import them separately",
            )),
        })?;
    }
    let rules = AssetRules::new(settings);
    discovered.unused_rules = rules.unused(files.keys().map(String::as_str));
    discovered.found = name(files, &rules);
    let mut checked = HashSet::new();
    for found in &discovered.found {
        if checked.insert(Arc::as_ptr(&found.settings)) {
            settings.check_asset(&found.source, &found.settings)?;
        }
    }
    select(settings, &mut discovered)?;
    Ok(discovered)
}

/// Leaves what the settings ask for in `found`. Names come from all files, so that an asset has the
/// same one however it is selected.
fn select(settings: &Settings, discovered: &mut Discovered) -> Result<(), Error> {
    if settings.only.is_empty() {
        return Ok(());
    }
    let paths = discovered.found.iter().map(|found| fs::canonicalize(&found.path));
    let paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    let only: Vec<PathBuf> =
        settings.only.iter().map(|only| fs::canonicalize(only)).collect::<Result<_, _>>()?;
    for (only, given) in only.iter().zip(&settings.only) {
        if !paths.iter().any(|path| path.starts_with(only)) {
            return Err(Error::settings(
                format!("`{}` selects no asset of this project", given.display()),
                "name a file or folder below the import roots that the settings do not exclude",
            ));
        }
    }
    for (found, path) in std::mem::take(&mut discovered.found).into_iter().zip(paths) {
        let is_wanted = only.iter().any(|only| path.starts_with(only));
        let list = if is_wanted { &mut discovered.found } else { &mut discovered.others };
        list.push(found);
    }
    Ok(())
}

struct Selection {
    include: Option<GlobSet>,
    exclude: GlobSet,
    /// Folders of which everything is excluded.
    exclude_folders: GlobSet,
    symlinks: Symlinks,
}

impl Selection {
    fn new(settings: &Settings) -> Result<Self, Error> {
        let said = |key: &str, patterns: &[String]| {
            globs(patterns).map_err(|(message, help)| {
                let place = settings.place_of(&format!("import.{key}"));
                Error::settings(format!("{place}`{key}`: {message}"), help)
            })
        };
        let include = (!settings.include.is_empty())
            .then(|| said("include", &settings.include))
            .transpose()?;
        let folders = settings.exclude.iter().filter_map(|glob| glob.strip_suffix("/**"));
        let folders: Vec<String> = folders.map(Into::into).collect();
        Ok(Self {
            include,
            exclude: said("exclude", &settings.exclude)?,
            exclude_folders: said("exclude", &folders)?,
            symlinks: settings.symlinks,
        })
    }

    /// Whether a folder's files may be wanted.
    fn searches(&self, source: &str) -> bool {
        !self.exclude_folders.is_match(source)
    }

    /// Whether a file or folder may be wanted of which nothing but its path is known.
    fn may_want(&self, source: &str) -> bool {
        let path = Path::new(source);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Emacs locks a file by a link of this name, which is to lead nowhere.
        let is_lock = name.starts_with(".#");
        let is_folder = path.extension().is_none() && self.searches(source);
        !is_lock && !self.exclude.is_match(source) && (is_folder || self.contains(source))
    }

    /// Whether a file is wanted.
    fn contains(&self, source: &str) -> bool {
        let extension = Path::new(source).extension().unwrap_or_default();
        (extension.eq_ignore_ascii_case("wasm") || extension.eq_ignore_ascii_case("wat"))
            && self.include.as_ref().is_none_or(|globs| globs.is_match(source))
            && !self.exclude.is_match(source)
    }
}

/// Or what is wrong with them, and what to do about it.
fn globs(patterns: &[String]) -> Result<GlobSet, (String, &'static str)> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|e| {
            let help =
                "write globs as in `mods/**/*.wasm`: `*` stays within a folder, `**` does not";
            (e.to_string(), help)
        })?);
    }
    set.build().map_err(|e| (e.to_string(), "use fewer or simpler globs"))
}

/// The folder below a root that holds our own output: modules too, where one of the targets is the
/// wasm itself.
fn own_folder(root: &Path, real_root: &Path, output: &Path) -> Option<PathBuf> {
    let output = output.strip_prefix(real_root).ok()?;
    // Sources and output may be side by side.
    let is_root = output.as_os_str().is_empty();
    Some(root.join(if is_root { Path::new(ARTIFACTS) } else { output }))
}

fn walk(
    root: &Path,
    real_root: &Path,
    own: Option<&Path>,
    selection: &Selection,
    discovered: &mut Discovered,
    mut add: impl FnMut(String, PathBuf) -> Result<(), Error>,
) -> Result<(), Error> {
    // As by their names, of which paths need not be taken apart to find them.
    let by_path = |a: &DirEntry, b: &DirEntry| a.path().as_os_str().cmp(b.path().as_os_str());
    let mut entries = WalkDir::new(root).follow_links(true).sort_by(by_path).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let path = e.path().unwrap_or(root);
                let source = source_name(root, path);
                if e.depth() == 0 || selection.may_want(&source) {
                    discovered.failed.push((source, unusable(path, &e)));
                }
                continue;
            }
        };
        let source = source_name(root, entry.path());
        let is_folder = entry.file_type().is_dir();
        // A root was named: neither globs nor its extension decide about it.
        let wanted = entry.depth() == 0
            || match is_folder {
                true => selection.searches(&source) && own != Some(entry.path()),
                false => selection.contains(&source),
            };
        let checked = if wanted { check(&entry, real_root, selection) } else { Ok(()) };
        if is_folder && (!wanted || checked.is_err()) {
            entries.skip_current_dir();
        }
        match checked {
            Err(error) => discovered.failed.push((source, error)),
            Ok(()) if !wanted => {}
            Ok(()) if is_folder => discovered.folders.push(entry.into_path()),
            Ok(()) => add(source, entry.into_path())?,
        }
    }
    Ok(())
}

/// What cannot be searched or leads nowhere.
fn unusable(path: &Path, error: &walkdir::Error) -> AssetError {
    let (message, help) = if error.loop_ancestor().is_some() {
        ("the symbolic link leads to a folder around it", "remove the link, or exclude it")
    } else if path.is_symlink() && !path.exists() {
        ("the symbolic link leads nowhere", "remove the link or repair it, or exclude it")
    } else {
        let message = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        return AssetError::new(path, Stage::Discover, message)
            .help("see to it that this user may read it, or exclude it");
    };
    AssetError::new(path, Stage::Discover, message.to_owned()).help(help)
}

/// Refuses a name that cannot be written, what is no file, and a link that leaves the root.
fn check(entry: &DirEntry, real_root: &Path, selection: &Selection) -> Result<(), AssetError> {
    let error = |message: String| AssetError::new(entry.path(), Stage::Discover, message);
    if entry.path().to_str().is_none() {
        return Err(error("the path is not UTF-8".into()).help("rename the file, or exclude it"));
    }
    // Cargo, which is told about each path, would take the rest of a path for something else.
    if entry.path().to_string_lossy().contains(char::is_control) {
        return Err(error("the path holds a control character".into())
            .help("rename the file, or exclude it"));
    }
    let kind = entry.file_type();
    if !kind.is_dir() && !kind.is_file() {
        return Err(error("it is no file: reading a pipe or a device may never end".into())
            .help("remove it, or exclude it"));
    }
    if !entry.path_is_symlink() || entry.depth() == 0 || selection.symlinks == Symlinks::Follow {
        return Ok(());
    }
    let real = fs::canonicalize(entry.path()).map_err(|e| error(e.to_string()))?;
    if real.starts_with(real_root) {
        return Ok(());
    }
    Err(error(format!(
        "the symbolic link leaves the import root: it leads to `{}`",
        real.display()
    ))
    .help("set `symlinks = \"follow\"` if that is wanted, or exclude it"))
}

/// The path below the root with `/` between parts; of a root that is a file, its name; of one that
/// is a folder, nothing.
fn source_name(root: &Path, path: &Path) -> String {
    let relative = match path.strip_prefix(root) {
        Ok(relative) if !relative.as_os_str().is_empty() => relative,
        _ if root.is_dir() => Path::new(""),
        _ => Path::new(path.file_name().unwrap_or_default()),
    };
    let parts: Vec<_> =
        relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Names that are no files on Windows, whatever the extension: checked-in output is for all systems.
const DEVICES: &[&str] = &[
    "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con", "lpt1",
    "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

/// Gives each folder and file a Rust module of its own within the folder above it.
fn name(files: BTreeMap<String, PathBuf>, rules: &AssetRules) -> Vec<Found> {
    let mut scopes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in files.keys() {
        for (end, _) in source.match_indices('/').chain([(source.len(), "")]) {
            let path = &source[..end];
            scopes.entry(parent(path)).or_default().insert(path);
        }
    }
    let mut idents: BTreeMap<&str, String> = BTreeMap::new();
    for paths in scopes.values() {
        let requests: Vec<names::Request> = paths
            .iter()
            .map(|path| {
                let last = path.rsplit('/').next().unwrap_or(path);
                let stem = if files.contains_key(*path) {
                    last.rsplit_once('.').map_or(last, |(stem, _)| stem)
                } else {
                    last
                };
                names::Request::new(stem).keyed_by(path)
            })
            .collect();
        idents.extend(paths.iter().copied().zip(names::snake_case(&requests, DEVICES)));
    }
    let module = |source: &str| {
        let ends = source.match_indices('/').map(|(end, _)| end).chain([source.len()]);
        ends.map(|end| idents[&source[..end]].clone()).collect()
    };
    let mut chosen = HashMap::new();
    let mut settings = |source: &str| {
        let settings = chosen.entry(rules.matching(source));
        Arc::clone(settings.or_insert_with(|| Arc::new(rules.of(source))))
    };
    let found = files.iter().map(|(source, path)| Found {
        path: path.clone(),
        source: source.clone(),
        module: module(source),
        settings: settings(source),
    });
    found.collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
