//! Imports with who satisfies them, and exports with their Rust signatures.

use super::MOST_ITEMS;
use super::wrapper::{HostFunction, WrapperApi};
use crate::asset::Kind;
use crate::contents::{Capability, CapabilityKind, Contents, Item};
use crate::interface::Interface;
use crate::settings::{AssetSettings, Patterns};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// An import.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ImportOverview {
    /// The module or interface that it is imported from; empty if it belongs to none.
    pub of: String,
    /// The name; empty if it is an interface itself.
    pub name: String,
    /// The type.
    pub ty: String,
    /// Who satisfies it.
    pub provider: Provider,
    /// The signature of the host function that the program implements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rust: Option<String>,
    /// The assets of the project whose exports satisfy everything that is imported from this module: a program may
    /// link them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<String>,
}

/// An export.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExportOverview {
    /// The interface that it belongs to; empty if it belongs to none.
    pub of: String,
    /// The name; empty if it is an interface itself.
    pub name: String,
    /// The type.
    pub ty: String,
    /// The signature of the wrapper's method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rust: Option<String>,
}

/// Who satisfies an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Provider {
    /// The runtime's WASI, with the capabilities that the program grants.
    Wasi,
    /// A function of the program, in a trait of the wrapper.
    Host {
        /// The path of the trait in the wrapper.
        path: String,
    },
    /// A function that traps, unless the program implements it.
    Trap {
        /// The path of the trait in the wrapper.
        path: String,
    },
    /// The trait or the types of another wrapper, by the setting `with`.
    With {
        /// The path.
        path: String,
    },
    /// Another component, by the setting `compose`.
    Component {
        /// The component's file.
        file: String,
    },
    /// The runtime, by the convention of the settings.
    Runtime,
    /// A memory, table, global or tag that the program passes to each store.
    Value,
    /// Nobody by itself: the program defines it in the linker.
    Linker,
    /// Not known, because there is no wrapper.
    Unknown,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wasi => f.write_str("WASI of the runtime"),
            Self::Host { path } => write!(f, "the program, in the trait {path}"),
            Self::Trap { path } => {
                write!(f, "a trap, unless the program implements it in the trait {path}")
            }
            Self::With { path } => write!(f, "another wrapper, by {path}"),
            Self::Component { file } => write!(f, "the component {file}"),
            Self::Runtime => f.write_str("the runtime, by the convention of the settings"),
            Self::Value => f.write_str("a value that the program passes to each store"),
            Self::Linker => f.write_str("nobody: the program defines it in the linker"),
            Self::Unknown => f.write_str("not known without a wrapper"),
        }
    }
}

/// Everything that decides who satisfies an import.
pub(super) struct Providers<'a> {
    pub settings: &'a AssetSettings,
    /// The kind of the file.
    pub kind: Kind,
    /// The interface of the last import, with the names of methods.
    pub wrapped: Option<&'a Interface>,
    pub api: Option<&'a WrapperApi>,
}

/// Returns the imports and the number of further ones.
pub(super) fn imports(contents: &Contents, by: &Providers<'_>) -> (Vec<ImportOverview>, usize) {
    let trap = Patterns::new(by.settings.trap_imports.as_ref()).ok();
    let listed = contents.imports.iter().take(MOST_ITEMS).map(|item| {
        let host = by.api.and_then(|api| api.host(&item.of, &item.name));
        let is_trap = trap
            .as_ref()
            .is_some_and(|trap| trap.matches(&format!("{}/{}", item.of, item.name), false));
        ImportOverview {
            of: item.of.clone(),
            name: item.name.clone(),
            ty: item.ty.clone(),
            provider: by.provider(item, is_trap, host),
            rust: host.map(|host| host.signature.clone()),
            assets: Vec::new(),
        }
    });
    (listed.collect(), contents.imports.len().saturating_sub(MOST_ITEMS))
}

