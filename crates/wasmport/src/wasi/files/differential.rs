//! The same calls of preview 1 on virtual files and on a folder of the disk, with the same answers.

use super::Preview1;
use crate::vfs::{Disk, Files};
use crate::wasi::random::RandomSource;
use crate::wasi::sources::Sources;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as preview_1, WasiSnapshotPreview1 as _};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use wiggle::GuestMemory;

/// Addresses in the memory of the host that stands for a guest's.
const OUT: i32 = 0;
const IOV: i32 = 128;
const PATH: i32 = 1024;
const OTHER_PATH: i32 = 8192;
const DATA: i32 = 16384;
const MEMORY: usize = 128 << 10;

/// A call, with paths and descriptors out of a few.
#[derive(Clone, Debug)]
enum Call {
    Open { fd: i32, follow: bool, path: String, oflags: i32, rights: i64, fdflags: i32 },
    Close(i32),
    Read(i32, i32),
    ReadAt(i32, i32, i64),
    Write(i32, Vec<u8>),
    WriteAt(i32, Vec<u8>, i64),
    Seek(i32, i64, i32),
    Tell(i32),
    SetSize(i32, i64),
    Allocate(i32, i64, i64),
    Advise(i32, i64, i64, i32),
    Sync(i32),
    DataSync(i32),
    Stat(i32),
    FdStat(i32),
    SetFlags(i32, i32),
    SetRights(i32),
    SetTimes(i32, i64, i64, i32),
    ReadDir(i32),
    PreStat(i32),
    PreStatName(i32, i32),
    Renumber(i32, i32),
    CreateDirectory(i32, String),
    StatAt(i32, bool, String),
    SetTimesAt(i32, bool, String, i64, i64, i32),
    Link(i32, bool, String, i32, String),
    Symlink(String, i32, String),
    ReadLink(i32, String, i32),
    RemoveDirectory(i32, String),
    Rename(i32, String, i32, String),
    Unlink(i32, String),
}

/// The answer of a call: the number of its error, and what it wrote.
#[derive(Debug, PartialEq)]
struct Answer {
    errno: i32,
    values: Vec<u64>,
    bytes: Vec<u8>,
}

/// A guest's view of one of the two.
struct Guest {
    context: Preview1,
    memory: Vec<u8>,
    /// Numbers of nodes in the order in which they were seen: the two count differently.
    inodes: BTreeMap<u64, u64>,
}

impl Guest {
    fn start(mut builder: WasiCtxBuilder, disks: &[(String, Disk)]) -> Self {
        let sources = Sources::start(&mut builder, None, &RandomSource::default());
        let context = Preview1::new(builder.build_p1(), disks, sources);
        Self { context, memory: vec![0; MEMORY], inodes: BTreeMap::new() }
    }

    fn put(&mut self, at: i32, bytes: &[u8]) -> (i32, i32) {
        self.memory[at as usize..][..bytes.len()].copy_from_slice(bytes);
        (at, bytes.len() as i32)
    }

    /// Puts a vector of one buffer.
    fn put_iov(&mut self, len: i32) {
        self.put(IOV, &DATA.to_le_bytes());
        self.put(IOV + 4, &len.to_le_bytes());
    }

    fn u64(&self, at: i32) -> u64 {
        u64::from_le_bytes(self.memory[at as usize..][..8].try_into().unwrap())
    }

    fn u32(&self, at: i32) -> u64 {
        u64::from(u32::from_le_bytes(self.memory[at as usize..][..4].try_into().unwrap()))
    }

    fn data(&self, len: u64) -> Vec<u8> {
        self.memory[DATA as usize..][..len as usize].to_vec()
    }

    /// The known of a file: times are those of two clocks, and sizes and links of directories those of the disk.
    fn stat(&mut self) -> Vec<u64> {
        let at = OUT;
        let seen = self.inodes.len() as u64;
        let inode = *self.inodes.entry(self.u64(at + 8)).or_insert(seen);
        let kind = u64::from(self.memory[at as usize + 16]);
        let is_directory = kind == 3;
        let (links, size) =
            if is_directory { (0, 0) } else { (self.u64(at + 24), self.u64(at + 32)) };
        vec![inode, kind, links, size]
    }

