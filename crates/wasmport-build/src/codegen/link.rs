//! Linking assets to each other: exports of one for imports of another, checked while compiling.

use super::plan::{ImportModule, Plan};
use proc_macro2::TokenStream;
use quote::quote;

/// The text of what is imported from a module, and the function that takes it from another asset.
pub(super) fn module(plan: &Plan<'_>, module: &ImportModule<'_>) -> TokenStream {
    let ImportModule { name, text, .. } = module;
    let asset = &plan.name;
    let mut names: Vec<&str> = module.funcs.iter().map(|f| f.name).collect();
    names.extend(module.values.iter().map(|v| v.name));
    names.extend(&module.wasi);
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    // No instance exports one name at two types.
    let link = (names.len() == count).then(|| {
        quote! {
            /// Defines in `linker` what the asset imports from here as what `exporter`, an instance of
            /// another asset in the same store, exports.
            ///
            /// Where that asset lacks an export, or has it with another type, building the program
            /// fails with an error that names both.
            ///
            /// # Errors
            ///
            /// Where a name is defined already.
            pub fn link<T: 'static, W: ::wasmport::ModuleWrapper>(
                linker: &mut ::wasmport::support::Linker<T>,
                store: impl ::wasmport::support::AsContextMut<Data = T>,
                exporter: &W,
            ) -> ::wasmport::support::Result<()> {
                const {
                    ::wasmport::support::check_link(IMPORTS, W::EXPORTS, #asset, W::ASSET.name());
                }
                ::wasmport::support::link_exports(linker, store, exporter, #name, &[#(#names),*])
            }
        }
    });
    quote! {
        /// What is imported from here: a line for each, with name and type in the text format.
        pub const IMPORTS: &str = #text;

        #link
    }
}
