//! Identifiers that the generator uses itself.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use proc_macro2::Ident;

/// Types, traits and type parameters of generated code.
pub(in super::super) const TYPES: &[&str] = &[
    "Box",
    "Clone",
    "D",
    "Guest",
    "GuestIndices",
    "H",
    "Host",
    "HostWithStore",
    "Option",
    "Result",
    "S",
    "Self",
    "Send",
    "Sized",
    "T",
];

/// Variables of functions that look up exports.
pub(super) const LOCALS: &[&str] = &["lookup", "store"];

/// Modules beside those of packages, and crates.
pub(super) const MODULES: &[&str] = &["core", "exports", "std", "wasmtime"];

/// Methods of the wrapper.
pub(super) const METHODS: &[&str] =
    &["add_to_linker", "add_to_linker_imports", "instantiate", "instantiate_async", "load", "new"];

/// Returns whether the identifier is a keyword of any edition.
pub(super) fn is_keyword(ident: &str) -> bool {
    ident == "gen" || syn::parse_str::<Ident>(ident).is_err()
}

/// Returns whether the name becomes `Self` in camel case.
pub(super) fn is_self(name: &str) -> bool {
    name.to_upper_camel_case() == "Self"
}

/// Returns a name as the generator writes it in snake case.
pub(super) fn rust_ident(name: &str) -> String {
    let ident = name.to_snake_case();
    if is_keyword(&ident) { format!("{ident}_") } else { ident }
}