    fn call(&mut self, call: &Call) -> Answer {
        self.memory[..PATH as usize].fill(0);
        let mut paths = |path: &str, other: &str| {
            let path = self.put(PATH, path.as_bytes());
            (path, self.put(OTHER_PATH, other.as_bytes()))
        };
        let mut values = Vec::new();
        let mut bytes = Vec::new();
        macro_rules! run {
            ($name:ident($($arg:expr),*)) => {{
                self.context.set_hostcall_fuel(1 << 30);
                let mut memory = GuestMemory::Unshared(&mut self.memory);
                in_tokio(preview_1::$name(&mut self.context, &mut memory $(, $arg)*)).unwrap()
            }};
        }
        macro_rules! now {
            ($name:ident($($arg:expr),*)) => {{
                let mut memory = GuestMemory::Unshared(&mut self.memory);
                preview_1::$name(&mut self.context, &mut memory $(, $arg)*).unwrap()
            }};
        }
        let errno = match call {
            Call::Open { fd, follow, path, oflags, rights, fdflags } => {
                let ((path, len), _) = paths(path, "");
                let errno = run!(path_open(
                    *fd,
                    i32::from(*follow),
                    path,
                    len,
                    *oflags,
                    *rights,
                    *rights,
                    *fdflags,
                    OUT
                ));
                values.push(self.u32(OUT));
                errno
            }
            Call::Close(fd) => run!(fd_close(*fd)),
            Call::Read(fd, len) => {
                self.put_iov(*len);
                let errno = run!(fd_read(*fd, IOV, 1, OUT));
                values.push(self.u32(OUT));
                bytes = self.data(self.u32(OUT));
                errno
            }
            Call::ReadAt(fd, len, offset) => {
                self.put_iov(*len);
                let errno = run!(fd_pread(*fd, IOV, 1, *offset, OUT));
                values.push(self.u32(OUT));
                bytes = self.data(self.u32(OUT));
                errno
            }
            Call::Write(fd, data) => {
                self.put(DATA, data);
                self.put_iov(data.len() as i32);
                let errno = run!(fd_write(*fd, IOV, 1, OUT));
                values.push(self.u32(OUT));
                errno
            }
            Call::WriteAt(fd, data, offset) => {
                self.put(DATA, data);
                self.put_iov(data.len() as i32);
                let errno = run!(fd_pwrite(*fd, IOV, 1, *offset, OUT));
                values.push(self.u32(OUT));
                errno
            }
            Call::Seek(fd, offset, whence) => {
                let errno = run!(fd_seek(*fd, *offset, *whence, OUT));
                values.push(self.u64(OUT));
                errno
            }
            Call::Tell(fd) => {
                let errno = now!(fd_tell(*fd, OUT));
                values.push(self.u64(OUT));
                errno
            }
            Call::SetSize(fd, size) => run!(fd_filestat_set_size(*fd, *size)),
            Call::Allocate(fd, offset, len) => now!(fd_allocate(*fd, *offset, *len)),
            Call::Advise(fd, offset, len, advice) => run!(fd_advise(*fd, *offset, *len, *advice)),
            Call::Sync(fd) => run!(fd_sync(*fd)),
            Call::DataSync(fd) => run!(fd_datasync(*fd)),
            Call::Stat(fd) => {
                let errno = run!(fd_filestat_get(*fd, OUT));
                if errno == 0 {
                    values = self.stat();
                }
                errno
            }
            Call::FdStat(fd) => {
                let errno = run!(fd_fdstat_get(*fd, OUT));
                bytes = self.memory[OUT as usize..][..24].to_vec();
                errno
            }
            Call::SetFlags(fd, flags) => now!(fd_fdstat_set_flags(*fd, *flags)),
            Call::SetRights(fd) => now!(fd_fdstat_set_rights(*fd, 0, 0)),
            Call::SetTimes(fd, accessed, modified, flags) => {
                let errno = run!(fd_filestat_set_times(*fd, *accessed, *modified, *flags));
                if errno == 0 && flags & 0b101 == 0b101 && run!(fd_filestat_get(*fd, OUT)) == 0 {
                    values = vec![self.u64(OUT + 40), self.u64(OUT + 48)];
                }
                errno
            }
            Call::ReadDir(fd) => {
                let errno = run!(fd_readdir(*fd, DATA, 32 << 10, 0, OUT));
                bytes = entries(&self.data(self.u32(OUT)));
                errno
            }
            Call::PreStat(fd) => {
                let errno = now!(fd_prestat_get(*fd, OUT));
                values = vec![self.u32(OUT), self.u32(OUT + 4)];
                errno
            }
            Call::PreStatName(fd, len) => {
                let errno = now!(fd_prestat_dir_name(*fd, OUT, *len));
                bytes = self.memory[OUT as usize..][..8].to_vec();
                errno
            }
            Call::Renumber(from, to) => run!(fd_renumber(*from, *to)),
            Call::CreateDirectory(fd, path) => {
                let ((path, len), _) = paths(path, "");
                run!(path_create_directory(*fd, path, len))
            }
            Call::StatAt(fd, follow, path) => {
                let ((path, len), _) = paths(path, "");
                let errno = run!(path_filestat_get(*fd, i32::from(*follow), path, len, OUT));
                if errno == 0 {
                    values = self.stat();
                }
                errno
            }
            Call::SetTimesAt(fd, follow, path, accessed, modified, flags) => {
                let ((path, len), _) = paths(path, "");
                let follow = i32::from(*follow);
                run!(path_filestat_set_times(*fd, follow, path, len, *accessed, *modified, *flags))
            }
            Call::Link(from, follow, old, to, new) => {
                let ((old, old_len), (new, new_len)) = paths(old, new);
                run!(path_link(*from, i32::from(*follow), old, old_len, *to, new, new_len))
            }
            Call::Symlink(target, fd, path) => {
                let ((target, target_len), (path, len)) = paths(target, path);
                run!(path_symlink(target, target_len, *fd, path, len))
            }
            Call::ReadLink(fd, path, most) => {
                let ((path, len), _) = paths(path, "");
                let errno = run!(path_readlink(*fd, path, len, DATA, *most, OUT));
                bytes = self.data(self.u32(OUT));
                errno
            }
            Call::RemoveDirectory(fd, path) => {
                let ((path, len), _) = paths(path, "");
                run!(path_remove_directory(*fd, path, len))
            }
            Call::Rename(from, old, to, new) => {
                let ((old, old_len), (new, new_len)) = paths(old, new);
                run!(path_rename(*from, old, old_len, *to, new, new_len))
            }
            Call::Unlink(fd, path) => {
                let ((path, len), _) = paths(path, "");
                run!(path_unlink_file(*fd, path, len))
            }
        };
        if errno != 0 {
            // What a call that fails has written has no meaning.
            return Answer { errno, values: Vec::new(), bytes: Vec::new() };
        }
        Answer { errno, values, bytes }
    }
}

