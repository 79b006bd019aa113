//! `Contents`: what a module or component imports, exports and wants.

mod capability;
mod inner_types;
mod item;

pub use capability::{Capability, CapabilityKind};
pub(crate) use item::CoreType;
pub use item::Item;

use crate::asset::{AssetError, Kind, Stage};
use crate::component::World;
use crate::interface::{ExternType, Import, Interface, RefType, ValType};
use crate::pipeline::Inspection;
#[cfg(feature = "oci")]
use crate::pipeline::inspected;
#[cfg(feature = "oci")]
use crate::settings::{AssetRules, Settings};
use crate::wasm::ValidWasm;
use inner_types::{InnerTypes, inner_types};
use serde::Serialize;
#[cfg(feature = "oci")]
use std::path::Path;
use wasmport::Digest;
use wasmport::engine::RequiredFeatures;
use wasmport::interface::{ComponentItem, ComponentItems};

/// The imports and exports of a module or component, and the parts of the system that it wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Contents {
    /// The kind of WebAssembly.
    pub kind: Kind,
    /// The wasm features that it uses.
    pub features: RequiredFeatures,
    /// The cargo features of the `wasmport` crate that its wrapper needs.
    pub needs: Vec<&'static str>,
    /// The parts of the system that it wants.
    pub capabilities: Vec<Capability>,
    /// The imports.
    pub imports: Vec<Item>,
    /// The exports.
    pub exports: Vec<Item>,
    /// The world of a component that WIT can describe.
    #[serde(skip)]
    pub(crate) world: Option<World>,
}

impl Contents {
    /// Validates a binary as an import of the file would, and describes it.
    ///
    /// # Errors
    ///
    /// Fails with the error that an import of the file has.
    #[cfg(feature = "oci")]
    pub(crate) fn of(
        path: &Path,
        source: &str,
        bytes: &[u8],
        settings: &Settings,
    ) -> Result<Self, AssetError> {
        let asset = AssetRules::new(settings).of(source);
        let (wasm, inspection) = inspected(path, bytes.to_vec(), settings.features, &asset.limits)?;
        Self::of_valid(&wasm, inspection)
    }

    /// Describes a valid module or component.
    ///
    /// # Errors
    ///
    /// Fails if its sections cannot be read.
    pub(crate) fn of_valid(wasm: &ValidWasm, found: Inspection) -> Result<Self, AssetError> {
        let Inspection { kind, features, needs, interface, .. } = found;
        let (imports, exports, world) = match kind {
            Kind::Component => of_component(wasm, interface)?,
            Kind::Module => of_module(wasm, interface)?,
        };
        let capabilities = capability::of(&imports);
        Ok(Self { kind, features, needs, capabilities, imports, exports, world })
    }
}

/// Imports, exports, and the world of a component.
type Described = (Vec<Item>, Vec<Item>, Option<World>);

fn of_component(wasm: &ValidWasm, interface: Interface) -> Result<Described, AssetError> {
    let Interface { world, items, .. } = interface;
    let ComponentItems { imports, exports, .. } = match &world {
        Some(_) => items,
        // An interface without a world has no items.
        None => wasmport::Inspection::of(wasm.wasm()).map_err(|e| unreadable(wasm, &e))?.component,
    };
    let item = |ComponentItem { interface, name, ty, .. }| Item {
        of: interface,
        name,
        ty,
        core: None,
        is_wasi: false,
    };
    Ok((imports.into_iter().map(item).collect(), exports.into_iter().map(item).collect(), world))
}

fn of_module(wasm: &ValidWasm, interface: Interface) -> Result<Described, AssetError> {
    let Interface { imports, exports, .. } = interface;
    let types = imports.iter().map(|import| &import.ty).chain(exports.iter().map(|e| &e.ty));
    let inner = if types.into_iter().any(refers_to_types) {
        inner_types(wasm).map_err(|e| unreadable(wasm, &e))?
    } else {
        InnerTypes::default()
    };
    let item = |of: String, name: String, ty: &ExternType, inner: Option<Digest>| {
        let ty = ty.without_names();
        let inner = inner.filter(|_| refers_to_types(&ty));
        Item { of, name, ty: ty.to_string(), core: Some(CoreType { ty, inner }), is_wasi: false }
    };
    // Without types of the module, no item has a digest.
    let digests = |digests: Vec<Option<Digest>>| digests.into_iter().chain(std::iter::repeat(None));
    let imports = imports.into_iter().zip(digests(inner.imports));
    let import = |(i, inner): (Import, _)| Item {
        is_wasi: i.is_wasi(),
        ..item(i.module, i.name, &i.ty, inner)
    };
    let imports = imports.map(import).collect();
    let exports = exports.into_iter().zip(digests(inner.exports));
    let exports = exports.map(|(e, inner)| item(String::new(), e.name, &e.ty, inner)).collect();
    Ok((imports, exports, None))
}

/// Returns whether a type refers to types that only the module has.
fn refers_to_types(ty: &ExternType) -> bool {
    let is_named = |ty: &ValType| matches!(ty, ValType::Ref(RefType { concrete: Some(_), .. }));
    match ty {
        ExternType::Func(func) => func.nominal,
        ExternType::Global { ty, .. } | ExternType::Table { element: ty, .. } => is_named(ty),
        ExternType::Tag { params } => params.iter().any(is_named),
        ExternType::Memory(_) => false,
    }
}

fn unreadable(wasm: &ValidWasm, error: &impl ToString) -> AssetError {
    AssetError::new(wasm.path(), Stage::Validate, error.to_string())
}
