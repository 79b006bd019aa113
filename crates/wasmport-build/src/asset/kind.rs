//! `Kind`: core module or component.

use serde::{Deserialize, Serialize};

/// The kind of WebAssembly that a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A core module.
    #[default]
    Module,
    /// A component.
    Component,
}

impl Kind {
    /// Returns `module` or `component`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Component => "component",
        }
    }

    /// Reads the kind from the layer field of a binary's header.
    ///
    /// Source: [the component model's binary format](https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md).
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let is_component = bytes.starts_with(b"\0asm") && bytes.get(6..8) == Some(&[1, 0]);
        if is_component { Self::Component } else { Self::Module }
    }
}
