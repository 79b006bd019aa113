//! Files as the program and guests change them.

use crate::vfs::{FileError, FileLimits, FileSource, FileType, Files, ROOT, SharedFiles, Times};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// A source that counts how often it is read.
struct Counted(Arc<AtomicUsize>, Result<&'static [u8], &'static str>, u64);

impl FileSource for Counted {
    fn size(&self) -> u64 {
        self.2
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let _ = self.0.fetch_add(1, Ordering::Relaxed);
        self.1.map(<[u8]>::to_vec).map_err(io::Error::other)
    }
}

#[test]
fn a_source_is_read_once_for_all_clones() {
    let count = Arc::new(AtomicUsize::new(0));
    let mut files = Files::new();
    files.source("f", Counted(Arc::clone(&count), Ok(b"0123456789"), 10)).unwrap();
    assert_eq!(files.stat("f").unwrap().size, 10);
    let (copy, mut cut) = (files.clone(), files.clone());
    // Neither a new length at the start of a page nor whole pages need the old bytes.
    cut.set_len("f", 0).unwrap().write_at("f", 0, &[1; 5000]).unwrap();
    let mut over = files.clone();
    over.write_at("f", 0, b"abcdefghij").unwrap().write_at("f", 4096, b"x").unwrap();
    assert_eq!(
        (over.read_range("f", 0..10).unwrap(), count.load(Ordering::Relaxed)),
        (b"abcdefghij".into(), 0)
    );
    assert_eq!(copy.read_range("f", 3..5).unwrap(), b"34");
    files.write_at("f", 4, b"X").unwrap();
    assert_eq!(
        (files.read("f").unwrap(), copy.read("f").unwrap()),
        (b"0123X56789".into(), b"0123456789".into())
    );
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[test]
fn a_source_that_fails_changes_nothing() {
    for (result, size, cause) in [
        (Err("no signal"), 10, "no signal"),
        (Ok(&b"12345"[..]), 10, "it has 5 bytes instead of 10"),
        (Ok(&b"12345"[..]), 2, "it has 5 bytes instead of 2"),
    ] {
        let count = Arc::new(AtomicUsize::new(0));
        let mut files = Files::new();
        files.source("f", Counted(Arc::clone(&count), result, size)).unwrap();
        let bytes = files.total_bytes();
        let error = files.read("f").unwrap_err();
        assert_eq!((error.source, error.cause.as_deref()), (FileError::Io, Some(cause)));
        for _ in 0..2 {
            assert_eq!(
                files.write_at("f", 1, &[0; 50]).map(drop).unwrap_err().source,
                FileError::Io
            );
            assert_eq!(files.set_len("f", 1).map(drop).unwrap_err().source, FileError::Io);
        }
        assert_eq!((files.stat("f").unwrap().size, files.total_bytes()), (size, bytes));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert!(files.set_len("f", 0).is_ok() && files.read("f").unwrap().is_empty());
    }
}

#[test]
fn errors_name_both_paths() {
    let mut files = Files::new();
    files.write("a", "").unwrap().write("d/x", "").unwrap();
    let error = files.rename("a", "none/b").map(drop).unwrap_err();
    assert_eq!(error.to_string(), "virtual file `a` to `none/b`: no such file or directory");
    let error = files.hard_link("b", "none").map(drop).unwrap_err();
    assert_eq!(error.to_string(), "virtual file `none` to `b`: no such file or directory");
    assert_eq!(files.remove("d").map(drop).unwrap_err().source, FileError::NotEmpty);
    assert_eq!(files.remove_all("d/..").map(drop).unwrap_err().source, FileError::Invalid);
    assert_eq!(files.read_to_string("a").unwrap(), "");
    files.write("a", b"\xff").unwrap();
    assert_eq!(files.read_to_string("a").unwrap_err().source, FileError::Invalid);
}

#[test]
fn ranges_end_with_the_file() {
    let mut files = Files::new();
    files.write("f", "0123456789").unwrap();
    assert_eq!(files.read_range("f", 8..100).unwrap(), b"89");
    assert_eq!(files.read_range("f", 100..u64::MAX).unwrap(), b"");
    #[expect(clippy::reversed_empty_ranges, reason = "a program may compute one")]
    let reversed = files.read_range("f", 5..2).unwrap();
    assert_eq!(reversed, b"");
}

#[test]
fn what_is_read_only_does_not_change() {
    let mut files = Files::new();
    files.write("d/f", "1").unwrap().write("d/e/g", "2").unwrap().set_read_only("d/e").unwrap();
    let error =
        |result: Result<&mut Files, crate::vfs::FilesError>| result.map(drop).unwrap_err().source;
    assert_eq!(error(files.write_at("d/e/g", 0, b"x")), FileError::ReadOnly);
    assert_eq!(error(files.write("d/e/h", "")), FileError::ReadOnly);
    assert_eq!(error(files.remove("d/e/g")), FileError::ReadOnly);
    assert_eq!(error(files.remove_all("d")), FileError::ReadOnly);
    assert_eq!(error(files.rename("d/f", "d/e/f")), FileError::ReadOnly);
    assert_eq!(files.len(), 4);
    // Nor by a mount above it, and a file in a writable directory neither.
    let other = Files::new();
    assert_eq!(error(files.mount("d", &other)), FileError::ReadOnly);
    assert_eq!(error(files.mount("d/e", &other)), FileError::ReadOnly);
    files.set_writable("d").unwrap().set_read_only("d/f").unwrap();
    assert_eq!(error(files.remove_all("d/f")), FileError::ReadOnly);
    assert_eq!(error(files.remove_all("d")), FileError::ReadOnly);
    assert_eq!(error(files.mount("d", &other)), FileError::ReadOnly);
    assert_eq!(files.len(), 4);
    files.set_writable("d").unwrap().remove_all("d").unwrap();
    assert_eq!((files.len(), files.total_bytes()), (0, 0));
}

#[test]
fn a_write_of_no_bytes_changes_nothing() {
    let mut files = Files::new();
    files.write("f", "1").unwrap();
    let before = files.stat("f").unwrap();
    assert_eq!(files.tree.write(before.inode, 5, b"", 9), Ok(0));
    assert_eq!(files.stat("f").unwrap(), before);
    assert_eq!(files.tree.write(before.inode, 1, b"2", 9), Ok(1));
    assert_eq!(files.stat("f").unwrap().times.modified, 9);
}

#[test]
fn mounts_keep_times_links_and_what_is_read_only() {
    let times = Times { accessed: 1, modified: 2, changed: 3 };
    let mut library = Files::new();
    library
        .write("a/f", "bytes")
        .unwrap()
        .hard_link("g", "a/f")
        .unwrap()
        .symlink("l", "a/f")
        .unwrap();
    library.set_times("a", times).unwrap().set_times("", times).unwrap().set_read_only("").unwrap();
    let mut files = Files::new();
    files.write("lib/old", "shadowed").unwrap().write("lib2", "file").unwrap();
    files.mount("lib", &library).unwrap().mount("deep/er", &library).unwrap();
    assert!(!files.exists("lib/old"));
    assert_eq!(files.read("lib/l").unwrap(), b"bytes");
    assert_eq!(
        (files.stat("lib").unwrap().times, files.stat("lib/a").unwrap().times),
        (times, times)
    );
    let (f, g) = (files.stat("lib/a/f").unwrap(), files.stat("lib/g").unwrap());
    assert_eq!((f.inode, f.links), (g.inode, 2));
    assert_ne!(f.inode, files.stat("deep/er/g").unwrap().inode);
    assert!(files.is_read_only("lib/a/f").unwrap() && !files.is_read_only("deep").unwrap());
    assert_eq!(files.write("lib/x", "").map(drop).unwrap_err().source, FileError::ReadOnly);
    // A mount changes nothing if it fails.
    let before = files.entries();
    for (path, error) in [
        ("lib2", FileError::NotDirectory),
        ("lib2/x", FileError::NotDirectory),
        ("../x", FileError::NotPermitted),
    ] {
        assert_eq!(files.mount(path, &library).map(drop).unwrap_err().source, error);
    }
    let mut small = Files::with_limits(FileLimits { files: 4, ..FileLimits::default() });
    assert_eq!(
        small.mount("x", &library).map(drop).unwrap_err().source,
        FileError::InsufficientSpace
    );
    assert!(small.is_empty() && files.entries() == before);
    let mut small = Files::with_limits(FileLimits { bytes: 7, ..FileLimits::default() });
    assert_eq!(
        small.mount("x", &library).map(drop).unwrap_err().source,
        FileError::InsufficientSpace
    );
    let mut short = Files::with_limits(FileLimits { path_bytes: 6, ..FileLimits::default() });
    assert_eq!(short.mount("1234", &library).map(drop).unwrap_err().source, FileError::NameTooLong);
    assert!(short.mount("12", &library).is_ok());
}

#[test]
fn paths_from_the_root_are_limited() {
    let limits = FileLimits { path_bytes: 10, ..FileLimits::default() };
    let mut files = Files::with_limits(limits);
    files
        .create_dir_all("aa/bb/cc")
        .unwrap()
        .create_dir_all("x")
        .unwrap()
        .write("x/12345678", "")
        .unwrap();
    let error =
        |result: Result<&mut Files, crate::vfs::FilesError>| result.map(drop).unwrap_err().source;
    // A guest gives short paths: those in a directory that it has open.
    let tree = &mut files.tree;
    let cc = tree.resolve(1, "aa/bb/cc", true).unwrap().node.unwrap();
    assert_eq!(tree.create_directory(cc, "12", 0), Err(FileError::NameTooLong));
    assert_eq!(tree.symlink(cc, "12", "x", 0), Err(FileError::NameTooLong));
    assert_eq!(tree.link((1, "x/12345678"), (cc, "12"), 0), Err(FileError::NameTooLong));
    tree.create_directory(cc, "1", 0).unwrap();
    assert_eq!(error(files.rename("x", "aa/x")), FileError::NameTooLong);
    files.rename("aa/bb", "b").unwrap();
    files.rename("x", "b/x").map(drop).unwrap_err();
    // The directories below moved with it.
    files.create_dir_all("b/cc/1/2/3").map(drop).unwrap();
    assert_eq!(error(files.create_dir_all("b/cc/1/2/34")), FileError::NameTooLong);
}

#[test]
fn others_use_shared_files_while_bytes_are_read_from_their_source() {
    /// Says that it is read, and waits until it may go on.
    struct Slow(mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>);

    impl FileSource for Slow {
        fn size(&self) -> u64 {
            4
        }

        fn read(&self) -> io::Result<Vec<u8>> {
            self.0.send(()).map_err(io::Error::other)?;
            let others = self.1.lock().unwrap().recv_timeout(Duration::from_secs(10));
            others.map(|()| b"slow".to_vec()).map_err(io::Error::other)
        }
    }

    let (begin, begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let mut files = Files::new();
    files.source("f", Slow(begin, Mutex::new(may_go_on))).unwrap();
    let inode = files.stat("f").unwrap().inode;
    let shared = SharedFiles::new(&files);
    let disk = shared.disk().clone();
    let reader = thread::spawn(move || {
        let mut bytes = [0; 4];
        disk.lock_loaded(inode).tree.read(inode, 0, &mut bytes).map(|_| bytes)
    });
    begun.recv().unwrap();
    shared.update(|files| files.write("g", "1").map(drop)).unwrap();
    go_on.send(()).unwrap();
    assert_eq!(reader.join().unwrap(), Ok(*b"slow"));
    assert!(shared.files().exists("g"));
}

#[test]
fn shared_files_change_at_once_and_keep_what_is_open() {
    let mut files = Files::new();
    files.write("f", "open").unwrap().write("g", "not").unwrap();
    let shared = SharedFiles::new(&files);
    let disk = shared.disk();
    let inode = files.stat("f").unwrap().inode;
    let handle = disk.open(&mut disk.lock(), inode);
    shared
        .update(|files| {
            files.remove_all("f").map(drop).and_then(|()| files.write("new", "1").map(drop))
        })
        .unwrap();
    let mut bytes = [0; 4];
    assert_eq!(disk.lock().tree.read(inode, 0, &mut bytes), Ok(4));
    assert_eq!(
        (&bytes, shared.files().entries().len(), shared.files().total_bytes()),
        (b"open", 2, 4)
    );
    drop(handle);
    assert_eq!(disk.lock().tree.stat(inode), Err(FileError::NoEntry));
    assert_eq!(shared.files().stat("g").unwrap().kind, FileType::File);
    let _ = Arc::new(shared);
}

#[test]
fn a_change_of_shared_files_does_not_see_what_is_only_open() {
    let mut files = Files::new();
    files.write("f", "12345").unwrap();
    let shared = SharedFiles::new(&files);
    let disk = shared.disk();
    let inode = files.stat("f").unwrap().inode;
    let handle = disk.open(&mut disk.lock(), inode);
    let _ = disk.lock().tree.unlink(ROOT, "f", 0).unwrap();
    let copy = shared.update(|files| files.clone());
    assert_eq!((copy.len(), copy.total_bytes()), (Files::new().len(), 0));
    let mut bytes = [0; 5];
    assert_eq!(disk.lock().tree.read(inode, 0, &mut bytes), Ok(5));
    drop(handle);
    assert_eq!(disk.lock().tree.stat(inode), Err(FileError::NoEntry));
}

#[test]
fn what_is_only_open_counts_when_shared_files_change() {
    let limits = FileLimits { bytes: 10, files: 3, ..FileLimits::default() };
    let mut files = Files::with_limits(limits);
    files.write("f", "12345").unwrap();
    let shared = SharedFiles::new(&files);
    let disk = shared.disk();
    let inode = files.stat("f").unwrap().inode;
    let handle = disk.open(&mut disk.lock(), inode);
    let _ = disk.lock().tree.unlink(ROOT, "f", 0).unwrap();
    shared.update(|files| {
        assert!(files.write("a", "123456").is_err(), "the bytes of the open file count");
        assert!(files.write("a", "12345").is_ok());
        assert!(files.write("b", "").is_err(), "the open file counts");
    });
    assert_eq!(shared.files().limits(), limits);
    drop(handle);
    shared.update(|files| files.write("b", "12345").map(drop)).unwrap();
}

#[test]
fn files_above_the_limit_stay_writable_but_do_not_grow() {
    let mut files = Files::with_limits(FileLimits { bytes: 10, ..FileLimits::default() });
    files.write("f", "1234567890").unwrap();
    let shared = SharedFiles::new(&files);
    let disk = shared.disk();
    let inode = files.stat("f").unwrap().inode;
    let handle = disk.open(&mut disk.lock(), inode);
    let change = |files: &mut Files| {
        files.remove_all("f").and_then(|files| files.write("g", "abc")).map(drop)
    };
    shared.update(change).unwrap();
    let inode = shared.files().stat("g").unwrap().inode;
    assert_eq!(disk.lock().tree.write(inode, 0, b"xyz", 0), Ok(3));
    assert_eq!(disk.lock().tree.write(inode, 3, b"x", 0), Err(FileError::InsufficientSpace));
    drop(handle);
    assert_eq!(disk.lock().tree.write(inode, 3, b"x", 0), Ok(1));
}
