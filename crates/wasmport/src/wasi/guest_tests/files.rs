//! Virtual files by preview 1: what the comparison with the disk does not see.

use super::{BUFFER, Guest, PATH, RESULT};
use crate::vfs::{FileLimits, Files, SharedFiles};
use crate::wasi::{ManualClock, Wasi};
use std::time::Duration;

/// The only mount.
const ROOT: i32 = 3;
const O_CREAT: i32 = 1;
const BADF: i32 = 8;
const MFILE: i32 = 33;
const NOMEM: i32 = 48;

/// Address of the metadata of a file.
const STAT: u32 = 1024;

fn stat(guest: &mut Guest, fd: i32) {
    let errno: i32 = guest.0.call_func("fd_filestat_get", (fd, STAT as i32)).unwrap();
    assert_eq!(errno, 0);
}

fn unlink(guest: &mut Guest, name: &str) {
    guest.write(PATH, name.as_bytes());
    let args = (ROOT, PATH as i32, name.len() as i32);
    assert_eq!(guest.0.call_func::<_, i32>("path_unlink_file", args).unwrap(), 0);
}

/// Lists the directory with a buffer of `len` bytes, and calls `between` whenever it was full.
fn list(
    guest: &mut Guest,
    len: u32,
    mut between: impl FnMut(&mut Guest, &[String]),
) -> Vec<String> {
    let (mut names, mut cookie) = (Vec::new(), 0_u64);
    loop {
        let args = (ROOT, BUFFER as i32, len as i32, cookie.cast_signed(), RESULT as i32);
        assert_eq!(guest.0.call_func::<_, i32>("fd_readdir", args).unwrap(), 0);
        let used = guest.number(RESULT) as u32;
        let bytes = guest.bytes(BUFFER, used);
        let mut rest = &bytes[..];
        while let Some((head, tail)) = rest.split_at_checked(24) {
            let name_len = u32::from_le_bytes(head[16..20].try_into().unwrap()) as usize;
            let Some((name, tail)) = tail.split_at_checked(name_len) else { break };
            cookie = u64::from_le_bytes(head[..8].try_into().unwrap());
            names.push(String::from_utf8(name.to_vec()).unwrap());
            rest = tail;
        }
        if used < len {
            return names;
        }
        between(guest, &names);
    }
}

/// Returns files with a hundred names.
fn hundred() -> Files {
    let mut files = Files::new();
    for number in 0..100 {
        files.write(&format!("f{number:02}"), "").unwrap();
    }
    files
}

/// Returns the names of those of the hundred files that `is_listed` accepts, with those of the directory itself.
fn names(is_listed: impl Fn(u32) -> bool) -> Vec<String> {
    let files = (0..100).filter(|number| is_listed(*number)).map(|number| format!("f{number:02}"));
    [".", ".."].map(str::to_owned).into_iter().chain(files).collect()
}

/// Sizes of buffers that are full in the middle of an entry and just behind one. The first has room for the names
/// of the directory itself only.
const FULL: [u32; 4] = [60, 78, 81, 200];

#[test]
fn a_directory_is_listed_with_any_buffer() {
    let mut guest = Guest::new(&Wasi::new().files(&hundred(), "/"));
    for len in FULL.into_iter().chain([5000]) {
        assert_eq!(list(&mut guest, len, |_, _| {}), names(|_| true), "{len}");
    }
}

#[test]
fn a_directory_that_changes_is_listed_as_it_was() {
    for len in FULL {
        let mut guest = Guest::new(&Wasi::new().files(&hundred(), "/"));
        let mut is_changed = false;
        let listed = list(&mut guest, len, |guest, names| {
            if !std::mem::replace(&mut is_changed, true) {
                assert!(names.len() < 50);
                unlink(guest, "f00");
                unlink(guest, "f77");
                let _ = guest.open(ROOT, "f50-new", O_CREAT).unwrap();
            }
        });
        let expected = names(|number| number != 77 && (number != 0 || len > FULL[0]));
        assert_eq!(listed, expected, "{len}");
    }
}

