//! Running: one module in several variants, which must do the same. Each call is made in all of them;
//! imports are functions that give zeros, and fresh memories, tables and globals.

mod compare;
mod guest;
mod imported;

pub(crate) use compare::{Comparison, Exactness, Variant, compare};
pub(crate) use imported::{Imported, import_for};

/// What differs, for messages: so much of it.
const MAX_TEXT: usize = 300;

/// A text that is short enough for a line.
pub(crate) fn shortened(text: &str) -> String {
    let mut short: String = crate::files::printable(text).chars().take(MAX_TEXT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
