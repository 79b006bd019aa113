//! Errors in the user's signatures.

use crate::error::did_you_mean;
use crate::names::nearest;
use thiserror::Error;

/// A signature of `api` that cannot be followed.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// The text has no Rust tokens.
    #[error("`api` is not Rust: {0}")]
    NotRust(#[from] proc_macro2::LexError),
    /// An item is none that `api` has.
    #[error("`api`: in `{item}`: {source}")]
    Item { line: usize, item: String, source: syn::Error },
    /// A type is neither a number nor a struct of `api`.
    #[error("`api`: in `{item}`: no struct has the name `{name}`")]
    UnknownType { line: usize, item: String, name: String, help: String },
    /// Two structs or enums have one name.
    #[error("`api`: two types have the name `{name}`")]
    TwoTypes { line: usize, name: String },
    /// The error of a `Result` is no enum.
    #[error("`api`: in `{item}`: no enum has the name `{name}`")]
    UnknownStatus { line: usize, item: String, name: String, help: String },
    /// A struct contains itself.
    #[error("`api`: the struct `{name}` contains itself")]
    Recursive { line: usize, name: String },
    /// An error in the text from this line on.
    #[error("{source}")]
    At { line: usize, source: Box<ApiError> },
    /// A path in `derives` is none.
    #[error("`derives`: `{derive}` is not the path of a macro: {source}")]
    Derive { derive: String, source: syn::Error },
    /// A function that allocates or frees has a type with which it cannot be called.
    #[error(
        "`{key}`: {name:?} cannot {action}: with these parameters it is a function `{needed}`, but the asset's is \
         `{actual}`"
    )]
    WrongAllocator {
        /// The setting that names the function.
        key: &'static str,
        name: String,
        action: &'static str,
        needed: String,
        actual: String,
    },
    /// A choice of the convention cannot be followed.
    #[error("`{key}`: {message}")]
    Convention { key: &'static str, message: String, help: Option<String> },
    /// A struct or enum has a name that generated code uses.
    #[error("`api`: rename the type `{0}`: the wrapper itself has an item of this name")]
    NameTaken(String),
    /// A module has signatures and the asset imports nothing from it.
    #[error("`api` has signatures for the module {name:?}, from which the asset imports nothing")]
    UnusedModule { line: usize, name: String, nearest: Option<String> },
    /// A signature is for a global, memory, table or tag.
    #[error("the {kind} {name:?} is not a function: remove its signature")]
    NotFunction { kind: String, name: String },
    /// Two signatures are for one function.
    #[error("the {kind} {name:?} has two signatures: remove one")]
    TwoSignatures { kind: String, name: String },
    /// A signature is for no function.
    #[error("the signature `{text}` names no {kind} with a method: {name:?}")]
    NoFunction { text: String, kind: String, name: String, nearest: Option<String> },
    /// A signature needs the convention's own function, which is missing or cannot be called.
    #[error(
        "the signature `{text}` needs a function of the guest to {action}, but the asset exports no \
         {name:?} that is a function `{needed}`"
    )]
    UnusableAllocator { text: String, name: String, action: &'static str, needed: String },
    /// A signature differs from the function's type.
    #[error("the signature `{text}` needs a function `{needed}`, but {name:?} is `{actual}`")]
    Mismatch { text: String, needed: String, name: String, actual: String },
    /// A parameter has a type that cannot be passed.
    #[error("the signature `{text}`: the parameter `{parameter}` {reason}")]
    Parameter { text: String, parameter: String, reason: &'static str },
    /// The result has a type that cannot be returned.
    #[error("the signature `{text}`: `{result}` cannot be returned")]
    Result { text: String, result: String },
    /// An error has the status code of success.
    #[error("the signature `{text}`: the error `{name}` has the code {code}, which means success")]
    SuccessCode { text: String, name: String, code: i32 },
    /// A type cannot be returned together with a status code.
    #[error("the signature `{text}`: `{result}` cannot be returned beside a status code")]
    StatusResult { text: String, result: String },
    /// A function has more parameters or results than its signature can have.
    #[error(
        "the signature `{0}` is for a function with more than 16 parameters or results, or with types of the module's own"
    )]
    Wide(String),
    /// A signature is for an import that the runtime implements.
    #[error(
        "`api` has a signature for the import {module:?} {name:?}, which the convention implements"
    )]
    Provided { module: String, name: String },
    /// The error of a function is text.
    #[error("the signature `{0}` has text as its error, but the function returns a status code")]
    TextAsError(String),
    /// The error of a function of an Extism plug-in is not text.
    #[error("the signature `{0}` needs text as its error: write `Result<…, String>`")]
    ExtismError(String),
    /// A host function returns a reference.
    #[error(
        "the signature `{0}` returns a reference, but the guest owns the result of a host function: \
         write `String`, `CString` or `Vec<…>`"
    )]
    BorrowedResult(String),
    /// A signature has several lengths.
    #[error("the signature `{0}` has more than one `Len`")]
    TwoLens(String),
    /// A signature has a length, and its result has none.
    #[error(
        "the signature `{text}` has a `Len`, which is the length of a returned list or text, but it returns \
         {result}"
    )]
    LenOfNothing { text: String, result: String },
    /// The guest has no memory.
    #[error(
        "the signature `{0}` needs the guest's memory, but the asset exports no memory of 32 bits that \
         is not shared"
    )]
    NoMemory(String),
    /// The guest has no allocator.
    #[error(
        "the signature `{text}` needs a function of the guest that {action}, but the asset exports no \
         known one: {}name yours with `convention.{key}`",
        .known.map(|known| format!("export `{known}`, or ")).unwrap_or_default()
    )]
    NoAllocator {
        text: String,
        action: &'static str,
        key: &'static str,
        /// The function that the preset knows.
        known: Option<&'static str>,
    },
}

