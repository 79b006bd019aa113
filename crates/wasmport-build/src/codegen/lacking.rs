//! The exports that code of an interface may lack: optional ones, and those of which it has one.

use super::docs::{outer, quoted};
use crate::error::{PatternError, did_you_mean};
use crate::names::{self, nearest};
use crate::settings::{AssetSettings, Part, Patterns};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;
use thiserror::Error;

/// The exports that code may lack, by name.
#[derive(Debug, Default)]
pub(super) struct Lacking {
    /// All of them.
    pub names: BTreeSet<String>,
    /// The exports of which code has one, in the order of the settings.
    pub one_of: Vec<String>,
}

/// A choice of exports that cannot be followed.
#[derive(Debug, Error)]
pub(crate) enum LackingError {
    /// A pattern is no glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// `optional` or `one-of` names no export.
    #[error("`{key}` has `{}`, which the interface does not export", name.escape_debug())]
    NoExport { key: &'static str, name: String, index: usize, nearest: Option<String> },
}

impl LackingError {
    /// Returns the setting that it is about, and the part of it.
    pub fn setting(&self) -> Option<(&'static str, Part<'_>)> {
        match self {
            Self::Pattern(_) => None,
            Self::NoExport { key, index, .. } => Some((key, Part::Element(*index))),
        }
    }

    /// Returns the mend.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Pattern(_) => None,
            Self::NoExport { nearest, .. } => nearest.as_deref().map(did_you_mean),
        }
    }
}

impl Lacking {
    /// Selects from the exports of an interface. Names in the settings may leave out the version.
    ///
    /// # Errors
    ///
    /// Fails if `optional` is no pattern, or `one-of` names no export.
    pub fn of(settings: &AssetSettings, exports: &[&str]) -> Result<Self, LackingError> {
        let no_export = |key, name: &String, index| {
            let nearest = nearest(name, exports.iter().copied()).map(Into::into);
            LackingError::NoExport { key, name: name.clone(), index, nearest }
        };
        let mut lacking = Self::default();
        for (index, pattern) in settings.optional.iter().flatten().enumerate() {
            let matcher = Patterns::one(pattern)?;
            let is_optional = |name: &&&str| {
                matcher.matches(name, false) || matcher.matches(unversioned(name), false)
            };
            let mut optional = exports.iter().filter(is_optional).peekable();
            if optional.peek().is_none() {
                return Err(no_export("optional", pattern, index));
            }
            lacking.names.extend(optional.map(ToString::to_string));
        }
        for (index, name) in settings.one_of.iter().flatten().enumerate() {
            let export = exports.iter().find(|own| *own == name || unversioned(own) == name);
            let Some(export) = export else { return Err(no_export("one-of", name, index)) };
            let _ = lacking.names.insert((*export).to_owned());
            lacking.one_of.push((*export).to_owned());
        }
        Ok(lacking)
    }

    /// Returns what those who write guests have to know about an export, if code may lack it.
    pub fn note(&self, export: &str) -> Option<String> {
        if self.one_of.iter().any(|name| name == export) {
            return Some(format!(
                "The host calls exactly one of {}: a guest exports one and leaves out the others.",
                self.one_of.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
            ));
        }
        let is_optional = self.names.contains(export);
        is_optional.then(|| "The host does without it: a guest may leave it out.".into())
    }

    /// Writes the calls that add the choices to the description of the interface.
    pub fn described(&self) -> TokenStream {
        let (names, one_of) = (self.names.iter(), &self.one_of);
        let optional = (!self.names.is_empty()).then(|| quote!(.with_optional(&[#(#names),*])));
        let one_of = (!one_of.is_empty()).then(|| quote!(.with_one_of(&[#(#one_of),*])));
        quote!(#optional #one_of)
    }

    /// Writes the type that tells which of the exports code has.
    pub fn kind(&self, vis: &TokenStream, ident: &Ident, loaded: &TokenStream) -> TokenStream {
        let variants = variants(&self.one_of);
        let docs = self.one_of.iter().map(|name| outer(&format!("It exports {}.", quoted(name))));
        let Some((last, first)) = variants.split_last() else { return TokenStream::new() };
        let names = self.one_of.iter().take(first.len());
        quote! {
            /// Which of the exports code has of which the interface wants one.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            #vis enum #ident {
                #(#docs #variants,)*
            }

            impl #ident {
                /// Tells which of the exports loaded code has.
                ///
                /// Fails with [`Error::Interface`](::wasmport::Error::Interface) if the code does not have the
                /// interface.
                pub fn of(loaded: &#loaded) -> ::wasmport::Result<Self> {
                    Ok(match __rt::one_of(loaded, &INTERFACE)? {
                        #(#names => Self::#first,)*
                        _ => Self::#last,
                    })
                }
            }
        }
    }
}

/// Returns the choices for each version of an interface, which are about the exports that the version has.
///
/// # Errors
///
/// Fails if a choice names an export that no version has.
pub(super) fn of_versions(
    settings: &AssetSettings,
    versions: &[Vec<String>],
) -> Result<Vec<AssetSettings>, LackingError> {
    let mut all: Vec<&str> = versions.iter().flatten().map(String::as_str).collect();
    all.sort_unstable();
    all.dedup();
    let _ = Lacking::of(settings, &all)?;
    Ok(versions.iter().map(|exports| of_version(settings, exports)).collect())
}

/// Returns the choices for a version of an interface without those that name exports of other versions.
pub(crate) fn of_version(settings: &AssetSettings, exports: &[String]) -> AssetSettings {
    let mut settings = settings.clone();
    if let Some(optional) = &mut settings.optional {
        optional.retain(|pattern| {
            let matcher = Patterns::one(pattern);
            matcher.is_ok_and(|matcher| {
                let mut names = exports.iter();
                names.any(|name| {
                    matcher.matches(name, false) || matcher.matches(unversioned(name), false)
                })
            })
        });
    }
    if let Some(one_of) = &mut settings.one_of {
        one_of.retain(|name| exports.iter().any(|own| own == name || unversioned(own) == name));
    }
    settings
}

/// Returns the name of an interface without its version.
pub(super) fn unversioned(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// Returns a name for each variant: that of the function, or of the interface in its package.
fn variants(names: &[String]) -> Vec<Ident> {
    let mut taken = BTreeSet::new();
    let variant = |name: &String| {
        let own = unversioned(name).rsplit('/').next().unwrap_or_default();
        let mut ident = names::type_name(own);
        while !taken.insert(ident.clone()) {
            ident.push('_');
        }
        format_ident!("{ident}")
    };
    names.iter().map(variant).collect()
}
