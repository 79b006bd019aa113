//! Errors of code generation.

use super::component::ComponentError;
use super::core::PlanError;
use super::lacking::LackingError;
use crate::settings::Part;
use thiserror::Error;

/// A wrapper that could not be generated.
#[derive(Debug, Error)]
pub(crate) enum CodegenError {
    /// The wrapper of a module cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Choices for exports that code may lack fit no version.
    #[error(transparent)]
    Lacking(#[from] LackingError),
    /// The wrapper of a component cannot be generated.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The wrapper has this many bytes without any method, which is more than its limit.
    #[error("the wrapper is too large without methods: {0} bytes")]
    TooLarge(u64),
    /// The interface has no methods; the text says why.
    #[error("the interface would have no methods, because {0}")]
    Untyped(String),
    /// The generator has a bug.
    #[error("the generated code is not Rust: {0}; report this bug to wasmport")]
    NotRust(#[from] syn::Error),
}

impl CodegenError {
    /// Returns the setting that it is about, and the part of it.
    pub fn setting(&self) -> Option<(&'static str, Part<'_>)> {
        match self {
            Self::Plan(error) => error.setting(),
            Self::Lacking(error) => error.setting(),
            Self::Component(ComponentError::Choice(error)) => error.setting(),
            _ => None,
        }
    }

    /// Returns the mend.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Plan(error) => error.help(),
            Self::Lacking(error) => error.help(),
            Self::Component(error) => error.help(),
            _ => None,
        }
    }
}
