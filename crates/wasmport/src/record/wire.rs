//! Numbers and texts as bytes: [LEB128](https://webassembly.github.io/spec/core/binary/values.html#integers), as in
//! WebAssembly.

use crate::error::RecordingError;
use std::ops::Range;

/// Bytes by which a recording is lengthened at once.
const ROOM: usize = 32;
/// The most bytes of a number.
const MOST: usize = 10;

/// Appends to the bytes of a recording. Until it is dropped, they end with room for more: to push each byte takes longer than
/// many calls.
pub(super) struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    at: usize,
}

impl<'a> Writer<'a> {
    #[inline]
    pub fn new(bytes: &'a mut Vec<u8>) -> Self {
        let at = bytes.len();
        bytes.extend_from_slice(&[0; ROOM]);
        Self { bytes, at }
    }

    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.make_room();
        self.set(byte);
    }

    /// Appends an unsigned number.
    #[inline]
    pub fn number(&mut self, mut number: u64) {
        self.make_room();
        while number >= 0x80 {
            self.set(number as u8 | 0x80);
            number >>= 7;
        }
        self.set(number as u8);
    }

    /// Appends a signed number; those near 0 are the shortest.
    #[inline]
    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    /// Appends the length of bytes, and the bytes.
    #[inline]
    pub fn bytes(&mut self, part: &[u8]) {
        self.number(part.len() as u64);
        self.raw(part);
    }

    /// Appends bytes whose number is known.
    #[inline]
    pub fn raw(&mut self, part: &[u8]) {
        self.bytes.truncate(self.at);
        self.bytes.extend_from_slice(part);
        self.at = self.bytes.len();
    }

    /// Makes room for a number.
    #[inline]
    fn make_room(&mut self) {
        if self.bytes.len() - self.at < MOST {
            self.bytes.extend_from_slice(&[0; ROOM]);
        }
    }

    #[inline]
    fn set(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.at) {
            *place = byte;
        }
        self.at += 1;
    }
}

impl Drop for Writer<'_> {
    #[inline]
    fn drop(&mut self) {
        self.bytes.truncate(self.at);
    }
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

    /// Reads a number of items, which in memory are larger than in the bytes.
    pub fn count(&mut self, most: u64, what: &'static str) -> Result<u64, RecordingError> {
        let count = self.number()?;
        if count <= most { Ok(count) } else { Err(self.invalid(what)) }
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
    use super::{Reader, Writer};

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            Writer::new(&mut bytes).number(number);
            assert_eq!(Reader::new(&bytes, 0).number().unwrap(), number);
        }
        for number in [0, -1, 1, 63, -64, i64::MIN, i64::MAX] {
            let mut bytes = Vec::new();
            Writer::new(&mut bytes).signed(number);
            assert_eq!(Reader::new(&bytes, 0).signed().unwrap(), number);
        }
        let mut bytes = vec![1];
        let mut writer = Writer::new(&mut bytes);
        (0..40).for_each(|number| writer.number(number << 50));
        writer.bytes(b"text");
        writer.byte(0xff);
        drop(writer);
        let mut reader = Reader::new(&bytes, 1);
        assert!((0..40).all(|number| reader.number().unwrap() == number << 50));
        assert_eq!((reader.text().unwrap(), reader.byte().unwrap()), ("text", 0xff));
        assert!(reader.is_at_end());
        assert!(Reader::new(&[0xff; 9], 0).number().is_err());
        assert!(Reader::new(&[0xff; 10], 0).number().is_err());
    }
}
