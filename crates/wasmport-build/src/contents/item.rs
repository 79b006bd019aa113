//! `Item`: an import or export.

use crate::interface::ExternType;
use serde::Serialize;
use wasmport::Digest;

/// An import or export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// The module or the interface that it belongs to; empty if it belongs to none.
    pub of: String,
    /// Its name; empty if it is the interface itself.
    pub name: String,
    /// Its type.
    pub ty: String,
    /// Its type as parsed; none for an item of a component.
    #[serde(skip)]
    pub(crate) core: Option<CoreType>,
    /// Whether it is a function of WASI preview 1, with that function's type: the runtime's WASI provides it.
    #[serde(skip)]
    pub(crate) is_wasi: bool,
}

/// The type of an import or export of a core module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreType {
    /// The type.
    pub ty: ExternType,
    /// The digest of the types of the module that it refers to, which its text abbreviates.
    pub inner: Option<Digest>,
}
