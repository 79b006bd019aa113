//! Errors of reading, composing and rewriting components.

use crate::error::{Error, or_did_you_mean};
use crate::panics::Panic;
use std::error::Error as StdError;
use wasmparser::BinaryReaderError;

/// An error of a library that has no error type of its own.
pub(crate) type Cause = Box<dyn StdError + Send + Sync>;

/// The reason why a component has no world in WIT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WorldError {
    /// The file is a WIT package, which contains no code.
    #[error("the file holds WIT and no code")]
    Package,
    /// The component has an item that WIT cannot express; the text names it.
    #[error("the component cannot be described in WIT: {0}")]
    BeyondWit(String),
}

impl WorldError {
    pub(super) fn beyond_wit(reason: impl ToString) -> Self {
        Self::BeyondWit(reason.to_string())
    }
}

/// An error of reading WIT files or of writing WIT text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitError {
    /// A file cannot be read; the text has the path.
    #[error(transparent)]
    Read(#[from] Error),
    /// A file cannot be parsed; the text has path, line and column.
    #[error("{0}")]
    Parse(String),
    /// The package does not have the world, or has several and none was named.
    #[error("{}{}", chain(.0.as_ref()), .1)]
    Select(#[source] Cause, String),
    /// The world cannot be written as text.
    #[error("the world cannot be written as WIT: {}", chain(.0.as_ref()))]
    Print(#[source] Cause),
    /// No component can implement the world.
    #[error("no component can implement the world: {}", chain(.0.as_ref()))]
    Encode(#[source] Cause),
    /// The world belongs to no package, which text needs.
    #[error("the world belongs to no package")]
    NoPackage,
    /// The WIT library panicked.
    #[error("the WIT library panicked: {0}")]
    Panic(#[from] Panic),
}

/// The reason why a component does not match a world.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConformanceError {
    /// The validator found a difference; the text names it.
    #[error("{0}")]
    Mismatch(String),
    /// The WASI imports of the component cannot be added to the world.
    #[error("{}", chain(.0.as_ref()))]
    Merge(#[source] Cause),
    /// The validator panicked.
    #[error("comparing the component with the world panicked: {0}")]
    Panic(#[from] Panic),
}

/// An error of reading or replacing the core modules of a component.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ModulesError {
    /// Components are nested deeper than the limit.
    #[error("components are nested more than {limit} deep")]
    TooDeep {
        /// The number of levels that are read.
        limit: usize,
    },
    /// The bytes end inside a section.
    #[error("the component ends too early")]
    Truncated,
    /// The bytes are not a component.
    #[error(transparent)]
    Read(#[from] BinaryReaderError),
}

/// An error of removing an export from a component.
#[cfg(feature = "preinit")]
#[derive(Debug, thiserror::Error)]
#[error("the export `{name}` cannot be removed: {source}")]
pub(crate) struct RemoveExportError {
    /// The name of the export.
    pub name: String,
    /// The encoder's error.
    pub source: wasm_encoder::reencode::Error<std::convert::Infallible>,
}

/// The reason why components cannot be composed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    /// One of the files is not a component.
    #[error("{} cannot be read: {}", subject(.component), chain(.source.as_ref()))]
    Read {
        /// The name of the component; empty for the main one.
        component: String,
        /// The parser's error.
        source: Cause,
    },
    /// Imports that cannot be satisfied, and components that satisfy none.
    #[error("{}", lines(.0))]
    Connections(Vec<ConnectionError>),
    /// Components that import from one another, so that none can be instantiated first.
    #[error("{} import from one another in a cycle: remove one of these imports", list(.0))]
    Cycle(Vec<String>),
    /// The encoder refuses the composition.
    #[error("the components cannot be composed: {}", chain(.0.as_ref()))]
    Encode(#[source] Cause),
    /// The composition library panicked.
    #[error("the components cannot be composed: {0}")]
    Panic(#[from] Panic),
}

impl ComposeError {
    pub(super) fn encode(error: impl Into<Cause>) -> Self {
        Self::Encode(error.into())
    }

    /// Formats the error. `place` is the beginning of a line about an import that the settings name.
    pub(crate) fn placed(&self, place: impl Fn(&str) -> String) -> String {
        let Self::Connections(errors) = self else { return self.to_string() };
        let lines = errors.iter().map(|error| match error.chosen_import() {
            Some(import) => format!("{}{error}", place(import)),
            None => error.to_string(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// An import that cannot be satisfied, or a component that satisfies none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// The settings name an import that the main component does not have.
    #[error(
        "the component has no import {}: it has {}{}",
        quoted(.import),
        list(.imports),
        or_did_you_mean(.nearest.as_deref())
    )]
    UnknownImport { import: String, imports: Vec<String>, nearest: Option<String> },
    /// The settings name a component that was not passed.
    #[error(
        "import {} cannot be satisfied by {}: the components are {}",
        quoted(.import),
        quoted(.component),
        list(.components)
    )]
    UnknownComponent { import: String, component: String, components: Vec<String> },
    /// Several components export the import.
    #[error(
        "import {} of {} is exported by {}: choose one in the settings",
        quoted(.import),
        subject(.importer),
        list(.exporters)
    )]
    Ambiguous { import: String, importer: String, exporters: Vec<String> },
    /// A component satisfies no import.
    #[error("{} satisfies no import: it exports {}", quoted(.component), list(.exports))]
    Unused { component: String, exports: Vec<String> },
    /// No import of the main component is satisfied.
    #[error("no import of the component is satisfied: it has {}", list(.imports))]
    Unconnected { imports: Vec<String> },
    /// The types of import and export differ.
    #[error("{link}{}", indented(.differences))]
    Mismatch { link: Link, differences: Vec<String> },
    /// The composition library refuses the connection for another reason.
    #[error("{link}: {}", chain(.source.as_ref()))]
    Refused { link: Link, source: Cause },
    /// All exports of a component are to satisfy one import, and do not.
    #[error("{link}, which exports {}", list(.exports))]
    WrongInstance { link: Link, exports: Vec<String> },
}

impl ConnectionError {
    /// Returns the import that the settings name, if the error is about that choice.
    fn chosen_import(&self) -> Option<&str> {
        match self {
            Self::UnknownImport { import, .. } | Self::UnknownComponent { import, .. } => {
                Some(import)
            }
            _ => None,
        }
    }
}

/// An import and the component that is to satisfy it.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "import {} of {} cannot be satisfied by {}",
    quoted(.import),
    subject(.importer),
    quoted(.exporter)
)]
pub(crate) struct Link {
    pub import: String,
    pub importer: String,
    pub exporter: String,
}

/// Formats an error with its sources, separated by colons.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn lines(errors: &[ConnectionError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn indented(differences: &[String]) -> String {
    format!(":\n  {}", differences.join("\n  "))
}

/// Formats the name of a component; the main one has none.
fn subject(name: &str) -> String {
    if name.is_empty() { "the component".into() } else { quoted(name) }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.escape_debug())
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}
