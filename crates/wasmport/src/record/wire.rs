//! Numbers and texts as bytes: [LEB128](https://webassembly.github.io/spec/core/binary/values.html#integers), as in
//! WebAssembly.

use crate::error::RecordingError;
use std::ops::Range;

/// Appends an unsigned number.
#[inline]
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    if number < 0x80 {
        bytes.push(number as u8);
        return;
    }
    // One append of an array is faster than one for each byte.
    let (mut encoded, mut len) = ([0; 10], 0);
    for byte in &mut encoded {
        *byte = number as u8 | 0x80;
        len += 1;
        number >>= 7;
        if number == 0 {
            *byte &= 0x7f;
            break;
        }
    }
    let end = bytes.len() + len;
    bytes.extend_from_slice(&encoded);
    bytes.truncate(end);
}

/// Appends a signed number; those near 0 are the shortest.
#[inline]
pub(super) fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put(bytes, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Appends the length of bytes, and the bytes.
pub(super) fn put_bytes(bytes: &mut Vec<u8>, part: &[u8]) {
    put(bytes, part.len() as u64);
    bytes.extend_from_slice(part);
}

/// Reads bytes, of which any may be damaged.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Returns the error of a part that means nothing.
    #[cold]
    pub fn invalid(&self, what: &'static str) -> RecordingError {
        RecordingError::Invalid { offset: self.at as u64, what }
    }

    pub fn byte(&mut self) -> Result<u8, RecordingError> {
        let byte = self.bytes.get(self.at).copied().ok_or(RecordingError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    pub fn number(&mut self) -> Result<u64, RecordingError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                break;
            }
            number |= low << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.invalid("a number has more than 64 bits"))
    }

    pub fn signed(&mut self) -> Result<i64, RecordingError> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    /// Reads an index into `count` items.
    pub fn index(&mut self, count: usize, what: &'static str) -> Result<usize, RecordingError> {
        let index = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if index < count { Ok(index) } else { Err(self.invalid(what)) }
    }

    /// Reads a length, and returns the range of so many bytes.
    pub fn range(&mut self) -> Result<Range<usize>, RecordingError> {
        let len = usize::try_from(self.number()?).map_err(|_| RecordingError::Truncated)?;
        self.range_of(len)
    }

    fn range_of(&mut self, len: usize) -> Result<Range<usize>, RecordingError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len());
        let range = self.at..end.ok_or(RecordingError::Truncated)?;
        self.at = range.end;
        Ok(range)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordingError> {
        let range = self.range_of(N)?;
        let part = self.bytes.get(range).and_then(|part| part.try_into().ok());
        part.ok_or(RecordingError::Truncated)
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], RecordingError> {
        let range = self.range()?;
        self.bytes.get(range).ok_or(RecordingError::Truncated)
    }

    pub fn text(&mut self) -> Result<&'a str, RecordingError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| self.invalid("a text is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, put, put_signed};

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            assert_eq!(Reader::new(&bytes, 0).number().unwrap(), number);
        }
        for number in [0, -1, 1, 63, -64, i64::MIN, i64::MAX] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, number);
            assert_eq!(Reader::new(&bytes, 0).signed().unwrap(), number);
        }
        assert!(Reader::new(&[0xff; 9], 0).number().is_err());
        assert!(Reader::new(&[0xff; 10], 0).number().is_err());
    }
}
