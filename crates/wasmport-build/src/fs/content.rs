//! Digests of contents: text has the same digest with either kind of line ends, because git may check it out
//! with others than it was committed with.

use super::files::error;
use super::regular;
use crate::error::Error;
use std::io::Read as _;
use std::path::Path;
use wasmport::Digest;

/// The beginnings of files that are hashed as they are: WebAssembly, machine code, `zstd`.
const BINARY: [&[u8]; 3] = [b"\0asm", b"\x7fELF", b"\x28\xb5\x2f\xfd"];

/// Hashes bytes as the content of a file: CRLF counts as LF, unless the bytes are binary.
pub(crate) fn content_digest_of(bytes: &[u8]) -> Digest {
    let mut content = Content::new(bytes);
    content.update(bytes);
    content.finish()
}

/// Hashes the content of a regular file: CRLF counts as LF, unless the file is binary.
///
/// # Errors
///
/// Fails with [`Error::File`] if the file cannot be read.
pub(crate) fn content_digest(path: &Path) -> Result<Digest, Error> {
    let hash = || -> std::io::Result<Digest> {
        let mut file = regular::open(path)?.take(regular::MAX_HASHED + 1);
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut content: Option<Content> = None;
        while file.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)? > 0 {
            content.get_or_insert_with(|| Content::new(&chunk)).update(&chunk);
            chunk.clear();
        }
        if file.limit() == 0 {
            return Err(regular::too_large(regular::MAX_HASHED));
        }
        Ok(content.unwrap_or_else(|| Content::new(&[])).finish())
    };
    hash().map_err(error(path, "read"))
}

/// The number of bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// Hasher over the content of a file.
struct Content {
    hasher: blake3::Hasher,
    is_binary: bool,
    /// The bytes so far end with a carriage return, which is not hashed yet.
    ends_with_return: bool,
}

impl Content {
    /// Creates a hasher for content that begins with `start`.
    fn new(start: &[u8]) -> Self {
        let is_binary = BINARY.iter().any(|magic| start.starts_with(magic));
        Self { hasher: blake3::Hasher::new(), is_binary, ends_with_return: false }
    }

    fn update(&mut self, bytes: &[u8]) {
        if self.is_binary {
            self.hasher.update(bytes);
            return;
        }
        let Some(first) = bytes.first() else { return };
        if std::mem::take(&mut self.ends_with_return) && *first != b'\n' {
            self.hasher.update(b"\r");
        }
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\r') {
            self.hasher.update(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.first() {
                Some(b'\n') => {}
                Some(_) => {
                    self.hasher.update(b"\r");
                }
                None => self.ends_with_return = true,
            }
        }
        self.hasher.update(rest);
    }

    fn finish(mut self) -> Digest {
        if self.ends_with_return {
            self.hasher.update(b"\r");
        }
        Digest::from_bytes(*self.hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crlf_is_lf_in_text_alone() {
        for (text, same) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\nb", "a\nb"),
            ("a\rb\r", "a\rb\r"),
            ("\r\r\n\r\r", "\r\n\r\r"),
            ("", ""),
        ] {
            assert_eq!(content_digest_of(text.as_bytes()), Digest::of(same.as_bytes()), "{text:?}");
        }
        for binary in BINARY {
            let bytes = [binary, b"\r\n"].concat();
            assert_eq!(content_digest_of(&bytes), Digest::of(&bytes));
        }
    }

    #[test]
    fn parts_of_any_length_have_the_digest_of_the_whole() {
        let text = b"\r\n\r\r\na\rb\r\n\n\r";
        for len in 1..text.len() {
            let mut content = Content::new(text);
            text.chunks(len).for_each(|part| content.update(part));
            assert_eq!(content.finish(), content_digest_of(text), "{len}");
        }
    }

    #[test]
    fn a_file_has_the_digest_of_its_bytes() -> Result<(), Error> {
        let folder = tempfile::tempdir().map_err(error(Path::new("."), "create"))?;
        let path = folder.path().join("long.wat");
        let text = "x\r\n".repeat(CHUNK);
        super::super::write_atomically(&path, text.as_bytes())?;
        assert_eq!(content_digest(&path)?, content_digest_of(text.as_bytes()));
        assert_eq!(content_digest(&path)?, Digest::of("x\n".repeat(CHUNK).as_bytes()));
        Ok(())
    }
}
