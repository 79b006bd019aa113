//! Errors in what an asset's settings ask of the wrapper of a component.

use crate::codegen::lacking::LackingError;
use crate::error::did_you_mean;
use crate::settings::Part;
use thiserror::Error;

/// A choice that this component does not allow.
#[derive(Debug, Error)]
pub(crate) enum ChoiceError {
    #[error(transparent)]
    Lacking(#[from] LackingError),
    #[error("`derives` has `{0}`, which is not the path of a derive macro")]
    DeriveSyntax(String),
    #[error("`derives` has `Debug`, which all types of wrappers implement")]
    DeriveDebug,
    #[error(
        "`with` has `{name}`, which is no interface and no resource that the component imports"
    )]
    UnknownInterface { name: String, nearest: Option<String> },
    #[error(
        "`{setting}` has `{path}` for `{key}`, which is not a Rust path that begins with `crate::` or `::`"
    )]
    Path { setting: &'static str, key: String, path: String },
    #[error(
        "`trappable-errors` has `{name}`, which is no type of an interface that the component imports"
    )]
    UnknownErrorType { name: String, nearest: Option<String> },
    #[error("`trappable-errors` has the type `{0}` twice")]
    ErrorTypeTwice(String),
    #[error("`{setting}` has `{name}`, which is no function that the component has")]
    UnknownFunction { setting: &'static str, index: usize, name: String, nearest: Option<String> },
    #[error("`{setting}` has `{name}`, which is no function that the component imports")]
    UnknownImport { setting: &'static str, index: usize, name: String, nearest: Option<String> },
    #[error("no Rust type can have the name {0}: choose one with `type-name`")]
    TypeName(String),
}

impl ChoiceError {
    /// Returns the setting that it is about, and the part of it.
    pub fn setting(&self) -> Option<(&'static str, Part<'_>)> {
        Some(match self {
            Self::Lacking(error) => return error.setting(),
            Self::DeriveSyntax(_) | Self::DeriveDebug => ("derives", Part::Whole),
            Self::UnknownInterface { name, .. } => ("with", Part::Entry(name)),
            Self::Path { setting, key, .. } => (setting, Part::Entry(key)),
            Self::UnknownErrorType { name, .. } | Self::ErrorTypeTwice(name) => {
                ("trappable-errors", Part::Entry(name))
            }
            Self::UnknownFunction { setting, index, .. }
            | Self::UnknownImport { setting, index, .. } => (setting, Part::Element(*index)),
            Self::TypeName(_) => ("type-name", Part::Whole),
        })
    }

    /// Returns the mend.
    pub fn help(&self) -> Option<String> {
        if let Self::Lacking(error) = self {
            return error.help();
        }
        let (Self::UnknownInterface { nearest, .. }
        | Self::UnknownErrorType { nearest, .. }
        | Self::UnknownFunction { nearest, .. }
        | Self::UnknownImport { nearest, .. }) = self
        else {
            return None;
        };
        nearest.as_deref().map(did_you_mean)
    }
}
