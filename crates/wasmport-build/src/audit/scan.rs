//! Finds artifacts in any file, in pieces: behind the markers of generated wrappers, and raw ones.

use super::artifact::{self, BEGINNINGS};
use super::marker::{self, LONGEST, Parsed};
use memchr::memmem::Finder;
use std::io::{self, Read, Seek, SeekFrom};
use wasmport::Digest;
use wasmport::marker::START;

/// Length in bytes of a piece.
const PIECE: usize = 1 << 20;

/// Bytes that an examination of a raw artifact costs at most, as if they were hashed.
const EXAMINATION: u64 = 4 << 10;

/// Bytes that may be hashed beside those of two whole files.
const ALLOWANCE: u64 = 64 << 20;

/// An artifact in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The name of the asset and the target, if there is a marker.
    pub marked: Option<(String, String)>,
    /// The version of Wasmtime, as it is written.
    pub wasmtime: String,
    pub digest: Digest,
    /// The place in the file: start and length.
    pub place: (u64, u64),
}

/// The reason why a file was not scanned to its end, or has a damaged part.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error(
        "at byte {at}: the artifact of `{name}` does not follow its marker: the file was truncated or changed"
    )]
    Damaged { name: String, at: u64 },
    #[error(
        "at byte {at}: a marker of format {version}, which this version of wasmport cannot read"
    )]
    Version { version: u32, at: u64 },
    #[error("the compressed artifact is damaged, or larger than {0} bytes without compression")]
    Compressed(u64),
    #[error("it has too many parts that look like artifacts and are none")]
    TooMany,
}

/// Finds the artifacts in a file, and what is wrong with others. Markers count if their artifacts follow them.
pub(super) fn scan(
    file: &mut (impl Read + Seek),
) -> Result<(Vec<Found>, Vec<ScanError>), ScanError> {
    let len = file.seek(SeekFrom::End(0))?;
    let budget = len.saturating_mul(2).saturating_add(ALLOWANCE);
    let scan = Scan { file, len, budget, found: Vec::new(), wrong: Vec::new() };
    scan.run()
}

struct Scan<'f, F> {
    file: &'f mut F,
    len: u64,
    /// Bytes that may still be hashed, so that no file takes for ever.
    budget: u64,
    found: Vec<Found>,
    wrong: Vec<ScanError>,
}

impl<F: Read + Seek> Scan<'_, F> {
    fn run(mut self) -> Result<(Vec<Found>, Vec<ScanError>), ScanError> {
        let finders = Finders::new();
        // All before it is examined.
        let mut from = 0;
        while from < self.len {
            let piece = self.piece(from)?;
            let is_last = from + piece.len() as u64 >= self.len;
            // A marker that begins behind it may exceed the piece.
            let end = if is_last { piece.len() } else { piece.len().saturating_sub(LONGEST) };
            if end == 0 {
                break;
            }
            let begin = from;
            for candidate in finders.candidates(&piece).filter(|at| *at < end) {
                let at = begin + candidate as u64;
                if at >= from {
                    from = self.examine(&piece[candidate..], at)?;
                }
            }
            from = from.max(begin + end as u64);
        }
        Ok((self.found, self.wrong))
    }

    /// Reads the piece at `from`.
    fn piece(&mut self, from: u64) -> io::Result<Vec<u8>> {
        let mut piece = Vec::with_capacity(PIECE);
        let _ = self.file.seek(SeekFrom::Start(from))?;
        let _ = (&mut *self.file).take(PIECE as u64).read_to_end(&mut piece)?;
        Ok(piece)
    }

    /// Examines a place that looks like an artifact or a marker, and returns the first byte behind it.
    fn examine(&mut self, bytes: &[u8], at: u64) -> Result<u64, ScanError> {
        if artifact::is_beginning(bytes) {
            return self.raw(at);
        }
        match marker::parse(bytes) {
            Parsed::Marker(marker) => return self.marked(marker, at),
            Parsed::Version(version) => {
                self.spend(EXAMINATION)?;
                self.wrong.push(ScanError::Version { version, at });
            }
            Parsed::None => {}
        }
        Ok(at + 1)
    }

    /// Verifies that the artifact of a marker follows it.
    fn marked(&mut self, marker: marker::Marker, at: u64) -> Result<u64, ScanError> {
        let start = at + marker.len as u64;
        let is_inside = marker.bytes <= self.len.saturating_sub(start);
        if !is_inside || self.digest(start, marker.bytes)? != marker.digest {
            self.spend(EXAMINATION)?;
            self.wrong.push(ScanError::Damaged { name: marker.name, at });
            return Ok(start);
        }
        self.found.push(Found {
            marked: Some((marker.name, marker.target)),
            wasmtime: marker.wasmtime,
            digest: marker.digest,
            place: (start, marker.bytes),
        });
        Ok(start + marker.bytes)
    }

    /// Reads the raw artifact at a place, if there is one.
    fn raw(&mut self, at: u64) -> Result<u64, ScanError> {
        self.spend(EXAMINATION)?;
        let Some(artifact) = artifact::read(self.file, at, self.len) else { return Ok(at + 1) };
        let digest = self.digest(at, artifact.len)?;
        let place = (at, artifact.len);
        self.found.push(Found { marked: None, wasmtime: artifact.version, digest, place });
        Ok(at + artifact.len)
    }

    fn digest(&mut self, start: u64, len: u64) -> Result<Digest, ScanError> {
        self.spend(len)?;
        let _ = self.file.seek(SeekFrom::Start(start))?;
        let mut hasher = blake3::Hasher::new();
        let _ = hasher.update_reader((&mut *self.file).take(len))?;
        Ok(Digest::from_bytes(*hasher.finalize().as_bytes()))
    }

    fn spend(&mut self, bytes: u64) -> Result<(), ScanError> {
        self.budget = self.budget.checked_sub(bytes).ok_or(ScanError::TooMany)?;
        Ok(())
    }
}

