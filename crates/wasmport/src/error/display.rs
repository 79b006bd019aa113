//! `Error` as text: one line, or with all causes.

use super::Error;
use crate::text::Printable;
use std::fmt;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.write_all(&mut Printable::new(f));
        }
        self.write_message(&mut Printable::new(f))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_all(&mut Printable::new(f))
    }
}
