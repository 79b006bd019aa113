//! Real folders as bases, and what happens to them after they were read.
#![expect(clippy::disallowed_methods, reason = "the folders are of the tests")]

use crate::vfs::{FileError, FileLimits, FileType, Files, FolderError};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

fn write(path: impl AsRef<Path>, bytes: &str) {
    #[expect(clippy::disallowed_methods, reason = "the folder that is mounted")]
    fs::write(path, bytes).unwrap();
}

fn read(path: &Path) -> Files {
    Files::from_dir(path, FileLimits::default()).unwrap()
}

#[test]
fn a_folder_is_read_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("sub")).unwrap();
    write(root.join("sub/file"), "hello");
    write(root.join("zero"), "");
    fs::hard_link(root.join("sub/file"), root.join("hard")).unwrap();
    symlink("sub/file", root.join("link")).unwrap();
    let files = read(root);
    assert_eq!(files.read("link").unwrap(), b"hello");
    assert_eq!(files.stat("hard").unwrap().links, 2);
    assert_eq!(files.stat("hard").unwrap().inode, files.stat("sub/file").unwrap().inode);
    assert_eq!(files.symlink_stat("link").unwrap().kind, FileType::Link);
    let paths: Vec<_> = files.entries().into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, ["hard", "link", "sub", "sub/file", "zero"]);
    let modified = fs::symlink_metadata(root.join("zero")).unwrap().modified().unwrap();
    let nanos = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    assert_eq!(u128::from(files.stat("zero").unwrap().times.modified), nanos);
    // What is written stays in the files.
    let mut mounted = Files::new();
    mounted.mount_dir("mnt", root).unwrap().write_at("mnt/hard", 0, b"J").unwrap();
    mounted.remove("mnt/zero").unwrap();
    assert_eq!(mounted.read("mnt/sub/file").unwrap(), b"Jello");
    assert_eq!(
        (read(root).read("hard").unwrap(), read(root).exists("zero")),
        (b"hello".into(), true)
    );
    assert_eq!(read(root).entries(), files.entries());
}

#[test]
fn fault_103_a_file_that_changed_is_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let outside = tempfile::tempdir().unwrap();
    write(outside.path().join("f"), "12345");
    for change in
        ["longer", "touched", "removed", "replaced", "linked", "folder linked", "pipe", "socket"]
    {
        let sub = root.join(change.replace(' ', ""));
        fs::create_dir(&sub).unwrap();
        let file = sub.join("f");
        write(&file, "hello");
        let files = read(root);
        let time = fs::symlink_metadata(&file).unwrap().modified().unwrap();
        match change {
            "longer" => write(&file, "hello, world"),
            "touched" => {
                let file = fs::OpenOptions::new().append(true).open(&file).unwrap();
                file.set_modified(time + Duration::from_secs(1)).unwrap();
            }
            "removed" => fs::remove_file(&file).unwrap(),
            "replaced" => {
                // The same length and time, but another file.
                write(sub.join("g"), "HELLO");
                let other = fs::OpenOptions::new().append(true).open(sub.join("g")).unwrap();
                other.set_modified(time).unwrap();
                fs::rename(sub.join("g"), &file).unwrap();
            }
            "linked" => {
                fs::remove_file(&file).unwrap();
                symlink(outside.path().join("f"), &file).unwrap();
            }
            "folder linked" => {
                fs::rename(&sub, root.join("moved")).unwrap();
                symlink(outside.path(), &sub).unwrap();
            }
            "pipe" => {
                fs::remove_file(&file).unwrap();
                assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
            }
            _ => {
                fs::remove_file(&file).unwrap();
                drop(UnixListener::bind(&file).unwrap());
            }
        }
        let path = format!("{}/f", sub.file_name().unwrap().to_str().unwrap());
        assert_eq!(files.read(&path).unwrap_err().source, FileError::Io, "{change}");
        #[expect(clippy::disallowed_methods, reason = "the folder of this test")]
        let _ = fs::remove_dir_all(root.join("moved"));
        let _ = fs::remove_file(&sub);
    }
}

