//! Concurrency: whether an asset needs an engine that supports concurrent calls of components. The source
//! and the components that are composed with it decide alone, so that every run decides the same.

use super::inputs::{self, Components};
use super::read;
use crate::asset::Kind;
use crate::project::discover::AssetFile;
use crate::settings::Settings;
use crate::wasm;

/// Returns whether an asset needs concurrency, from its files. A file that cannot be read needs none: its
/// import reports the error.
pub(crate) fn needs_concurrency(file: &AssetFile, project: &Settings) -> bool {
    let source = read::read(file).ok().filter(|source| may_be_component(&source.bytes));
    let source = source.and_then(|source| read::to_wasm(&file.path, source.bytes).ok());
    source.is_some_and(|source| of_wasm(&source.wasm, &inputs::components(file, project)))
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
    const WORD: &[u8] = b"component";
    let has_word = || bytes.windows(WORD.len()).any(|word| word == WORD);
    Kind::of(bytes) == Kind::Component || !bytes.starts_with(b"\0asm") && has_word()
}
