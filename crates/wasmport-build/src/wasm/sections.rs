//! Custom sections, and the size of code.

use wasmparser::{Parser, Payload};

/// Returns the names of all custom sections of a valid module or component, nested ones included.
pub(crate) fn custom_sections(wasm: &[u8]) -> impl Iterator<Item = &str> {
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    payloads.filter_map(|payload| match payload {
        Payload::CustomSection(section) => Some(section.name()),
        _ => None,
    })
}

/// Returns the bytes of code in a module, or in all modules of a component, as far as the binary can be read.
pub(crate) fn code_bytes(wasm: &[u8]) -> u64 {
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let bytes = payloads.map(|payload| match payload {
        Payload::CodeSectionStart { size, .. } => u64::from(size),
        _ => 0,
    });
    bytes.sum()
}
