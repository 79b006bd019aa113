//! Edits of a genuine file that the input describes. Its digests change with every version, so that no seed
//! could hold it.

/// The length of one edit: its kind, two positions and a byte.
const LEN: usize = 6;

/// Returns `file` with the edits in `input`; an empty input changes nothing.
pub(crate) fn edited(file: &[u8], input: &[u8]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for edit in input.chunks_exact(LEN) {
        let position = |at: usize| {
            let position = usize::from(u16::from_le_bytes([edit[at], edit[at + 1]]));
            position % (bytes.len() + 1)
        };
        let (from, to) = (position(1), position(3));
        let range = from.min(to)..from.max(to);
        match edit[0] % 6 {
            0 => bytes.truncate(from),
            1 => bytes.insert(from, edit[5]),
            2 => drop(bytes.drain(range)),
            3 => {
                let copy = bytes[range].to_vec();
                bytes.splice(from..from, copy);
            }
            // Most files are text: digits and hexadecimal digits are worth a change.
            4 => replace(&mut bytes, from, b"0123456789abcdef"[usize::from(edit[5]) % 16]),
            _ => replace(&mut bytes, from, edit[5]),
        }
    }
    bytes
}

fn replace(bytes: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = bytes.get_mut(at) {
        *place = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::edited;

    #[test]
    fn edits_change_what_they_say_and_an_empty_input_changes_nothing() {
        assert_eq!(edited(b"genuine", b""), b"genuine");
        assert_eq!(edited(b"genuine", &[0, 3, 0, 0, 0, 0]), b"gen");
        assert_eq!(edited(b"genuine", &[1, 0, 0, 0, 0, b'a']), b"agenuine");
        assert_eq!(edited(b"genuine", &[2, 1, 0, 6, 0, 0]), b"ge");
        assert_eq!(edited(b"genuine", &[3, 0, 0, 2, 0, 0]), b"gegenuine");
        assert_eq!(edited(b"genuine", &[4, 0, 0, 0, 0, 1, 5, 1, 0, 0, 0, b'x']), b"1xnuine");
        assert_eq!(edited(b"", &[5, 255, 255, 255, 255, 1]), b"");
    }
}
