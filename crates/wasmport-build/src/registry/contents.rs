//! `Contents`: what a module or component imports, exports and wants, and how two differ.

use super::capabilities::{self, Capability};
use super::item::Item;
use crate::asset::{AssetError, Kind, Stage};
use crate::pipeline::inspect_bytes;
use crate::settings::{AssetRules, Settings};
use serde::Serialize;
use std::collections::BTreeMap;
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

/// The direction of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Imports.
    Import,
    /// Exports.
    Export,
}

/// A difference between two contents: without a type before, the item is new; without one after, it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The direction.
    pub direction: Direction,
    /// The module or the interface that the item belongs to.
    pub of: String,
    /// The name of the item.
    pub name: String,
    /// Its type before.
    pub before: Option<String>,
    /// Its type after.
    pub after: Option<String>,
}

impl Contents {
    /// Validates a binary as an import of the file would, and describes it.
    ///
    /// # Errors
    ///
    /// Fails with the error that an import of the file has.
    pub(super) fn of(
        path: &Path,
        source: &str,
        bytes: &[u8],
        settings: &Settings,
    ) -> Result<Self, AssetError> {
        let asset = AssetRules::new(settings).of(source);
        let inspection = inspect_bytes(path, bytes.to_vec(), settings.features, &asset.limits)?;
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
        let capabilities = capabilities::of(&imports);
        Ok(Self { kind: inspection.kind, capabilities, imports, exports })
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
        let imports = changes(Direction::Import, &before.imports, &self.imports);
        imports
            .into_iter()
            .chain(changes(Direction::Export, &before.exports, &self.exports))
            .collect()
    }
}

fn changes(direction: Direction, before: &[Item], after: &[Item]) -> Vec<Change> {
    let mut types = BTreeMap::<(&str, &str), (Option<&str>, Option<&str>)>::new();
    for item in before {
        types.entry((&item.of, &item.name)).or_default().0 = Some(&item.ty);
    }
    for item in after {
        types.entry((&item.of, &item.name)).or_default().1 = Some(&item.ty);
    }
    let changed = types.into_iter().filter(|(_, (before, after))| before != after);
    let changed = changed.map(|((of, name), (before, after))| Change {
        direction,
        of: of.to_owned(),
        name: name.to_owned(),
        before: before.map(ToOwned::to_owned),
        after: after.map(ToOwned::to_owned),
    });
    changed.collect()
}
