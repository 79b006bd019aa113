//! The kinds of files that contain or describe artifacts, each recognised by its content.

use super::code::Code;
use super::error::AuditError;
use super::report::{FileKind, Signature};
use super::scan::{self, Found, ScanError};
use super::{artifact, described};
use crate::bundle::is_bundle;
use crate::fs::{self, File};
use crate::project::{lock, manifest};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use wasmport::Digest;

/// Bytes at the beginning of a file by which it is recognised.
const BEGINNING: usize = 1 << 10;

/// Length in bytes up to which a compressed artifact is decompressed.
const LARGEST_ARTIFACT: u64 = 1 << 30;

/// The beginning of zstd's frames.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// A file that was read.
#[derive(Debug)]
pub(super) struct Source {
    pub kind: FileKind,
    pub signature: Option<Signature>,
    pub code: Vec<Code>,
    /// The reasons why parts of it could not be read.
    pub wrong: Vec<AuditError>,
}

/// Reads what a file contains or describes. Any file that is nothing else is scanned for artifacts.
///
/// # Errors
///
/// Fails if it cannot be read, or is a damaged lock file, manifest or bundle.
pub(super) fn read(path: &Path) -> Result<Source, AuditError> {
    let mut file = fs::open_regular(path)?;
    let unreadable = |error| AuditError::from(fs::unreadable(path, error));
    let mut start = Vec::new();
    let _ = (&file).take(BEGINNING as u64).read_to_end(&mut start).map_err(unreadable)?;
    let described_as = |kind, code| Source { kind, signature: None, code, wrong: Vec::new() };
    if lock::is_lock(&start) {
        return described::of_lock(path).map(|code| described_as(FileKind::Lock, code));
    }
    if manifest::is_manifest(&start)
        && let Some(code) = described::of_manifest(path)?
    {
        return Ok(described_as(FileKind::Manifest, code));
    }
    file.rewind().map_err(unreadable)?;
    if is_bundle(&start) {
        let code = described::of_bundle(path, &file)?;
        let signature = Some(Signature::NotVerified);
        return Ok(Source { signature, ..described_as(FileKind::Bundle, code) });
    }
    if start.starts_with(ZSTD)
        && let Some(code) = compressed(path, &mut file)?
    {
        return Ok(described_as(FileKind::Artifact, vec![code]));
    }
    let (found, wrong) = match scan::scan(&mut file) {
        Ok(scanned) => scanned,
        Err(ScanError::Read(error)) => return Err(unreadable(error)),
        Err(error) => (Vec::new(), vec![error]),
    };
    let len = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    let is_artifact =
        matches!(found.as_slice(), [Found { marked: None, place, .. }] if *place == (0, len));
    let kind = if is_artifact { FileKind::Artifact } else { FileKind::Program };
    let code = found.into_iter().map(Code::from).collect();
    let wrong = wrong.into_iter().map(|error| damaged(path, &error)).collect();
    Ok(Source { kind, signature: None, code, wrong })
}

fn damaged(path: &Path, error: &ScanError) -> AuditError {
    let help = match error {
        ScanError::Version { .. } => "update wasmport",
        _ => "build or copy it again",
    };
    AuditError::Damaged { path: path.into(), message: error.to_string(), help }
}

/// Returns the artifact that a file is after decompression; none if it is something else.
///
/// # Errors
///
/// Fails if the file cannot be read, or if it begins as an artifact and is none.
fn compressed(path: &Path, file: &mut File) -> Result<Option<Code>, AuditError> {
    decompressed(file).unwrap_or_else(|error| Err(ScanError::Read(error))).map_err(|error| {
        match error {
            ScanError::Read(error) => AuditError::from(fs::unreadable(path, error)),
            error => damaged(path, &error),
        }
    })
}

fn decompressed(file: &mut File) -> io::Result<Result<Option<Code>, ScanError>> {
    let mut decoder = zstd::Decoder::new(&*file)?;
    let mut start = [0; 8];
    let is_artifact = decoder.read_exact(&mut start).is_ok() && artifact::is_beginning(&start);
    if !is_artifact {
        return Ok(Ok(None));
    }
    let mut raw = fs::temporary_file()?;
    let _ = io::copy(&mut start.as_slice(), &mut raw)?;
    let damaged = || Ok(Err(ScanError::Compressed(LARGEST_ARTIFACT)));
    if io::copy(&mut decoder.by_ref().take(LARGEST_ARTIFACT), &mut raw).is_err() {
        return damaged();
    }
    let is_whole = decoder.read(&mut [0])? == 0;
    let len = raw.seek(SeekFrom::End(0))?;
    let artifact = artifact::read(&mut raw, 0, len).filter(|_| is_whole);
    let Some(artifact) = artifact else { return damaged() };
    file.rewind()?;
    let mut hasher = blake3::Hasher::new();
    let _ = hasher.update_reader(&*file)?;
    let digest = Digest::from_bytes(*hasher.finalize().as_bytes());
    Ok(Ok(Some(Code { name: None, target: None, wasmtime: artifact.version, digest })))
}
