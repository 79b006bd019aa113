//! Scaffold: adds wasmport to a cargo package. What is there stays.

mod files;
mod manifest;
mod workspace;

use crate::error::Error;
use crate::fs::{self, Occupant};
use manifest::Manifest;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The way in which a package gets its wrappers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScaffoldOptions {
    /// The package has the output of `cargo wasmport import` in its tree, and no build script imports.
    pub is_checked_in: bool,
    /// A folder with wasmport's own sources, for dependencies by path.
    pub source: Option<PathBuf>,
}

impl ScaffoldOptions {
    /// Creates options for a build script that imports.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the output is checked in.
    #[must_use]
    pub fn checked_in(mut self, is_checked_in: bool) -> Self {
        self.is_checked_in = is_checked_in;
        self
    }

    /// Depends on the crates in this folder of wasmport's own sources.
    #[must_use]
    pub fn source(mut self, folder: impl Into<PathBuf>) -> Self {
        self.source = Some(folder.into());
        self
    }
}

/// The action on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileAction {
    /// The file was missing, and was written.
    Created,
    /// Lines were added to the file.
    Changed,
    /// The file stays as it was.
    Kept,
}

/// A file of the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ScaffoldFile {
    /// The path in the package.
    pub path: String,
    /// The action.
    pub action: FileAction,
    /// The content that was added, or the reason why the file stays.
    pub about: String,
}

/// The result of [`add_to_package`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Scaffold {
    /// The folder of the package.
    pub folder: PathBuf,
    /// The files.
    pub files: Vec<ScaffoldFile>,
    /// The changes that are left to the user, each with the lines to add.
    pub by_hand: Vec<ByHand>,
    /// The commands to run next.
    pub next: Vec<String>,
}

/// A change of a file that is left to the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ByHand {
    /// The file, and the place in it.
    pub file: String,
    /// The lines.
    pub lines: String,
}

/// A file to write.
struct Write {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Adds wasmport to the cargo package in `folder`: dependencies, a build script, an asset and an example that calls
/// it. Existing files stay, except that dependencies are added to `Cargo.toml`. A second call changes nothing.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if the folder has no package, and with [`Error::File`] if a file cannot be read or
/// written. Everything is read before anything is written.
pub fn add_to_package(folder: &Path, options: &ScaffoldOptions) -> Result<Scaffold, Error> {
    let path = folder.join(manifest::FILE);
    let Some(bytes) = fs::read_optional(&path)? else {
        return Err(Error::arguments(
            format!("`{}` has no {}", folder.display(), manifest::FILE),
            format!("run `cargo init {}` first, or name the folder of a package", folder.display()),
        ));
    };
    // A link stays one.
    let path = fs::canonicalize(&path)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::arguments(format!("`{}` is not UTF-8", path.display()), "save it as UTF-8")
    })?;
    let root = path.parent().unwrap_or(folder).to_path_buf();
    let mut manifest = Manifest::parse(&text, &path)?;
    let workspace = workspace::find(&root, manifest.workspace())?;
    let about = manifest.add_dependencies(workspace.as_ref(), options)?;
    let (files, by_hand, next) = (Vec::new(), Vec::new(), Vec::new());
    let scaffold = Scaffold { folder: folder.into(), files, by_hand, next };
    let mut plan = Plan { root, writes: Vec::new(), scaffold };
    if about.is_empty() {
        plan.report(manifest::FILE, FileAction::Kept, "it has the dependencies");
    } else {
        let bytes = manifest.text_like(&text).into_bytes();
        plan.writes.push(Write { path, bytes });
        plan.report(manifest::FILE, FileAction::Changed, &about.join(", "));
    }
    files::plan(&mut plan, &manifest, options)?;
    plan.writes.iter().try_for_each(|write| fs::write_atomically(&write.path, &write.bytes))?;
    Ok(plan.scaffold)
}

/// The files to write, and the report about them.
struct Plan {
    /// The folder of the package, without links.
    root: PathBuf,
    writes: Vec<Write>,
    scaffold: Scaffold,
}

impl Plan {
    /// Writes a file if it is missing. Returns whether its content is this text.
    fn create(&mut self, path: &str, text: &str, about: &str) -> Result<bool, Error> {
        let file = self.root.join(path);
        match fs::occupant(&file)? {
            Occupant::Nothing => {
                self.report(path, FileAction::Created, about);
                self.writes.push(Write { path: file, bytes: text.into() });
                Ok(true)
            }
            Occupant::File => {
                let is_same = fs::read_at_most(&file, text.len() as u64 + 1)? == text.as_bytes();
                self.report(path, FileAction::Kept, if is_same { about } else { "it exists" });
                Ok(is_same)
            }
            Occupant::Link | Occupant::Other => {
                self.report(path, FileAction::Kept, "something else is there");
                Ok(false)
            }
        }
    }

    fn report(&mut self, path: &str, action: FileAction, about: &str) {
        let (path, about) = (path.into(), about.into());
        self.scaffold.files.push(ScaffoldFile { path, action, about });
    }

    fn by_hand(&mut self, file: impl Into<String>, lines: &str) {
        self.scaffold.by_hand.push(ByHand { file: file.into(), lines: lines.into() });
    }

    /// Adds a command that is run in the folder of the package.
    fn next(&mut self, command: &str) {
        self.scaffold.next.push(command.into());
    }
}
