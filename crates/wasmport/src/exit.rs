//! `Exit`: the exit code of a guest.

use std::fmt;
use std::process::{ExitCode, Termination};

/// The exit code of a command: the argument of `exit`, or 0 when `_start` returned.
///
/// It is also the error that ends the call in which a guest exits; a session turns it into
/// [`Error::Exited`](crate::Error::Exited). `main` may return it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exit(i32);

impl Exit {
    /// Code 0.
    pub const SUCCESS: Self = Self(0);

    /// Returns the exit with `code`.
    #[must_use]
    pub const fn new(code: i32) -> Self {
        Self(code)
    }

    /// Returns the guest's code, of which most systems keep only the lowest 8 bits.
    #[must_use]
    pub const fn code(self) -> i32 {
        self.0
    }

    /// Returns whether the code is 0.
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
    /// Returns the code, or 255 if this program cannot end with it.
    fn from(exit: Exit) -> Self {
        u8::try_from(exit.0).unwrap_or(u8::MAX).into()
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}
