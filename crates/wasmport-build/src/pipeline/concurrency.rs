//! Concurrency: whether an asset needs an engine that supports concurrent calls of components. The source
//! and the components that are composed with it decide alone, so that every run decides the same.

use super::inputs::{self, Components};
use super::read;
use crate::asset::Kind;
use crate::fs;
use crate::panics::catch_panic;
use crate::project::discover::AssetFile;
use crate::settings::Settings;
use crate::wasm;

/// The beginning of a binary core module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// The word that text of a component contains.
const WORD: &[u8] = b"component";

/// Returns whether an asset needs concurrency, from its files. A file that cannot be read needs none: its
/// import reports the error.
pub(crate) fn needs_concurrency(file: &AssetFile, project: &Settings) -> bool {
    let versions = file.versions(project);
    if !versions.is_empty() {
        return versions.iter().any(|(_, file)| needs_concurrency(file, project));
    }
    let header = fs::read_at_most(&file.path, MODULE.len() as u64);
    if header.is_ok_and(|header| header == MODULE) {
        return false;
    }
    let needs = || {
        let source =
            read::read(file, project).ok().filter(|source| may_be_component(&source.bytes));
        let source = source.and_then(|source| read::to_wasm(&file.path, source.bytes).ok());
        source.is_some_and(|source| of_wasm(&source.wasm, &inputs::components(file, project)))
    };
    // The parser reads files that nobody has vouched for.
    catch_panic(needs).unwrap_or(false)
}

/// Returns whether an asset needs concurrency, from the bytes of its source and of the components that are
/// composed with it.
pub(super) fn of_wasm(source: &[u8], components: &Components) -> bool {
    let needs = |wasm: &[u8]| wasm::needs_concurrency(wasm).unwrap_or(false);
    let mut components = components.values().flatten();
    Kind::of(source) == Kind::Component
        && (needs(source) || components.any(|component| needs(&component.wasm)))
}

/// Returns whether a file may be a component, without translating text.
fn may_be_component(bytes: &[u8]) -> bool {
    Kind::of(bytes) == Kind::Component || bytes.windows(WORD.len()).any(|word| word == WORD)
}
