//! Markers: the records in front of the artifacts in a program, from which `cargo wasmport audit` tells who compiled it.
//!
//! A marker and its artifact are one object, so that optimizers and linkers keep or drop both. It is text:
//!
//! ```text
//! <0xC0>wasmport-artifact 1
//! name mods/calc
//! wasmtime 48.0.8
//! target x86_64-unknown-linux-gnu
//! bytes 18232
//! blake3 46f8cd7d9e582c14752989b19d4ca03fddc667a12dee2dc11a556c4119e325c9
//!
//! <the artifact>
//! ```

/// The byte in front of a marker. It never occurs in UTF-8, so that no text is a marker.
pub const FIRST: u8 = 0xC0;

/// The text behind it, which the version of the format follows.
pub const START: &str = "wasmport-artifact ";

/// The version of the format.
pub const VERSION: u32 = 1;

/// The keys of the lines behind the version, in their order.
pub const KEYS: [&str; 5] = ["name ", "wasmtime ", "target ", "bytes ", "blake3 "];

/// The record of an artifact in a marker.
#[derive(Clone, Copy, Debug)]
pub struct Marker<'a> {
    /// The name of the asset.
    pub name: &'a str,
    /// The exact version of Wasmtime that compiled it.
    pub wasmtime: &'a str,
    /// The target.
    pub target: &'a str,
    /// The stored length in bytes.
    pub bytes: u64,
    /// The digest of the stored bytes, as hexadecimal digits.
    pub digest: &'a str,
}

impl Marker<'_> {
    /// Returns the length of its text.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub const fn len(&self) -> usize {
        let mut sink = Sink { text: &mut [], at: 0 };
        self.write(&mut sink);
        sink.at
    }

    /// Returns its text, whose length is `N`.
    #[must_use]
    pub const fn text<const N: usize>(&self) -> [u8; N] {
        let mut text = [0; N];
        self.write(&mut Sink { text: &mut text, at: 0 });
        text
    }

    const fn write(&self, sink: &mut Sink<'_>) {
        sink.byte(FIRST);
        sink.string(START);
        sink.number(VERSION as u64);
        sink.byte(b'\n');
        let [name, wasmtime, target, bytes, digest] = KEYS;
        sink.line(name, self.name);
        sink.line(wasmtime, self.wasmtime);
        sink.line(target, self.target);
        sink.string(bytes);
        sink.number(self.bytes);
        sink.byte(b'\n');
        sink.line(digest, self.digest);
        sink.byte(b'\n');
    }
}

/// A writer that only counts what exceeds its text.
struct Sink<'t> {
    text: &'t mut [u8],
    at: usize,
}

impl Sink<'_> {
    const fn byte(&mut self, byte: u8) {
        if self.at < self.text.len() {
            self.text[self.at] = byte;
        }
        self.at += 1;
    }

    const fn string(&mut self, text: &str) {
        let (text, mut at) = (text.as_bytes(), 0);
        while at < text.len() {
            self.byte(text[at]);
            at += 1;
        }
    }

    const fn number(&mut self, number: u64) {
        if number > 9 {
            self.number(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    const fn line(&mut self, key: &str, value: &str) {
        self.string(key);
        self.string(value);
        self.byte(b'\n');
    }
}

/// An artifact behind its marker: one object of a program.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Marked<const M: usize, const N: usize> {
    marker: [u8; M],
    /// The artifact.
    pub artifact: [u8; N],
}

/// Puts an artifact behind its marker, in a constant.
#[must_use]
pub const fn marked<const M: usize, const N: usize>(
    marker: &Marker<'_>,
    artifact: &[u8; N],
) -> Marked<M, N> {
    Marked { marker: marker.text(), artifact: *artifact }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_audits_read() {
        const MARKER: Marker<'_> =
            Marker { name: "a", wasmtime: "48.0.8", target: "portable", bytes: 1_203, digest: "f" };
        static MARKED: Marked<{ MARKER.len() }, 2> = marked(&MARKER, b"\x7fE");
        let text = b"wasmport-artifact 1\nname a\nwasmtime 48.0.8\ntarget portable\nbytes 1203\nblake3 f\n\n";
        assert_eq!(MARKED.marker, [&[FIRST], text.as_slice()].concat().as_slice());
        let behind = MARKED.marker.as_ptr().wrapping_add(MARKED.marker.len());
        assert_eq!(behind, MARKED.artifact.as_ptr());
    }
}
