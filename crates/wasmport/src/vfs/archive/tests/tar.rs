use super::{Tar, contents};
use crate::vfs::{Archive, ArchiveError, FileError, FileLimits, Files};
use std::io::{self, Read, Write as _};

#[test]
fn entries_become_files_links_and_directories() {
    let tar = Tar::default()
        .file("./a/b/file", "hello")
        .symlink("a/link", "b/file")
        .hard_link("a/hard", "./a/b/file")
        .directory("empty/");
    let files = tar.read().unwrap();
    assert_eq!(files.read("a/link").unwrap(), b"hello");
    let (file, hard) = (files.stat("a/b/file").unwrap(), files.stat("a/hard").unwrap());
    assert_eq!((file.inode, file.links), (hard.inode, 2));
    assert_eq!(file.times.modified, 7_000_000_000);
    assert!(files.read_dir("empty").unwrap().is_empty());
    // The bytes are not copied; a write of one clone does not change them.
    let mut copy = files.clone();
    copy.write_at("a/hard", 0, b"J").unwrap();
    assert_eq!(
        (files.read("a/hard").unwrap(), copy.read("a/b/file").unwrap()),
        (b"hello".into(), b"Jello".into())
    );
}

#[test]
fn fault_107_names_in_tar_archives_lead_nowhere_else() {
    let tar = Tar::default;
    for (name, cause) in [
        ("../x", "leads upwards"),
        ("a/../../x", "leads upwards"),
        ("a/..", "leads upwards"),
        ("/etc/passwd", "is absolute"),
        ("//x", "is absolute"),
        ("", "is empty"),
        (".", "is that of the root"),
    ] {
        assert!(tar().file(name, "x").error().contains(cause), "{name}");
    }
    let error = tar().pax(&[("path", b"a\0b")]).file("x", "").error();
    assert!(error.contains("has a NUL byte"), "{error}");
    let error = tar().sized(b'0', b"\xff", b"", 0, b"").error();
    assert!(error.contains("is not UTF-8"), "{error}");
    // Names of other systems are plain names.
    let files = tar().file("C:/x", "1").file("a\\..\\..\\b", "2").read().unwrap();
    assert_eq!(
        files.entries().iter().map(|e| &e.path[..]).collect::<Vec<_>>(),
        ["C:", "C:/x", "a\\..\\..\\b"]
    );
}

#[test]
fn long_names_are_limited() {
    let name = "n".repeat(70_000);
    let error = Tar::default().pax(&[("path", name.as_bytes())]).file("x", "").read().unwrap_err();
    assert!(
        matches!(&error, ArchiveError::Limit { source: FileError::NameTooLong, .. }),
        "{error}"
    );
    assert!(error.to_string().len() < 400);
    // A header of GNU is not even read.
    let gnu = Tar::default().entry(b'L', "././@LongLink", "", &vec![b'n'; 1 << 20]).file("x", "");
    assert!(matches!(gnu.read().unwrap_err(), ArchiveError::Limit { .. }));
    let gnu =
        Tar::default().entry(b'L', "l", "", &[&[b'n'; 200][..], b"\0"].concat()).file("x", "y");
    assert_eq!(gnu.read().unwrap().read(&"n".repeat(200)).unwrap(), b"y");
    let deep = "d/".repeat(3000);
    let error = Tar::default().pax(&[("path", deep.as_bytes())]).directory("x").read().unwrap_err();
    assert!(matches!(error, ArchiveError::Limit { source: FileError::NameTooLong, .. }), "{error}");
}

#[test]
fn fault_107_links_do_not_lead_entries_elsewhere() {
    let error = Tar::default().symlink("out", "../..").file("out/x", "").error();
    assert_eq!(error, "archive entry `out/x`: its name leads through the link `out`");
    assert!(
        Tar::default()
            .directory("a")
            .symlink("in", "a")
            .file("in/x", "")
            .error()
            .contains("link `in`")
    );
    let error = Tar::default().file("f", "").file("f/x", "").error();
    assert!(error.contains("`f` is a file and a directory"), "{error}");
    // A link that leads out is kept, and leads nowhere.
    let links = Tar::default()
        .symlink("up", "../../etc/passwd")
        .symlink("root", "/etc/passwd")
        .symlink("l", "l");
    let files = links.read().unwrap();
    assert_eq!(files.read("up").unwrap_err().source, FileError::NotPermitted);
    assert_eq!(files.read("root").unwrap_err().source, FileError::NotPermitted);
    assert_eq!(files.read("l").unwrap_err().source, FileError::Loop);
    assert_eq!(files.read_link("root").unwrap(), "/etc/passwd");
    for target in ["/etc/passwd", "../x", "missing", "d", "up/x"] {
        assert!(
            Tar::default().directory("d").symlink("up", ".").hard_link("h", target).read().is_err(),
            "{target}"
        );
    }
}

#[test]
fn names_are_unique() {
    let error = Tar::default().file("a", "1").file("./a", "2").read().unwrap_err();
    assert!(matches!(error, ArchiveError::Duplicate { .. }), "{error}");
    assert!(error.help().contains("once"));
    assert!(Tar::default().file("a", "1").symlink("a", "x").read().is_err());
    assert!(Tar::default().directory("a").file("a", "1").read().is_err());
    assert!(Tar::default().file("a", "1").directory("a").read().is_err());
    assert!(Tar::default().directory("a").directory("a/").read().is_ok());
}

