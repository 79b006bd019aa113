//! The common parts of wrappers of interfaces with versions, of modules and of components.

use super::description::Description;
use super::docs::{code, outer};
use super::lacking;
use crate::names;
use crate::settings::{AssetSettings, Version};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// Names of the types that all versions share.
pub(super) struct Names {
    /// The wrapper, which is an enum of those of the versions.
    pub ty: Ident,
    /// The versions.
    pub version: Ident,
    pub session: Ident,
}

impl Names {
    pub fn of(asset: &Description<'_>) -> Self {
        let name = asset.settings.type_name.clone();
        let ty = name.unwrap_or_else(|| names::type_name(asset.own_module()));
        Self::of_type(&ty)
    }

    pub fn of_type(ty: &str) -> Self {
        let [version, session] = ["Version", "Session"].map(|word| format_ident!("{ty}{word}"));
        Self { ty: format_ident!("{ty}"), version, session }
    }
}

/// The common parts of the wrapper of all versions, of modules and of components.
pub(super) struct Shared<'a> {
    pub asset: &'a Description<'a>,
    pub names: &'a Names,
    pub versions: &'a [(Version, Description<'a>)],
    /// The kind of code, as the runtime names it.
    pub kind: &'static str,
}

impl Shared<'_> {
    /// Returns the name of the wrapper in the module of each version.
    pub fn own(&self) -> Ident {
        self.names.ty.clone()
    }

    /// Writes the enums and the interface.
    pub fn items(&self) -> TokenStream {
        let Names { ty, version, .. } = self.names;
        let (vis, own) = (self.asset.visibility(), self.own());
        let variants: Vec<Ident> =
            self.versions.iter().map(|(version, _)| format_ident!("{}", version.variant)).collect();
        let modules = self.versions.iter().map(|(version, _)| format_ident!("{}", version.module));
        let docs: Vec<TokenStream> = self
            .versions
            .iter()
            .map(|(version, _)| {
                outer(&format!(
                    "{}, described by {}.",
                    code(&version.name),
                    code(&version.description)
                ))
            })
            .collect();
        let name = self.asset.name();
        let detect = detect(self.asset.settings);
        let exports = self.versions.iter().map(|(_, own)| own.interface.export_names());
        let (exports, kind) = (exports.collect::<Vec<_>>(), format_ident!("{}", self.kind));
        let loaded = quote!(::wasmport::Loaded<::wasmport::support::#kind>);
        let kind = format_ident!("{ty}Kind");
        let kind = lacking::kind_of_versions(self.asset.settings, &exports, &vis, &kind, &loaded);
        quote! {
            /// A version of the interface; later ones are greater.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #vis enum #version {
                #(#docs #variants,)*
            }

            /// The exports of an instance, by the version of its code.
            #vis enum #ty {
                #(#docs #variants(#modules::#own),)*
            }

            /// The imports and exports of all versions, and the way to detect the version of code.
            #vis static INTERFACE: ::wasmport::Versions<#version> = __rt::versions_of(#name, #detect);

            #kind
        }
    }

    /// Writes the macro call for the parts that are the same in all wrappers.
    pub fn call(&self) -> String {
        let Names { ty, version, .. } = self.names;
        let (kind, own) = (self.kind, self.own());
        let versions: Vec<String> = self
            .versions
            .iter()
            .enumerate()
            .map(|(index, (version, _))| {
                format!("{} {} {own} {:?} {index}", version.variant, version.module, version.name)
            })
            .collect();
        let newest = self.versions.last().map_or("", |(version, _)| &version.module);
        format!(
            "// The traits of `{ty}` and `{version}`.\n\
             __rt::versions! {{\n    {kind} {ty} {version}, newest: {newest},\n    versions: [{}]\n}}\n",
            versions.join(", ")
        )
    }

    /// Returns the paragraph about the versions.
    pub fn docs(&self) -> String {
        let mut text = String::from("# Versions\n\n");
        for (version, _) in self.versions {
            text.push_str(&format!(
                "- {}: the module [`{}`], described by {}\n",
                code(&version.name),
                version.module,
                code(&version.description)
            ));
        }
        text
    }
}

/// Returns the documentation of a version's module.
pub(super) fn version_docs(version: &Version) -> String {
    format!("The version {}, described by {}.", code(&version.name), code(&version.description))
}

/// Writes the way to detect versions.
fn detect(settings: &AssetSettings) -> TokenStream {
    let detect = &settings.detect;
    if let Some(section) = &detect.section {
        return quote!(__rt::Detect::Section(#section));
    }
    if let Some(pattern) = &detect.export {
        return quote!(__rt::Detect::Export(#pattern));
    }
    if let Some(exports) = &detect.exports {
        let versions = settings.all_versions();
        let exports = versions.iter().map(|version| exports.get(&version.name));
        let exports = exports.map(|export| export.map_or("", String::as_str));
        return quote!(__rt::Detect::Exports(&[#(#exports),*]));
    }
    match detect.function {
        Some(true) => quote!(__rt::Detect::Program),
        _ => quote!(__rt::Detect::Structure),
    }
}
