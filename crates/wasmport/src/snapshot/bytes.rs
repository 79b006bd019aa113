//! Snapshots as bytes: a versioned header, a digest, and a body that may be compressed.

use super::files::SavedMount;
use super::global::SavedGlobal;
use super::image::{Image, Snapshot};
use super::memory::SavedMemory;
use super::table::SavedTable;
use crate::digest::Digest;
use crate::error::SnapshotError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The beginning of every snapshot.
const MAGIC: &[u8] = b"wasmport snapshot\n";

/// The format. Only its own is read: a snapshot is of one build of a program.
const FORMAT: u32 = 1;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

const DAMAGED: SnapshotError = SnapshotError::Damaged("its bytes are truncated or changed");

/// Everything but the pages, which follow.
#[derive(Serialize, Deserialize)]
struct Head {
    asset: String,
    module: [u8; 32],
    engine: [u8; 32],
    memories: Vec<SavedMemory>,
    globals: Vec<SavedGlobal>,
    tables: Vec<SavedTable>,
    mounts: Vec<SavedMount>,
    /// The number of bytes that belong to memories; those of files follow.
    memory_bytes: u64,
}

impl Snapshot {
    /// The largest length of snapshots that [`from_bytes`](Self::from_bytes) reads: 4 GiB.
    pub const MAX_BYTES: u64 = 4 << 30;

    /// Returns the snapshot as bytes, compressed if the program has the cargo feature `zstd`.
    ///
    /// They hold all that the guest had in its memory, secrets too. Devices among the virtual files are left out.
    ///
    /// # Errors
    ///
    /// Fails with [`SnapshotError::Content`] if the bytes of a virtual file cannot be read from where they come from.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SnapshotError> {
        Ok(sealed(&packed(self.body()?)))
    }

    /// Returns everything that bytes hold, before it is compressed.
    fn body(&self) -> Result<Vec<u8>, SnapshotError> {
        let image = &*self.0;
        let mut files = Vec::new();
        let head = Head {
            asset: image.asset.clone(),
            module: *image.module.as_bytes(),
            engine: *image.engine.as_bytes(),
            memories: image.memories.clone(),
            globals: image.globals.clone(),
            tables: image.tables.clone(),
            mounts: SavedMount::all(&image.mounted, &mut files)?,
            memory_bytes: image.stored.len() as u64,
        };
        // Serializing plain data into a vector does not fail.
        let head = postcard::to_allocvec(&head).unwrap_or_default();
        let mut body = Vec::with_capacity(8 + head.len() + image.stored.len() + files.len());
        body.extend_from_slice(&(head.len() as u64).to_le_bytes());
        body.extend_from_slice(&head);
        body.extend_from_slice(&image.stored);
        body.extend_from_slice(&files);
        Ok(body)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) returned, of a length of up to [`MAX_BYTES`](Self::MAX_BYTES).
    ///
    /// A digest finds damage, but tells nothing about who made the bytes. They decide the whole state of a guest, so
    /// read them from places that only the program writes to. Bytes from elsewhere do no harm to the host: a session
    /// refuses what does not fit its module.
    ///
    /// # Errors
    ///
    /// Fails with [`SnapshotError`] if they are damaged, of another format, or longer.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::from_bytes_within(bytes, Self::MAX_BYTES)
    }

    /// Reads a snapshot like [`from_bytes`](Self::from_bytes), of up to `limit` bytes after decompression, and with
    /// virtual files that take about as much memory.
    ///
    /// # Errors
    ///
    /// Fails like [`from_bytes`](Self::from_bytes).
    pub fn from_bytes_within(bytes: &[u8], limit: u64) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(SnapshotError::NotSnapshot)?;
        let (format, rest) = rest.split_first_chunk().ok_or(DAMAGED)?;
        let format = u32::from_le_bytes(*format);
        if format != FORMAT {
            return Err(SnapshotError::Format(format));
        }
        let (digest, body) = rest.split_first_chunk().ok_or(DAMAGED)?;
        if Digest::of_large(body) != Digest::from_bytes(*digest) {
            return Err(DAMAGED);
        }
        image(&unpacked(body, limit)?, limit).map(|image| Self(Arc::new(image)))
    }
}

