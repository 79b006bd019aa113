//! Text from files, which may contain anything.

/// Escapes control characters, which a terminal would interpret.
pub(crate) fn plain(text: &str) -> String {
    let escape =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}