/// Returns the interface of an item, or its own name if it belongs to none.
fn name_of(item: &Item) -> &str {
    if item.of.is_empty() { &item.name } else { &item.of }
}

/// Returns the parts of the system that the runtime's WASI provides: those of imports that it satisfies.
pub(super) fn capabilities(contents: &Contents, by: &Providers<'_>) -> Vec<Capability> {
    let is_of_wasi = |item: &&Item| by.outside(item) == Some(Provider::Wasi);
    let of_wasi = contents.imports.iter().filter(is_of_wasi);
    let names: BTreeSet<&str> = of_wasi
        .map(|item| match contents.kind {
            Kind::Module => item.name.as_str(),
            Kind::Component => name_of(item),
        })
        .collect();
    let mut capabilities = contents.capabilities.clone();
    capabilities.retain_mut(|capability| {
        capability.wanted_by.retain(|name| names.contains(name.as_str()));
        !capability.wanted_by.is_empty() && !matches!(capability.kind, CapabilityKind::Host(_))
    });
    capabilities
}

impl Providers<'_> {
    /// Returns the provider of an import that reaches no trait of the wrapper: another component, another wrapper or the
    /// runtime's WASI.
    fn outside(&self, item: &Item) -> Option<Provider> {
        let chosen = |table: &Option<BTreeMap<String, String>>| {
            let unversioned = crate::names::unversioned(&item.of);
            let table = table.as_ref()?;
            table.get(&item.of).or_else(|| table.get(unversioned)).cloned()
        };
        if let Some(file) = chosen(&self.settings.compose) {
            return Some(Provider::Component { file });
        }
        if let Some(path) = chosen(&self.settings.with) {
            return Some(Provider::With { path });
        }
        let is_wasi = match self.kind {
            Kind::Module => item.is_wasi,
            Kind::Component => wasmport::interface::preview(name_of(item)).is_some(),
        };
        (is_wasi && self.settings.wasi()).then_some(Provider::Wasi)
    }

    fn provider(&self, item: &Item, is_trap: bool, host: Option<&HostFunction>) -> Provider {
        if let Some(provider) = self.outside(item) {
            return provider;
        }
        if let Some(host) = host {
            let path = host.path.clone();
            let traps = is_trap || host.has_default;
            return if traps { Provider::Trap { path } } else { Provider::Host { path } };
        }
        let Some(api) = self.api else { return Provider::Unknown };
        if let Some(path) = api.host_trait(&item.of) {
            let is_function = self.kind == Kind::Component || item.ty.starts_with("(func");
            if !is_function && api.declares(&item.of, &item.name) {
                return Provider::Value;
            }
            if self.kind == Kind::Component {
                return Provider::Host { path: path.to_owned() };
            }
        }
        match (api.declares(&item.of, &item.name), item.ty.starts_with("(func")) {
            (true, true) => Provider::Runtime,
            (true, false) => Provider::Value,
            (false, _) => Provider::Linker,
        }
    }
}

/// Returns the exports and the number of further ones.
pub(super) fn exports(contents: &Contents, by: &Providers<'_>) -> (Vec<ExportOverview>, usize) {
    let exports = by.wrapped.iter().flat_map(|interface| &interface.exports);
    let methods: BTreeMap<&str, &str> = exports
        .filter_map(|export| Some((export.name.as_str(), export.method.as_deref()?)))
        .collect();
    let listed = contents.exports.iter().take(MOST_ITEMS).map(|item| {
        let rust = by.api.and_then(|api| match contents.kind {
            Kind::Module => api.method(methods.get(item.name.as_str())?),
            Kind::Component => api.export(&item.of, &item.name),
        });
        ExportOverview {
            of: item.of.clone(),
            name: item.name.clone(),
            ty: item.ty.clone(),
            rust: rust.map(ToOwned::to_owned),
        }
    });
    (listed.collect(), contents.exports.len().saturating_sub(MOST_ITEMS))
}
