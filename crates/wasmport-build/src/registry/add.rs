//! Adding: a module or component from a registry becomes a file of the project, pinned in its lock file.

use super::place::{self, place};
use super::run;
use super::source::{Source, download};
use crate::contents::Contents;
use crate::error::Error;
use crate::fs;
use crate::project::lock::Lock;
use crate::project::pins::Pin;
use crate::settings::Settings;
use crate::store::Downloads;
use std::path::{Path, PathBuf};
use wasmport::Digest;
use wasmport::registry::{Reference, RegistryOptions};

/// Options of [`add`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AddOptions {
    /// The file; by default the name of the repository below the first import root.
    pub to: Option<PathBuf>,
    /// Whether version control ignores the file, so that each machine fetches it.
    pub cached: bool,
    /// The options of requests to the registry.
    pub registry: RegistryOptions,
}

/// A module or component from a registry that nobody has accepted yet. Nothing is written.
#[derive(Debug)]
pub struct Addition {
    settings: Settings,
    pin: Pin,
    path: PathBuf,
    bytes: Vec<u8>,
    contents: Contents,
    /// The digest of the file that it replaces.
    replaces: Option<Digest>,
}

/// Downloads and validates a module or component that is to become a file of the project.
///
/// # Errors
///
/// Fails with [`Error::Registry`] if the registry does, with [`Error::Asset`] if the file is not valid, and with
/// [`Error::Arguments`] if another file is in its place.
pub fn add(
    settings: &Settings,
    reference: &Reference,
    options: &AddOptions,
) -> Result<Addition, Error> {
    let place = place(reference, options.to.as_deref(), settings)?;
    let is_pinned = Lock::pins(settings)?.contains_key(&place.file);
    if is_pinned {
        let message = format!("`{}` is pinned already", place.path.display());
        let help = "run `cargo wasmport update`, or name another file with `--to`";
        return Err(Error::arguments(message, help));
    }
    if options.cached && Downloads::of(&settings.cache).is_none() {
        let help = "leave `--cached` out, or set `cache.enabled = true`";
        return Err(Error::arguments("the settings use no cache", help));
    }
    let source = run(download(reference, &options.registry))?;
    let origin = Origin { file: place.file, source: place.source, cached: options.cached };
    let addition = Addition::new(settings, reference, origin, source, None)?;
    addition.check_occupant()?;
    Ok(addition)
}

/// The parts of a pin besides the digests.
pub(super) struct Origin {
    pub file: String,
    pub source: String,
    pub cached: bool,
}

impl Addition {
    /// Validates and describes a download.
    pub(super) fn new(
        settings: &Settings,
        reference: &Reference,
        origin: Origin,
        source: Source,
        replaces: Option<Digest>,
    ) -> Result<Self, Error> {
        let path = settings.folder.join(&origin.file);
        let Source { manifest, layer, bytes } = source;
        let contents = Contents::of(&path, &origin.source, &bytes, settings)?;
        let pin = Pin {
            file: origin.file,
            reference: reference.to_string(),
            manifest: manifest.to_string(),
            layer: layer.to_string(),
            blake3: Digest::of(&bytes),
            cached: origin.cached,
        };
        if let Some(fault) = pin.fault() {
            return Err(Error::arguments(fault, "name another file with `--to`"));
        }
        Ok(Self { settings: settings.clone(), pin, path, bytes, contents, replaces })
    }

    /// Returns the pin that the lock file gets.
    #[must_use]
    pub fn pin(&self) -> &Pin {
        &self.pin
    }

    /// Returns the file that is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the length of the file in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Returns the imports, the exports and the capabilities.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Pins the file in the lock file, and writes it.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Arguments`] if another file is in its place, and with [`Error::File`] or [`Error::Lock`] if a
    /// file cannot be read or written.
    pub fn accept(self) -> Result<(), Error> {
        self.check_occupant()?;
        if let Some(downloads) = Downloads::of(&self.settings.cache) {
            downloads.write(&self.pin.layer, &self.bytes)?;
        }
        if self.pin.cached {
            ignore(&self.path)?;
        }
        // A file without its pin would be one of the project that nothing compares; a pin without its file is fetched.
        Lock::pin(&self.settings, self.pin)?;
        place::write(&self.path, &self.bytes, &self.settings)
    }

    /// Refuses to replace another file.
    fn check_occupant(&self) -> Result<(), Error> {
        let found = fs::read_optional(&self.path)?.map(|bytes| Digest::of(&bytes));
        match found {
            Some(found) if found != self.pin.blake3 && Some(found) != self.replaces => {
                let message = format!("`{}` is in the way", self.path.display());
                Err(Error::arguments(message, "move it, or name another file with `--to`"))
            }
            _ => Ok(()),
        }
    }
}

/// The file with which git ignores others in a folder.
const IGNORE: &str = ".gitignore";

/// Lets git ignore a file.
fn ignore(path: &Path) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let list = path.with_file_name(IGNORE);
    let text = fs::read_optional(&list)?.unwrap_or_default();
    match with_line(text, &pattern(&name)) {
        Some(text) => fs::write_atomically(&list, &text),
        None => Ok(()),
    }
}

/// Returns the pattern of git for a file of this name in the same folder, and for no other.
fn pattern(name: &str) -> String {
    let escaped = name.chars().flat_map(|c| {
        let escape = "\\*?[".contains(c).then_some('\\');
        escape.into_iter().chain([c])
    });
    format!("/{}", escaped.collect::<String>())
}

/// Appends a line to a text in any encoding; none if it has the line.
fn with_line(mut text: Vec<u8>, line: &str) -> Option<Vec<u8>> {
    let without_return =
        |known: &[u8]| known.strip_suffix(b"\r").unwrap_or(known) == line.as_bytes();
    if text.split(|byte| *byte == b'\n').any(without_return) {
        return None;
    }
    if text.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_appended_once_and_the_others_stay() {
        let latin = b"caf\xe9.tmp\r\n/a.wasm\r\n*.x".to_vec();
        assert_eq!(with_line(latin.clone(), "/a.wasm"), None);
        assert_eq!(
            with_line(latin.clone(), "/b.wasm"),
            Some([&latin[..], b"\n/b.wasm\n"].concat())
        );
        assert_eq!(with_line(Vec::new(), "/b.wasm"), Some(b"/b.wasm\n".to_vec()));
    }

    #[test]
    fn a_pattern_is_for_one_file() {
        assert_eq!(pattern("a b.wasm"), "/a b.wasm");
        assert_eq!(pattern("a[1]*?.wasm"), "/a\\[1]\\*\\?.wasm");
        assert_eq!(pattern("!#.wasm"), "/!#.wasm");
    }
}
