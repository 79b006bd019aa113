//! Errors in what an asset's settings ask of the wrapper of a component.

use thiserror::Error;

/// A choice that this component does not allow.
#[derive(Debug, Error)]
pub(crate) enum ChoiceError {
    #[error("`derives` has `{0}`, which is not the path of a derive macro")]
    DeriveSyntax(String),
    #[error("`derives` has `Debug`, which all types of wrappers implement")]
    DeriveDebug,
    #[error("`with` has `{0}`, which is no interface and no resource that the component imports")]
    UnknownInterface(String),
    #[error(
        "`{setting}` has `{path}` for `{key}`, which is not a Rust path that begins with `crate::` or `::`"
    )]
    Path { setting: &'static str, key: String, path: String },
    #[error(
        "`trappable-errors` has `{0}`, which is no type of an interface that the component imports"
    )]
    UnknownErrorType(String),
    #[error("`trappable-errors` has the type `{0}` twice")]
    ErrorTypeTwice(String),
    #[error("`{setting}` has `{name}`, which is no function that the component has")]
    UnknownFunction { setting: &'static str, name: String },
    #[error("`{setting}` has `{name}`, which is no function that the component imports")]
    UnknownImport { setting: &'static str, name: String },
    #[error("no Rust type can have the name {0}: choose one with `type-name`")]
    TypeName(String),
}
