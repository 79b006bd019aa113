//! `Item`: an import or export.

use serde::Serialize;

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
}
