//! The way back from aliases to names, in the tokens of generated code.

use super::aliases::Aliases;
use heck::ToUpperCamelCase as _;
use proc_macro2::{Group, Ident, Literal, TokenStream, TokenTree};
use syn::LitStr;

impl Aliases {
    /// Returns the code with names in the place of their aliases.
    pub fn restore(&self, tokens: TokenStream) -> TokenStream {
        tokens.into_iter().map(|token| self.restore_token(token)).collect()
    }

    fn restore_token(&self, token: TokenTree) -> TokenTree {
        match token {
            TokenTree::Group(group) => {
                Group::new(group.delimiter(), self.restore(group.stream())).into()
            }
            TokenTree::Ident(ident) => self.restore_ident(ident).into(),
            TokenTree::Literal(literal) => self.restore_literal(literal).into(),
            TokenTree::Punct(_) => token,
        }
    }

    /// An alias that replaced an impossible identifier becomes that identifier with an underscore.
    fn restore_ident(&self, ident: Ident) -> Ident {
        match self.without_word(&ident.to_string(), "_") {
            Some(name) if self.idents.contains(&name) => {
                Ident::new(&format!("{name}_"), ident.span())
            }
            Some(name) => Ident::new(&name, ident.span()),
            None => ident,
        }
    }

    fn restore_literal(&self, literal: Literal) -> Literal {
        let text = syn::parse_str::<LitStr>(&literal.to_string()).ok();
        match text.and_then(|text| self.without_word(&text.value(), "-")) {
            Some(text) => Literal::string(&text),
            None => literal,
        }
    }

    fn without_word(&self, text: &str, separator: &str) -> Option<String> {
        let camel = self.word.to_upper_camel_case();
        let name = text.replace(&format!("{separator}{}", self.word), "").replace(&camel, "");
        (name != text).then_some(name)
    }
}