#[test]
fn a_cookie_is_found_in_any_order() {
    let mut guest = Guest::new(&Wasi::new().files(&hundred(), "/"));
    for cookie in [0_i64, 101, 50, 2, 1, 102, i64::MAX] {
        let args = (ROOT, BUFFER as i32, 28, cookie, RESULT as i32);
        assert_eq!(guest.0.call_func::<_, i32>("fd_readdir", args).unwrap(), 0);
        let used = guest.number(RESULT) as usize;
        let bytes = guest.bytes(BUFFER, 28);
        let name = match cookie {
            0 => ".",
            1 => "..",
            2 => "f00",
            50 => "f48",
            101 => "f99",
            _ => {
                assert_eq!(used, 0, "{cookie}");
                continue;
            }
        };
        assert_eq!(&bytes[24..24 + name.len()], name.as_bytes(), "{cookie}");
        assert_eq!(bytes[..8], (cookie + 1).to_le_bytes());
    }
}

#[test]
fn files_of_two_mounts_are_not_the_same() {
    let mut files = Files::new();
    files.write("a", "x").unwrap();
    let shared = SharedFiles::new(&files);
    let wasi = Wasi::new()
        .files(&files, "/own")
        .shared_files(&shared, "/one")
        .shared_files(&shared, "/two");
    let mut guest = Guest::new(&wasi);
    let [own, one, two] = [3, 4, 5].map(|directory| {
        let file = guest.open(directory, "a", 0).unwrap();
        stat(&mut guest, file);
        (guest.number(STAT), guest.number(STAT + 8))
    });
    assert_eq!(one, two);
    assert_eq!(own.1, one.1, "both count from the same number");
    assert_ne!(own.0, one.0);
}

#[test]
fn a_write_of_no_bytes_changes_nothing() {
    let clock = ManualClock::new(Duration::from_secs(1000));
    let mut guest = Guest::new(&Wasi::new().clock(&clock).files(&Files::new(), "/"));
    let file = guest.open(ROOT, "a", O_CREAT).unwrap();
    assert_eq!(guest.print(file, b"x"), Ok(1));
    clock.advance(Duration::from_secs(5));
    assert_eq!(guest.print(file, b""), Ok(0));
    stat(&mut guest, file);
    assert_eq!(guest.number(STAT + 48), 1_000_000_000_000, "the time of the last change");
    assert_eq!(guest.print(file, b"y"), Ok(1));
    stat(&mut guest, file);
    assert_eq!(guest.number(STAT + 48), 1_005_000_000_000);
}

#[test]
fn a_number_that_is_replaced_is_free_again() {
    // Three streams, the mount, and two more.
    let files = Files::with_limits(FileLimits { open: 6, ..FileLimits::default() });
    let mut guest = Guest::new(&Wasi::new().files(&files, "/"));
    let one = guest.open(ROOT, "one", O_CREAT).unwrap();
    let two = guest.open(ROOT, "two", O_CREAT).unwrap();
    assert_eq!(guest.open(ROOT, "three", O_CREAT), Err(MFILE));
    assert_eq!(guest.open(ROOT, "three", 0), Err(MFILE), "before the path is looked up");
    let renumber = |guest: &mut Guest, from: i32, to: i32| -> i32 {
        guest.0.call_func("fd_renumber", (from, to)).unwrap()
    };
    assert_eq!(renumber(&mut guest, two, two), 0);
    assert_eq!((renumber(&mut guest, two, 77), renumber(&mut guest, 77, two)), (BADF, BADF));
    assert_eq!(guest.print(two, b"two"), Ok(3));
    assert_eq!(renumber(&mut guest, two, one), 0);
    stat(&mut guest, one);
    assert_eq!(guest.number(STAT + 32), 3, "its size");
    assert_eq!(guest.open(ROOT, "three", O_CREAT), Ok(two), "the lowest number");
    assert_eq!(guest.open(ROOT, "three", 0), Err(MFILE));
    assert_eq!(guest.0.call_func::<_, i32>("fd_close", two).unwrap(), 0);
    assert_eq!(guest.open(ROOT, "one", 0), Ok(two));
}

#[test]
fn vectors_of_many_buffers_take_fuel() {
    let mut guest = Guest::new(&Wasi::new().files(&Files::new(), "/"));
    let file = guest.open(ROOT, "a", O_CREAT).unwrap();
    guest.0.store_mut().set_hostcall_fuel(1000);
    for name in ["fd_read", "fd_write"] {
        let mut call = |count: i32| -> i32 {
            guest.0.call_func(name, (file, BUFFER as i32, count, RESULT as i32)).unwrap()
        };
        assert_eq!((call(100), call(200)), (0, NOMEM), "{name}");
    }
}
