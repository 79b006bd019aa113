//! Custom sections.

use wasmparser::{Parser, Payload};

/// Returns the names of all custom sections of a valid module or component, nested ones included.
pub(crate) fn custom_sections(wasm: &[u8]) -> impl Iterator<Item = &str> {
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    payloads.filter_map(|payload| match payload {
        Payload::CustomSection(section) => Some(section.name()),
        _ => None,
    })
}
