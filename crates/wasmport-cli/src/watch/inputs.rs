//! Inputs of an import at one moment, and changes of them.

use crate::args::SelectionArgs;
use notify::RecursiveMode;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wasmport_build::{Error, Importer, Settings};

/// The maximal time to wait for a pause between changes.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(5);

/// The inputs of an import. An import is needed if the list differs or one of the files changed.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Inputs {
    /// The paths, and the targets of symbolic links.
    pub paths: BTreeSet<PathBuf>,
    /// The reason why the list is incomplete.
    error: Option<String>,
}

/// A change of files.
pub(super) enum Change {
    /// Any file may have changed.
    Anything,
    /// The files at these paths changed; the paths are [`normalized`].
    At(BTreeSet<PathBuf>),
}

impl Inputs {
    /// Reads the list of inputs. If the settings have an error, it includes the previous inputs.
    pub fn read(args: &SelectionArgs, default_config: Option<&Path>, previous: &Self) -> Self {
        let mut inputs = Self::default();
        let error = match args.settings(default_config) {
            Ok(settings) => inputs.add_all(settings).err(),
            Err(error) => {
                inputs.paths.clone_from(&previous.paths);
                Some(error)
            }
        };
        inputs.error = error.map(|error| error.to_string());
        let file = args.options.config.as_deref().or(default_config);
        inputs.add(file.unwrap_or(Path::new("wasmport.toml")));
        inputs
    }

    fn add_all(&mut self, settings: Settings) -> Result<(), Error> {
        let named = settings.roots.iter().chain(&settings.only);
        named.for_each(|path| self.add(path));
        let out_dir = resolved(&settings.out_dir);
        let is_around_a_root =
            settings.roots.iter().any(|root| resolved(root).starts_with(&out_dir));
        Importer::new(settings).inputs()?.iter().for_each(|path| self.add(path));
        // Outputs of an import are not inputs.
        if !is_around_a_root {
            self.paths.retain(|path| !path.starts_with(&out_dir));
        }
        Ok(())
    }

    fn add(&mut self, path: &Path) {
        let path = normalized(path);
        self.paths.extend(path.canonicalize());
        self.paths.extend(links_on_the_way(&path));
        self.paths.insert(path);
    }

    /// Returns whether one of the inputs changed.
    pub fn contain(&self, change: &Change) -> bool {
        match change {
            Change::Anything => true,
            Change::At(paths) => paths.iter().any(|path| self.paths.contains(path)),
        }
    }

    /// Returns the folders to watch. For missing paths and links, that is the folder around them.
    pub fn folders(&self) -> BTreeMap<PathBuf, RecursiveMode> {
        let mut folders = BTreeMap::new();
        for path in &self.paths {
            if path.is_dir() && !path.is_symlink() {
                folders.insert(path.clone(), RecursiveMode::Recursive);
            } else if let Some(folder) = path.parent().filter(|folder| folder.is_dir()) {
                folders.entry(folder.into()).or_insert(RecursiveMode::NonRecursive);
            }
        }
        // Paths are sorted: folders follow directly on the folder around them.
        let mut above: Option<PathBuf> = None;
        folders.retain(|folder, mode| {
            if above.as_ref().is_some_and(|above| folder.starts_with(above)) {
                return false;
            }
            above = (*mode == RecursiveMode::Recursive).then(|| folder.clone());
            true
        });
        folders
    }
}

/// The largest number of links that are followed on the way to a file.
const MAX_LINKS: usize = 40;

/// Returns the symbolic links on the way from `path`, in which no folder is a link, to its file: a mounted
/// volume is swapped as a whole by one link between a file's name and its content.
fn links_on_the_way(path: &Path) -> Vec<PathBuf> {
    let mut links: Vec<PathBuf> = Vec::new();
    let mut next = Some(path.to_path_buf());
    while let Some(path) = next.take().filter(|_| links.len() < MAX_LINKS) {
        let mut prefixes: Vec<&Path> = path.ancestors().collect();
        prefixes.reverse();
        let link = prefixes.into_iter().find_map(|prefix| Some((prefix, prefix.read_link().ok()?)));
        if let Some((link, target)) = link {
            let rest = path.strip_prefix(link).unwrap_or(Path::new(""));
            let folder = link.parent().unwrap_or(Path::new(""));
            next = Some(folder.join(target).join(rest)).filter(|next| next != link);
            links.push(normalized(link));
        }
    }
    links
}

/// Resolves a path, which may be missing.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| normalized(path))
}

/// Makes a path absolute and resolves symbolic links above it. The path may be missing.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let real = path.ancestors().skip(1).find_map(|folder| {
        let rest = path.strip_prefix(folder).ok()?;
        Some(folder.canonicalize().ok()?.join(rest))
    });
    real.unwrap_or(path)
}
