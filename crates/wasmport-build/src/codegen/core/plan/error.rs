//! Errors in the choices for a module's wrapper.

use super::super::api::ApiError;
use crate::codegen::lacking::LackingError;
use crate::error::{PatternError, did_you_mean};
use crate::settings::Part;
use thiserror::Error;

/// A choice for a module's wrapper that cannot be followed.
#[derive(Debug, Error)]
pub(crate) enum PlanError {
    /// A signature cannot be followed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// `optional` or `one-of` cannot be followed.
    #[error(transparent)]
    Lacking(#[from] LackingError),
    /// A pattern is no glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// `type-name` is not the name of a type.
    #[error("`type-name`: `{0}` is no name of a type: write it as in `MyPlugin`")]
    TypeName(String),
    /// No method's name can begin with `prefix`.
    #[error("`prefix`: no method's name can begin with `{0}`")]
    Prefix(String),
    /// `with` names a module from which the asset imports nothing.
    #[error("`with` names the module `{name}`, from which the asset imports nothing")]
    WithUnused { name: String, nearest: Option<String> },
    /// `with` has no path.
    #[error("`with` must give the path of a Rust module for `{module}`, not `{path}`: {source}")]
    WithPath { module: String, path: String, source: syn::Error },
    /// `with` is chosen for a module with signatures.
    #[error(
        "`with` uses the host trait of another wrapper for the module `{0}`: signatures belong there"
    )]
    WithSignatures(String),
    /// `with` is chosen for a module with functions that the runtime implements for the convention.
    #[error(
        "`with` cannot replace the module `{0}`: the runtime implements functions of it for the convention"
    )]
    WithConvention(String),
    /// `with` is chosen for a module whose functions have types of their own.
    #[error(
        "`with` cannot replace the module `{0}`: the types of its functions belong to the asset alone"
    )]
    WithNominal(String),
    /// An interface imports one name at several types, which stand for positions in one module.
    #[error(
        "the interface imports one name at several types: code would tell them apart by their places alone"
    )]
    Overloaded,
    /// WASI has the function already.
    #[error("WASI gives it `{0}`: say `wasi = false` to implement it in the program")]
    WasiGives(String),
}

impl PlanError {
    /// Returns the setting that it is about, and the part of it.
    pub fn setting(&self) -> Option<(&'static str, Part<'_>)> {
        Some(match self {
            Self::Api(error) => (error.key(), error.line().map_or(Part::Whole, Part::Line)),
            Self::Lacking(error) => return error.setting(),
            Self::Pattern(_) | Self::Overloaded | Self::WasiGives(_) => return None,
            Self::TypeName(_) => ("type-name", Part::Whole),
            Self::Prefix(_) => ("prefix", Part::Whole),
            Self::WithUnused { name, .. }
            | Self::WithPath { module: name, .. }
            | Self::WithSignatures(name)
            | Self::WithConvention(name)
            | Self::WithNominal(name) => ("with", Part::Entry(name)),
        })
    }

    /// Returns the mend.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Api(error) => error.help(),
            Self::Lacking(error) => error.help(),
            Self::WithUnused { nearest, .. } => nearest.as_deref().map(did_you_mean),
            _ => None,
        }
    }
}
