//! `Difference`: a difference between code and an interface.

use super::types::ExternType;
use std::fmt;

/// A difference between code and an [`Interface`](super::Interface) that keeps them from working together.
///
/// Types are in the text format of WebAssembly, such as `(func (param i32))`. Names come from files as they are;
/// messages escape what would control a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The code lacks an export.
    MissingExport {
        /// The export's name.
        name: String,
        /// The type that the interface has.
        expected: String,
    },
    /// An export has another type.
    ExportType {
        /// The export's name.
        name: String,
        /// The type that the interface has.
        expected: String,
        /// The type in the code.
        found: ExternType,
    },
    /// The code imports what the host does not give.
    UnknownImport {
        /// The module that it is imported from.
        module: String,
        /// The import's name.
        name: String,
        /// The type in the code.
        found: ExternType,
    },
    /// The host gives an import with another type.
    ImportType {
        /// The module that it is imported from.
        module: String,
        /// The import's name.
        name: String,
        /// The type that the interface has.
        expected: String,
        /// The type in the code.
        found: ExternType,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingExport { name, expected } => {
                write!(f, "it does not export {name:?} {expected}")
            }
            Self::ExportType { name, expected, found } => {
                write!(f, "it exports {name:?} as {found}, and the interface has {expected}")
            }
            Self::UnknownImport { module, name, found } => {
                write!(f, "it imports {module:?} {name:?} {found}, which the host does not give")
            }
            Self::ImportType { module, name, expected, found } => {
                write!(
                    f,
                    "it imports {module:?} {name:?} as {found}, and the host gives {expected}"
                )
            }
        }
    }
}
