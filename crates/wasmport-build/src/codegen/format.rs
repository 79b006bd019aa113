//! Formatting: tokens to Rust source with a blank line between items.

use super::crate_path::CratePath;
use super::indent::indent;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{ImplItem, Item, TraitItem};

/// The macro call that stands for a blank line, because the printer prints none.
const BLANK_LINE: &str = "__wasmport_blank_line!();";

/// The module that stands for a macro call around items, because the printer formats no macro calls.
const MACRO_CALL: &str = "mod __wasmport_macro_call";

/// A part of a source file.
pub(super) enum Section {
    Items(TokenStream),
    /// A macro call around items.
    MacroCall {
        path: &'static str,
        items: TokenStream,
    },
    /// Source that is formatted already.
    Text(String),
    /// A module of other sections.
    Module {
        /// Its documentation.
        docs: String,
        name: String,
        sections: Vec<Self>,
    },
}

/// Prints the sections of a file with a path of the `wasmport` crate, and a blank line between items.
///
/// # Errors
///
/// Fails if the tokens of a section are not items.
pub(super) fn print(sections: &[Section], crate_path: &CratePath) -> syn::Result<String> {
    let mut printed = Vec::new();
    for section in sections {
        printed.push(match section {
            Section::Items(items) => print_items(crate_path.in_tokens(items.clone()))?,
            Section::MacroCall { path, items } => {
                let items = crate_path.in_tokens(items.clone());
                let source = print_items(quote!(mod __wasmport_macro_call { #items }))?;
                source.replacen(MACRO_CALL, &format!("{path}!"), 1)
            }
            Section::Text(text) => crate_path.in_text(text),
            Section::Module { docs, name, sections } => {
                let docs: String = docs.lines().map(|line| format!("/// {line}\n")).collect();
                let inner = indent(&print(sections, crate_path)?);
                format!("{docs}pub mod {name} {{\n{inner}}}\n")
            }
        });
    }
    printed.retain(|text| !text.trim().is_empty());
    Ok(printed.join("\n"))
}

/// Prints items, with a blank line between them.
///
/// # Errors
///
/// Fails if the tokens are not items.
pub(super) fn print_items(tokens: TokenStream) -> syn::Result<String> {
    let mut file: syn::File = syn::parse2(tokens)?;
    separate_items(&mut file.items);
    let printed = prettyplease::unparse(&file);
    let lines = printed.lines().map(|line| if line.trim() == BLANK_LINE { "" } else { line });
    Ok(lines.flat_map(|line| [line, "\n"]).collect())
}

/// Puts a blank line between items, and between those inside of modules, traits and `impl` blocks.
fn separate_items(items: &mut Vec<Item>) {
    for item in items.iter_mut() {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    separate_items(items);
                }
            }
            Item::Impl(item) => separate(&mut item.items, blank_line::<ImplItem>, |_, _| true),
            Item::Trait(item) => separate(&mut item.items, blank_line::<TraitItem>, |_, _| true),
            _ => {}
        }
    }
    let is_use = |item: &Item| matches!(item, Item::Use(_));
    separate(items, blank_line::<Item>, |one, next| !(is_use(one) && is_use(next)));
}

fn separate<I>(
    items: &mut Vec<I>,
    blank_line: impl Fn() -> Option<I>,
    apart: impl Fn(&I, &I) -> bool,
) {
    let mut separated: Vec<I> = Vec::with_capacity(items.len() * 2);
    for item in items.drain(..) {
        if separated.last().is_some_and(|last| apart(last, &item)) {
            separated.extend(blank_line());
        }
        separated.push(item);
    }
    *items = separated;
}

fn blank_line<I: syn::parse::Parse>() -> Option<I> {
    syn::parse_str(BLANK_LINE).ok()
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
    fn items_stand_apart() {
        let source = print_items(quote! {
            use a::b;
            use c::d;
            struct S { a: i32, b: i32 }
            impl S { fn f() {} fn g() {} }
            mod m { trait T { fn f(); fn g(); } const C: u8 = 1; }
        });
        let expected = [
            "use a::b;",
            "use c::d;",
            "",
            "struct S {",
            "    a: i32,",
            "    b: i32,",
            "}",
            "",
            "impl S {",
            "    fn f() {}",
            "",
            "    fn g() {}",
            "}",
            "",
            "mod m {",
            "    trait T {",
            "        fn f();",
            "",
            "        fn g();",
            "    }",
            "",
            "    const C: u8 = 1;",
            "}",
        ];
        assert_eq!(source.unwrap().lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn items_inside_of_a_macro_call_are_formatted() {
        let call = Section::MacroCall {
            path: "__rt::plain",
            items: quote!(
                struct P {
                    x: f64,
                }
            ),
        };
        let text = Section::Text("// The end.\n".into());
        let expected = "__rt::plain! {\n    struct P {\n        x: f64,\n    }\n}\n\n// The end.\n";
        assert_eq!(print(&[call, text], &CratePath::new("::wasmport")).unwrap(), expected);
    }

    #[test]
    fn raw_strings_hold_any_text() {
        for text in ["", "\"a\" (func)\n", "\"a\"#\" (func)\n\"##\"\n", "a\\nb", "\r"] {
            let literal: syn::LitStr = syn::parse2(raw_string(text)).unwrap();
            assert_eq!(literal.value(), text);
        }
        assert_eq!(raw_string("\"a\"#b\n").to_string(), "r##\"\"a\"#b\n\"##");
    }
}
