//! The store: records, blobs and packs of functions that others have changed.

use crate::edit::edited;
use crate::project::{Files, Project, check};
use serde::Deserialize;
use std::sync::LazyLock;
use wasmport::Digest;

/// The secret key of the store: these targets also try what its owner alone could write.
const SECRET: [u8; 32] = [7; 32];

/// A project after its import, with its store.
static PROJECT: LazyLock<Files> = LazyLock::new(|| {
    let toml: &[u8] =
        b"[import]\nout-dir = \"out\"\n[cache]\ndir = \"cache\"\nkey-file = \"key\"\n";
    let key = Digest::from_bytes(SECRET).to_string();
    let wat: &[u8] = b"(module
      (func (export \"add\") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
      (func (export \"sub\") (param i32 i32) (result i32) local.get 0 local.get 1 i32.sub))";
    let files = [("wasmport.toml", toml), ("key", key.as_bytes()), ("assets/any.wat", wat)];
    let project = Project::new(files);
    assert!(check(&project, &project.import()));
    project.files("")
});

/// Edits of the records, as they are and authenticated again: the import has the same outputs.
pub fn records(bytes: &[u8]) {
    for is_sealed in [false, true] {
        let mut files = PROJECT.clone();
        for (path, record) in
            files.iter_mut().filter(|(path, _)| path.starts_with("cache/records/"))
        {
            *record = match (is_sealed, path.contains("/artifact")) {
                (false, _) => edited(record, bytes),
                (true, true) => sealed(record, |line| edited(line, bytes)),
                (true, false) => record.clone(),
            };
        }
        imports_the_same(files);
    }
}

/// Edits of the blobs: the import has the same outputs. Edits of a pack of functions below the digest of its
/// blob: the import ends.
pub fn functions(bytes: &[u8]) {
    let mut files = PROJECT.clone();
    for (_, blob) in files.iter_mut().filter(|(path, _)| path.starts_with("cache/blobs/")) {
        *blob = edited(blob, bytes);
    }
    imports_the_same(files);

    let mut files = PROJECT.clone();
    // Without the artifact its functions are looked up.
    files
        .retain(|path, _| !path.starts_with("out/") && !path.starts_with("cache/records/artifact"));
    if let Some((blob, pack)) = repacked(&mut files, bytes) {
        files.insert(format!("cache/blobs/{}/{blob}", &blob[..2]), pack);
        let project = Project::of(&files);
        check(&project, &project.import());
    }
}

/// Edits the pack of functions, and lets its record name the result. Returns the digest and the pack, or
/// nothing if it cannot be edited.
fn repacked(files: &mut Files, bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let (path, record) =
        files.iter().find(|(path, _)| path.starts_with("cache/records/functions"))?;
    let (path, record) = (path.clone(), record.clone());
    let line = std::str::from_utf8(line_of(&record)).unwrap().to_owned();
    let Line { blob: old, len, .. } = serde_json::from_str(&line).unwrap();
    let pack = files.get(&format!("cache/blobs/{}/{old}", &old[..2]))?;
    let functions = zstd::bulk::decompress(pack.get(8..)?, 1 << 20).ok()?;
    let functions = edited(&functions, bytes);
    let mut pack = (functions.len() as u64).to_le_bytes().to_vec();
    pack.extend(zstd::bulk::compress(&functions, 1).ok()?);
    let blob = Digest::of(&pack).to_string();
    let line = line.replace(&old, &blob);
    let line = line.replace(&format!("\"len\":{len}"), &format!("\"len\":{}", pack.len()));
    files.insert(path, sealed(&record, |_| line.into_bytes()));
    Some((blob, pack))
}

/// The parts of a record's line that are read.
#[derive(Deserialize)]
struct Line {
    kind: String,
    key: Digest,
    blob: String,
    len: u64,
}

fn line_of(record: &[u8]) -> &[u8] {
    record.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// Edits the line of an authentic record, and authenticates it for the same place.
fn sealed(record: &[u8], edit: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let Line { kind, key, .. } = serde_json::from_slice(line_of(record)).unwrap();
    let mut hasher = blake3::Hasher::new_keyed(&SECRET);
    hasher.update(&(kind.len() as u64).to_le_bytes()).update(kind.as_bytes());
    let secret = hasher.update(key.as_bytes()).finalize();
    let line = edit(line_of(record));
    let mac = blake3::keyed_hash(secret.as_bytes(), &line);
    [&line, b"\n".as_slice(), mac.to_hex().as_bytes(), b"\n"].concat()
}

/// Imports with this store into an empty folder.
fn imports_the_same(mut files: Files) {
    files.retain(|path, _| !path.starts_with("out/"));
    let project = Project::of(&files);
    assert!(check(&project, &project.import()));
    let outputs = project.files("out");
    assert!(outputs.iter().eq(PROJECT.iter().filter(|(path, _)| path.starts_with("out/"))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_record_is_used() {
        let records = PROJECT.iter().filter(|(path, _)| path.starts_with("cache/records/"));
        let mut count = 0;
        for (path, record) in records {
            assert_eq!(sealed(record, <[u8]>::to_vec), *record, "{path}");
            count += 1;
        }
        assert!(count > 1);
    }

    #[test]
    fn packs_of_functions_are_edited() {
        let mut files = PROJECT.clone();
        let (blob, _) = repacked(&mut files, b"\x01\x02\x03\x04\x05\x06\x07\x08").unwrap();
        assert!(!PROJECT.contains_key(&format!("cache/blobs/{}/{blob}", &blob[..2])));
    }
}
