//! State: what earlier runs on this machine know of files. It is kept in the cache folder.
//!
//! ```text
//! magic │ BLAKE3 of the rest │ accord │ digest of the manifest, length of its outline, outline
//!       │ length of a path, path, stamp, digest │ …
//! ```

use crate::fs::Stamp;
#[cfg(feature = "compiler")]
use crate::fs::{files_below, read_used, remove, remove_litter};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
#[cfg(feature = "compiler")]
use std::time::{Duration, SystemTime};
use wasmport::Digest;

/// The folder in the cache folder.
const FOLDER: &str = "state";

/// How a state begins. Another version begins with another number, and is as good as none.
const MAGIC: &[u8; 16] = b"wasmport state 1";

/// A file that was read and hashed, and has not changed for as long as it has this stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub stamp: Stamp,
    pub digest: Digest,
}

/// What is known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// By path, which may be relative to the current folder.
    pub files: HashMap<String, Known>,
    /// Of a lock file and a manifest that agree.
    pub accord: Option<Digest>,
    /// The digest of a manifest, and its outline.
    pub outline: Option<(Digest, Vec<u8>)>,
}

/// The state of the runs in the current folder whose output goes into `out_dir`.
pub(crate) fn place(cache: &Path, out_dir: &Path) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let text = format!("{}\0{}", here.display(), out_dir.display());
    Some(cache.join(FOLDER).join(Digest::of(text.as_bytes()).to_string()))
}

#[cfg(feature = "compiler")]
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The states in a cache folder: their paths, lengths, and when they were last used, give or take a
/// day.
///
/// # Errors
///
/// Where the folder cannot be read.
#[cfg(feature = "compiler")]
pub(crate) fn all(cache: &Path) -> std::io::Result<Vec<(PathBuf, u64, SystemTime)>> {
    let is_ours =
        |path: &Path| path.file_name().and_then(|name| Digest::from_hex(name.to_str()?)).is_some();
    let mut states = files_below(&cache.join(FOLDER))?;
    states.retain(|(path, ..)| is_ours(path));
    Ok(states)
}

/// Removes the states that no run has used for a month, or all of them; gives their lengths.
///
/// # Errors
///
/// Where one cannot be removed.
#[cfg(feature = "compiler")]
pub(crate) fn prune(cache: &Path, everything: bool) -> std::io::Result<Vec<u64>> {
    remove_litter(&cache.join(FOLDER));
    let before = SystemTime::now() - 30 * DAY;
    let states = all(cache)?.into_iter().filter(|(_, _, used)| everything || *used < before);
    states.map(|(path, len, _)| remove(&path).map(|()| len)).collect()
}

impl State {
    /// What is kept at `place`; nothing where there is none of use.
    #[cfg(feature = "compiler")]
    pub fn read(place: &Path) -> Self {
        let bytes = read_used(place, SystemTime::now() - DAY).ok().flatten();
        bytes.and_then(|bytes| Self::parse(&bytes)).unwrap_or_default()
    }

    /// What is known, or nothing where the bytes are not a state or damaged.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (checksum, body) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
        if Digest::of(body) != Digest::from_bytes(*checksum) {
            return None;
        }
        let (accord, rest) = body.split_first_chunk()?;
        let (manifest, rest) = rest.split_first_chunk()?;
        let (outline, mut rest) = split_sized(rest)?;
        let mut files = HashMap::with_capacity(rest.len() / TYPICAL);
        while !rest.is_empty() {
            let (path, stamp, digest);
            (path, rest) = split_sized(rest)?;
            (stamp, rest) = rest.split_first_chunk()?;
            (digest, rest) = rest.split_first_chunk()?;
            let (stamp, digest) = (Stamp::from_bytes(stamp), Digest::from_bytes(*digest));
            files.insert(std::str::from_utf8(path).ok()?.to_owned(), Known { stamp, digest });
        }
        let outline = digest_or_none(manifest).map(|manifest| (manifest, outline.to_vec()));
        Some(Self { files, accord: digest_or_none(accord), outline })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = self.accord.as_ref().map_or(NONE, Digest::as_bytes).to_vec();
        let (manifest, outline) = self
            .outline
            .as_ref()
            .map_or((NONE, &[][..]), |(digest, text)| (digest.as_bytes(), text));
        body.extend(manifest);
        extend_sized(&mut body, outline);
        for (path, Known { stamp, digest }) in &self.files {
            extend_sized(&mut body, path.as_bytes());
            body.extend(stamp.to_bytes());
            body.extend(digest.as_bytes());
        }
        [MAGIC.as_slice(), Digest::of(&body).as_bytes(), &body].concat()
    }
}

/// How long the entry of a file is, more or less.
const TYPICAL: usize = 150;

/// In the place of a digest.
const NONE: &[u8; 32] = &[0; 32];

fn digest_or_none(bytes: &[u8; 32]) -> Option<Digest> {
    (bytes != NONE).then(|| Digest::from_bytes(*bytes))
}

fn split_sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)
}

fn extend_sized(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend((part.len() as u64).to_le_bytes());
    bytes.extend(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_a_state_may_change() -> std::io::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        let Some(stamp) = Stamp::of(file.path())? else { panic!("there is a file") };
        let known = |text: &str| Known { stamp, digest: Digest::of(text.as_bytes()) };
        let files = ["assets/a.wat", "é"].map(|path| (path.to_owned(), known(path))).into();
        let outline = Some((Digest::of(b"manifest"), b"outline".to_vec()));
        for (accord, outline) in [(None, None), (Some(Digest::of(b"accord")), outline)] {
            let state = State { files: HashMap::clone(&files), accord, outline };
            let bytes = state.to_bytes();
            assert_eq!(State::parse(&bytes), Some(state));
            for end in 0..bytes.len() {
                assert_eq!(State::parse(&bytes[..end]), None);
                let mut flipped = bytes.clone();
                flipped[end] ^= 1;
                assert_eq!(State::parse(&flipped), None, "byte {end}");
            }
        }
        Ok(())
    }
}
