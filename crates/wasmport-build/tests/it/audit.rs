//! Audits of artifacts and of hostile files.

use crate::project::{CALC, Project};
use std::fs;
use std::path::{Path, PathBuf};
use wasmport::Digest;
use wasmport::support::Marker;
use wasmport_build::audit::{AdvisoryDatabase, AssetReport, AuditReport, FileKind, audit};

/// Writes a database with one advisory about all versions of Wasmtime below 1,000, and opens it.
pub fn database(folder: &Path) -> AdvisoryDatabase {
    let advisories = folder.join("db/crates/wasmtime");
    fs::create_dir_all(&advisories).unwrap();
    let text = "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"wasmtime\"\ndate = \"2026-01-02\"\n\n\
        [versions]\npatched = [\">= 1000.0.1\"]\n```\n\n# A fault\n\nText.\n";
    fs::write(advisories.join("RUSTSEC-2026-9999.md"), text).unwrap();
    AdvisoryDatabase::open(folder.join("db")).unwrap()
}

fn audit_of(path: &Path) -> AuditReport {
    let folder = tempfile::tempdir().unwrap();
    audit(&[path], &database(folder.path()))
}

/// Returns the report of the one file.
fn assets(report: &AuditReport) -> (FileKind, &[AssetReport]) {
    let [file] = report.files.as_slice() else { panic!("{report:#?}") };
    (file.kind, &file.assets)
}

/// A program with an artifact behind its marker.
fn program(artifact: &[u8], bytes: u64, before: usize) -> Vec<u8> {
    let digest = Digest::of(artifact).to_string();
    let marker =
        Marker { name: "calc", wasmtime: "48.0.8", target: "portable", bytes, digest: &digest };
    let text: [u8; 256] = marker.text();
    [&vec![0x90; before], &text[..marker.len()], artifact, &[0x90; 99]].concat()
}

/// An import of one asset: its output folder and its artifact.
fn imported(project: &Project) -> (PathBuf, Vec<u8>) {
    let settings = project.settings("[defaults]\ncompress = { \"*\" = 1 }\n").unwrap();
    let importer = wasmport_build::Importer::new(settings).out_dir(project.out()).update_lock();
    let report = importer.run(&()).unwrap();
    let path = project.out().join(&report.assets[0].artifacts[0].path);
    let packed = fs::read(&path).unwrap();
    (path, zstd::decode_all(packed.as_slice()).unwrap())
}

#[test]
fn artifacts_alone_have_a_major_version() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let (packed, raw) = imported(&project);
    let file = project.path().join("anything");
    let in_program = [b"data".as_slice(), &raw, b"data"].concat();
    for (bytes, kind) in [
        (raw.clone(), FileKind::Artifact),
        (fs::read(packed).unwrap(), FileKind::Artifact),
        (in_program, FileKind::Program),
    ] {
        fs::write(&file, bytes).unwrap();
        let report = audit_of(&file);
        let (found, assets) = assets(&report);
        assert_eq!((found, assets.len(), report.errors.len()), (kind, 1, 0), "{report:#?}");
        let AssetReport { name, wasmtime, exact, rebuild_with, .. } = &assets[0];
        assert_eq!((name, exact), (&None, &false));
        assert!(wasmport::engine::wasmtime_version().starts_with(&format!("{wasmtime}.")));
        assert_eq!(rebuild_with.as_deref(), Some("1000.0.1"));
    }
    // A manifest beside it knows the release.
    let report = audit_of(&project.out());
    let (kind, assets) = assets(&report);
    assert_eq!((kind, assets.len(), report.summary.assets), (FileKind::Manifest, 1, 1));
    assert_eq!(assets[0].wasmtime, wasmport::engine::wasmtime_version());
}

