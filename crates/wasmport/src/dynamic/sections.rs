//! Custom sections: the short ones of compiled code, which Wasmtime does not keep.

/// A custom section: its name and its content.
pub(crate) type Section = (String, Vec<u8>);

/// Length in bytes up to which the content of a section is kept.
const SHORT: usize = 256;

/// Length of the magic number and of the version.
const HEADER: usize = 8;

/// Returns the short custom sections of a module or component, in its order. Skips all other sections by their
/// length, and ends at the first that is damaged.
pub(super) fn short_sections(wasm: &[u8]) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut rest = wasm.get(HEADER..).unwrap_or_default();
    while let Some((content, after)) = section(rest) {
        if rest.first() == Some(&0)
            && let Some((name, data)) = sized(content)
            && data.len() <= SHORT
            && let Ok(name) = std::str::from_utf8(name)
        {
            sections.push((name.to_owned(), data.to_vec()));
        }
        rest = after;
    }
    sections
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
        assert_eq!(short_sections(b"\0asm\x01\0\0\0\0\xff\xff\xff\xff\xff\xff"), []);
    }
}
