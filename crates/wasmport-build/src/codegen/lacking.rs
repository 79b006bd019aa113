//! The exports that code of an interface may lack: optional ones, and those of which it has one.

use super::docs::{outer, quoted};
use crate::error::{PatternError, did_you_mean};
use crate::names::{self, nearest, unversioned};
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
    /// `one-of` names an export twice.
    #[error("`one-of` has the export `{}` twice", name.escape_debug())]
    Twice { name: String, index: usize },
    /// A version has none of the exports of `one-of`.
    #[error("the version `{}` has no export of `one-of`", version.escape_debug())]
    NoneOf { version: String },
}

impl LackingError {
    /// Returns the setting that it is about, and the part of it.
    pub fn setting(&self) -> Option<(&'static str, Part<'_>)> {
        match self {
            Self::Pattern(_) => None,
            Self::NoExport { key, index, .. } => Some((key, Part::Element(*index))),
            Self::Twice { index, .. } => Some(("one-of", Part::Element(*index))),
            Self::NoneOf { .. } => Some(("one-of", Part::Whole)),
        }
    }

    /// Returns the mend.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Pattern(_) => None,
            Self::NoExport { nearest, .. } => nearest.as_deref().map(did_you_mean),
            Self::Twice { .. } => Some("name it once".into()),
            Self::NoneOf { version } => {
                let version = version.escape_debug();
                Some(format!("add the export that code of `{version}` has in their place"))
            }
        }
    }
}

impl Lacking {
    /// Selects from the exports of an interface. Names in the settings may leave out the version.
    ///
    /// # Errors
    ///
    /// Fails if `optional` is no pattern, or `one-of` names no export or one twice.
    pub fn of(settings: &AssetSettings, exports: &[&str]) -> Result<Self, LackingError> {
        let no_export = |key, name: &String, index| {
            let nearest = nearest(name, exports.iter().copied()).map(Into::into);
            LackingError::NoExport { key, name: name.clone(), index, nearest }
        };
        let mut lacking = Self::default();
        for (index, pattern) in settings.optional.iter().flatten().enumerate() {
            let matcher = Patterns::one(pattern)?;
            let mut optional = exports.iter().filter(|name| matches(&matcher, name)).peekable();
            if optional.peek().is_none() {
                return Err(no_export("optional", pattern, index));
            }
            lacking.names.extend(optional.map(ToString::to_string));
        }
        for (index, name) in settings.one_of.iter().flatten().enumerate() {
            let export = named(name, exports.iter().copied());
            let Some(export) = export else { return Err(no_export("one-of", name, index)) };
            if lacking.one_of.iter().any(|other| other == export) {
                return Err(LackingError::Twice { name: export.into(), index });
            }
            let _ = lacking.names.insert(export.to_owned());
            lacking.one_of.push(export.to_owned());
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
        let exports: Vec<_> = self.one_of.iter().map(|name| vec![name.as_str()]).collect();
        let fails = quote! {
            /// Fails with [`Error::Interface`](::wasmport::Error::Interface) if the code does not have the
            /// interface.
        };
        let found = quote!(__rt::one_of(loaded, &INTERFACE)?);
        Kind { vis, ident, loaded, names: &self.one_of, exports, fails, found }.write()
    }
}

/// The type that tells which of the exports of `one-of` code has.
struct Kind<'a> {
    vis: &'a TokenStream,
    ident: &'a Ident,
    /// The type of loaded code.
    loaded: &'a TokenStream,
    /// The exports by the names in its documentation.
    names: &'a [String],
    /// The names that each has in code.
    exports: Vec<Vec<&'a str>>,
    /// The documentation of the errors.
    fails: TokenStream,
    /// The expression for the export that `loaded` has.
    found: TokenStream,
}

