//! `Sizes`: the bytes of a module, component or artifact, by section and function.

mod artifact;
mod names;
mod ranges;
mod wasm;

#[cfg(feature = "disassembly")]
pub(crate) use artifact::{code_of, section_of};
pub use names::demangled;

use crate::asset::{AssetError, Stage};
use crate::fs;
use crate::pipeline::to_wasm;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// The largest number of functions that are listed. The rest is counted in [`Sizes::unlisted`].
pub const MOST_FUNCTIONS: usize = 1_000_000;

/// The largest number of sections that are listed. Sections with other names are part of [`OTHER`].
pub const MOST_SECTIONS: usize = 1000;

/// The name of the bytes that belong to no listed section.
pub const OTHER: &str = "other";

/// The longest section name in bytes; longer ones are cut.
const LONGEST_NAME: usize = 200;

/// The length in bytes at which names in artifacts are cut.
const SYMBOL: usize = 96;

/// Length in bytes up to which a compressed artifact is decompressed.
const LARGEST_ARTIFACT: u64 = 1 << 30;

/// The beginning of zstd's frames.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The kind of code in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CodeForm {
    /// A core module.
    Module,
    /// A component.
    Component,
    /// A precompiled artifact.
    Artifact,
}

/// The bytes of a file, by section and function. The sections add up to [`bytes`](Self::bytes).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Sizes {
    /// The kind of code.
    pub form: CodeForm,
    /// The length in bytes: of the binary format, and after decompression.
    pub bytes: u64,
    /// The length in bytes of a compressed artifact as it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<u64>,
    /// The sections in the order of the file. Sections of one name are added up.
    pub sections: Vec<SectionSize>,
    /// The functions in the order of the file. They are part of the sections `code` and `.text`.
    pub functions: Vec<FunctionSize>,
    /// The functions beyond [`MOST_FUNCTIONS`].
    #[serde(skip_serializing_if = "Unlisted::is_empty")]
    pub unlisted: Unlisted,
}

/// A section, or all sections of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SectionSize {
    /// The number of the core module in the file, from 0; none for a section of a component itself or of an
    /// artifact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<u32>,
    /// The name: that of the specification, the quoted name of a custom section, or that of ELF.
    pub name: String,
    /// The length in bytes with the section's header.
    pub bytes: u64,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FunctionSize {
    /// The number of its core module in the file, from 0. An artifact has the same numbers as its component.
    pub module: u32,
    /// The index in its module, imports included; none for code that the compiler added, such as a trampoline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// The name as in the source, if the file has one. An artifact has the first 96 bytes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The length of its code in bytes.
    pub bytes: u64,
}

/// Functions that are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unlisted {
    /// Their number.
    pub functions: u64,
    /// The length of their code in bytes.
    pub bytes: u64,
}

impl Unlisted {
    /// Returns whether every function is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.functions == 0
    }
}

impl Sizes {
    /// Returns whether an artifact may have been compiled from a module or component: it has the same functions, with the
    /// same names as far as both have them.
    #[must_use]
    pub fn may_be_compiled_from(&self, wasm: &Self) -> bool {
        let functions = |sizes: &'_ Self| -> BTreeMap<(u32, u32), Option<String>> {
            let numbered = sizes.functions.iter();
            numbered.filter_map(|f| Some(((f.module, f.index?), f.name.clone()))).collect()
        };
        let (own, theirs) = (functions(self), functions(wasm));
        // The compiler adds modules to components, which adapt calls between the others.
        let is_same = |(key, name): (&(u32, u32), &Option<String>)| {
            let Some(other) = own.get(key) else { return false };
            match (name, other) {
                // Symbols are cut, and hold `?` in place of spaces and other letters.
                (Some(name), Some(other)) if other.len() < SYMBOL && !other.contains('?') => {
                    // One of the files may have names that stayed mangled because they are too many.
                    name == other || demangled(name) == demangled(other)
                }
                _ => true,
            }
        };
        theirs.iter().all(is_same)
            && (wasm.form == CodeForm::Component || own.len() == theirs.len())
    }

    /// Gives the functions of an artifact the whole names that they have in the module or component of which it was
    /// compiled.
    pub fn take_names(&mut self, wasm: &Self) {
        let named = wasm.functions.iter().filter_map(|function| {
            Some(((function.module, function.index?), function.name.as_deref()?))
        });
        let names: BTreeMap<(u32, u32), &str> = named.collect();
        for function in &mut self.functions {
            let key = function.index.map(|index| (function.module, index));
            if let Some(name) = key.and_then(|key| names.get(&key)) {
                function.name = Some((*name).to_owned());
            }
        }
    }
}