/// Returns a body behind the header.
fn sealed(body: &[u8]) -> Vec<u8> {
    let digest = Digest::of_large(body);
    [MAGIC, &FORMAT.to_le_bytes(), digest.as_bytes(), body].concat()
}

/// Returns a snapshot as bytes that are not compressed.
#[cfg(test)]
#[cfg(feature = "compile")]
pub(super) fn plain_bytes(snapshot: &Snapshot) -> Vec<u8> {
    sealed(&[&[PLAIN][..], &snapshot.body().unwrap()].concat())
}

/// Reads the parts of a body.
fn image(body: &[u8], limit: u64) -> Result<Image, SnapshotError> {
    let (len, rest) = body.split_first_chunk().ok_or(DAMAGED)?;
    let len = usize::try_from(u64::from_le_bytes(*len)).map_err(|_| DAMAGED)?;
    let (head, rest) = rest.split_at_checked(len).ok_or(DAMAGED)?;
    let head: Head = postcard::from_bytes(head).map_err(|_| DAMAGED)?;
    let len = usize::try_from(head.memory_bytes).map_err(|_| DAMAGED)?;
    let (stored, files) = rest.split_at_checked(len).ok_or(DAMAGED)?;
    let are_there = |saved: &SavedMemory| saved.runs.iter(stored).all(|run| run.is_some());
    let is_each_once = is_ascending(head.memories.iter().map(|saved| saved.index))
        && is_ascending(head.globals.iter().map(|saved| saved.index))
        && is_ascending(head.tables.iter().map(|saved| saved.index));
    if !is_each_once || !head.memories.iter().all(are_there) {
        return Err(DAMAGED);
    }
    Ok(Image {
        asset: head.asset,
        module: Digest::from_bytes(head.module),
        engine: Digest::from_bytes(head.engine),
        memories: head.memories,
        globals: head.globals,
        tables: head.tables,
        stored: stored.to_vec(),
        mounted: SavedMount::restored(head.mounts, files, limit)?,
    })
}

/// Returns whether each index is larger than the one before: a session does not restore an item twice.
fn is_ascending(indices: impl Iterator<Item = u32>) -> bool {
    indices.is_sorted_by(|before, after| before < after)
}

#[cfg(feature = "zstd")]
fn packed(body: Vec<u8>) -> Vec<u8> {
    const LEVEL: i32 = 3;
    match zstd::bulk::compress(&body, LEVEL) {
        Ok(compressed) if compressed.len() < body.len() => [&[ZSTD][..], &compressed].concat(),
        _ => [&[PLAIN][..], &body].concat(),
    }
}

#[cfg(not(feature = "zstd"))]
fn packed(body: Vec<u8>) -> Vec<u8> {
    [&[PLAIN][..], &body].concat()
}

/// Returns a body without its compression.
fn unpacked(body: &[u8], limit: u64) -> Result<std::borrow::Cow<'_, [u8]>, SnapshotError> {
    match body.split_first() {
        Some((&PLAIN, plain)) if plain.len() as u64 <= limit => Ok(plain.into()),
        Some((&PLAIN, _)) => Err(SnapshotError::Length { limit }),
        Some((&ZSTD, compressed)) => decompressed(compressed, limit).map(Into::into),
        _ => Err(DAMAGED),
    }
}

/// Decompresses as it reads, so that memory is bounded by what is there and by the limit.
#[cfg(feature = "zstd")]
fn decompressed(compressed: &[u8], limit: u64) -> Result<Vec<u8>, SnapshotError> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(compressed).map_err(|_| DAMAGED)?;
    let read = decoder.take(limit.saturating_add(1)).read_to_end(&mut plain);
    match read.map_err(|_| DAMAGED)? as u64 > limit {
        true => Err(SnapshotError::Length { limit }),
        false => Ok(plain),
    }
}

#[cfg(not(feature = "zstd"))]
fn decompressed(_: &[u8], _: u64) -> Result<Vec<u8>, SnapshotError> {
    Err(SnapshotError::Compressed)
}