impl Kind<'_> {
    fn write(self) -> TokenStream {
        let Self { vis, ident, loaded, names, exports, fails, found } = self;
        let variants = variants(names);
        let docs = names.iter().map(|name| outer(&format!("It exports {}.", quoted(name))));
        let Some((last, first)) = variants.split_last() else { return TokenStream::new() };
        let exports = exports.iter().take(first.len()).map(|names| quote!(#(#names)|*));
        quote! {
            /// Which of the exports code has of which the interface wants one.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            #vis enum #ident {
                #(#docs #variants,)*
            }

            impl #ident {
                /// Tells which of the exports loaded code has.
                ///
                #fails
                pub fn of(loaded: &#loaded) -> ::wasmport::Result<Self> {
                    Ok(match #found {
                        #(#exports => Self::#first,)*
                        _ => Self::#last,
                    })
                }
            }
        }
    }
}

/// A version of an interface: its name, its own choices, and its exports.
pub(crate) type VersionExports<'a> = (&'a str, &'a AssetSettings, Vec<String>);

/// Returns the choices for each version of an interface, which are about the exports that the version has. A version
/// with one export of `one-of` has it always.
///
/// # Errors
///
/// Fails if a choice names an export that no version has, and if a version has none of `one-of`.
pub(crate) fn of_versions(
    settings: &AssetSettings,
    versions: &[VersionExports<'_>],
) -> Result<Vec<AssetSettings>, LackingError> {
    let all: BTreeSet<&str> =
        versions.iter().flat_map(|(.., exports)| exports).map(String::as_str).collect();
    let _ = Lacking::of(settings, &all.into_iter().collect::<Vec<_>>())?;
    let of_version = |(version, own, exports): &VersionExports<'_>| {
        let one_of = settings.one_of.as_ref().map(|_| alternatives(settings, exports));
        if one_of.as_ref().is_some_and(|(_, found)| found.is_empty()) {
            return Err(LackingError::NoneOf { version: (*version).to_owned() });
        }
        let mut choices = (*own).clone();
        choices.one_of = one_of.map(|(names, _)| names).filter(|names| names.len() > 1);
        if let Some(optional) = &mut choices.optional {
            optional.retain(|pattern| {
                Patterns::one(pattern)
                    .is_ok_and(|matcher| exports.iter().any(|name| matches(&matcher, name)))
            });
        }
        Ok(choices)
    };
    versions.iter().map(of_version).collect()
}

/// Returns the names in `one-of` that a version has, and its exports of these names.
fn alternatives<'a>(
    settings: &AssetSettings,
    exports: &'a [String],
) -> (Vec<String>, Vec<&'a str>) {
    let names = settings.one_of.iter().flatten();
    let exports = || exports.iter().map(String::as_str);
    names.filter_map(|name| Some((name.clone(), named(name, exports())?))).unzip()
}

/// Writes the type that tells which of the exports code of any version has.
pub(super) fn kind_of_versions(
    settings: &AssetSettings,
    versions: &[Vec<String>],
    vis: &TokenStream,
    ident: &Ident,
    loaded: &TokenStream,
) -> TokenStream {
    let names = settings.one_of.as_deref().unwrap_or_default();
    let own = versions.iter().map(|exports| alternatives(settings, exports).1);
    let own: Vec<_> = own.map(|exports| quote!(&[#(#exports),*])).collect();
    let of_name = |name: &String| {
        let own = versions.iter();
        let own = own.filter_map(|exports| named(name, exports.iter().map(String::as_str)));
        own.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let exports = names.iter().map(of_name).collect();
    let fails = quote! {
        /// Fails with [`Error::Version`](::wasmport::Error::Version) if the code is of another version, and with
        /// [`Error::Interface`](::wasmport::Error::Interface) if it differs from its version.
    };
    let found = quote!(__rt::one_of_versions(loaded, &INTERFACE, &[#(#own),*])?);
    Kind { vis, ident, loaded, names, exports, fails, found }.write()
}

/// Returns whether a pattern matches the name of an export, with or without its version.
fn matches(matcher: &Patterns, name: &str) -> bool {
    matcher.matches(name, false) || matcher.matches(unversioned(name), false)
}

/// Finds an export by its name, with or without its version.
fn named<'a>(name: &str, mut exports: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    exports.find(|own| *own == name || unversioned(own) == name)
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
