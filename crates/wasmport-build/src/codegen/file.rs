//! The source file of a wrapper: header, documentation, lints, and the sections of its code.

use super::description::Description;
use super::docs;
use super::format::{self, Section};
use crate::project::outputs::HEADER;
use quote::quote;

/// Lints that generated code triggers: names are those of the wasm, and programs may deny any lint in
/// their own code.
const ALLOWED_LINTS: &str = "\
#![allow(
    dead_code, elided_lifetimes_in_paths, long_running_const_eval, missing_copy_implementations,
    missing_debug_implementations, non_snake_case, unreachable_pub, unused_imports, unused_qualifications,
    unused_results,
    clippy::all, clippy::nursery, clippy::pedantic,
    reason = \"generated code\"
)]
";

/// Prints the whole file.
///
/// # Errors
///
/// Fails if the tokens of a section are not Rust.
pub(super) fn source(
    asset: &Description<'_>,
    docs: &str,
    sections: &[Section],
) -> syn::Result<String> {
    let docs = docs::inner(docs);
    let docs = format::print_items(asset.crate_path.in_tokens(quote!(#docs)))?;
    Ok(format!(
        "{}{docs}\n{ALLOWED_LINTS}\n{}",
        header(asset),
        format::print(sections, asset.crate_path)?
    ))
}

fn header(asset: &Description<'_>) -> String {
    let targets: Vec<String> = asset.artifacts.iter().map(|a| a.target.to_string()).collect();
    format!(
        "{HEADER} {} from `{}`. Do not edit: import again.\n\
         // source: BLAKE3 {}\n\
         // engine: {}\n\
         // targets: {}\n\n",
        crate::VERSION,
        docs::printable(asset.origin()),
        asset.source_digest,
        asset.engine.fingerprint(),
        targets.join(" "),
    )
}
