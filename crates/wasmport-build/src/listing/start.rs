//! The kind of a file, from its beginning: it is neither parsed nor validated.

use crate::asset::Kind;
use crate::fs;
use std::path::Path;

/// The number of bytes that are read. Text may begin with a long comment.
const START: u64 = 64 << 10;

/// Returns the kind of WebAssembly that a file seems to be.
pub(super) fn kind(path: &Path) -> Option<Kind> {
    kind_of(&fs::read_at_most(path, START).ok()?)
}

fn kind_of(start: &[u8]) -> Option<Kind> {
    if let Some(rest) = start.strip_prefix(b"\0asm") {
        return match rest {
            [0x01, 0, 0, 0, ..] => Some(Kind::Module),
            // The second half is the layer.
            [_, _, 1, 0, ..] => Some(Kind::Component),
            _ => None,
        };
    }
    let text = String::from_utf8_lossy(start);
    let text = without_comments(text.trim_start_matches('\u{feff}'))?;
    let word = text.strip_prefix('(')?.trim_start();
    let word = word.split(|c: char| !c.is_ascii_alphanumeric()).next();
    match word? {
        "module" => Some(Kind::Module),
        "component" => Some(Kind::Component),
        _ => None,
    }
}

/// Returns the text behind comments and blanks; none if a comment does not end.
fn without_comments(mut text: &str) -> Option<&str> {
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix(";;") {
            text = rest.split_once('\n')?.1;
        } else if text.starts_with("(;") {
            text = after_block(text)?;
        } else {
            return Some(text);
        }
    }
}

/// Returns the text behind a block comment, which may hold others.
fn after_block(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut rest = text;
    loop {
        let next = rest.find(['(', ';'])?;
        rest = &rest[next..];
        if let Some(after) = rest.strip_prefix("(;") {
            depth += 1;
            rest = after;
        } else if let Some(after) = rest.strip_prefix(";)") {
            depth -= 1;
            rest = after;
            if depth == 0 {
                return Some(rest);
            }
        } else {
            rest = &rest[1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_shows_the_kind() {
        let of = |text: &str| kind_of(text.as_bytes());
        assert_eq!(of("(module)"), Some(Kind::Module));
        assert_eq!(
            of("\u{feff};; a (component)\n(; (; b ;) ( ;)\n( component $c"),
            Some(Kind::Component)
        );
        assert_eq!(of("\0asm\u{1}\0\0\0"), Some(Kind::Module));
        assert_eq!(of("\0asm\u{d}\0\u{1}\0"), Some(Kind::Component));
        for other in ["", "(", "\0asm", "(; never", ";; never", "text", "(modul"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
