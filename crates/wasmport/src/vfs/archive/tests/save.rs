use super::contents;
use crate::vfs::{FileError, FileLimits, FileSource, Files, Times};
use std::io;

fn saved(files: &Files) -> Vec<u8> {
    let mut bytes = Vec::new();
    files.to_tar(&mut bytes).unwrap();
    bytes
}

fn times(nanos: u64) -> Times {
    Times { accessed: nanos + 1, modified: nanos, changed: nanos + 2 }
}

/// Files with everything that an archive keeps.
fn sample() -> Files {
    let mut files = Files::new();
    files.write("a/file", vec![7; 10_000]).unwrap();
    files.hard_link("b/hard", "a/file").unwrap();
    files.symlink("a/link", "../b/hard").unwrap();
    files.hard_link("a/link2", "a/link").unwrap();
    files.create_dir_all("empty").unwrap();
    files
        .write("holes", "")
        .unwrap()
        .set_len("holes", 9000)
        .unwrap()
        .write_at("holes", 5000, b"x")
        .unwrap();
    for name in
        ["ä", "new\nline", "C:\\x", "=", " ", &"n".repeat(100), &"n".repeat(101), &"n".repeat(255)]
    {
        files.write(name, name).unwrap();
        files.symlink(&format!("links/{name}"), name).unwrap();
    }
    files.write(&format!("{}/x", ["d"; 1000].join("/")), "deep").unwrap();
    files.set_times("a/file", times(1_700_000_000_123_456_789)).unwrap();
    files.set_times("holes", times(u64::MAX - 2)).unwrap();
    files.set_times("a", times(5)).unwrap().set_times("", times(6)).unwrap();
    files.set_read_only("empty").unwrap().set_read_only("holes").unwrap();
    files
}

#[test]
fn what_is_restored_is_what_was_saved() {
    let files = sample();
    let bytes = saved(&files);
    let restored = Files::from_tar(&bytes[..], FileLimits::default()).unwrap();
    assert_eq!(contents(&restored), contents(&files));
    assert_eq!(restored.stat("").unwrap().times, files.stat("").unwrap().times);
    assert_eq!(restored.stat("a/file").unwrap().inode, restored.stat("b/hard").unwrap().inode);
    assert_eq!(
        restored.symlink_stat("a/link").unwrap().inode,
        restored.symlink_stat("a/link2").unwrap().inode
    );
    assert!(restored.is_read_only("empty").unwrap() && !restored.is_read_only("a/file").unwrap());
    assert_eq!(restored.total_bytes(), files.total_bytes());
    assert_eq!(saved(&restored), bytes);
}

#[test]
fn the_same_files_are_the_same_bytes() {
    // Written in another order, and with something between.
    let mut files = Files::new();
    files
        .write("b", "2")
        .unwrap()
        .write("x", "")
        .unwrap()
        .write("a", "1")
        .unwrap()
        .remove("x")
        .unwrap();
    let mut other = Files::new();
    other.embed("a", b"1").unwrap().write("b", "0").unwrap().write_at("b", 0, b"2").unwrap();
    assert_eq!(saved(&files), saved(&other));
    // The bytes are those of the format, on each machine.
    let digest = digest_of(&saved(&sample()));
    assert_eq!(digest, "2298368 b40ec4881f879e34");
}

/// Returns a short digest (FNV-1a), which needs no crate.
fn digest_of(bytes: &[u8]) -> String {
    let digest = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{} {digest:016x}", bytes.len())
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    struct Broken;
    impl FileSource for Broken {
        fn size(&self) -> u64 {
            3
        }
        fn read(&self) -> io::Result<Vec<u8>> {
            Err(io::Error::other("no signal"))
        }
    }
    let mut files = Files::new();
    files.source("dir/broken", Broken).unwrap();
    let error = files.to_tar(io::sink()).unwrap_err().to_string();
    assert_eq!(error, "virtual file `dir/broken`: its bytes cannot be read: no signal");
    assert_eq!(files.read("dir/broken").unwrap_err().source, FileError::Io);
    let mut full = [0; 600];
    let error = Files::new().to_tar(&mut full[..]).unwrap_err().to_string();
    assert!(error.starts_with("the archive cannot be written"), "{error}");
}
