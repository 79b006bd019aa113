use super::contents;
use crate::vfs::{Archive, ArchiveError, FileError, FileLimits, FileType, Files};
use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use std::io::{Cursor, Write as _};

const METHODS: [CompressionMethod; 3] =
    [CompressionMethod::Stored, CompressionMethod::Deflated, CompressionMethod::Zstd];

fn options(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(method)
}

/// Returns an archive of files that are stored in one way.
fn zip(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, options(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn stored(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip(CompressionMethod::Stored, files)
}

fn read(bytes: Vec<u8>) -> Result<Files, ArchiveError> {
    Archive::from(bytes).zip(FileLimits::default())
}

fn error(bytes: Vec<u8>) -> String {
    read(bytes).unwrap_err().to_string()
}

/// Replaces bytes in each place.
fn replace(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// Writes a field of the local and of the central header of the only entry.
fn patch(mut bytes: Vec<u8>, local: usize, field: &[u8]) -> Vec<u8> {
    let central = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    // Fields of the central header are two bytes later.
    for at in [local, central + local + 2] {
        bytes[at..at + field.len()].copy_from_slice(field);
    }
    bytes
}

const FLAGS: usize = 6;
const METHOD: usize = 8;
const CHECKSUM: usize = 14;
const SIZE: usize = 22;

#[test]
fn entries_are_stored_or_compressed() {
    let long = b"a line of text\n".repeat(10_000);
    for method in METHODS {
        let bytes = zip(method, &[("dir/long", &long), ("empty", b"")]);
        let files = read(bytes).unwrap();
        assert_eq!(files.stat("dir/long").unwrap().size, 150_000);
        assert_eq!(files.read_range("dir/long", 15..29).unwrap(), b"a line of text");
        assert_eq!(
            (files.read("dir/long").unwrap(), files.read("empty").unwrap()),
            (long.clone(), Vec::new())
        );
    }
}

#[test]
fn directories_and_links_are_read() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = options(CompressionMethod::Deflated);
    let options = options
        .last_modified_time(::zip::DateTime::from_date_and_time(2024, 2, 29, 12, 30, 10).unwrap());
    writer.add_directory("dir/", options).unwrap();
    writer.add_symlink("link", "dir/file", options).unwrap();
    writer.start_file("dir/file", options).unwrap();
    writer.write_all(b"bytes").unwrap();
    let files = read(writer.finish().unwrap().into_inner()).unwrap();
    assert_eq!(files.read("link").unwrap(), b"bytes");
    assert_eq!(files.symlink_stat("link").unwrap().kind, FileType::Link);
    let expected = 1_709_209_810_000_000_000;
    assert_eq!(files.stat("dir").unwrap().times.modified, expected);
    assert_eq!(files.stat("dir/file").unwrap().times.modified, expected);
}

#[test]
fn fault_107_names_in_zip_archives_lead_nowhere_else() {
    for (name, cause) in [
        ("../x", "leads upwards"),
        ("a/..", "leads upwards"),
        ("/a/x", "is absolute"),
        ("..\\x", "has a `\\`"),
        ("C:/x", "has a drive"),
        ("c:xx", "has a drive"),
        ("a\0/x", "has a NUL byte"),
    ] {
        let error = error(replace(stored(&[("QQQQ", b"x")]), b"QQQQ", name.as_bytes()));
        assert!(error.contains(cause), "{name}: {error}");
    }
    let link = |target: &str| {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("out", target, options(CompressionMethod::Stored)).unwrap();
        writer.start_file("out/x", options(CompressionMethod::Stored)).unwrap();
        writer.finish().unwrap().into_inner()
    };
    assert!(matches!(read(link("../..")).unwrap_err(), ArchiveError::ThroughLink { .. }));
    assert!(error(stored(&[("f", b""), ("f/x", b"")])).contains("is a file and a directory"));
    let long = "n".repeat(60_000);
    assert!(matches!(read(stored(&[(&long, b"")])).unwrap_err(), ArchiveError::Limit { .. }));
}

#[test]
fn names_are_unique() {
    let same = replace(stored(&[("QQQ1", b"1"), ("QQQ2", b"2")]), b"QQQ2", b"QQQ1");
    assert!(error(same).contains("duplicate"));
    let same = replace(stored(&[("QQQ1", b"1"), ("QQQQQ2", b"2")]), b"QQQQQ2", b"./QQQ1");
    assert!(matches!(read(same).unwrap_err(), ArchiveError::Duplicate { .. }));
}

#[test]
fn fault_108_sizes_are_those_that_the_archive_says() {
    let long = vec![0; 100_000];
    for method in METHODS {
        let bytes = zip(method, &[("f", &long)]);
        let cause = |size: u32| {
            let patched = patch(bytes.clone(), SIZE, &size.to_le_bytes());
            match Archive::from(patched).zip(FileLimits::default()) {
                Ok(files) => {
                    assert_eq!(files.stat("f").unwrap().size, u64::from(size));
                    let error = files.read("f").unwrap_err();
                    assert_eq!(
                        (error.source, files.read("f").unwrap_err()),
                        (FileError::Io, error.clone())
                    );
                    error.to_string()
                }
                Err(error) => error.to_string(),
            }
        };
        if method == CompressionMethod::Stored {
            assert!(cause(10).contains("100000 bytes cannot hold 10"));
            continue;
        }
        // More than it says, a bomb: it is read only so far.
        assert!(cause(10).contains("larger than its declared"), "{}", cause(10));
        assert!(
            cause(100_001).contains("it has 100000 bytes instead of 100001"),
            "{}",
            cause(100_001)
        );
        // More than the limit: nothing is read.
        assert!(cause(2 << 30).contains(if method == CompressionMethod::Zstd {
            "limit"
        } else {
            "cannot hold"
        }));
    }
    let limits = FileLimits { bytes: 1000, ..FileLimits::default() };
    let error = Archive::from(stored(&[("f", &[0; 1001])])).zip(limits).unwrap_err();
    assert!(
        matches!(error, ArchiveError::Limit { source: FileError::InsufficientSpace, .. }),
        "{error}"
    );
}

#[test]
fn checksums_are_verified() {
    for method in METHODS {
        let files =
            read(patch(zip(method, &[("f", b"some bytes")]), CHECKSUM, b"\x01\x02\x03\x04"))
                .unwrap();
        let error = files.read("f").unwrap_err();
        assert_eq!(error.source, FileError::Io, "{error}");
    }
}

#[test]
fn other_ways_to_store_are_refused() {
    let bytes = stored(&[("f", b"bytes")]);
    assert!(error(patch(bytes.clone(), FLAGS, &[1, 0])).contains("encryption is not supported"));
    let other = error(patch(bytes.clone(), METHOD, &[12, 0]));
    assert!(other.contains("is not supported"), "{other}");
    // The two headers differ, or lie over each other.
    let mut differs = bytes.clone();
    differs[SIZE] = 4;
    assert!(read(differs).is_err());
    let two = stored(&[("a1", b"same"), ("a2", b"same")]);
    let second = two.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let mut overlapping = two.clone();
    overlapping[second + 42..second + 46].fill(0);
    assert!(read(overlapping).is_err());
    let mut behind = bytes.clone();
    behind.extend_from_slice(b"more");
    assert!(error(behind).contains("behind its end"));
    assert!(error(b"no archive".to_vec()).contains("it is no zip archive"));
    assert!(error(Vec::new()).contains("it is no zip archive"));
}

#[test]
fn fault_108_a_million_entries_are_refused_before_they_are_read() {
    const COUNT: u64 = 1_000_000;
    let mut entry = b"PK\x01\x02".to_vec();
    entry.resize(46, 0);
    entry[28] = 1;
    entry.push(b'f');
    let mut bytes = entry.repeat(COUNT as usize);
    let size = bytes.len() as u64;
    // The two ends of a large archive.
    let record = bytes.len();
    bytes.extend_from_slice(b"PK\x06\x06");
    bytes.extend_from_slice(&44_u64.to_le_bytes());
    bytes.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for field in [COUNT, COUNT, size, 0] {
        bytes.extend_from_slice(&field.to_le_bytes());
    }
    bytes.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    bytes.extend_from_slice(&(record as u64).to_le_bytes());
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&[0xff; 12]);
    bytes.extend_from_slice(&[0, 0]);
    // The first end may say that there is one entry.
    let mut forged = bytes.clone();
    let counts = bytes.len() - 14;
    forged[counts..counts + 4].copy_from_slice(&[1, 0, 1, 0]);
    for bytes in [bytes, forged] {
        let error = read(bytes).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::Limit { entry, .. } if entry == "number 1000000"),
            "{error}"
        );
    }
}

