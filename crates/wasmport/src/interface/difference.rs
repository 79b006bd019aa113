//! `Difference`: a difference between code and an interface.

use crate::engine::WasmFeature;
use std::fmt;

/// A difference between code and an [`Interface`](super::Interface) that keeps them from working together.
///
/// Types are text: in the text format of WebAssembly, such as `(func (param i32))`, or in the manner of WIT, such
/// as `func(string) -> u32`; long ones are truncated. Names come from files as they are; messages escape what would
/// control a terminal.
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
        found: String,
    },
    /// The code imports what the host does not give.
    UnknownImport {
        /// The module that it is imported from.
        module: String,
        /// The import's name.
        name: String,
        /// The type in the code.
        found: String,
    },
    /// The component lacks an exported interface.
    MissingInterface {
        /// The interface's name.
        name: String,
        /// The same interface in a version that is not compatible, if the component has one.
        found: Option<String>,
    },
    /// The code has none or several of the exports of which the interface wants one.
    OneOf {
        /// The names of the exports.
        exports: Vec<String>,
        /// The names among them that the code has.
        found: Vec<String>,
    },
    /// The component imports an interface that the host does not give.
    UnknownInterface {
        /// The interface's name.
        name: String,
        /// The same interface in a version that is not compatible, if the host gives one.
        given: Option<String>,
    },
    /// It is a component and was expected to be a core module, or the reverse.
    Kind {
        /// Whether it is a component.
        is_component: bool,
    },
    /// The code needs a proposal that this build of the crate cannot run.
    Feature {
        /// The proposal.
        feature: WasmFeature,
    },
    /// The code uses a proposal that Wasmtime does not have.
    Proposal {
        /// The proposal's name, such as `legacy-exceptions`.
        name: String,
    },
    /// The code needs a part of the system that the host does not grant.
    Capability {
        /// The module of its imports, such as `wasi_snapshot_preview1`, or the package, such as `wasi:cli`.
        module: String,
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
        found: String,
    },
}

impl Difference {
    /// Returns whether it is about what the host gives.
    pub(crate) fn is_of_import(&self) -> bool {
        matches!(
            self,
            Self::UnknownImport { .. }
                | Self::ImportType { .. }
                | Self::UnknownInterface { .. }
                | Self::Capability { .. }
        )
    }
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
            Self::UnknownImport { module, name, found } if module.is_empty() => {
                write!(f, "it imports {name:?} {found}, which the host does not give")
            }
            Self::UnknownImport { module, name, found } => {
                write!(f, "it imports {module:?} {name:?} {found}, which the host does not give")
            }
            Self::MissingInterface { name, found: None } => {
                write!(f, "it does not export the interface `{}`", name.escape_debug())
            }
            Self::MissingInterface { name, found: Some(found) } => {
                let (name, found) = (name.escape_debug(), found.escape_debug());
                write!(f, "it does not export the interface `{name}`, but `{found}`")
            }
            Self::OneOf { exports, found } if found.is_empty() => {
                let exports = Listed(exports, "and");
                write!(f, "it exports none of {exports}, of which the interface wants one")
            }
            Self::OneOf { exports, found } => {
                let (exports, found) = (Listed(exports, "or"), Listed(found, "and"));
                write!(f, "it exports {found}, and the interface wants one: {exports}")
            }
            Self::UnknownInterface { name, given: None } => {
                let name = name.escape_debug();
                write!(f, "it imports the interface `{name}`, which the host does not give")
            }
            Self::UnknownInterface { name, given: Some(given) } => {
                let (name, given) = (name.escape_debug(), given.escape_debug());
                write!(f, "it imports the interface `{name}`, and the host gives `{given}`")
            }
            Self::Kind { is_component: true } => {
                f.write_str("it is a component, and the interface is one of core modules")
            }
            Self::Kind { is_component: false } => {
                f.write_str("it is a core module, and the interface is one of components")
            }
            Self::Feature { feature } => match feature.cargo_feature() {
                Some(cargo) => write!(
                    f,
                    "it uses {feature}, for which the host needs the `{cargo}` feature of the `wasmport` crate"
                ),
                None => write!(f, "it uses {feature}, which the host cannot run"),
            },
            Self::Proposal { name } => {
                let name = name.escape_debug();
                write!(f, "it uses the proposal `{name}`, which Wasmtime does not have")
            }
            Self::Capability { module } => {
                write!(f, "it needs WASI ({module:?}), which the host does not grant")
            }
            Self::ImportType { module, name, expected, found } if module.is_empty() => {
                write!(f, "it imports {name:?} as {found}, and the host gives {expected}")
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

/// The longest type in a message, in bytes.
pub(super) const LONGEST: usize = 300;

/// Truncates a type for a message.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// Names with commas between them, and a word before the last.
struct Listed<'a>(&'a [String], &'static str);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(names, word) = self;
        for (index, name) in names.iter().enumerate() {
            match index {
                0 => write!(f, "{name:?}")?,
                _ if index + 1 == names.len() => write!(f, " {word} {name:?}")?,
                _ => write!(f, ", {name:?}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Difference;
    use crate::text::printable;
    use std::borrow::Cow;

    #[test]
    fn names_control_no_terminal() {
        let hostile =
            || "\x1b[2J\x1b]0;t\x07\u{9b}1m\u{202e}\u{2066}\u{200b}\u{feff}\r\n\t\0".to_owned();
        let ty = || "(func)".to_owned();
        let differences = [
            Difference::MissingExport { name: hostile(), expected: ty() },
            Difference::ExportType { name: hostile(), expected: ty(), found: ty() },
            Difference::UnknownImport { module: hostile(), name: hostile(), found: ty() },
            Difference::UnknownImport { module: String::new(), name: hostile(), found: ty() },
            Difference::MissingInterface { name: hostile(), found: None },
            Difference::MissingInterface { name: hostile(), found: Some(hostile()) },
            Difference::OneOf { exports: vec![hostile()], found: vec![] },
            Difference::OneOf { exports: vec![hostile(), hostile()], found: vec![hostile()] },
            Difference::UnknownInterface { name: hostile(), given: None },
            Difference::UnknownInterface { name: hostile(), given: Some(hostile()) },
            Difference::Capability { module: hostile() },
            Difference::ImportType {
                module: hostile(),
                name: hostile(),
                expected: ty(),
                found: ty(),
            },
        ];
        for difference in differences {
            let text = difference.to_string();
            assert!(matches!(printable(&text), Cow::Borrowed(_)), "{text:?}");
            assert!(!text.contains(['\n', '\t']), "{text:?}");
            assert!(text.contains(r"\u{202e}\u{2066}\u{200b}\u{feff}\r\n\t\0"), "{text}");
        }
    }
}
