//! Calls: the tokens that differ between wrappers whose calls block and those whose calls wait.

use super::plan::Plan;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The tokens for one kind of calls.
pub(super) struct Calls {
    pub is_async: bool,
    /// `async`, or nothing.
    pub asyncness: TokenStream,
    /// `.await`, or nothing.
    pub wait: TokenStream,
    /// The bounds of the data of a store.
    pub bounds: TokenStream,
    /// The bound of the data of a store whose type is not named.
    pub data: TokenStream,
}

impl Calls {
    pub fn of(plan: &Plan<'_>) -> Self {
        if plan.is_async {
            Self {
                is_async: true,
                asyncness: quote!(async),
                wait: quote!(.await),
                bounds: quote!(__rt::Send + 'static),
                data: quote!(<Data: __rt::Send>),
            }
        } else {
            Self {
                is_async: false,
                asyncness: quote!(),
                wait: quote!(),
                bounds: quote!('static),
                data: quote!(),
            }
        }
    }

    /// The name of a method or function of the runtime that has an async version.
    pub fn method(&self, name: &str) -> Ident {
        format_ident!("{name}{}", if self.is_async { "_async" } else { "" })
    }
}
