//! Errors of rewriting: the generator wrote another shape than a pass knows.

use thiserror::Error;

/// A failed rewrite of generated code.
#[derive(Debug, Error)]
pub(crate) enum RewriteError {
    /// A pass found code that it does not know: another version of Wasmtime's generator.
    #[error(
        "the pass `{pass}` expects {expected}, and Wasmtime's generator wrote another shape in `{place}`"
    )]
    Shape { pass: &'static str, expected: &'static str, place: String },
    #[error("two names of the component become {0} in Rust: no wrapper can have both")]
    Duplicate(String),
}

/// A shape that a pass does not find; the table of passes adds the pass's name.
#[derive(Debug)]
pub(super) struct Unexpected {
    pub expected: &'static str,
    /// The item or function.
    pub place: String,
}

impl Unexpected {
    pub fn new(expected: &'static str, place: impl ToString) -> Self {
        Self { expected, place: place.to_string() }
    }
}
