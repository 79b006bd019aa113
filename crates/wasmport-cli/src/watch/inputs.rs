//! What imports depend on, as it is at one moment.

use crate::SelectionArgs;
use notify::RecursiveMode;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wasmport_build::{Error, Importer, Settings};

/// What imports depend on: an import is needed where this differs, or one of the files changed.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Inputs {
    /// Each where it is, and where it leads to if it is a symbolic link.
    pub paths: BTreeSet<PathBuf>,
    /// Why not all are known.
    error: Option<String>,
}

/// What changed.
pub(super) enum Change {
    /// Something that is not known.
    Anything,
    /// What is at these paths, each [`located`].
    At(BTreeSet<PathBuf>),
}

impl Inputs {
    /// What there is now; where the settings have an error, besides all that there was.
    pub fn look(args: &SelectionArgs, default_config: Option<&Path>, former: &Self) -> Self {
        let mut inputs = Self::default();
        let error = match args.settings(default_config) {
            Ok(settings) => inputs.add_all(settings).err(),
            Err(error) => {
                inputs.paths.clone_from(&former.paths);
                Some(error)
            }
        };
        inputs.error = error.map(|error| error.to_string());
        let file = args.config.as_deref().or(default_config);
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
        // What an import writes is no reason for another.
        if !is_around_a_root {
            self.paths.retain(|path| !path.starts_with(&out_dir));
        }
        Ok(())
    }

    fn add(&mut self, path: &Path) {
        self.paths.insert(located(path));
        self.paths.extend(path.canonicalize());
    }

    /// Whether one of them changed.
    pub fn holds(&self, change: &Change) -> bool {
        match change {
            Change::Anything => true,
            Change::At(paths) => paths.iter().any(|path| self.paths.contains(path)),
        }
    }

    /// The folders to watch; of what is not there, or is a link, the folder that it would be in.
    pub fn folders(&self) -> BTreeMap<PathBuf, RecursiveMode> {
        let mut folders = BTreeMap::new();
        for path in &self.paths {
            if path.is_dir() && !path.is_symlink() {
                folders.insert(path.clone(), RecursiveMode::Recursive);
            } else if let Some(folder) = path.parent().filter(|folder| folder.is_dir()) {
                folders.entry(folder.into()).or_insert(RecursiveMode::NonRecursive);
            }
        }
        // What lies below another comes right after it.
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

/// Where a path leads to, whether or not there is something.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| located(path))
}

/// Where a path is, whether or not there is something: without symbolic links above it.
pub(super) fn located(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let real = path.ancestors().skip(1).find_map(|folder| {
        let rest = path.strip_prefix(folder).ok()?;
        Some(folder.canonicalize().ok()?.join(rest))
    });
    real.unwrap_or(path)
}
