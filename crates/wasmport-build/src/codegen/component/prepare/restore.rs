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

    fn restore_ident(&self, ident: Ident) -> Ident {
        Ident::new(&self.ident(&ident.to_string()), ident.span())
    }

    /// Returns the identifier for one that the generator wrote. An alias that replaced an impossible identifier
    /// becomes that identifier with an underscore. An alias that replaced one of two equal ones keeps its
    /// digits.
    pub(super) fn ident(&self, ident: &str) -> String {
        let mark = &self.meetings.mark;
        let text =
            ident.replace(&format!("_{mark}_"), "_").replace(&mark.to_upper_camel_case(), "");
        match self.without_word(&text, "_") {
            Some(name) if self.idents.contains(&name) => format!("{name}_"),
            Some(name) => name,
            None => text,
        }
    }

    fn restore_literal(&self, literal: Literal) -> Literal {
        let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) else { return literal };
        let own = self.own_name(&text.value());
        if own == text.value() { literal } else { Literal::string(&own) }
    }

    /// Returns a text in which aliases are the names in WIT.
    pub(super) fn own_name(&self, text: &str) -> String {
        let own = self.meetings.without_digits(text);
        let own = own.replace(&self.meetings.mark.to_upper_camel_case(), "");
        self.without_word(&own, "-").unwrap_or(own)
    }

    fn without_word(&self, text: &str, separator: &str) -> Option<String> {
        let camel = self.word.to_upper_camel_case();
        let name = text.replace(&format!("{separator}{}", self.word), "").replace(&camel, "");
        (name != text).then_some(name)
    }
}