/// The help for a text that is not what `api` must be.
const SYNTAX: &str = "write Rust without `pub` and without bodies, such as `fn greet(name: &str) -> String;`; \
                      the page \"Signatures\" of the book has the Rust for every C declaration";

impl ApiError {
    /// Adds the line in the text of `api`.
    pub fn at(self, line: usize) -> Self {
        Self::At { line, source: Box::new(self) }
    }

    /// Returns the line in the text of `api`, from 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::NotRust(error) => Some(error.span().start().line),
            Self::Item { line, .. }
            | Self::UnknownType { line, .. }
            | Self::UnknownStatus { line, .. }
            | Self::TwoTypes { line, .. }
            | Self::Recursive { line, .. }
            | Self::UnusedModule { line, .. }
            | Self::At { line, .. } => Some(*line),
            _ => None,
        }
    }

    /// Returns the key of the setting that it is about.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Derive { .. } => "derives",
            Self::WrongAllocator { key, .. } | Self::Convention { key, .. } => key,
            Self::At { source, .. } => source.key(),
            _ => "api",
        }
    }

    /// Returns the mend.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotRust(_) | Self::Item { .. } => Some(SYNTAX.into()),
            Self::UnknownType { help, .. } | Self::UnknownStatus { help, .. } => Some(help.clone()),
            Self::TwoTypes { .. } => Some("rename one of them".into()),
            Self::Recursive { .. } => {
                Some("guest memory has no structs of endless size: a pointer inside is `u32`".into())
            }
            Self::UnusedModule { nearest, .. } | Self::NoFunction { nearest, .. } => {
                nearest.as_deref().map(did_you_mean)
            }
            Self::WrongAllocator { .. } => Some(
                "write the roles of its parameters, such as `malloc(size)`, `free(ptr, size)`; \
                 `convention.preset` has the functions of known toolchains"
                    .into(),
            ),
            Self::UnusableAllocator { .. } => Some(
                "name the functions with `convention.alloc` and `convention.free`, or choose another \
                 `convention.preset`"
                    .into(),
            ),
            Self::Convention { help, .. } => help.clone(),
            Self::Wide(_) => Some("remove it: the wrapper has the function with numbers".into()),
            Self::Provided { .. } => Some("remove the signature, or `convention.output`".into()),
            Self::TextAsError(_) => Some(
                "declare an `enum` of status codes, such as `enum Status { NotFound = 1 }`, and write \
                 `Result<…, Status>`"
                    .into(),
            ),
            Self::SuccessCode { .. } => {
                Some("give the error another code, or success with `convention.ok`".into())
            }
            Self::StatusResult { .. } => Some(
                "return `Result` of `()`, of an integer that is not negative, of a struct behind a pointer, or of \
                 text or a list that the guest gives to `convention.output`"
                    .into(),
            ),
            Self::LenOfNothing { .. } => Some(
                "remove the parameter, or take it for what it is: a number is `u32`, a pointer to one \
                 `Out<u32>` or `&mut u32`"
                    .into(),
            ),
            Self::At { source, .. } => source.help(),
            _ => None,
        }
    }
}

/// Returns the name nearest to `name`.
pub(in crate::codegen::core) fn near<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(name, known).map(Into::into)
}
