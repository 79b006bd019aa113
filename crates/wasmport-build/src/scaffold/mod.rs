//! Scaffold: adds wasmport to a cargo package. What is there stays.

mod code;
mod files;
mod manifest;
mod workspace;

use crate::error::Error;
use crate::fs::{self, Occupant};
use crate::project::outputs::locate;
use crate::settings::Settings;
use files::Package;
use manifest::Manifest;
use serde::Serialize;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

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
/// it. Existing files stay, except that dependencies are added to `Cargo.toml`. A second call changes nothing. No
/// other file is written outside of the package or through a symbolic link.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if the folder has no package, with [`Error::Settings`] if its `wasmport.toml` has
/// errors, and with [`Error::File`] if a file cannot be read or written, or is in the place of a folder. Everything is
/// read before anything is written.
pub fn add_to_package(folder: &Path, options: &ScaffoldOptions) -> Result<Scaffold, Error> {
    let path = folder.join(manifest::FILE);
    let Some(bytes) = fs::read_optional(&path)? else {
        return Err(Error::arguments(
            format!("`{}` has no {}", folder.display(), manifest::FILE),
            format!("run `cargo init {}` first, or name the folder of a package", folder.display()),
        ));
    };
    // A link stays one, wherever it leads; the package is in the folder that was named.
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (root, path) = (fs::canonicalize(here)?, fs::canonicalize(&path)?);
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::arguments(format!("`{}` is not UTF-8", path.display()), "save it as UTF-8")
    })?;
    let mut manifest = Manifest::parse(&text, &path)?;
    let workspace = workspace::find(&root, manifest.workspace())?;
    let about = manifest.add_dependencies(workspace.as_ref(), options)?;
    let (files, by_hand, next) = (Vec::new(), Vec::new(), Vec::new());
    let scaffold = Scaffold { folder: folder.into(), files, by_hand, next };
    let settings = Settings::of_project(&root)?;
    let imports_assets = settings.file.is_none() || settings.roots == [root.join(files::ASSETS)];
    let mut plan = Plan { root, writes: Vec::new(), scaffold };
    if about.is_empty() {
        plan.report(manifest::FILE, FileAction::Kept, "it has the dependencies");
    } else {
        let bytes = manifest.text_like(&text).into_bytes();
        plan.writes.push(Write { path, bytes });
        plan.report(manifest::FILE, FileAction::Changed, &about.join(", "));
    }
    let importer = manifest.importer(workspace.as_ref());
    files::plan(&mut plan, &Package { manifest, importer, imports_assets }, options)?;
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
    /// Writes a file if it is missing; if something is in the way, the text is left to the user. Returns whether the
    /// content is this text.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file cannot be read, or if a file is in the place of its folder.
    fn create(&mut self, path: &str, text: &str, about: &str) -> Result<bool, Error> {
        let file = self.root.join(path);
        if fs::len(&file).is_some() {
            let is_same = fs::read_at_most(&file, text.len() as u64 + 1)? == text.as_bytes();
            self.report(path, FileAction::Kept, if is_same { about } else { "it exists" });
            return Ok(is_same);
        }
        if let Some(why) = self.obstacle(path)? {
            self.report(path, FileAction::Kept, why);
            self.by_hand(path, text);
            return Ok(false);
        }
        self.report(path, FileAction::Created, about);
        self.writes.push(Write { path: file, bytes: text.into() });
        Ok(true)
    }

    /// Returns the reason why a missing file is not written, if there is one.
    fn obstacle(&self, path: &str) -> Result<Option<&'static str>, Error> {
        let is_below =
            |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(path).components().all(is_below) {
            return Ok(Some("its path is absolute or has `..`, and may lead out of the package"));
        }
        let file = match locate(&self.root, path) {
            Err(Error::OutputLink { .. }) => {
                return Ok(Some("a symbolic link is there, or on the way to it"));
            }
            file => file?,
        };
        refuse_file_above(&file)?;
        Ok((fs::occupant(&file)? != Occupant::Nothing).then_some("something else is there"))
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

/// Refuses a path if a file is in the place of a folder above it.
///
/// # Errors
///
/// Fails with the error of creating the folder.
fn refuse_file_above(path: &Path) -> Result<(), Error> {
    match path.ancestors().skip(1).find(|folder| folder.exists()) {
        Some(file) if !file.is_dir() => {
            let (path, source) = (file.into(), ErrorKind::NotADirectory.into());
            Err(Error::File { path, action: "create", source })
        }
        _ => Ok(()),
    }
}