#[test]
fn other_kinds_are_left_out_or_refused() {
    let tar = Tar::default()
        .entry(b'3', "null", "", b"")
        .entry(b'4', "sda", "", b"")
        .entry(b'6', "pipe", "", b"");
    assert!(tar.read().unwrap().is_empty());
    for kind in *b"SVMDAX9" {
        let error = Tar::default().entry(kind, "x", "", b"").read().unwrap_err();
        assert!(matches!(error, ArchiveError::Unsupported { .. }), "{kind}: {error}");
    }
    let sparse =
        Tar::default().pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.realsize", b"99999999999")]);
    assert!(sparse.file("x", "").error().contains("a sparse file"));
    let global = Tar::default().entry(b'g', "g", "", b"11 path=ab\n").file("x", "");
    assert!(global.error().contains("`path` of all entries"), "{}", global.error());
    assert!(Tar::default().entry(b'g', "g", "", b"13 comment=x\n").file("x", "").read().is_ok());
}

#[test]
fn headers_that_contradict_are_refused() {
    for (tar, cause) in [
        (Tar::default().pax(&[("size", b"0")]).file("x", "abc"), "different sizes"),
        (Tar::default().pax(&[("size", b"x")]).file("x", "abc"), "a size is no number"),
        (Tar::default().pax(&[("mtime", b"soon")]).file("x", "abc"), "a time is no number"),
        (Tar::default().pax(&[]).pax(&[]).file("x", ""), "two extended headers"),
        (Tar::default().pax(&[("path", b"y")]), "ends after an extended header"),
        (
            Tar::default().entry(b'x', "x", "", b"99 path=y\n").file("x", ""),
            "extended header is damaged",
        ),
        (Tar::default().entry(b'2', "l", "t", b"bytes"), "but is no file"),
        (Tar::default().sized(b'5', b"d", b"", 512, &[0; 512]), "but is no file"),
        (Tar::default().sized(b'0', b"x", b"", 10_000, b"short"), "ends within it"),
        (Tar(vec![1; 512]), "cannot be read"),
    ] {
        let error = tar.error();
        assert!(error.contains(cause), "{error}");
    }
}

#[test]
fn fault_108_sizes_are_checked_before_bytes_are_read() {
    // The header claims more than the limit; there are no such bytes.
    let limits = FileLimits { bytes: 1000, files: 5, ..FileLimits::default() };
    let bomb = Tar::default().sized(b'0', b"bomb", b"", 1 << 40, b"");
    let error = bomb.read_within(limits).unwrap_err();
    assert!(
        matches!(error, ArchiveError::Limit { source: FileError::InsufficientSpace, .. }),
        "{error}"
    );
    assert!(Tar::default().sized(b'0', b"bomb", b"", u64::MAX, b"").read_within(limits).is_err());
    let many = (0..10).fold(Tar::default(), |tar, i| tar.file(&i.to_string(), "x"));
    assert!(matches!(many.read_within(limits).unwrap_err(), ArchiveError::Limit { .. }));
    let two = Tar::default().file("a", &"x".repeat(600)).file("b", &"x".repeat(600));
    assert!(two.read_within(limits).unwrap_err().to_string().contains("`b`"));
}

#[test]
fn fault_108_endless_archives_end() {
    /// Headers without end.
    struct Endless(Vec<u8>, usize);
    impl Read for Endless {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            for byte in to.iter_mut() {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            Ok(to.len())
        }
    }
    let limits = FileLimits { files: 1000, ..FileLimits::default() };
    for header in [
        Tar::default().entry(b'g', "g", "", b""),
        Tar::default().entry(b'3', "d", "", b""),
        Tar::default().directory("d"),
    ] {
        let error = Files::from_tar(Endless(header.0, 0), limits).unwrap_err();
        assert!(matches!(error, ArchiveError::Limit { .. }), "{error}");
    }
}

#[test]
fn an_archive_on_the_disk_is_read_when_it_is_needed() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let tar = Tar::default().file("a", "first").file("b", "second").file("c", &"x".repeat(100_000));
    file.write_all(&tar.0).unwrap();
    file.flush().unwrap();
    let files = Archive::open(file.path()).unwrap().tar(FileLimits::default()).unwrap();
    assert_eq!(files.stat("c").unwrap().size, 100_000);
    assert_eq!(
        (files.read("b").unwrap(), files.read("c").unwrap().len()),
        (b"second".into(), 100_000)
    );
    let copy = files.clone();
    file.write_all(b"more").unwrap();
    file.flush().unwrap();
    // What was read stays; what was not fails, also later.
    assert_eq!(copy.read("b").unwrap(), b"second");
    let error = copy.read("a").unwrap_err();
    assert_eq!(error.source, FileError::Io);
    assert!(error.to_string().contains("the archive was changed"), "{error}");
    assert_eq!(files.read("a").unwrap_err(), error);
    assert!(matches!(Archive::open(file.path().join("none")), Err(ArchiveError::Open { .. })));
}

#[test]
fn fault_109_tar_archives_that_are_cut_or_changed_never_panic() {
    let tar = Tar::default()
        .pax(&[("path", b"dir/long"), ("mtime", b"1.5")])
        .file("x", "abc")
        .symlink("l", "dir/long")
        .hard_link("h", "dir/long");
    let all = contents(&tar.read().unwrap());
    assert_eq!(all.len(), 4);
    for len in (0..tar.0.len()).step_by(61) {
        Tar(tar.0[..len].to_vec()).read_damaged();
    }
    // Few of the zeros between fields.
    for at in (0..tar.0.len()).filter(|at| tar.0[*at] != 0 || at % 31 == 0) {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = tar.0.clone();
            bytes[at] ^= flip;
            Tar(bytes).read_damaged();
        }
    }
}