impl Sizes {
    /// Leaves the functions for which `kept` is true in the list, the largest first, and counts the others in
    /// [`unlisted`](Self::unlisted). `kept` has an element for each function.
    pub(crate) fn retain(&mut self, kept: &[bool]) {
        let functions = std::mem::take(&mut self.functions);
        for (function, is_kept) in functions.into_iter().zip(kept) {
            if *is_kept {
                self.functions.push(function);
            } else {
                self.unlisted.functions += 1;
                self.unlisted.bytes += function.bytes;
            }
        }
        self.functions.sort_by_key(|function| std::cmp::Reverse(function.bytes));
    }
}

/// Measures a file: a module or component, binary or text, or an artifact, which may be compressed.
///
/// # Errors
///
/// Fails if the file cannot be read, or is none of these.
pub fn of_file(path: &Path) -> Result<Sizes, AssetError> {
    let bytes = fs::read(path).map_err(|e| AssetError::new(path, Stage::Read, e.to_string()))?;
    of_bytes(path, &bytes)
}

/// Measures the bytes of a module, component or artifact. `path` is for messages.
///
/// # Errors
///
/// Fails if the bytes are none of these. Modules are not validated: only their sections are read.
pub fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Sizes, AssetError> {
    if is_artifact(bytes) {
        let (raw, stored) = unpacked(path, bytes)?;
        return artifact::sizes(path, &raw, stored);
    }
    if bytes.starts_with(b"\0asm") {
        return wasm::sizes(path, bytes);
    }
    wasm::sizes(path, &to_wasm(path, bytes.to_vec())?.wasm)
}

/// Returns whether bytes begin like an artifact, compressed or not.
pub(crate) fn is_artifact(bytes: &[u8]) -> bool {
    bytes.starts_with(ZSTD) || bytes.starts_with(b"\x7fELF")
}

/// Returns an artifact without compression, and its stored length if it is compressed.
///
/// # Errors
///
/// Fails if the compressed bytes are damaged, or exceed 1 GiB when they are decompressed.
pub(crate) fn unpacked<'b>(
    path: &Path,
    bytes: &'b [u8],
) -> Result<(Cow<'b, [u8]>, Option<u64>), AssetError> {
    if !bytes.starts_with(ZSTD) {
        return Ok((bytes.into(), None));
    }
    let damaged = |message: String| {
        AssetError::new(path, Stage::Read, format!("the compressed artifact {message}"))
            .help("import the asset again")
    };
    let mut raw = Vec::new();
    let decoder = zstd::Decoder::new(bytes).map_err(|e| damaged(format!("is damaged: {e}")))?;
    let _ = decoder
        .take(LARGEST_ARTIFACT + 1)
        .read_to_end(&mut raw)
        .map_err(|e| damaged(format!("is damaged: {e}")))?;
    if raw.len() as u64 > LARGEST_ARTIFACT {
        return Err(damaged(format!("has more than {LARGEST_ARTIFACT} bytes")));
    }
    Ok((raw.into(), Some(bytes.len() as u64)))
}

/// Sections by name, in the order of their first appearance.
#[derive(Default)]
struct Sections {
    list: Vec<SectionSize>,
    places: BTreeMap<(Option<u32>, String), usize>,
}

impl Sections {
    /// Adds bytes to a section. Those of a new section beyond the limit remain for the rest.
    fn add(&mut self, module: Option<u32>, name: &str, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let name = shortened(name, LONGEST_NAME);
        let key = (module, name);
        if let Some(place) = self.places.get(&key) {
            self.list[*place].bytes += bytes;
        } else if self.list.len() < MOST_SECTIONS {
            let _ = self.places.insert(key.clone(), self.list.len());
            self.list.push(SectionSize { module, name: key.1, bytes });
        }
    }

    /// Returns the sections, with a last one for the rest of a file of `bytes`.
    fn complete(mut self, bytes: u64) -> Vec<SectionSize> {
        let listed: u64 = self.list.iter().map(|section| section.bytes).sum();
        let other = bytes.saturating_sub(listed);
        if other > 0 {
            self.list.push(SectionSize { module: None, name: OTHER.into(), bytes: other });
        }
        self.list
    }
}

/// Cuts a text at a character so that it has at most `longest` bytes and an ellipsis.
fn shortened(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.into();
    }
    let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}
