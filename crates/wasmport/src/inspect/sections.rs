//! Custom sections: the short ones, which tell the version of code before and after it is compiled.

use std::collections::VecDeque;

/// A custom section: its name and its content.
pub(super) type Section = (String, Vec<u8>);

/// Length in bytes up to which the content of a section is kept.
const SHORT: usize = 256;

/// Number of sections that are kept: a stranger's file may have millions.
const KEPT: usize = 64;

/// Length of the magic number and of the version.
const HEADER: usize = 8;

/// The byte of a header that a component has there.
const COMPONENT: (usize, u8) = (6, 1);

/// Sections of a component that are modules and components.
const INNER: [u8; 2] = [1, 4];

/// Returns the first short custom sections of a module or component, one of each name, and behind them those of the
/// modules and components inside, the outer ones first. Skips all other sections by their length, and ends at the first
/// that is damaged. Wasmtime does not keep custom sections, so that they are read from what is compiled.
pub(crate) fn short_sections(wasm: &[u8]) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut modules = VecDeque::from([wasm]);
    while let Some(module) = modules.pop_front() {
        let Some((header, mut rest)) = module.split_at_checked(HEADER) else { continue };
        while let Some((content, after)) = section(rest) {
            match rest.first() {
                Some(0) => keep(&mut sections, content),
                Some(id) if INNER.contains(id) && header[COMPONENT.0] == COMPONENT.1 => {
                    modules.push_back(content);
                }
                _ => {}
            }
            rest = after;
        }
    }
    sections
}

/// Keeps a short custom section, if it is the first of its name and there is room.
fn keep(sections: &mut Vec<Section>, content: &[u8]) {
    if sections.len() < KEPT
        && let Some(own) = short(content)
        && !sections.iter().any(|(name, _)| *name == own.0)
    {
        sections.push(own);
    }
}

/// Reads a custom section, if it is short and has a name.
fn short(content: &[u8]) -> Option<Section> {
    let (name, data) = sized(content)?;
    let name = std::str::from_utf8(name).ok()?;
    (name.len() <= SHORT && data.len() <= SHORT).then(|| (name.to_owned(), data.to_vec()))
}

/// Splits off the content of the first section.
fn section(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    sized(bytes.get(1..)?)
}

/// Splits off bytes whose length stands before them.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut len, mut rest) = (0_usize, bytes);
    for shift in (0..u32::BITS).step_by(7) {
        let (byte, after) = rest.split_first()?;
        rest = after;
        len |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return rest.split_at_checked(len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_sections_are_found_and_damaged_ones_end_the_search() {
        let text = format!(
            r#"(module (@custom "version" "v2") (func) (@custom "long" "{}") (@custom "end" ""))"#,
            "x".repeat(SHORT + 1)
        );
        let wasm = wat::parse_str(text).unwrap();
        let found = short_sections(&wasm);
        let expected = [("version".to_owned(), b"v2".to_vec()), ("end".to_owned(), Vec::new())];
        assert_eq!(found, expected);
        for len in 0..wasm.len() {
            assert!(expected.starts_with(&short_sections(&wasm[..len])), "{len}");
        }
        let component = wat::parse_str(
            r#"(component (core module (@custom "version" "v1")) (component (@custom "inner" "x")) (@custom "own" "y"))"#,
        );
        let found = short_sections(&component.unwrap());
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["own", "version", "inner"]);
        let many: String = (0..1_000).map(|i| format!(r#"(@custom "{}" "x")"#, i % 500)).collect();
        let found = short_sections(&wat::parse_str(format!("(module {many})")).unwrap());
        assert_eq!((found.len(), found[KEPT - 1].0.as_str()), (KEPT, "63"));
        assert_eq!(short_sections(b"\0asm\x01\0\0\0\0\xff\xff\xff\xff\xff\xff"), []);
    }
}
