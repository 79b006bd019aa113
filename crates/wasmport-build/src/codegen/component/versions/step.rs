//! `Step`: what lies between a version and the next, and the trait of the conversions that the program writes.

use super::convert::Conversions;
use super::model::Model;
use crate::codegen::docs::{code, outer};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;

/// A method that the program writes.
pub(super) struct Method {
    pub docs: String,
    pub ident: Ident,
    /// Whether it takes `&mut self`.
    pub receiver: bool,
    pub params: Vec<(Ident, TokenStream)>,
    pub result: TokenStream,
    pub is_async: bool,
}

/// The step from a version to the next.
pub(super) struct Step<'m> {
    pub conversions: Conversions<'m>,
    /// The functions that the program writes.
    pub methods: Vec<Method>,
    taken: BTreeSet<String>,
    /// Exports of the newer version that the older lacks.
    pub lacking: Vec<String>,
}

impl<'m> Step<'m> {
    pub fn new(model: &'m Model, old: usize) -> Self {
        let conversions = Conversions::new(model, old);
        Self { conversions, methods: Vec::new(), taken: BTreeSet::new(), lacking: Vec::new() }
    }

    /// Returns the name of a version as code.
    pub fn name(&self, version: usize) -> String {
        code(&self.conversions.model.versions[version].version.name)
    }

    /// Returns a name that no other method of the trait has.
    pub fn free(&mut self, name: &str) -> Ident {
        let mut free = name.to_owned();
        while !self.taken.insert(free.clone()) {
            free.push('_');
        }
        format_ident!("{free}")
    }

    /// Returns all methods that the program writes: of types, then of functions.
    fn all(&self) -> Vec<Method> {
        let written = self.conversions.written().into_iter().map(|(ident, path, from, to)| {
            let up = ident.to_string().starts_with("upgrade");
            let (old, new) = (self.name(self.conversions.old), self.name(self.conversions.old + 1));
            let (from_name, to_name) = if up { (old, new) } else { (new, old) };
            Method {
                docs: format!("Converts {} from {from_name} to {to_name}.", code(path.join("::"))),
                ident,
                receiver: false,
                params: vec![(format_ident!("value"), from.clone())],
                result: to.clone(),
                is_async: false,
            }
        });
        let functions = self.methods.iter().map(|method| Method {
            docs: method.docs.clone(),
            ident: method.ident.clone(),
            params: method.params.clone(),
            result: method.result.clone(),
            ..*method
        });
        written.chain(functions).collect()
    }

    /// Returns whether the program writes anything.
    pub fn has_trait(&self) -> bool {
        !self.methods.is_empty() || !self.conversions.written().is_empty()
    }

    /// Returns the names of the methods that the program writes.
    pub fn written(&self) -> Vec<String> {
        self.all().iter().map(|method| method.ident.to_string()).collect()
    }

    /// Writes the trait.
    pub fn conversions_trait(&self) -> Option<TokenStream> {
        if !self.has_trait() {
            return None;
        }
        let (old, new) = (self.name(self.conversions.old), self.name(self.conversions.old + 1));
        let doc = outer(&format!(
            "What the program writes so that {old} is served by {new}: all conversions that do not follow from the \
             types. The session's data implements it.\n\nAn error ends the guest's call, or the call of the guest."
        ));
        // Braces are places of a message, and names of versions have none.
        let message = format!("`{{Self}}` does not convert between the versions {old} and {new}");
        let module = &self.conversions.model.versions[self.conversions.old].version.module;
        let note = format!(
            "implement the trait `{module}::Conversions` of the wrapper for the session's data: it has what does not \
             follow from the types"
        );
        let (mut methods, mut forwards) = (TokenStream::new(), TokenStream::new());
        let is_async = self.methods.iter().any(|method| method.is_async);
        let send = is_async.then(|| quote!(Send+));
        for Method { docs, ident, receiver, params, result, is_async } in self.all() {
            let doc = outer(&docs);
            let names: Vec<&Ident> = params.iter().map(|(name, _)| name).collect();
            let types: Vec<&TokenStream> = params.iter().map(|(_, ty)| ty).collect();
            let own = receiver.then(|| quote!(&mut self,));
            let other = receiver.then(|| quote!(&mut **self,));
            let wait = is_async.then(|| quote!(.await));
            let (asyncness, output) = match is_async {
                true => (
                    Some(quote!(async)),
                    quote!(impl ::core::future::Future<Output = __rt::Result<#result>> + Send),
                ),
                false => (None, quote!(__rt::Result<#result>)),
            };
            methods.extend(quote! {
                #doc
                fn #ident(#own #(#names: #types),*) -> #output;
            });
            forwards.extend(quote! {
                #asyncness fn #ident(#own #(#names: #types),*) -> __rt::Result<#result> {
                    <_T as Conversions>::#ident(#other #(#names),*) #wait
                }
            });
        }
        Some(quote! {
            #doc
            #[diagnostic::on_unimplemented(message = #message, note = #note)]
            pub trait Conversions: #send Sized {
                #methods
            }

            impl<_T: Conversions> Conversions for &mut _T {
                #forwards
            }
        })
    }
}
