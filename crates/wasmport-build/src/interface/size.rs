//! Size: the length of text, computed without writing it.

use std::fmt::{self, Display, Write as _};

/// A text that is counted and not stored.
struct Length(u64);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.saturating_add(text.len() as u64);
        Ok(())
    }
}

/// Returns the number of bytes of `value` as text.
pub(crate) fn text_len(value: &impl Display) -> u64 {
    let mut length = Length(0);
    // Counting does not fail.
    let _ = write!(length, "{value}");
    length.0
}
