//! Imports and exports of a module.

use super::ExternType;
#[cfg(feature = "compiler")]
use crate::component::World;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
#[cfg(feature = "compiler")]
use wasmport::interface::ComponentItems;

/// The imports and exports of a module, in the module's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The imports.
    pub imports: Vec<Import>,
    /// The exports.
    pub exports: Vec<Export>,
    /// The world of a component, in
    /// [WIT](https://component-model.bytecodealliance.org/design/wit.html). Components have no imports
    /// and exports of the kinds above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wit: Option<String>,
    /// The item of a component that WIT cannot express. Such a component has no world, and its wrapper is
    /// untyped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond_wit: Option<String>,
    /// The length in bytes of the world of a component, if its wrapper would be larger than
    /// `limits.max-wrapper-bytes`. Then its wrapper is untyped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_large: Option<u64>,
    /// The imports and exports of a component as text, for code generation.
    #[cfg(feature = "compiler")]
    #[serde(skip)]
    pub(crate) items: ComponentItems,
    /// The world as parsed, for code generation.
    #[cfg(feature = "compiler")]
    #[serde(skip)]
    pub(crate) world: Option<World>,
}

impl Interface {
    /// Returns the names of the exports of a module, or of those of a component's world.
    #[cfg(feature = "compiler")]
    pub(crate) fn export_names(&self) -> Vec<String> {
        match &self.world {
            Some(world) => world.exports(),
            None => self.exports.iter().map(|export| export.name.clone()).collect(),
        }
    }

    /// Returns the methods that called another export in `previous`: method, previous export, export.
    pub(crate) fn moved_methods<'a>(
        &'a self,
        previous: &'a Self,
    ) -> Vec<(&'a str, &'a str, &'a str)> {
        let methods = |interface: &'a Self| {
            interface.exports.iter().filter_map(|e| Some((e.method.as_deref()?, e.name.as_str())))
        };
        let before: HashMap<&str, &str> = methods(previous).collect();
        let moved = methods(self).filter_map(|(method, now)| {
            let then = *before.get(method)?;
            (then != now).then_some((method, then, now))
        });
        moved.collect()
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The module that it is imported from.
    pub module: String,
    /// Its name in that module.
    pub name: String,
    /// Its type.
    #[serde(flatten)]
    pub ty: ExternType,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// The wrapper's method, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Its type.
    #[serde(flatten)]
    pub ty: ExternType,
}
