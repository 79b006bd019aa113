//! Linking assets to each other: exports of one for imports of another, checked by the compiler.

use super::plan::{ImportModule, Plan};
use crate::codegen::format::raw_string;
use proc_macro2::TokenStream;
use quote::quote;

/// The function that links an import module to another asset; none if the asset imports one of the
/// names at two types, because no instance exports such.
pub(super) fn function(plan: &Plan<'_>, module: &ImportModule<'_>) -> Option<TokenStream> {
    let (asset, name) = (&plan.name, module.name);
    let mut names: Vec<&str> = module.funcs.iter().map(|f| f.name).collect();
    names.extend(module.values.iter().map(|v| v.name));
    names.extend(&module.wasi);
    names.extend(&module.provided);
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    (names.len() == count).then(|| {
        quote! {
            /// Defines the imports in `linker` as the exports of `exporter`, an instance of another asset
            /// in the same store.
            ///
            /// The program does not compile if that asset lacks an export, or has it with another type.
            pub fn link<T: 'static, W: __rt::ModuleWrapper>(
                linker: &mut __rt::Linker<T>,
                store: impl __rt::AsContextMut<Data = T>,
                exporter: &W,
            ) -> __rt::Result<()> {
                const { __rt::check_link(IMPORTS, W::INTERFACE.exports(), #asset, W::INTERFACE.name()) };
                __rt::link_exports(linker, store, exporter, #name, &[#(#names),*])
            }
        }
    })
}

/// The imports of a module as text.
pub(super) fn imports(module: &ImportModule<'_>) -> TokenStream {
    let text = raw_string(&module.text);
    quote! {
        /// The imports: a line for each, with its name and type in the text format.
        pub const IMPORTS: &str = #text;
    }
}
