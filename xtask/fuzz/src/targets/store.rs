//! The store: records, blobs and packs of functions that others have changed.

use crate::edit::edited;
use crate::project::{Files, Project, check};
use std::sync::LazyLock;
use wasmport::Digest;

/// A project after its import, with its store.
static PROJECT: LazyLock<Files> = LazyLock::new(|| {
    let toml: &[u8] = b"[import]\nout-dir = \"out\"\n[cache]\ndir = \"cache\"\n";
    let wat: &[u8] = b"(module
      (func (export \"add\") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
      (func (export \"sub\") (param i32 i32) (result i32) local.get 0 local.get 1 i32.sub))";
    let project = Project::new([("wasmport.toml", toml), ("assets/any.wat", wat)]);
    assert!(check(&project, &project.import()));
    project.files("")
});

/// Edits of the records, as they are and with a new checksum: the import has the same outputs.
pub fn records(bytes: &[u8]) {
    for is_sealed in [false, true] {
        let mut files = PROJECT.clone();
        for (path, record) in
            files.iter_mut().filter(|(path, _)| path.starts_with("cache/records/"))
        {
            let line = record.split(|byte| *byte == b'\n').next().unwrap_or_default();
            *record = match (is_sealed, path.contains("/artifact")) {
                (false, _) => edited(record, bytes),
                (true, true) => sealed(&edited(line, bytes)),
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
/// nothing if records have a secret.
fn repacked(files: &mut Files, bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let (_, record) = files.iter().find(|(path, _)| path.starts_with("cache/records/functions"))?;
    let line = std::str::from_utf8(record).ok()?.lines().next()?.to_owned();
    let (before, rest) = line.split_once("\"blob\":\"")?;
    let blob = rest.get(..64)?;
    let pack = files.get(&format!("cache/blobs/{}/{blob}", &blob[..2]))?;
    let functions = zstd::bulk::decompress(pack.get(8..)?, 1 << 20).ok()?;
    let functions = edited(&functions, bytes);
    let mut pack = (functions.len() as u64).to_le_bytes().to_vec();
    pack.extend(zstd::bulk::compress(&functions, 1).ok()?);
    let blob = Digest::of(&pack).to_string();
    let line = format!("{before}\"blob\":\"{blob}\",\"len\":{}}}", pack.len());
    let record = files.iter_mut().find(|(path, _)| path.starts_with("cache/records/functions"))?.1;
    *record = sealed(line.as_bytes());
    Some((blob, pack))
}

/// Returns a record of this line with its checksum.
fn sealed(line: &[u8]) -> Vec<u8> {
    [line, b"\n", Digest::of(line).to_string().as_bytes(), b"\n"].concat()
}

/// Imports with this store into an empty folder.
fn imports_the_same(mut files: Files) {
    files.retain(|path, _| !path.starts_with("out/"));
    let project = Project::of(&files);
    assert!(check(&project, &project.import()));
    let outputs = project.files("out");
    assert!(outputs.iter().eq(PROJECT.iter().filter(|(path, _)| path.starts_with("out/"))));
}
