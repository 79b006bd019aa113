//! The `mod.rs` files that lead to the wrappers.

use super::asset::{engine, require};
use super::crate_path::CratePath;
use super::docs::{code, outer};
use super::error::CodegenError;
use super::format::{self, Section};
use crate::project::files::Files;
use crate::project::outputs::HEADER;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};
use wasmport::EngineConfig;

/// A wrapper in the tree.
pub(crate) struct Module<'a> {
    /// The Rust modules that lead to it, its own last.
    pub path: &'a [String],
    /// The cargo feature without which nothing in it compiles.
    pub feature: Option<&'static str>,
    pub is_interface: bool,
}

/// Generates a `mod.rs` for the output folder and for each folder below it that holds wrappers.
///
/// # Errors
///
/// Fails with [`CodegenError::NotRust`] if the generator has a bug.
pub(crate) fn tree<'a>(
    modules: impl Iterator<Item = Module<'a>>,
    config: &EngineConfig,
    crate_path: &CratePath,
) -> Result<Files, CodegenError> {
    let mut folders: BTreeMap<&[String], BTreeSet<&str>> =
        BTreeMap::from([(&[][..], BTreeSet::new())]);
    let mut assets = Vec::new();
    let mut gates: BTreeMap<&[String], &str> = BTreeMap::new();
    for Module { path: module, feature, is_interface } in modules {
        gates.extend(feature.map(|feature| (module, feature)));
        if !is_interface {
            assets.push(module);
        }
        for depth in 0..module.len() {
            folders.entry(&module[..depth]).or_default().insert(&module[depth]);
        }
    }
    let mut files = Files::default();
    for (folder, modules) in &folders {
        let mut sections: Vec<Section> = Vec::new();
        if folder.is_empty() {
            sections.push(Section::Items(engine_item(config)));
            sections.push(Section::Text(list(&assets)));
        }
        for module in modules {
            let ident = format_ident!("{module}");
            let path: Vec<String> = folder.iter().cloned().chain([(*module).to_string()]).collect();
            // Wrappers have documentation of their own.
            let doc = folders
                .contains_key(&*path)
                .then(|| outer(&format!("The assets in {}.", code(path.join("/")))));
            let item = quote! {
                #doc
                #[rustfmt::skip]
                #[allow(
                    non_snake_case, unreachable_pub, clippy::module_inception, clippy::pedantic,
                    reason = "generated code"
                )]
                pub mod #ident;
            };
            sections.push(match gates.get(&*path) {
                Some(feature) => Section::Text(gated(&path, feature, item)?),
                None => Section::Items(item),
            });
        }
        let source = format::print(&sections, crate_path)?;
        let path: String = folder.iter().map(|part| format!("{part}/")).collect();
        files.add(format!("{path}mod.rs"), format!("{}{source}", header()));
    }
    Ok(files)
}

/// A module inside of the macro that leaves it out, with an error, if the runtime lacks a cargo feature.
fn gated(path: &[String], feature: &str, item: TokenStream) -> syn::Result<String> {
    let item = format::print_items(item)?.replace('\n', "\n    ");
    let (gate, name) = (require(feature), path.join("/"));
    Ok(format!("::wasmport::{gate}! {{\n    {name:?}\n    {}\n}}\n", item.trim_end()))
}

fn header() -> String {
    format!("{HEADER} {}. Do not edit: import again.\n\n", crate::VERSION)
}

fn engine_item(config: &EngineConfig) -> TokenStream {
    let engine = engine(&quote!(::wasmport), config);
    quote! {
        /// The engine config of all assets: build the [`Runtime`](::wasmport::Runtime) from it.
        #[allow(dead_code, unreachable_pub, clippy::pedantic, reason = "generated code")]
        pub const ENGINE: ::wasmport::EngineConfig = #engine;
    }
}

/// Prints the list of all assets. As tokens it would take more memory than all else of an import of 10,000 assets.
fn list(assets: &[&[String]]) -> String {
    let mut text = String::from(
        "/// All assets.\n\
         #[allow(dead_code, unreachable_pub, clippy::pedantic, reason = \"generated code\")]\n\
         pub static ASSETS: &[&::wasmport::AnyAsset] = &[",
    );
    for module in assets {
        let path: String = module.iter().map(|part| format!("{part}::")).collect();
        text += &format!("\n    {path}ASSET.as_any(),");
    }
    let end = if assets.is_empty() { "];\n" } else { "\n];\n" };
    text + end
}
