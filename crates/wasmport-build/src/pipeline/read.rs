//! Read: the bytes of the source file, and the binary format. The bytes decide, never the extension.

use crate::asset::{AssetError, Stage};
use crate::component::{WitError, World};
use crate::fs;
use crate::project::discover::AssetFile;
use crate::settings::{Settings, Symlinks, world_path};
use crate::wasm::RawWasm;
use std::path::Path;
use wasmport::Digest;
#[cfg(feature = "bundle")]
use wasmport::bundle_manifest::Sha256;
use wasmport::inspect::recognize::{self, Other};

/// The bytes of a source file at one moment. All stages work on these bytes.
#[derive(Debug)]
pub(crate) struct Source {
    pub bytes: Vec<u8>,
    /// The digest of the content, in which CRLF counts as LF if it is text.
    pub digest: Digest,
}

/// The beginning of binary WebAssembly.
const MAGIC: &[u8] = b"\0asm";

/// Reads the file once. A world in WIT is read as a component that implements it.
///
/// # Errors
///
/// Fails if the file cannot be read, is larger than the settings allow, or is not what the lock file pins, and if it is no
/// WIT where that is due.
pub(crate) fn read(file: &AssetFile, project: &Settings) -> Result<Source, AssetError> {
    if let Some(reference) = &file.settings.wit {
        let follow = project.symlinks == Symlinks::Follow;
        let digest = fs::digest_of_tree_by(&file.path, follow, fs::content_digest);
        let world = world(reference, project).and_then(|world| world.component());
        let refused = |e: WitError| AssetError::new(&file.path, Stage::Read, e.to_string());
        return Ok(Source { bytes: world.map_err(refused)?, digest });
    }
    read_file(file)
}

/// A source file as binary WebAssembly.
pub(crate) struct Binary {
    pub wasm: Vec<u8>,
    /// The length of the file in bytes.
    pub len: u64,
    /// The digest of the file's content.
    pub digest: Digest,
}

/// Reads the file once, as binary WebAssembly.
///
/// # Errors
///
/// Fails like [`read`], and if text has errors.
pub(crate) fn read_binary(file: &AssetFile, project: &Settings) -> Result<Binary, AssetError> {
    let Source { bytes, digest } = read(file, project)?;
    let len = bytes.len() as u64;
    Ok(Binary { wasm: to_wasm(&file.path, bytes)?.wasm, len, digest })
}

/// Reads the file once.
///
/// # Errors
///
/// Fails if the file cannot be read, is larger than the settings allow, or is not what the lock file pins.
pub(crate) fn read_file(file: &AssetFile) -> Result<Source, AssetError> {
    file.check_size(fs::len(&file.path).unwrap_or_default())?;
    let bytes = fs::read_at_most(&file.path, file.settings.limits.bytes().saturating_add(1))
        .map_err(|e| AssetError::new(&file.path, Stage::Read, e.to_string()))?;
    // The file may have grown.
    file.check_size(bytes.len() as u64)?;
    // These bytes count, not those that an earlier look found.
    let digest = file.as_pinned(fs::content_digest_of(&bytes))?;
    Ok(Source { bytes, digest })
}

/// Returns the digest by which registries name the content of a file; of text, that of the binary that it means.
///
/// # Errors
///
/// Fails if the file cannot be read or parsed, or if it is not the one of this digest.
#[cfg(feature = "bundle")]
pub(crate) fn sha256_of(file: &AssetFile, digest: Digest) -> Result<Sha256, AssetError> {
    let source = read_file(file)?;
    if source.digest != digest {
        let message = "it changed since it was imported".to_owned();
        return Err(AssetError::new(&file.path, Stage::Read, message).help("import again"));
    }
    Ok(Sha256::of(&to_wasm(&file.path, source.bytes)?.wasm))
}

/// Reads the world `path/to/wit#name`, whose path is relative to the settings file.
///
/// # Errors
///
/// Fails with [`WitError`] if a file cannot be read or parsed, or if there is no such world.
pub(crate) fn world(reference: &str, project: &Settings) -> Result<World, WitError> {
    let (path, name) = world_path(reference);
    let path = project.folder.join(path);
    let _ = fs::canonicalize(&path)?;
    // The parser of WIT reads whatever is in the folder.
    let follow = project.symlinks == Symlinks::Follow;
    fs::check_tree(&path, follow, !follow)?;
    World::from_files(&path, name).map(|(world, _)| world)
}

/// Returns binary WebAssembly as it is, and translates text.
///
/// # Errors
///
/// Fails if the bytes are empty, truncated, of another kind of file, or text with an error, which is shown with
/// line, column and a caret.
pub(crate) fn to_wasm(path: &Path, bytes: Vec<u8>) -> Result<RawWasm, AssetError> {
    let error = |message: String| AssetError::new(path, Stage::Read, message);
    if bytes.is_empty() {
        return Err(error("the file is empty (0 bytes)".into())
            .help("write the module again: its toolchain did not finish"));
    }
    if MAGIC.starts_with(&bytes) {
        let message = format!("the file ends within its magic number ({} bytes)", bytes.len());
        return Err(error(message).help("write the module again: its toolchain did not finish"));
    }
    if let Some(Other { message, help }) = recognize::binary(&bytes) {
        return Err(error(message).help(help.import));
    }
    let wasm = if bytes.starts_with(MAGIC) { bytes } else { parse_text(path, &bytes)? };
    Ok(RawWasm::new(path, wasm))
}

fn parse_text(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, AssetError> {
    let error = |message: String| AssetError::new(path, Stage::Read, message);
    // Editors on Windows write a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = &bytes[..e.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        let place =
            format!("not UTF-8 from byte {} on: line {line}, column {column}", e.valid_up_to());
        if recognize::is_latin(bytes) {
            return error(format!("the file is text in another encoding than UTF-8 ({place})"))
                .help("save it as UTF-8, such as with `iconv --from-code latin1 --to-code utf-8`");
        }
        error(format!(
            "the file is neither binary WebAssembly (no magic number `\\0asm`) nor text ({place})"
        ))
        .help("the content decides, not the extension: check what the file is")
    })?;
    if let Some(Other { message, help }) = recognize::text(text) {
        return Err(error(message).help(help.import));
    }
    wat::Parser::new().parse_str(Some(path), text).map_err(|e| error(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::pins::Pin;
    use std::sync::Arc;

    #[test]
    fn the_bytes_that_are_read_are_what_is_pinned() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.wasm");
        fs::write_atomically(&path, MAGIC)?;
        let pin = Pin {
            file: "a.wasm".into(),
            reference: "h.io/a".into(),
            manifest: String::new(),
            layer: String::new(),
            blake3: Digest::of(MAGIC),
            cached: false,
        };
        let (source, module) = ("a.wasm".into(), vec!["a".into()]);
        let (settings, pin) = (Arc::default(), Some(Arc::new(pin)));
        let file = AssetFile { path, source, module, settings, pin };
        assert!(read_file(&file).is_ok());
        // It changes after an earlier look.
        fs::write_atomically(&file.path, b"\0asm?")?;
        let refused = read_file(&file).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|error| error.contains("it is not what `h.io/a` was")));
        Ok(())
    }
}
