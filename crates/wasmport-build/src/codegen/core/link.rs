//! Linking assets to each other: exports of one for imports of another, checked by the compiler.

use super::plan::{ImportModule, Plan};
use proc_macro2::TokenStream;
use quote::quote;

/// The function that links an import module to another asset; none if the asset imports one of the
/// names at two types, because no instance exports such.
pub(super) fn function(plan: &Plan<'_>, module: &ImportModule<'_>) -> Option<TokenStream> {
    let (asset, name) = (&plan.name, module.name);
    let mut names: Vec<&str> = module.funcs.iter().map(|f| f.name).collect();
    names.extend(module.values.iter().map(|v| v.name));
    names.extend(&module.wasi);
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

/// A raw string literal, in which lines stay lines.
pub(super) fn raw_string(text: &str) -> TokenStream {
    let is_plain = !text.contains('\r') && text.chars().all(|c| c == '\n' || !c.is_control());
    let longest =
        text.split('"').skip(1).map(|rest| rest.len() - rest.trim_start_matches('#').len());
    let fence = "#".repeat(longest.max().unwrap_or(0) + 1);
    let raw = format!("r{fence}\"{text}\"{fence}").parse::<proc_macro2::Literal>();
    match raw {
        Ok(literal) if is_plain && !text.is_empty() => quote!(#literal),
        _ => quote!(#text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_strings_hold_any_text() {
        for text in ["", "\"a\" (func)\n", "\"a\"#\" (func)\n\"##\"\n", "a\\nb", "\r"] {
            let literal: syn::LitStr = syn::parse2(raw_string(text)).unwrap();
            assert_eq!(literal.value(), text);
        }
        assert_eq!(raw_string("\"a\"#b\n").to_string(), "r##\"\"a\"#b\n\"##");
    }
}
