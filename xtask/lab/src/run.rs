//! Runs one module in several variants that must do the same. Imported functions return zeros; imported
//! memories, tables and globals are new.

mod compare;
mod guest;
mod imported;

pub(crate) use compare::{Comparison, Exactness, Variant, compare};
pub(crate) use imported::{Imported, import_for};

/// Maximum number of characters of a difference in messages.
const MAX_TEXT: usize = 300;

/// Shortens and escapes a text for one line.
pub(crate) fn shortened(text: &str) -> String {
    let mut short: String = crate::files::printable(text).chars().take(MAX_TEXT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