/// The names and kinds in entries of a directory, in the order of names: the disk has an order of its own.
fn entries(mut bytes: &[u8]) -> Vec<u8> {
    let mut entries = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(24) {
        let len = u32::from_le_bytes(head[16..20].try_into().unwrap()) as usize;
        let Some((name, rest)) = rest.split_at_checked(len) else { break };
        entries.push([name, &head[20..21]].concat());
        bytes = rest;
    }
    entries.sort();
    entries.concat()
}

/// Paths that often exist, and those of every kind that fails.
fn path() -> impl Strategy<Value = String> {
    let long = prop::sample::select(vec![255_usize, 256, 4095, 4096, 5000])
        .prop_map(|len| "n".repeat(len));
    prop_oneof![15 => possible_path(), 1 => long, 1 => Just("nul\0".to_owned())]
}

/// Paths without names that cannot be. In a call with two paths, which of the two errors comes first depends on the
/// system.
fn possible_path() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec!["a", "b", "c", "d", "link", ".", "..", "x"]);
    let path = prop::collection::vec(names, 1..4).prop_map(|names| names.join("/"));
    let special = prop::sample::select(vec![
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "./a",
        "../a",
        "a/../b",
        "link/",
        "a/b/",
        "c/../../a",
        ".//",
        "d/..",
    ]);
    prop_oneof![12 => path, 3 => special.prop_map(str::to_owned)]
}

