//! Pins: files that came from registries, with the digests that they must have.

use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::error::Error;
use crate::fs;
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use wasmport::Digest;

/// A file that came from a registry, as the lock file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Pin {
    /// The path of the file relative to the lock file, with `/` between parts.
    pub file: String,
    /// The reference by which it was added.
    pub reference: String,
    /// The digest of the manifest that the reference named: `sha256:` and 64 hexadecimal digits.
    pub manifest: String,
    /// The digest of the file as the registry names it.
    pub layer: String,
    /// The digest of the file as imports compare it.
    pub blake3: Digest,
    /// Whether version control ignores the file, so that each machine fetches it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

impl Pin {
    /// Returns the path of the file.
    pub(crate) fn path(&self, settings: &Settings) -> PathBuf {
        settings.folder.join(&self.file)
    }

    /// Returns the reason why the lock file cannot have the pin.
    pub(crate) fn fault(&self) -> Option<String> {
        let file = self.file.escape_debug();
        if !is_inside(&self.file) {
            return Some(format!("`{file}` is no path below the folder of the lock file"));
        }
        if !is_wasm(&self.file) {
            return Some(format!("`{file}` does not end with `.wasm`"));
        }
        let digests = [&self.manifest, &self.layer];
        let malformed = digests.into_iter().find(|digest| !is_sha256(digest))?;
        Some(format!("`{}` is no digest: `sha256:` and 64 digits", malformed.escape_debug()))
    }

    /// Returns the error for a file that has another content than the pinned one.
    pub(crate) fn changed(&self, path: &Path, found: Digest) -> AssetError {
        let message = format!(
            "it is not what `{}` was when it was added:\n  pinned {}\n  found  {found}",
            self.reference, self.blake3
        );
        AssetError::new(path, Stage::Lock, message).kind(AssetErrorKind::Mismatch).help(
            "delete the file and run `cargo wasmport fetch`; for changes of your own, remove its `[[pin]]` from the \
             lock file",
        )
    }

    fn missing(&self, path: &Path) -> AssetError {
        let message = format!("the file is missing, which `{}` pins", self.reference);
        AssetError::new(path, Stage::Discover, message).help("run `cargo wasmport fetch`")
    }
}

/// Returns whether a path has names alone, so that it leads nowhere else, and has one spelling.
fn is_inside(file: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !"\\:".contains(c);
    let is_name = |part: &str| !["", ".", ".."].contains(&part);
    file.chars().all(is_plain) && file.split('/').all(is_name)
}

/// Returns whether a path has the ending that imports look for: the lock file of a stranger creates no other files.
fn is_wasm(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wasm"))
}

fn is_sha256(digest: &str) -> bool {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_hex))
}

/// The pinned files below the import roots, by their source.
pub(crate) struct Pins(BTreeMap<String, Pin>);

/// The part of the lock file that has them.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    pin: Vec<Pin>,
}

/// The key of the pins.
const KEY: &str = "pin";

/// Returns whether a text may have pins, however they are written: most lock files have none, and are not parsed.
fn may_have_pins(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let is_key = |(at, _): (usize, &str)| {
        let (before, after) = (&text[..at], &text[at + KEY.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    };
    // A key may be written with escapes.
    text.match_indices(KEY).any(is_key) || text.contains('\\')
}

impl Pins {
    /// Reads the pins of the lock file, whether or not a run uses it otherwise.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Lock`] if it is damaged, and with [`Error::File`] if it cannot be read.
    pub fn read(settings: &Settings) -> Result<Self, Error> {
        let path = settings.lock_file();
        let text = fs::read_optional(&path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        if !may_have_pins(&text) {
            return Ok(Self(BTreeMap::new()));
        }
        let refused = |message: String| Error::Lock {
            path: path.clone(),
            message,
            help: "restore it from the last commit",
        };
        let document: Document =
            toml::from_str(&text).map_err(|e| refused(e.to_string().trim_end().to_owned()))?;
        let mut pins = BTreeMap::new();
        for pin in document.pin {
            if let Some(fault) = pin.fault() {
                return Err(refused(fault));
            }
            if let Some(source) = source_of(&pin.path(settings), settings) {
                let _ = pins.insert(source, pin);
            }
        }
        Ok(Self(pins))
    }

    /// Returns the pin of a source.
    pub fn of(&self, source: &str) -> Option<&Pin> {
        self.0.get(source)
    }

    /// Returns the pinned files that do not exist, each with its source.
    pub fn missing(&self, settings: &Settings) -> Vec<(String, AssetError)> {
        let missing = self.0.iter().filter_map(|(source, pin)| {
            let path = pin.path(settings);
            fs::len(&path).is_none().then(|| (source.clone(), pin.missing(&path)))
        });
        missing.collect()
    }
}

/// Returns the path below the import root with `/` between parts; none if the file is below none.
pub(crate) fn source_of(path: &Path, settings: &Settings) -> Option<String> {
    let path = plain(path);
    let below = |root: &PathBuf| {
        let relative = path.strip_prefix(plain(root)).ok();
        let relative =
            relative.map(Path::to_owned).or_else(|| below_real(&path, root, settings))?;
        let parts = relative.components().map(|part| part.as_os_str().to_string_lossy());
        let parts: Vec<_> = parts.collect();
        // A root may be a single file.
        let name = || path.file_name().map(|name| name.to_string_lossy().into_owned());
        if parts.is_empty() { name() } else { Some(parts.join("/")) }
    };
    settings.roots.iter().find_map(below)
}

/// Returns the path below a root that has another way to the same folder.
fn below_real(path: &Path, root: &Path, settings: &Settings) -> Option<PathBuf> {
    let folder = Some(settings.folder.as_path()).filter(|folder| !folder.as_os_str().is_empty());
    let real = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
    let path = real.join(path.strip_prefix(plain(&settings.folder)).ok()?);
    Some(path.strip_prefix(fs::canonicalize(root).ok()?).ok()?.to_owned())
}

/// Returns a path without `.`.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_lead_nowhere_else() {
        for file in ["a.wasm", "assets/a b/c.wasm", "assets/c.WASM"] {
            assert!(is_inside(file) && is_wasm(file), "{file}");
        }
        for file in
            ["", "/a", "../a", "a/../b", "./a", "a/./b", "a//b", "a/", "C:/a", "a\\b", "a\nb"]
        {
            assert!(!is_inside(file), "{file}");
        }
        for file in [".cargo/config.toml", "a", "a.wasm.rs", "assets/.wasm"] {
            assert!(!is_wasm(file), "{file}");
        }
    }

    #[test]
    fn pins_are_found_however_they_are_written() {
        for text in [
            "[[pin]]\n",
            "[[ pin ]]\n",
            "pin = [{ file = \"a.wasm\" }]\n",
            "pin=[]",
            "[[\"pin\"]]",
            "[['pin']]",
            "[[\"p\\u0069n\"]]",
        ] {
            assert!(may_have_pins(text), "{text}");
        }
        for text in ["", "format = 1\n", "source = \"spin.wat\"\nsource = \"pin_ball.wat\"\n"] {
            assert!(!may_have_pins(text), "{text}");
        }
    }
}
