//! Doc comments: names from wasm are hostile text and appear only inside code spans.

use super::Description;
use super::plan::Plan;
use crate::interface::ExternType;
use proc_macro2::TokenStream;
use quote::quote;
use std::fmt::Display;

/// Exports without a method that are listed by name.
const LISTED: usize = 100;

/// `text` with everything that could end a comment line or turn its direction written as an escape.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            ' '..='~' => c.to_string(),
            _ => c.escape_unicode().to_string(),
        })
        .collect()
}

/// A Markdown code span that `text` cannot end.
pub(super) fn code(text: impl Display) -> String {
    let text = printable(&text.to_string());
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad =
        if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A name as the text format writes it, in a code span.
pub(super) fn quoted(name: &str) -> String {
    code(format!("{name:?}"))
}

/// Outer doc comments, one for each line.
pub(super) fn outer(text: &str) -> TokenStream {
    let lines = text.lines().map(padded);
    quote!(#(#[doc = #lines])*)
}

/// Inner doc comments, one for each line.
pub(super) fn inner(text: &str) -> TokenStream {
    let lines = text.lines().map(padded);
    quote!(#(#![doc = #lines])*)
}

fn padded(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!(" {line}") }
}

fn beginning(asset: &Description<'_>) -> String {
    let (name, source) = (code(asset.module.join("/")), code(asset.source));
    format!("The asset {name}, imported from {source}.\n")
}

/// The documentation of the module for a component.
pub(super) fn component(asset: &Description<'_>, needs_wasi: bool, needs_wasi_p3: bool) -> String {
    let mut text = beginning(asset);
    if needs_wasi {
        let (preview, feature, state) = if needs_wasi_p3 {
            (3, "wasi-p3", " Wasmtime calls its preview 3 experimental.")
        } else {
            (2, "wasi", "")
        };
        text.push_str(&format!(
            "\nIt needs [WASI](https://wasi.dev) preview {preview}: the `{feature}` feature of the \
             `wasmport` crate. What it sees of the system is what a [`Wasi`](::wasmport::wasi::Wasi) \
             says.{state}\n"
        ));
    }
    text
}

/// The documentation of the module for a component that has no world.
pub(super) fn untyped_component(asset: &Description<'_>, what: &str) -> String {
    let what = code(what);
    beginning(asset)
        + &format!(
            "\nThe component cannot be described in WIT: {what}. \
             [`Session::of`](::wasmport::Session::of) runs it.\n"
        )
}

/// The module's documentation: what it is made from, and what is not wrapped.
pub(super) fn module(asset: &Description<'_>, plan: &Plan<'_>) -> String {
    let mut text = beginning(asset);
    if plan.needs_wasi() {
        text.push_str(
            "\nIt needs [WASI](https://wasi.dev) preview 1: the `wasi` feature of the `wasmport` crate. What \
             it sees of the system is what a [`Wasi`](::wasmport::wasi::Wasi) says.\n",
        );
    }
    let mut section = |title: &str, help: &str, items: Vec<String>| {
        if !items.is_empty() {
            text.push_str(&format!("\n# {title}\n\n{help}\n\n"));
            items.iter().for_each(|item| text.push_str(&format!("- {item}\n")));
        }
    };
    let list = |name: String, ty: &ExternType| format!("{name}: {}", code(ty));
    let exports = plan.unwrapped_exports.iter().take(LISTED);
    let mut exports: Vec<String> = exports.map(|e| list(quoted(&e.name), &e.ty)).collect();
    if plan.unwrapped_exports.len() > LISTED {
        exports.push(format!("and {} more", plan.unwrapped_exports.len() - LISTED));
    }
    section(
        "Exports without a method",
        "They are reached by name, with Wasmtime's types, through the wrapper's `instance` and the \
         session's `typed_func`.",
        exports,
    );
    section(
        "Imports without a type",
        "Define them in the linker, in the closure of the session's `with_linker` or before \
         `instantiate`.",
        plan.unwrapped_imports
            .iter()
            .map(|i| list(format!("{} {}", quoted(&i.module), quoted(&i.name)), &i.ty))
            .collect(),
    );
    section(
        "Imports of one name at several types",
        "A linker has one definition for each name. These have names of their own there:",
        plan.overloads
            .iter()
            .map(|(index, name)| format!("import {index} is {}", quoted(name)))
            .collect(),
    );
    text
}
