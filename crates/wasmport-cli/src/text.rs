//! Text for the terminal.

use wasmport::support::printable;

/// Escapes control characters and line ends, so that names from files cannot control the terminal.
pub(crate) fn plain(text: &str) -> String {
    printable(text).replace('\n', "\\n")
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

    #[test]
    fn sizes_are_short() {
        assert_eq!([bytes(0), bytes(1023), bytes(1024)], ["0 B", "1023 B", "1.0 KiB"]);
        assert_eq!([bytes(5 << 20), bytes(3 << 40)], ["5.0 MiB", "3072.0 GiB"]);
    }
}
