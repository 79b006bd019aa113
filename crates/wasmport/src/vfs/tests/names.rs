//! Names of files, their numbers, and the limits of both.

use crate::vfs::{FileError, FileLimits, Files, FilesError, OpenOptions, ROOT, SharedFiles};

#[test]
fn each_name_of_a_file_counts() {
    let limits = FileLimits { files: 4, ..FileLimits::default() };
    let mut files = Files::with_limits(limits);
    files.write("a", "1").unwrap().hard_link("b", "a").unwrap().hard_link("c", "b").unwrap();
    let full = FileError::InsufficientSpace;
    let error = |result: Result<&mut Files, FilesError>| result.map(drop).unwrap_err().source;
    assert_eq!(error(files.hard_link("d", "a")), full);
    assert_eq!(error(files.write("d", "")), full);
    // So does the call of a guest.
    assert_eq!(files.tree.link((ROOT, "a"), (ROOT, "d"), 0), Err(full));
    for limits in [limits, FileLimits { files: 3, ..limits }] {
        let mut saved = Vec::new();
        files.to_tar(&mut saved).unwrap();
        let is_within = limits.files == 4;
        assert_eq!(Files::from_tar(&saved[..], limits).is_ok(), is_within);
        assert_eq!(Files::with_limits(limits).mount("", &files).is_ok(), is_within);
    }
    // Each way to lose a name gives its room back.
    files.remove("b").unwrap().hard_link("b", "a").unwrap();
    files.remove_all("b").unwrap().write("x", "").unwrap();
    assert_eq!(error(files.hard_link("b", "a")), full);
    files.rename("x", "c").unwrap().hard_link("b", "a").unwrap();
    assert_eq!(error(files.write("x", "")), full);
    files.write("b", "replaced").unwrap();
    assert_eq!(error(files.write("x", "")), full);
    let shared = SharedFiles::new(&files);
    shared
        .update(|files| {
            files.remove_all("a").map(drop).and_then(|()| files.write("x", "").map(drop))
        })
        .unwrap();
    assert_eq!(shared.files().len(), 3);
}

#[test]
fn no_file_is_created_where_a_directory_is_named() {
    let mut files = Files::new();
    files.symlink("link", "new/").unwrap().symlink("to-file", "f/").unwrap();
    files.write("f", "1").unwrap();
    let create = OpenOptions { follow: true, create: true, write: true, ..OpenOptions::default() };
    for path in ["link", "to-file", "new/", "."] {
        let opened = files.tree.open(ROOT, path, create, 0);
        assert_eq!(opened, Err(FileError::IsDirectory), "{path}");
    }
    assert_eq!(files.len(), 3);
}

#[test]
fn numbers_end_with_an_error() {
    let mut files = Files::new();
    files.write("f", "1").unwrap();
    files.tree.next = u64::MAX;
    assert_eq!(files.tree.create_directory(ROOT, "d", 0), Err(FileError::InsufficientSpace));
    assert_eq!(
        files.mount("", &Files::new()).map(drop).unwrap_err().source,
        FileError::InsufficientSpace
    );
    assert_eq!((files.len(), files.read("f").unwrap()), (1, b"1".to_vec()));
}

#[test]
fn a_number_stays_and_is_not_used_again() {
    let mut files = Files::new();
    files.write("a", "1").unwrap().create_dir_all("d").unwrap();
    let number = |files: &Files, path: &str| files.stat(path).unwrap().inode;
    let first = number(&files, "a");
    files.rename("a", "d/b").unwrap().write_at("d/b", 0, b"2").unwrap();
    files.hard_link("c", "d/b").unwrap().remove("d/b").unwrap();
    assert_eq!((number(&files, "c"), number(&files.clone(), "c")), (first, first));
    let before = files.write("last", "").unwrap().stat("last").unwrap().inode;
    files.remove("last").unwrap().remove("c").unwrap().write("a", "3").unwrap();
    assert!(number(&files, "a") > before);
}

#[test]
fn nothing_replaces_a_directory_that_it_is_in() {
    let mut files = Files::new();
    files.write("d/f", "1").unwrap().write("d/e/g", "2").unwrap();
    for (from, to, expected) in [
        ("d/f", "d", FileError::NotEmpty),
        ("d/e/g", "d", FileError::NotEmpty),
        ("d/e", "d", FileError::NotEmpty),
        ("d/f", "d/e", FileError::IsDirectory),
    ] {
        let renamed = files.rename(from, to).map(drop).map_err(|error| error.source);
        assert_eq!(renamed, Err(expected), "{from}");
    }
}

#[test]
fn what_is_removed_above_a_base_stays_removed() {
    let mut base = Files::new();
    base.write("lib/a", "1").unwrap().write("lib/sub/b", "2").unwrap();
    let mut files = Files::new();
    files.mount("usr", &base).unwrap();
    files.remove_all("usr/lib/sub").unwrap().create_dir_all("usr/lib/sub").unwrap();
    files.remove("usr/lib/a").unwrap();
    let mut saved = Vec::new();
    files.to_tar(&mut saved).unwrap();
    let restored = Files::from_tar(&saved[..], FileLimits::default()).unwrap();
    for files in [files, restored] {
        assert!(files.read_dir("usr/lib/sub").unwrap().is_empty());
        assert!(!files.exists("usr/lib/a"));
    }
    assert_eq!(
        (base.read("lib/a").unwrap(), base.read("lib/sub/b").unwrap()),
        (b"1".into(), b"2".into())
    );
}

#[test]
fn one_call_writes_no_more_than_it_may() {
    let mut files = Files::with_limits(FileLimits { write_bytes: 3, ..FileLimits::default() });
    files.write("f", "").unwrap();
    let inode = files.stat("f").unwrap().inode;
    assert_eq!(files.tree.write(inode, 0, b"abcde", 0), Ok(3));
    assert_eq!(files.read("f").unwrap(), b"abc");
    // The program writes all, with several calls.
    files.write_at("f", 1, b"ABCDEFG").unwrap();
    assert_eq!(files.read("f").unwrap(), b"aABCDEFG");
}
