//! Text of files and guests in messages: nothing in it controls the terminal that shows it.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// Returns `text` with escapes for control characters, other than line ends and tabs, and for characters
/// that change the direction of text or are invisible.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    // A string takes all text.
    let _ = Printable::new(&mut escaped).write_str(text);
    Cow::Owned(escaped)
}

/// Returns text in one line: like [`printable`], with `\n` for the ends of lines.
#[cfg(any(feature = "replay", feature = "wasi"))]
pub(crate) fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

/// Whether a terminal does not show the character itself, in its place.
fn is_unprintable(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Marks, embeddings and isolates of direction.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        // Separators of lines and paragraphs, and spaces without width.
        '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}' => true,
        c => c.is_control(),
    }
}

/// Writes text with the escapes of [`printable`].
pub(crate) struct Printable<'a, W>(&'a mut W);

impl<'a, W: Write> Printable<'a, W> {
    pub fn new(to: &'a mut W) -> Self {
        Self(to)
    }
}

impl<W: Write> Write for Printable<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_unprintable) {
            let (plain, found) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut characters = found.chars();
            for c in characters.by_ref().take(1) {
                write!(self.0, "{}", c.escape_default())?;
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_85_only_what_controls_a_terminal_is_escaped() {
        let plain = "`größe` \u{65e5}\u{672c}\u{8a9e} \u{1f468}\u{200d}\u{1f469} \"\\\n\tend";
        assert!(matches!(printable(plain), Cow::Borrowed(text) if text == plain));
        let hostile = "\x1b[2J\x1b]0;t\x07 \r\u{9b}1m\x7f\u{202e}\u{2028}\u{feff}\nx";
        let escaped =
            r"\u{1b}[2J\u{1b}]0;t\u{7} \r\u{9b}1m\u{7f}\u{202e}\u{2028}\u{feff}".to_owned() + "\nx";
        assert_eq!(printable(hostile), escaped);
        assert_eq!(printable(&escaped), escaped);
    }
}
