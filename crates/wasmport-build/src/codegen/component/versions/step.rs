//! `Step`: what lies between a version and the next, and the trait of the conversions that the program writes.

use super::convert::{Conversions, Direction, Written};
use super::model::Model;
use super::params::Pairs;
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
    /// Exports of the newer version that the older lacks.
    pub lacking: Vec<String>,
    /// Parameters that have another name in the newer version: the function, the old name and the new one.
    pub renamed: BTreeSet<(String, [String; 2])>,
    /// Optional parameters that one of the versions lacks.
    pub dropped: BTreeSet<String>,
}

impl<'m> Step<'m> {
    pub fn new(model: &'m Model, old: usize) -> Self {
        Self {
            conversions: Conversions::new(model, old),
            methods: Vec::new(),
            lacking: Vec::new(),
            renamed: BTreeSet::new(),
            dropped: BTreeSet::new(),
        }
    }

    /// Returns the name of a version as code.
    pub fn name(&self, version: usize) -> String {
        code(&self.conversions.model.versions[version].version.name)
    }

    /// Notes for the list how the parameters of a function differ; calls have a direction between versions.
    pub fn note(&mut self, function: &str, pairs: &Pairs, direction: Direction) {
        for (from, to) in &pairs.renamed {
            let (old, new) = if direction == Direction::Up { (from, to) } else { (to, from) };
            let old_and_new = [old, new].map(|name| name.to_string().replace("r#", ""));
            let _ = self.renamed.insert((function.to_owned(), old_and_new));
        }
        for name in &pairs.dropped {
            let _ = self.dropped.insert(format!("{function}({name})").replace("r#", ""));
        }
    }

    /// Returns all methods that the program writes: of types, then of functions.
    fn all(&self) -> Vec<Method> {
        let written = self.conversions.written().map(|written| {
            let Written { ident, direction, paths: (old, new), from, to } = written;
            let old = (old, self.name(self.conversions.old));
            let new = (new, self.name(self.conversions.old + 1));
            let ((from_path, from_name), (to_path, to_name)) =
                if direction == Direction::Up { (old, new) } else { (new, old) };
            let what = code(from_path.join("::"));
            let docs = match from_path.last() == to_path.last() {
                true => format!("Converts {what} from {from_name} to {to_name}."),
                false => format!(
                    "Converts {what} of {from_name} to {} of {to_name}.",
                    code(to_path.join("::"))
                ),
            };
            Method {
                docs,
                ident: ident.clone(),
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
        !self.methods.is_empty() || self.conversions.written().next().is_some()
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
            "The conversions between {old} and {new} that do not follow from the types. The session's data implements \
             them.\n\nAn error ends the guest's call, or the call of the guest."
        ));
        // Braces are places of a message, and names of versions have none.
        let message = format!("`{{Self}}` does not convert between the versions {old} and {new}");
        let module = &self.conversions.model.versions[self.conversions.old].version.module;
        let conversions = self.conversions.model.conversions(self.conversions.old);
        let note = format!(
            "implement the trait `{module}::{conversions}` of the wrapper for the session's data: it has what does not \
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
                    <_T as #conversions>::#ident(#other #(#names),*) #wait
                }
            });
        }
        Some(quote! {
            #doc
            #[diagnostic::on_unimplemented(message = #message, note = #note)]
            pub trait #conversions: #send Sized {
                #methods
            }

            impl<_T: #conversions> #conversions for &mut _T {
                #forwards
            }
        })
    }
}
