//! `Exit`: a guest that ends by itself, as a process does.

use std::fmt;
use std::process::{ExitCode, Termination};

/// How a command ended: what it passed to `exit`, or 0 where its `_start` returned.
///
/// As an error it ends a call of the guest that exits in its midst; a session makes
/// [`Error::Exited`](crate::Error::Exited) of it. `main` may return it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exit(i32);

impl Exit {
    /// Nothing went wrong.
    pub const SUCCESS: Self = Self(0);

    /// The guest ended with `code`.
    #[must_use]
    pub const fn new(code: i32) -> Self {
        Self(code)
    }

    /// The guest's code, of which most systems would only keep the lowest 8 bits.
    #[must_use]
    pub const fn code(self) -> i32 {
        self.0
    }

    /// Whether the code is 0.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest exited with code {}", self.0)
    }
}

impl std::error::Error for Exit {}

impl From<Exit> for ExitCode {
    /// A code that this program cannot end with is 255.
    fn from(exit: Exit) -> Self {
        u8::try_from(exit.0).unwrap_or(u8::MAX).into()
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}
