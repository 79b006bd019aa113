//! Errors of wrappers for components.

use super::prepare::ChoiceError;
use super::rewrite::RewriteError;
use crate::panics::Panic;
use std::error::Error;
use thiserror::Error;

/// The reason why a component gets no wrapper.
#[derive(Debug, Error)]
pub(crate) enum ComponentError {
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    #[error("Wasmtime's generator of wrappers: {0}")]
    Generator(#[source] Box<dyn Error + Send + Sync>),
    #[error("Wasmtime's generator of wrappers panicked: {0}")]
    GeneratorPanicked(#[source] Panic),
    #[error("Wasmtime's generator of wrappers wrote invalid Rust: {0}")]
    GeneratedTokens(#[from] proc_macro2::LexError),
    #[error("Wasmtime's generator of wrappers wrote invalid Rust: {0}")]
    GeneratedSyntax(#[source] syn::Error),
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
    #[error("the generated code has no module for the exported interface {0}")]
    MissingModule(String),
    #[error("the generated code is not Rust: {0}; report this bug to wasmport")]
    NotRust(#[from] syn::Error),
    /// A world of an interface with versions has items that cannot be converted.
    #[error("an interface with versions has {what} in the version `{version}`")]
    Unconvertible { what: &'static str, version: String },
    /// The component imports WASI of version 0.3, some functions of which are async.
    #[error("the component imports WASI of version 0.3, some functions of which wait")]
    NeedsConcurrency,
}

impl ComponentError {
    /// Returns the mend.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Choice(error) => error.help(),
            Self::Unconvertible { .. } => Some(
                "make an interface of its own of the version, with `wit` in the place of `versions`".into(),
            ),
            _ => None,
        }
    }

    /// Returns whether the world itself cannot be Rust, whatever the settings are. It is a bug, of wasmport or
    /// of Wasmtime's generator, and no reason to refuse a component that runs.
    pub fn is_of_world(&self) -> bool {
        match self {
            Self::Choice(_) | Self::NeedsConcurrency | Self::Unconvertible { .. } => false,
            Self::Generator(_)
            | Self::GeneratorPanicked(_)
            | Self::GeneratedTokens(_)
            | Self::GeneratedSyntax(_)
            | Self::Rewrite(_)
            | Self::MissingModule(_)
            | Self::NotRust(_) => true,
        }
    }
}
