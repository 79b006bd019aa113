//! Reads the markers of artifacts in programs.

use wasmport::Digest;
use wasmport::marker::{FIRST, KEYS, START, VERSION};

/// Length in bytes up to which a marker is read.
pub(super) const LONGEST: usize = 8 << 10;

/// A marker in a program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub name: String,
    pub wasmtime: String,
    pub target: String,
    /// The length of the artifact behind it.
    pub bytes: u64,
    /// The digest of the artifact behind it.
    pub digest: Digest,
    /// The length of the marker itself.
    pub len: usize,
}

/// The result of parsing bytes that begin like a marker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    Marker(Marker),
    /// A marker of a format that this version cannot read.
    Version(u32),
    /// Something else.
    None,
}

/// Parses what begins at the first of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    let Some(rest) = bytes.strip_prefix(&[FIRST]) else { return Parsed::None };
    let Some(rest) = rest.strip_prefix(START.as_bytes()) else { return Parsed::None };
    match line(rest).and_then(|(version, rest)| Some((number(version)?, rest))) {
        Some((version, rest)) if version == u64::from(VERSION) => {
            fields(rest, bytes.len()).map_or(Parsed::None, Parsed::Marker)
        }
        Some((version, _)) => u32::try_from(version).map_or(Parsed::None, Parsed::Version),
        None => Parsed::None,
    }
}

/// Parses the lines behind the version; `all` is the length from the marker's first byte.
fn fields(rest: &[u8], all: usize) -> Option<Marker> {
    let mut rest = rest;
    let mut next = |key: &str| {
        let (value, behind) = line(rest)?;
        rest = behind;
        value.strip_prefix(key)
    };
    let [name, wasmtime, target, bytes, digest] = KEYS;
    let (name, wasmtime, target) = (next(name)?, next(wasmtime)?, next(target)?);
    let (bytes, digest) = (number(next(bytes)?)?, Digest::from_hex(next(digest)?)?);
    let behind = rest.strip_prefix(b"\n")?;
    let [name, wasmtime, target] = [name, wasmtime, target].map(ToOwned::to_owned);
    Some(Marker { name, wasmtime, target, bytes, digest, len: all - behind.len() })
}

/// Splits off a line of UTF-8.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = memchr::memchr(b'\n', bytes)?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// Parses a number as markers write it.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmport::support;

    fn text(bytes: u64) -> Vec<u8> {
        let digest = Digest::of(b"code").to_string();
        let marker = support::Marker {
            name: "mods/é",
            wasmtime: "48.0.8",
            target: "portable",
            bytes,
            digest: &digest,
        };
        let text: [u8; 256] = marker.text();
        text[..marker.len()].to_vec()
    }

    #[test]
    fn markers_are_read_as_they_are_written() {
        for bytes in [0, 9, 10, 18_232, 2 << 30, u64::MAX] {
            let mut text = text(bytes);
            let len = text.len();
            text.extend(b"code");
            let Parsed::Marker(marker) = parse(&text) else { panic!("{bytes}") };
            let Marker { name, wasmtime, target, .. } = &marker;
            assert_eq!([name, wasmtime, target], ["mods/é", "48.0.8", "portable"]);
            assert_eq!((marker.bytes, marker.len), (bytes, len));
            assert_eq!(marker.digest, Digest::of(b"code"));
        }
    }

    #[test]
    fn what_is_no_marker_is_none() {
        let good = text(4);
        for len in 0..good.len() {
            assert_eq!(parse(&good[..len]), Parsed::None, "{len}");
        }
        // Every byte counts, but those of values may be others.
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 0x80;
            assert!(
                !matches!(&parse(&bad), Parsed::Marker(m) if m.name == "mods/é" && m.bytes == 4)
            );
        }
        let mut newer = good.clone();
        newer[START.len() + 1] = b'7';
        assert_eq!(parse(&newer), Parsed::Version(7));
        assert_eq!(parse(&good[1..]), Parsed::None, "text alone is no marker");
    }
}