#[test]
fn fault_103_links_lead_out_of_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    write(folder.path().join("secret"), "secret");
    symlink("../secret", root.join("up")).unwrap();
    symlink("/etc/passwd", root.join("absolute")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("/", root.join("all")).unwrap();
    let files = read(&root);
    assert_eq!(files.len(), 4);
    let error = |path: &str| files.read(path).unwrap_err().source;
    assert_eq!(
        (error("up"), error("absolute")),
        (FileError::NotPermitted, FileError::NotPermitted)
    );
    assert_eq!(
        (error("loop"), error("all/etc/passwd")),
        (FileError::Loop, FileError::NotPermitted)
    );
}

#[test]
fn what_guests_cannot_use_is_left_out_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    assert!(Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
    assert!(read(root).is_empty());
    symlink(OsStr::from_bytes(b"\xff"), root.join("link")).unwrap();
    let error = Files::from_dir(root, FileLimits::default()).unwrap_err();
    assert!(matches!(&error, FolderError::NotUtf8 { path } if path.ends_with("link")), "{error}");
    fs::rename(root.join("link"), root.join(OsStr::from_bytes(b"\xfe"))).unwrap();
    let error = Files::from_dir(root, FileLimits::default()).unwrap_err();
    assert!(matches!(error, FolderError::NotUtf8 { .. }), "{error}");
    assert!(matches!(
        Files::from_dir(root.join("none"), FileLimits::default()),
        Err(FolderError::Read { .. })
    ));
}

#[test]
fn limits_hold_for_folders() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("a"), "12345");
    write(folder.path().join("b"), "12345");
    for limits in [
        FileLimits { bytes: 9, ..FileLimits::default() },
        FileLimits { files: 2, ..FileLimits::default() },
        FileLimits { files: 1, ..FileLimits::default() },
    ] {
        let error = Files::from_dir(folder.path(), limits).unwrap_err();
        let is_limit =
            matches!(&error, FolderError::Limit { source: FileError::InsufficientSpace, .. });
        assert!(is_limit, "{error}");
    }
    let limits = FileLimits { bytes: 10, files: 3, ..FileLimits::default() };
    assert!(Files::from_dir(folder.path(), limits).is_ok());
}

#[test]
fn targets_of_links_are_paths_that_count() {
    let folder = tempfile::tempdir().unwrap();
    symlink("x".repeat(40), folder.path().join("link")).unwrap();
    let limits = |path_bytes| FileLimits { path_bytes, ..FileLimits::default() };
    let error = Files::from_dir(folder.path(), limits(39)).unwrap_err();
    assert!(
        matches!(error, FolderError::Limit { source: FileError::NameTooLong, .. }),
        "{error:?}"
    );
    let files = Files::from_dir(folder.path(), limits(40)).unwrap();
    assert!(Files::with_limits(limits(39)).mount("here", &files).is_err());
    let mut mounted = Files::with_limits(limits(40));
    mounted.mount("here", &files).unwrap();
    let mut archive = Vec::new();
    mounted.to_tar(&mut archive).unwrap();
    let again = Files::from_tar(&archive[..], limits(40)).unwrap();
    assert_eq!(again.read_link("here/link").unwrap(), "x".repeat(40));
}

/// A sparse file that is larger than all memory.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_does_not_fit_into_memory_is_an_error() {
    let folder = Path::new("/dev/shm");
    // No other file system has files as large.
    let Ok(folder) = tempfile::tempdir_in(folder) else { return };
    let file = fs::File::create(folder.path().join("large")).unwrap();
    file.set_len(1 << 62).unwrap();
    let limits = FileLimits { bytes: u64::MAX, ..FileLimits::default() };
    let files = Files::from_dir(folder.path(), limits).unwrap();
    let (mut bytes, large) = ([0; 1], files.stat("large").unwrap().inode);
    assert_eq!(files.tree().read(large, 0, &mut bytes), Err(FileError::Io));
}