fn fd() -> impl Strategy<Value = i32> {
    prop_oneof![6 => Just(3), 8 => 4..9, 1 => 9..12, 1 => Just(-1)]
}

fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..20_000_i64, 1 => Just(-1), 1 => Just(i64::MAX), 1 => Just(i64::MIN)]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    (any::<u8>(), prop_oneof![0..10_usize, 0..9000_usize]).prop_map(|(byte, len)| vec![byte; len])
}

fn call() -> impl Strategy<Value = Call> {
    const READ: i64 = 1 << 1;
    const WRITE: i64 = 1 << 6;
    let rights = prop::sample::select(vec![READ | WRITE, READ | WRITE, READ, WRITE, 0]);
    let open =
        (fd(), any::<bool>(), path(), 0..16, rights, prop::sample::select(vec![0, 0, 0, 1, 4, 5]))
            .prop_map(|(fd, follow, path, oflags, rights, fdflags)| Call::Open {
                fd,
                follow,
                path,
                oflags,
                rights,
                fdflags,
            });
    let simple = prop_oneof![
        fd().prop_map(Call::Tell),
        fd().prop_map(Call::Sync),
        fd().prop_map(Call::DataSync),
        fd().prop_map(Call::FdStat),
        fd().prop_map(Call::SetRights),
        fd().prop_map(Call::PreStat),
        (fd(), 0..3).prop_map(|(fd, len)| Call::PreStatName(fd, len)),
        (fd(), 0..32).prop_map(|(fd, flags)| Call::SetFlags(fd, flags)),
        (fd(), 0..9_i64, 0..9_i64).prop_map(|(fd, offset, len)| Call::Allocate(fd, offset, len)),
        (fd(), 0..9_i64, 0..9_i64, 0..6)
            .prop_map(|(fd, offset, len, advice)| Call::Advise(fd, offset, len, advice)),
        (fd(), fd()).prop_map(|(from, to)| Call::Renumber(from, to)),
    ];
    prop_oneof![
        12 => open,
        3 => fd().prop_map(Call::Close),
        4 => (fd(), 0..9000).prop_map(|(fd, len)| Call::Read(fd, len)),
        3 => (fd(), 0..9000, offset()).prop_map(|(fd, len, offset)| Call::ReadAt(fd, len, offset)),
        6 => (fd(), bytes()).prop_map(|(fd, bytes)| Call::Write(fd, bytes)),
        4 => (fd(), bytes(), 0..20_000_i64).prop_map(|(fd, bytes, offset)| Call::WriteAt(fd, bytes, offset)),
        4 => (fd(), offset(), 0..3).prop_map(|(fd, offset, whence)| Call::Seek(fd, offset, whence)),
        3 => (fd(), 0..20_000_i64).prop_map(|(fd, size)| Call::SetSize(fd, size)),
        4 => fd().prop_map(Call::Stat),
        2 => (fd(), 0..1i64 << 60, 0..1i64 << 60, 0..16).prop_map(|(fd, a, m, flags)| Call::SetTimes(fd, a, m, flags)),
        3 => fd().prop_map(Call::ReadDir),
        5 => (fd(), path()).prop_map(|(fd, path)| Call::CreateDirectory(fd, path)),
        5 => (fd(), any::<bool>(), path()).prop_map(|(fd, follow, path)| Call::StatAt(fd, follow, path)),
        2 => (fd(), any::<bool>(), path(), 0..1i64 << 60, 0..1i64 << 60, 0..16)
            .prop_map(|(fd, follow, path, a, m, flags)| Call::SetTimesAt(fd, follow, path, a, m, flags)),
        4 => (fd(), any::<bool>(), possible_path(), fd(), possible_path())
            .prop_map(|(from, follow, old, to, new)| Call::Link(from, follow, old, to, new)),
        5 => (possible_path(), fd(), possible_path()).prop_map(|(target, fd, path)| Call::Symlink(target, fd, path)),
        3 => (fd(), path(), 0..9).prop_map(|(fd, path, most)| Call::ReadLink(fd, path, most)),
        3 => (fd(), path()).prop_map(|(fd, path)| Call::RemoveDirectory(fd, path)),
        6 => (fd(), possible_path(), fd(), possible_path()).prop_map(|(from, old, to, new)| Call::Rename(from, old, to, new)),
        4 => (fd(), path()).prop_map(|(fd, path)| Call::Unlink(fd, path)),
        6 => simple,
    ]
}

