//! `Side`: one side of a comparison.

use super::records::{self, Records};
use super::report::{SideKind, SideReport};
use super::source::Source;
use crate::error::Error;
use crate::fs;
use crate::project::manifest;
use crate::tool::{Git, GitKind, TreeEntry, is_revision};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A side that was opened.
pub(super) struct Side {
    pub report: SideReport,
    pub content: Content,
}

/// The content of a side.
pub(super) enum Content {
    /// A module, component or artifact.
    File(Source),
    /// The modules and components below a folder.
    Folder(Folder),
    /// The records of a lock file, manifest or bundle.
    Records(Records),
}

/// The files below a folder.
#[derive(Default)]
pub(super) struct Folder {
    /// The modules and components by their path below the folder, with `/` between parts.
    pub files: BTreeMap<String, Source>,
    /// The files that cannot be compared, with the reason.
    pub unusable: BTreeMap<String, String>,
    /// All other files.
    others: BTreeMap<String, Source>,
}

/// The largest file that a side may be in bytes: 1 GiB.
const LARGEST: u64 = 1 << 30;

impl Side {
    /// Opens a file, a folder, or `REV:PATH`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Arguments`] if there is no such file, folder or revision, and with other errors if it cannot be
    /// read.
    pub fn open(argument: &Path) -> Result<Self, Error> {
        let name = argument.display().to_string();
        let is_there = fs::canonicalize(argument).is_ok();
        let revision = argument.to_str().filter(|text| !is_there && is_revision(text));
        let content = match revision {
            Some(revision) => of_revision(revision)?,
            None if argument.is_dir() => below(argument)?.content()?,
            None if is_there => of_file(Source::File(argument.to_owned()))?,
            None => {
                return Err(Error::arguments(
                    format!("`{}` does not exist", name.escape_debug()),
                    "name a file, a folder, or `REV:PATH` with a revision of git, such as `HEAD~1:assets`",
                ));
            }
        };
        let kind = match &content {
            Content::File(_) => SideKind::File,
            Content::Folder(_) => SideKind::Folder,
            Content::Records(records) => records.kind,
        };
        Ok(Self { report: SideReport { name, kind }, content })
    }
}

fn of_revision(name: &str) -> Result<Content, Error> {
    let git = Git::find()?;
    let (id, kind) = git.object(name)?;
    match kind {
        GitKind::Blob => {
            let bytes = git.len(&id)?;
            of_file(Source::Blob { git, id, bytes, name: name.into() })
        }
        GitKind::Tree => {
            let mut folder = Folder::default();
            for TreeEntry { id, bytes, path } in git.tree(&id)? {
                let text = String::from_utf8_lossy(&path).into_owned();
                let separator = if name.ends_with([':', '/']) { "" } else { "/" };
                let name = PathBuf::from(format!("{name}{separator}{text}"));
                let source = Source::Blob { git: git.clone(), id, bytes, name };
                folder.add(text, source, std::str::from_utf8(&path).is_ok());
            }
            folder.content()
        }
    }
}

/// Lists the files below a folder on disk.
fn below(root: &Path) -> Result<Folder, Error> {
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let mut folder = Folder::default();
    for path in fs::visible_files(root)? {
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let parts = relative.components().map(|part| part.as_os_str().to_string_lossy());
        let text = parts.collect::<Vec<_>>().join("/");
        let is_text = relative.to_str().is_some();
        folder.add(text, Source::File(path), is_text);
    }
    Ok(folder)
}

impl Folder {
    /// Adds a file. Hidden ones are left out.
    fn add(&mut self, path: String, source: Source, is_text: bool) {
        let is_hidden = path.split('/').any(|part| part.starts_with('.'));
        let ending = Path::new(&path).extension().unwrap_or_default();
        let is_code = ["wasm", "wat"].iter().any(|wanted| ending.eq_ignore_ascii_case(wanted));
        match (is_hidden, is_code, is_text) {
            (true, ..) => {}
            (_, true, true) => drop(self.files.insert(path, source)),
            (_, true, false) => {
                let shown = path.escape_debug();
                let why = format!("`{shown}`: the path is not UTF-8\n  help: rename the file");
                let _ = self.unusable.insert(path, why);
            }
            (_, false, _) => drop(self.others.insert(path, source)),
        }
    }

    /// Returns the manifest of an output folder, and the files of any other.
    fn content(mut self) -> Result<Content, Error> {
        // The artifacts of the target `source` are modules.
        let prefix = format!("{}/", manifest::ARTIFACTS);
        let is_output =
            self.files.keys().all(|path| path.starts_with(&prefix)) && self.unusable.is_empty();
        match self.others.remove(manifest::FILE).filter(|_| is_output) {
            Some(source) => {
                let bytes = source.read(LARGEST)?;
                let found = records::of_manifest(source.path(), &bytes)?;
                self.others.append(&mut self.files);
                Ok(Content::Records(Records { files: self.others, ..found }))
            }
            None => Ok(Content::Folder(self)),
        }
    }
}

/// Recognizes a file by its content.
fn of_file(source: Source) -> Result<Content, Error> {
    // A module or component is read again when it is compared: another side may be in memory then.
    let bytes = match &source {
        Source::File(path) => fs::read_at_most(path, BEGINNING)?,
        Source::Blob { .. } => source.read(LARGEST)?,
    };
    if !records::are_records(&bytes) {
        return Ok(Content::File(source));
    }
    let whole = source.read(LARGEST)?;
    let found = records::of_file(source.path(), &whole)?;
    let files = match &source {
        // The artifacts are beside a manifest.
        Source::File(path) if found.kind == SideKind::Manifest => {
            below(path.parent().unwrap_or(Path::new("")))?.others
        }
        _ => BTreeMap::new(),
    };
    Ok(Content::Records(Records { files, ..found }))
}

/// Bytes at the beginning of a file by which it is recognized.
const BEGINNING: u64 = 1 << 10;
