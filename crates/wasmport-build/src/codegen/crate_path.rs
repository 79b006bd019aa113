//! Another path of the `wasmport` crate. The generators write `::wasmport`; the files that are printed have
//! the path of the settings.

use crate::settings::crate_path;
use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use quote::quote;

/// The path of the `wasmport` crate in generated code.
pub(crate) struct CratePath {
    text: String,
    /// The path's tokens, unless it is the default.
    tokens: Option<TokenStream>,
}

impl CratePath {
    /// Creates a path from a setting, which was checked.
    pub fn new(setting: &str) -> Self {
        let text = crate_path::absolute(setting).unwrap_or_else(|| crate_path::DEFAULT.into());
        let tokens = (text != crate_path::DEFAULT).then(|| text.parse().unwrap_or_default());
        Self { text, tokens }
    }

    /// Writes the path into tokens, and into the links of their documentation.
    pub(super) fn in_tokens(&self, tokens: TokenStream) -> TokenStream {
        match &self.tokens {
            Some(path) => self.replace(tokens, path),
            None => tokens,
        }
    }

    /// Writes the path into source that the generators formatted.
    pub(super) fn in_text(&self, text: &str) -> String {
        match self.tokens {
            Some(_) => text.replace("::wasmport::", &format!("{}::", self.text)),
            None => text.into(),
        }
    }

    fn replace(&self, tokens: TokenStream, path: &TokenStream) -> TokenStream {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut replaced = TokenStream::new();
        let mut rest = tokens.as_slice();
        let (mut follows_name, mut follows_quote) = (false, false);
        while let Some((token, after)) = rest.split_first() {
            // An item of another module may have the name too: `self::wasmport::f`, `T::wasmport::<U>()`.
            if let [a, b, TokenTree::Ident(name), more @ ..] = rest
                && let [c, d, TokenTree::Ident(_), ..] = more
                && !follows_name
                && is_path_separator(a, b)
                && is_path_separator(c, d)
                && name == "wasmport"
            {
                replaced.extend(path.clone());
                rest = more;
                continue;
            }
            replaced.extend([match token {
                TokenTree::Group(group) => {
                    let inner = match self.doc(group) {
                        Some(doc) => doc,
                        None => self.replace(group.stream(), path),
                    };
                    let mut group_now = Group::new(group.delimiter(), inner);
                    group_now.set_span(group.span());
                    group_now.into()
                }
                token => token.clone(),
            }]);
            let is_name = |name| !KEYWORDS.iter().any(|keyword| name == keyword);
            // A lifetime is a quote and a name.
            follows_name =
                matches!(token, TokenTree::Ident(name) if !follows_quote && is_name(name));
            follows_quote = matches!(token, TokenTree::Punct(punct) if punct.as_char() == '\'');
            rest = after;
        }
        replaced
    }

    /// Returns the content of an attribute `doc` with links to the path.
    fn doc(&self, attribute: &Group) -> Option<TokenStream> {
        if attribute.delimiter() != Delimiter::Bracket {
            return None;
        }
        let doc: syn::MetaNameValue = syn::parse2(attribute.stream()).ok()?;
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &doc.value else {
            return None;
        };
        let is_doc = doc.path.is_ident("doc");
        let text = text.value().replace(LINK, &format!("]({}::", self.text));
        is_doc.then(|| quote!(doc = #text))
    }
}

/// The beginning of a link to an item of the runtime, in documentation.
const LINK: &str = "](::wasmport::";

/// Keywords in front of a path: no name of a module.
const KEYWORDS: &[&str] = &[
    "as", "await", "break", "const", "dyn", "else", "enum", "fn", "for", "if", "impl", "in", "let",
    "match", "move", "mut", "pub", "ref", "return", "static", "struct", "type", "unsafe", "use",
    "where", "while",
];

fn is_path_separator(first: &TokenTree, second: &TokenTree) -> bool {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    let is_joint = matches!(first, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
    is_colon(first) && is_colon(second) && is_joint
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(path: &str, tokens: TokenStream) -> String {
        CratePath::new(path).in_tokens(tokens).to_string()
    }

    #[test]
    fn paths_and_links_are_renamed_and_names_are_not() {
        let tokens = quote! {
            use ::wasmport::support as __rt;
            /// A [`Wasi`](::wasmport::wasi::Wasi) of `::wasmport::`.
            impl<T> ::wasmport::F for T {}
            fn f(a: &'a ::wasmport::A, b: [<B as ::wasmport::C<::wasmport::D>>::wasmport; 2]) -> ::wasmport::E {
                return ::wasmport::f("::wasmport::g", a::wasmport::h, wasmport::i, Vec::<u8>::wasmport)
            }
        };
        let expected = quote! {
            use ::framework::wp::support as __rt;
            /// A [`Wasi`](::framework::wp::wasi::Wasi) of `::wasmport::`.
            impl<T> ::framework::wp::F for T {}
            fn f(a: &'a ::framework::wp::A, b: [<B as ::framework::wp::C<::framework::wp::D>>::wasmport; 2]) -> ::framework::wp::E {
                return ::framework::wp::f("::wasmport::g", a::wasmport::h, wasmport::i, Vec::<u8>::wasmport)
            }
        };
        let expected = expected.to_string().replace("r\"", "\"");
        assert_eq!(renamed("framework::wp", tokens.clone()), expected);
        assert_eq!(renamed("::wasmport", tokens.clone()), tokens.to_string());
        assert_eq!(
            renamed("crate::wp", quote!(x: ::wasmport::T)),
            quote!(x: crate::wp::T).to_string()
        );
    }
}