#[test]
fn hostile_files_are_errors_or_nothing() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let (packed, raw) = imported(&project);
    let packed = fs::read(packed).unwrap();
    let manifest = fs::read(project.out().join("wasmport.json")).unwrap();
    let lock = fs::read(project.path().join("wasmport.lock")).unwrap();
    let good = program(&raw, raw.len() as u64, 5);
    let file = project.path().join("anything");
    let database = database(project.path());
    let audited = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        audit(&[&file], &database)
    };
    assert_eq!(audited(&good).summary.assets, 1);
    // No beginning of a file and no changed byte panics, and no marker counts without its artifact.
    let mut counted = 0;
    for whole in [&raw, &packed, &manifest, &lock, &good] {
        for len in (0..whole.len()).step_by(1 + whole.len() / 60) {
            let report = audited(&whole[..len]);
            assert!(report.summary.assets < 2, "{report:#?}");
            let mut changed = whole.clone();
            changed[len] ^= 0x55;
            let report = audited(&changed);
            assert!(report.files.iter().flat_map(|file| &file.assets).count() < 2, "{report:#?}");
            counted += 1;
        }
    }
    assert!(counted > 200, "{counted}");
    for bytes in [2 << 30, u64::MAX, raw.len() as u64 + 1_000_000] {
        let report = audited(&program(&raw, bytes, 9));
        assert!(report.errors[0].contains("does not follow its marker"), "{:?}", report.errors);
        // The artifact is there, and tells its own version.
        assert!(report.files[0].assets.iter().all(|asset| !asset.exact));
    }
    // Put together here: this program is audited too.
    let marker = |rest: &[u8]| [&[0xc0], b"wasmport-artifact ".as_slice(), rest].concat();
    for bytes in [
        [marker(b"1\nname \xff\xfe\n"), vec![0xc0; 4000]].concat(),
        marker(b"1\n"),
        marker(b"99999999999\n"),
        b"{\"format\": ".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(audited(&bytes).summary.assets, 0);
    }
    assert!(audited(&marker(b"2\nanything")).errors[0].contains("format 2"));
    // Sections of any number and size, in any place.
    for (at, value) in
        [(0x28, u64::MAX), (0x28, 64), (0x3c, 0xffff_ffff), (0x3c, 0), (0x3e, 0xffff)]
    {
        let mut changed = raw.clone();
        changed[at..at + 4].copy_from_slice(&value.to_le_bytes()[..4]);
        assert_eq!(audited(&changed).summary.assets, 0, "{at:#x}");
    }
}

#[test]
fn a_bundle_that_claims_to_be_huge_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path());
    let bomb = |size: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_path("wasmport-bundle.json").unwrap();
        header.set_size(size);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        [header.as_bytes().as_slice(), b"{\"format\": 1,"].concat()
    };
    let file = folder.path().join("bundle");
    for size in [0, 100, 2 << 30, 1 << 40, u64::MAX >> 1, u64::MAX] {
        fs::write(&file, bomb(size)).unwrap();
        let report = audit(&[&file], &database);
        assert_eq!((report.errors.len(), report.files.len()), (1, 0), "{size}: {report:#?}");
        assert!(report.errors[0].contains("the bundle is broken"), "{:?}", report.errors);
    }
}

#[test]
#[cfg(unix)]
fn folders_are_walked_without_links_and_special_files() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let (_, raw) = imported(&project);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("a/b")).unwrap();
    fs::write(at("a/b/code"), program(&raw, raw.len() as u64, 0)).unwrap();
    fs::write(at("a/text"), "nothing").unwrap();
    for (target, link) in
        [(project.out(), "a/out"), (at("a"), "a/b/loop"), (at("none"), "dangling")]
    {
        std::os::unix::fs::symlink(target, at(link)).unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(at("a/socket")).unwrap();
    let report = audit_of(folder.path());
    assert_eq!((report.summary.files, report.summary.assets, report.errors.len()), (2, 1, 0));
    assert_eq!(report.files[0].path, at("a/b/code"));
    // A link that was named is followed.
    assert_eq!(audit_of(&at("a/out")).summary.assets, 1);
    for unreadable in ["none", "a/socket"] {
        assert_eq!(audit_of(&at(unreadable)).errors.len(), 1, "{unreadable}");
    }
}
