//! Errors in the user's signatures.

use thiserror::Error;

/// A signature of `api` that cannot be followed.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// The text has no Rust tokens.
    #[error("`api` is not Rust: {0}")]
    NotRust(#[from] proc_macro2::LexError),
    /// An item is none that `api` has.
    #[error("`api`: in `{item}`: {source}")]
    Item { item: String, source: syn::Error },
    /// A path in `derives` is none.
    #[error("`derives`: `{derive}` is not the path of a macro: {source}")]
    Derive { derive: String, source: syn::Error },
    /// `malloc` or `free` name a function that is missing.
    #[error("the asset exports no function {0:?} to allocate or free with")]
    NoSuchFunction(String),
    /// A struct has a name that generated code uses.
    #[error("`api`: rename the struct `{0}`: the wrapper itself has an item of this name")]
    NameTaken(String),
    /// A module has signatures and the asset imports nothing from it.
    #[error("`api` has signatures for the module {0:?}, from which the asset imports nothing")]
    UnusedModule(String),
    /// A signature is for a global, memory, table or tag.
    #[error("the {kind} {name:?} is not a function: remove its signature")]
    NotFunction { kind: String, name: String },
    /// Two signatures are for one function.
    #[error("the {kind} {name:?} has two signatures: remove one")]
    TwoSignatures { kind: String, name: String },
    /// A signature is for no function.
    #[error("the signature `{text}` names no {kind} with a method: {name:?}")]
    NoFunction { text: String, kind: String, name: String },
    /// A signature differs from the function's type.
    #[error("the signature `{text}` needs a function `{needed}`, but {name:?} is `{actual}`")]
    Mismatch { text: String, needed: String, name: String, actual: String },
    /// A parameter has a type that cannot be passed.
    #[error("the signature `{text}`: the parameter `{parameter}` {reason}")]
    Parameter { text: String, parameter: String, reason: &'static str },
    /// The result has a type that cannot be returned.
    #[error("the signature `{text}`: `{result}` cannot be returned")]
    Result { text: String, result: String },
    /// A host function returns a reference.
    #[error(
        "the signature `{0}` returns a reference, but the guest owns the result of a host function: \
         write `String`, `CString` or `Vec<…>`"
    )]
    BorrowedResult(String),
    /// A signature has several lengths.
    #[error("the signature `{0}` has more than one `Len`")]
    TwoLens(String),
    /// The guest has no memory.
    #[error(
        "the signature `{0}` needs the guest's memory, but the asset exports no memory of 32 bits that \
         is not shared"
    )]
    NoMemory(String),
    /// The guest has no allocator.
    #[error(
        "the signature `{text}` needs a function of the guest that {action}, but the asset exports no \
         known one: export `malloc` and `free`, or name yours with `{key}`"
    )]
    NoAllocator { text: String, action: &'static str, key: &'static str },
}
