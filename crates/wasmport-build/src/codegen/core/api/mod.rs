//! Signatures beyond numbers: the Rust declarations that the user writes for an asset's functions.
//!
//! ```text
//! struct Point { x: f64, y: f64 }
//!
//! enum Refusal { Empty = 1, TooLong = 2 }
//!
//! fn area(points: &[Point]) -> f64;
//! fn check(text: &str) -> Result<(), Refusal>;
//! #[name = "greet!"] fn greet(name: &str) -> String;
//!
//! mod env { fn log(message: &str); }
//! ```

mod convention;
mod error;
mod parse;
mod refuse;
mod resolve;
mod rust;
mod shape;
mod signature;
mod skeleton;

pub(super) use convention::ResolvedConvention;
pub(crate) use error::ApiError;
pub(super) use error::near;
pub(super) use parse::SignedModule;
pub(super) use rust::{scalar_from_core, scalar_into_core};
pub(super) use shape::{HostShape, ResultShape, Shape, is_owned};
pub(super) use signature::{Signature, Ty};
pub(crate) use skeleton::skeleton;

use crate::interface::Interface;
use crate::settings::AssetSettings;
use proc_macro2::TokenStream;
use quote::quote;

/// The `api` of an asset.
pub(in crate::codegen::core) struct Api {
    /// Structs for the runtime's `plain!`.
    pub structs: Vec<syn::ItemStruct>,
    /// Enums for the runtime's `status!`.
    pub enums: Vec<syn::ItemEnum>,
    pub exports: Vec<Signature>,
    /// Signatures by import module.
    pub imports: Vec<SignedModule>,
    pub convention: ResolvedConvention,
}

impl Api {
    /// The signatures of an asset, if it has any.
    ///
    /// # Errors
    ///
    /// Fails if the text is not as `api` must be, or names an allocator that the asset does not export.
    pub fn of(interface: &Interface, settings: &AssetSettings) -> Result<Option<Self>, ApiError> {
        let is_chosen = settings.convention != crate::settings::Convention::default();
        let text = match &settings.api {
            Some(text) => text.as_str(),
            // The convention is checked, and what it implements is not left to the program.
            None if is_chosen => "",
            None => return Ok(None),
        };
        let parsed = parse::parse(text)?;
        resolve::check(&parsed)?;
        let convention = ResolvedConvention::of(interface, settings)?;
        resolve::check_codes(&parsed, convention.ok)?;
        Ok(Some(Self {
            structs: parsed.structs,
            enums: parsed.enums,
            exports: parsed.exports,
            imports: parsed.imports,
            convention,
        }))
    }

    /// The structs as items for the runtime's `plain!`.
    ///
    /// # Errors
    ///
    /// Fails with [`ApiError::Derive`] if one of `derives` is not a path.
    pub fn items(
        &self,
        vis: &TokenStream,
        settings: &AssetSettings,
    ) -> Result<TokenStream, ApiError> {
        let derives: Vec<syn::Path> = settings
            .derives
            .iter()
            .flatten()
            .map(|derive| path(derive))
            .collect::<Result<_, _>>()?;
        let structs = self.structs.iter().map(|item| {
            let syn::ItemStruct { attrs, ident, fields, .. } = item;
            let derives = self.derives(item, &derives);
            let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
            let fields = fields.iter().map(|field| {
                let syn::Field { attrs, ident, ty, .. } = field;
                quote!(#(#attrs)* pub #ident: #ty)
            });
            // Programs that deny missing documentation have structs without it too.
            quote! {
                #(#attrs)*
                #[allow(missing_docs, reason = "generated code")]
                #derives
                #vis struct #ident { #(#fields),* }
            }
        });
        Ok(structs.collect())
    }

    /// The enums as items for the runtime's `status!`.
    pub fn statuses(&self, vis: &TokenStream) -> TokenStream {
        let enums = self.enums.iter().map(|item| {
            let syn::ItemEnum { attrs, ident, variants, .. } = item;
            quote! {
                #(#attrs)*
                #[allow(missing_docs, reason = "generated code")]
                #vis enum #ident { #variants }
            }
        });
        enums.collect()
    }
}

impl Api {
    /// The traits that a struct derives besides those of `plain!`: those that are chosen, and by default those
    /// that its fields have.
    fn derives(&self, item: &syn::ItemStruct, chosen: &[syn::Path]) -> Vec<syn::Path> {
        let mut derives = chosen.to_vec();
        // `plain!` derives these.
        derives.retain(|path| !path.is_ident("Clone") && !path.is_ident("Copy"));
        if !resolve::has_known_fields(&self.structs, item) {
            return derives;
        }
        for name in ["Debug", "PartialEq"] {
            let has =
                |path: &syn::Path| path.segments.last().is_some_and(|last| last.ident == name);
            let own = item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive"));
            let is_own = own.clone().any(|attribute| {
                let tokens = attribute.meta.require_list().map(|list| list.tokens.to_string());
                tokens.is_ok_and(|tokens| tokens.split([',', ' ', ':']).any(|word| word == name))
            });
            if !is_own && !derives.iter().any(has) {
                derives.push(syn::Path::from(quote::format_ident!("{name}")));
            }
        }
        derives
    }
}

fn path(derive: &str) -> Result<syn::Path, ApiError> {
    syn::parse_str(derive).map_err(|source| ApiError::Derive { derive: derive.into(), source })
}
