//! The `mod.rs` files that lead to the wrappers.

use super::asset::engine;
use super::docs::{code, outer};
use super::print;
use crate::project::files::{Files, HEADER};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};
use wasmport::EngineConfig;

/// A `mod.rs` for the output folder and for each folder below it that holds wrappers.
///
/// # Errors
///
/// Where the generated tokens are no Rust: a fault of this generator.
pub(crate) fn tree<'a>(
    modules: impl Iterator<Item = &'a [String]>,
    config: &EngineConfig,
) -> Result<Files, String> {
    let mut folders: BTreeMap<&[String], BTreeSet<&str>> =
        BTreeMap::from([(&[][..], BTreeSet::new())]);
    let mut assets = Vec::new();
    for module in modules {
        let path = module.iter().map(|part| format_ident!("{part}"));
        assets.push(quote!(#(#path::)*ASSET.as_any()));
        for depth in 0..module.len() {
            folders.entry(&module[..depth]).or_default().insert(&module[depth]);
        }
    }
    let mut files = Files::default();
    for (folder, modules) in &folders {
        let items = modules.iter().map(|module| {
            let ident = format_ident!("{module}");
            let path: Vec<String> = folder.iter().cloned().chain([(*module).to_string()]).collect();
            // A wrapper has documentation of its own.
            let doc = folders
                .contains_key(&*path)
                .then(|| outer(&format!("The assets in {}.", code(path.join("/")))));
            quote! {
                #doc
                #[rustfmt::skip]
                #[allow(unreachable_pub, clippy::module_inception, reason = "generated code")]
                pub mod #ident;
            }
        });
        let common = folder.is_empty().then(|| common_items(config, &assets));
        let source = print(quote!(#common #(#items)*))?;
        let path: String = folder.iter().map(|part| format!("{part}/")).collect();
        files.add(format!("{path}mod.rs"), format!("{}{source}", header()));
    }
    Ok(files)
}

fn header() -> String {
    format!("{HEADER} {}. Do not edit: import again.\n\n", crate::VERSION)
}

fn common_items(config: &EngineConfig, assets: &[TokenStream]) -> TokenStream {
    let engine = engine(config);
    quote! {
        /// The engine configuration that all of these assets were imported with: build the
        /// [`Runtime`](::wasmport::Runtime) from it.
        #[allow(dead_code, unreachable_pub, reason = "generated code")]
        pub const ENGINE: ::wasmport::EngineConfig = #engine;
        /// All of the assets.
        #[allow(dead_code, unreachable_pub, reason = "generated code")]
        pub static ASSETS: &[&::wasmport::AnyAsset] = &[#(#assets),*];
    }
}
