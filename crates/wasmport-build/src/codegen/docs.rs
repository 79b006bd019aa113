//! Doc comments: names from wasm are hostile text and appear only inside code spans.

use super::description::Description;
use proc_macro2::TokenStream;
use quote::quote;
use std::fmt::Display;

/// Escapes everything in `text` that could end a comment line or change its direction.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            ' '..='~' => c.to_string(),
            _ => c.escape_unicode().to_string(),
        })
        .collect()
}

/// Returns the length of `printable` text.
pub(super) fn printable_len(text: &str) -> u64 {
    let len = |c: char| if matches!(c, ' '..='~') { 1 } else { c.escape_unicode().len() as u64 };
    text.chars().map(len).fold(0, u64::saturating_add)
}

/// The length at which names and types in lists are cut off, in characters.
const LISTED: usize = 300;

/// Shortens a name or a type for a list.
pub(super) fn shortened(text: impl Display) -> String {
    let text = text.to_string();
    match text.char_indices().nth(LISTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Returns `text` as a Markdown code span that it cannot end.
pub(super) fn code(text: impl Display) -> String {
    let text = printable(&text.to_string());
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad =
        if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Returns a name as the text format writes it, in a code span.
pub(super) fn quoted(name: &str) -> String {
    code(format!("{name:?}"))
}

/// Returns an outer doc comment for each line.
pub(super) fn outer(text: &str) -> TokenStream {
    let lines = text.lines().map(padded);
    quote!(#(#[doc = #lines])*)
}

/// Returns an inner doc comment for each line.
pub(super) fn inner(text: &str) -> TokenStream {
    let lines = text.lines().map(padded);
    quote!(#(#![doc = #lines])*)
}

fn padded(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!(" {line}") }
}

/// The first line of a wrapper's documentation.
pub(super) fn title(asset: &Description<'_>) -> String {
    let (name, source) = (code(asset.name()), code(asset.origin()));
    match asset.is_interface {
        true => {
            format!("The interface {name}, described by {source}, for code that arrives later.\n")
        }
        false => format!("The asset {name}, imported from {source}.\n"),
    }
}

/// The documentation of a component's module.
pub(super) fn component(
    asset: &Description<'_>,
    needs_wasi: bool,
    needs_wasi_p3: bool,
    needs_wasi_http: bool,
) -> String {
    let mut text = title(asset);
    if needs_wasi {
        let (preview, feature, state) = if needs_wasi_p3 {
            (3, "wasi-p3", " Wasmtime calls preview 3 experimental.")
        } else if needs_wasi_http {
            (2, "wasi-http", "")
        } else {
            (2, "wasi", "")
        };
        text.push_str(&format!("\n{}{state}\n", wasi(preview, feature)));
    }
    if needs_wasi_http {
        text.push_str(&format!("\n{}\n", http(needs_wasi_p3)));
    }
    text
}

/// The paragraph about WASI.
pub(super) fn wasi(preview: u8, feature: &str) -> String {
    format!(
        "Needs [WASI](https://wasi.dev) preview {preview}: the `{feature}` feature of the `wasmport` \
         crate. A [`Wasi`](::wasmport::wasi::Wasi) decides which parts of the system the guest sees."
    )
}

/// The sentences about HTTP.
fn http(is_beside: bool) -> &'static str {
    if is_beside {
        "Needs `wasi:http` too: the `wasi-http` feature. The same `Wasi` decides which hosts the guest reaches."
    } else {
        "It includes `wasi:http`. The same `Wasi` decides which hosts the guest reaches."
    }
}

/// The documentation of the module of a component without methods.
pub(super) fn untyped_component(asset: &Description<'_>, reason: &str) -> String {
    format!(
        "{}\nThere are no methods, because {reason}. \
         [`Session::of`](::wasmport::Session::of) runs the component.\n",
        title(asset),
    )
}