/// Returns whether a difference is one that the book names.
fn is_documented(call: &Call, disk: &Answer, virtual_: &Answer) -> bool {
    const BADF: i32 = 8;
    const BUSY: i32 = 10;
    const INVAL: i32 = 28;
    const LOOP: i32 = 32;
    const NOENT: i32 = 44;
    const NOTDIR: i32 = 54;
    const PERM: i32 = 63;
    match call {
        // Wasmtime cannot set the times of a mounted directory by its descriptor.
        Call::SetTimes(..) => (disk.errno, virtual_.errno) == (BADF, 0),
        // Linux does not look for the file if neither time is set.
        Call::SetTimesAt(.., flags) => flags & 0b1111 == 0 && disk.errno == 0,
        // If both paths are wrong, or one in two ways, the order of the errors depends on the system.
        Call::Link(..) | Call::Rename(..) => {
            let is_of_path = |answer: &Answer| [LOOP, NOENT, NOTDIR, PERM].contains(&answer.errno);
            is_of_path(disk) && is_of_path(virtual_)
                || (disk.errno, virtual_.errno) == (BUSY, INVAL)
        }
        _ => false,
    }
}

/// Runs calls on both, and returns the first that they answer differently.
fn compare(calls: &[Call]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.allow_blocking_current_thread(true);
    builder.preopened_dir(folder.path(), "/", FsPerms::ReadWrite).unwrap();
    let mut real = Guest::start(builder, &[]);
    let disk = Disk::new(Files::new().tree().clone());
    let mut virtual_ = Guest::start(WasiCtxBuilder::new(), &[("/".into(), disk)]);
    for (index, call) in calls.iter().enumerate() {
        // An end `/` or `/.` after a link: Linux follows the link and removes a directory, Wasmtime does neither.
        let is_left_out = match call {
            Call::StatAt(_, false, path) => path.ends_with('/') || path.ends_with("/."),
            Call::RemoveDirectory(_, path) => path.ends_with('/'),
            _ => false,
        };
        if is_left_out {
            continue;
        }
        let (expected, found) = (real.call(call), virtual_.call(call));
        if let Call::Open { .. } = call
            && expected.errno == found.errno
            && expected != found
        {
            // Of several free numbers Wasmtime takes the highest: from here on the two count differently.
            return Ok(());
        }
        if expected != found && !is_documented(call, &expected, &found) {
            let short = |answer: &Answer| {
                format!(
                    "{} {:?} {:?}",
                    answer.errno,
                    answer.values,
                    String::from_utf8_lossy(&answer.bytes[..answer.bytes.len().min(60)])
                )
            };
            return Err(format!(
                "call {index}, {call:?}: the disk {}, virtual {}",
                short(&expected),
                short(&found)
            ));
        }
    }
    Ok(())
}

/// Compares sequences that are the same in each run, or as many new ones as `WASMPORT_CASES` says.
#[test]
fn calls_on_virtual_files_answer_as_on_the_disk() {
    let cases = std::env::var("WASMPORT_CASES").ok().and_then(|cases| cases.parse().ok());
    let config =
        Config { cases: cases.unwrap_or(200), failure_persistence: None, ..Config::default() };
    let mut runner = match cases {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let calls = prop::collection::vec(call(), 1..120);
    let compared = runner.run(&calls, |calls| compare(&calls).map_err(TestCaseError::fail));
    compared.unwrap_or_else(|error| panic!("{error}"));
}
