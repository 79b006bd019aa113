//! Text for the terminal.

use std::path::{MAIN_SEPARATOR, Path};
use wasmport::support::printable;

/// Escapes control characters and line ends, so that names from files cannot control the terminal.
pub(crate) fn plain(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

/// Links text to a file with the escape sequence OSC 8.
pub(crate) fn hyperlink(path: &Path, text: &str) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let path = path.display().to_string().replace(MAIN_SEPARATOR, "/");
    // A drive of Windows has no `/` in front.
    let root = if path.starts_with('/') { "" } else { "/" };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~:".contains(&byte);
    let encoded = path.bytes().map(|byte| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    let encoded: String = encoded.collect();
    format!("\u{1b}]8;;file://{root}{encoded}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
}

/// The longest type or name in a line, in bytes.
const LONGEST: usize = 300;

/// Cuts a long type or name.
pub(crate) fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(LONGEST)])
}

/// Formats a size in the largest unit with a number above one.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} GiB")
}

/// Returns a number with the word for what it counts, in the plural if it is not one.
pub(crate) fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Quotes an argument for a shell if it holds more than letters, digits and common punctuation.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+:=@,\\".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_holds_no_byte_of_a_path_that_could_end_it() {
        let link = hyperlink(Path::new("/a b/\u{1b}\\;ü"), "text");
        assert_eq!(link, "\u{1b}]8;;file:///a%20b/%1B%5C%3B%C3%BC\u{1b}\\text\u{1b}]8;;\u{1b}\\");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([bytes(0), bytes(1023), bytes(1024)], ["0 B", "1023 B", "1.0 KiB"]);
        assert_eq!([bytes(5 << 20), bytes(3 << 40)], ["5.0 MiB", "3072.0 GiB"]);
    }
}
