//! `Contents`: what a module or component imports, exports and wants, and how two differ.

mod capability;
mod change;
mod item;

pub use capability::{Capability, CapabilityKind};
pub use change::{Change, Direction};
pub use item::Item;

use crate::asset::{AssetError, Kind, Stage};
use crate::pipeline::inspect_bytes;
use crate::settings::{AssetRules, Settings};
use serde::Serialize;
use std::path::Path;
use wasmport::interface::ComponentItem;

/// The imports and exports of a module or component, and the parts of the system that it wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Contents {
    /// The kind of WebAssembly.
    pub kind: Kind,
    /// The parts of the system that it wants.
    pub capabilities: Vec<Capability>,
    /// The imports.
    pub imports: Vec<Item>,
    /// The exports.
    pub exports: Vec<Item>,
}

impl Contents {
    /// Validates a binary as an import of the file would, and describes it.
    ///
    /// # Errors
    ///
    /// Fails with the error that an import of the file has.
    pub(crate) fn of(
        path: &Path,
        source: &str,
        bytes: &[u8],
        settings: &Settings,
    ) -> Result<Self, AssetError> {
        let asset = AssetRules::new(settings).of(source);
        let inspection = inspect_bytes(path, bytes.to_vec(), settings.features, &asset.limits)?;
        Self::of_valid(path, inspection.kind, bytes)
    }

    /// Describes a binary that is valid.
    ///
    /// # Errors
    ///
    /// Fails if its imports and exports cannot be read.
    pub(crate) fn of_valid(path: &Path, kind: Kind, bytes: &[u8]) -> Result<Self, AssetError> {
        let read = wasmport::Inspection::of(bytes);
        let read = read.map_err(|e| AssetError::new(path, Stage::Validate, e.to_string()))?;
        let of_component = |item: &ComponentItem| Item {
            of: item.interface.clone(),
            name: item.name.clone(),
            ty: item.ty.clone(),
        };
        let imports = read.imports.iter().map(|import| Item {
            of: import.module.to_owned(),
            name: import.name.to_owned(),
            ty: import.ty.to_string(),
        });
        let exports = read.exports.iter().map(|export| Item {
            of: String::new(),
            name: export.name.to_owned(),
            ty: export.ty.to_string(),
        });
        let imports: Vec<Item> =
            imports.chain(read.component.imports.iter().map(of_component)).collect();
        let exports = exports.chain(read.component.exports.iter().map(of_component)).collect();
        let capabilities = capability::of(&imports);
        Ok(Self { kind, capabilities, imports, exports })
    }

    /// Returns the capabilities that these contents want and `before` did not.
    #[must_use]
    pub fn added_capabilities(&self, before: &Self) -> Vec<Capability> {
        let is_new = |capability: &&Capability| {
            !before.capabilities.iter().any(|other| other.kind == capability.kind)
        };
        self.capabilities.iter().filter(is_new).cloned().collect()
    }

    /// Returns the differences of imports and exports from those of `before`.
    #[must_use]
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let imports = change::changes(Direction::Import, &before.imports, &self.imports);
        imports
            .into_iter()
            .chain(change::changes(Direction::Export, &before.exports, &self.exports))
            .collect()
    }
}