/// Finds the beginnings of markers and artifacts.
struct Finders {
    marker: Finder<'static>,
    artifacts: [Finder<'static>; 2],
}

impl Finders {
    fn new() -> Self {
        // The byte in front of it is compared apart, so that no program has a marker because it looks for markers.
        Self { marker: Finder::new(START), artifacts: BEGINNINGS.map(Finder::new) }
    }

    /// Returns the places in a piece that are worth an examination, in their order.
    fn candidates(&self, piece: &[u8]) -> impl Iterator<Item = usize> {
        let markers = self.marker.find_iter(piece).filter_map(|at| at.checked_sub(1));
        let mut candidates: Vec<usize> = markers.collect();
        for artifact in &self.artifacts {
            candidates.extend(artifact.find_iter(piece));
        }
        candidates.sort_unstable();
        candidates.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use wasmport::support::Marker;

    fn marked(name: &str, artifact: &[u8], bytes: u64) -> Vec<u8> {
        let digest = Digest::of(artifact).to_string();
        let marker =
            Marker { name, wasmtime: "48.0.8", target: "portable", bytes, digest: &digest };
        let text: [u8; 256] = marker.text();
        [&text[..marker.len()], artifact].concat()
    }

    fn names(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let (found, wrong) = scan(&mut Cursor::new(bytes)).unwrap();
        let names = found.into_iter().map(|found| found.marked.map_or("raw".into(), |m| m.0));
        (names.collect(), wrong.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn markers_are_found_wherever_they_are() {
        let one = marked("one", &[1; 3000], 3000);
        let two = marked("two", b"", 0);
        for at in [
            0,
            1,
            7,
            PIECE - LONGEST - 1,
            PIECE - LONGEST,
            PIECE - 200,
            PIECE - 1,
            PIECE,
            3 * PIECE + 5,
        ] {
            let program = [vec![0x90; at], one.clone(), two.clone(), vec![0x90; 50]].concat();
            assert_eq!(names(&program), (vec!["one".into(), "two".into()], vec![]), "{at}");
        }
        // One that is larger than a piece, with another in it, which is part of it.
        let large = [vec![3; 2 * PIECE], one.clone(), vec![4; PIECE]].concat();
        let program = [marked("large", &large, large.len() as u64), two].concat();
        assert_eq!(names(&program).0, ["large", "two"]);
    }

    #[test]
    fn a_marker_without_its_artifact_is_damage() {
        let good = marked("one", &[1; 300], 300);
        let (found, wrong) = names(&good[..good.len() - 1]);
        assert_eq!((found.len(), wrong.len()), (0, 1), "{wrong:?}");
        assert!(
            wrong[0].starts_with("at byte 0: the artifact of `one` does not follow"),
            "{wrong:?}"
        );
        for bytes in [299, 301, 2 << 30, u64::MAX] {
            let (found, wrong) = names(&[marked("one", &[1; 300], bytes), good.clone()].concat());
            assert_eq!((found, wrong.len()), (vec!["one".to_owned()], 1), "{bytes}");
        }
        let mut newer = good.clone();
        newer[START.len() + 1] = b'2';
        assert!(names(&newer).1[0].contains("a marker of format 2"));
        // A program that looks for markers has none.
        assert_eq!(names(START.repeat(1000).as_bytes()), (vec![], vec![]));
        assert_eq!(names(&good[1..]), (vec![], vec![]));
    }

    #[test]
    fn no_file_takes_for_ever() {
        // Each marker covers the rest of the file, and all are wrong.
        let one = marked("one", b"other", 1 << 20);
        let hostile = [one.repeat(4000), vec![0; 1 << 20]].concat();
        assert!(matches!(scan(&mut Cursor::new(hostile)), Err(ScanError::TooMany)));
        let hostile = BEGINNINGS[0].repeat(20_000);
        assert!(matches!(scan(&mut Cursor::new(hostile)), Err(ScanError::TooMany)));
    }
}