#[test]
fn an_archive_on_the_disk_is_read_when_it_is_needed() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&zip(CompressionMethod::Deflated, &[("a", b"first"), ("b", b"second")]))
        .unwrap();
    file.flush().unwrap();
    let files = Archive::open(file.path()).unwrap().zip(FileLimits::default()).unwrap();
    assert_eq!(files.read("b").unwrap(), b"second");
    file.write_all(b"more").unwrap();
    file.flush().unwrap();
    assert_eq!(files.read("b").unwrap(), b"second");
    assert!(files.read("a").unwrap_err().to_string().contains("the archive was changed"));
}

#[test]
fn fault_109_zip_archives_that_are_cut_or_changed_never_panic() {
    let limits = FileLimits { bytes: 1 << 20, files: 100, ..FileLimits::default() };
    let try_read = |bytes: Vec<u8>| {
        if let Ok(files) = Archive::from(bytes).zip(limits) {
            for entry in files.walk() {
                let _ = files.read(&entry.path);
            }
        }
    };
    for method in METHODS {
        let bytes = zip(method, &[("dir/f", b"some bytes, some bytes"), ("g", b"x")]);
        assert_eq!(contents(&read(bytes.clone()).unwrap()).len(), 3);
        for len in 0..bytes.len() {
            try_read(bytes[..len].to_vec());
        }
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                try_read(bytes);
            }
        }
    }
}
