//! Calls whose results Wasmtime's files do not have: limits, clocks, several mounts.

use super::system::{Call, System, code, fd};
use crate::vfs::{FileLimits, Files, SharedFiles};
use crate::wasi::components::files::view::FilesView;
use crate::wasi::{ManualClock, Wasi, WasiCtx};
use std::env;
use std::time::Duration;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorFlags, HostDescriptor, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::streams::HostOutputStream;

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
const CREATE: OpenFlags = OpenFlags::CREATE;

fn read_write() -> DescriptorFlags {
    DescriptorFlags::READ | DescriptorFlags::WRITE
}

/// Returns the numbers of the mounted directories.
pub(super) fn mounted(context: &mut WasiCtx) -> Vec<u32> {
    let directories = preopens::Host::get_directories(&mut FilesView(context)).unwrap();
    directories.into_iter().map(|(fd, _)| fd.rep()).collect()
}

/// Opens a path for reading and writing.
pub(super) fn open(
    context: &mut WasiCtx,
    dir: u32,
    path: &str,
    open: OpenFlags,
) -> Result<u32, String> {
    let opened = FilesView(context).open_at(fd(dir), FOLLOW, path.into(), open, read_write());
    opened.map(|fd| fd.rep()).map_err(code)
}

fn open_directory(context: &mut WasiCtx, dir: u32, path: &str) -> Result<u32, String> {
    let flags = (OpenFlags::DIRECTORY, DescriptorFlags::READ);
    let opened = FilesView(context).open_at(fd(dir), FOLLOW, path.into(), flags.0, flags.1);
    opened.map(|fd| fd.rep()).map_err(code)
}

fn close(context: &mut WasiCtx, number: u32) {
    HostDescriptor::drop(&mut FilesView(context), Resource::new_own(number)).unwrap();
}

#[test]
fn descriptors_and_listings_have_a_limit() {
    let files = Files::with_limits(FileLimits { open: 3, ..FileLimits::default() });
    let mut context = Wasi::new().files(&files, "/").build().unwrap();
    let dir = mounted(&mut context)[0];
    let first = open(&mut context, dir, "a", CREATE).unwrap();
    let listing = FilesView(&mut context).read_directory(fd(dir)).unwrap().rep();
    assert_eq!(open(&mut context, dir, "b", CREATE), Err("insufficient-memory".into()));
    let stat = FilesView(&mut context).stat_at(fd(dir), FOLLOW, "b".into());
    assert_eq!(
        stat.map(drop).map_err(code),
        Err("no-entry".into()),
        "it was created before the limit was checked"
    );
    assert!(FilesView(&mut context).drop_listing(&Resource::new_own(listing)).unwrap());
    let _ = open(&mut context, dir, "b", CREATE).unwrap();
    assert_eq!(open(&mut context, dir, "a", OpenFlags::empty()), Err("insufficient-memory".into()));
    close(&mut context, first);
    let _ = open(&mut context, dir, "a", OpenFlags::empty()).unwrap();
}

#[test]
fn writes_and_paths_have_limits() {
    let limits = FileLimits { write_bytes: 5, path_bytes: 20, bytes: 12, ..FileLimits::default() };
    let mut context = Wasi::new().files(&Files::with_limits(limits), "/").build().unwrap();
    let dir = mounted(&mut context)[0];
    assert_eq!(open(&mut context, dir, &"./".repeat(11), CREATE), Err("name-too-long".into()));
    let file = open(&mut context, dir, "a", CREATE).unwrap();
    let write = |context: &mut WasiCtx, bytes: &str, offset| {
        FilesView(context).write(fd(file), bytes.into(), offset).map_err(code)
    };
    assert_eq!(write(&mut context, "12345678", 0), Ok(5));
    assert_eq!(write(&mut context, "678", 5), Ok(3));
    assert_eq!(write(&mut context, "9", 20), Err("insufficient-space".into()));
    let stream = FilesView(&mut context).append_via_stream(fd(file)).unwrap().rep();
    let stream = || Resource::new_borrow(stream);
    let table = context.preview_2().table;
    assert_eq!(HostOutputStream::check_write(table, stream()).unwrap(), 5);
    assert!(
        HostOutputStream::write(table, stream(), vec![0; 6])
            .unwrap_err()
            .to_string()
            .contains("check-write")
    );
    HostOutputStream::blocking_write_and_flush(table, stream(), vec![7; 4]).unwrap();
    assert!(HostOutputStream::blocking_write_and_flush(table, stream(), vec![8; 1]).is_err());
    assert_eq!(context.files("/").unwrap().read("a").unwrap(), b"12345678\x07\x07\x07\x07");
}

#[test]
fn times_are_those_of_the_manual_clock() {
    let clock = ManualClock::new(Duration::from_secs(1000));
    let mut context = Wasi::new().clock(&clock).files(&Files::new(), "/").build().unwrap();
    let dir = mounted(&mut context)[0];
    let file = open(&mut context, dir, "a", CREATE).unwrap();
    let stream = FilesView(&mut context).write_via_stream(fd(file), 0).unwrap();
    clock.advance(Duration::from_millis(2500));
    HostOutputStream::blocking_write_and_flush(context.preview_2().table, stream, b"x".to_vec())
        .unwrap();
    let stat = FilesView(&mut context).stat(fd(file)).unwrap();
    let seconds = |time: Option<_>| {
        time.map(|time: wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime| {
            (time.seconds, time.nanoseconds)
        })
    };
    assert_eq!(seconds(stat.data_access_timestamp), Some((1000, 0)));
    assert_eq!(seconds(stat.data_modification_timestamp), Some((1002, 500_000_000)));
}

#[test]
fn a_file_is_the_same_by_all_its_names_and_mounts() {
    let mut files = Files::new();
    files.write("a", "x").unwrap();
    let shared = SharedFiles::new(&files);
    let wasi = Wasi::new()
        .files(&files, "/own")
        .shared_files(&shared, "/one")
        .shared_files(&shared, "/two");
    let hashes = |context: &mut WasiCtx| {
        let dirs = mounted(context);
        let view = &mut FilesView(context);
        dirs.iter()
            .map(|dir| {
                let hash = view.metadata_hash_at(fd(*dir), FOLLOW, "a".into()).unwrap();
                (hash.lower, hash.upper)
            })
            .collect::<Vec<_>>()
    };
    let mut context = wasi.build().unwrap();
    let found = hashes(&mut context);
    assert_eq!(found[1], found[2]);
    assert_ne!(found[0], found[1]);
    assert_eq!(hashes(&mut wasi.build().unwrap()), found, "sessions agree");

    let dirs = mounted(&mut context);
    let opened: Vec<_> =
        dirs.iter().map(|dir| open(&mut context, *dir, "a", OpenFlags::empty()).unwrap()).collect();
    let view = &mut FilesView(&mut context);
    let mut is_same =
        |one: usize, other: usize| view.is_same_object(fd(opened[one]), fd(opened[other])).unwrap();
    assert!(is_same(1, 2) && !is_same(0, 1));
}

#[test]
fn nothing_moves_between_mounts() {
    let mut files = Files::new();
    files.write("a", "x").unwrap();
    let wasi = Wasi::new()
        .preopened_dir(env::temp_dir(), "/tmp")
        .files(&files, "/one")
        .files(&files, "/two");
    let mut context = wasi.build().unwrap();
    let [real, one, two] = mounted(&mut context)[..] else { panic!("three directories") };
    let view = &mut FilesView(&mut context);
    for (from, to) in [(one, two), (one, real), (real, one)] {
        let renamed = view.rename_at(fd(from), "a".into(), fd(to), "b".into());
        assert_eq!(renamed.map_err(code), Err("cross-device".into()));
        let linked = view.link_at(fd(from), PathFlags::empty(), "a".into(), fd(to), "b".into());
        assert_eq!(linked.map_err(code), Err("cross-device".into()));
        assert!(!view.is_same_object(fd(from), fd(to)).unwrap());
    }
    assert!(view.is_same_object(fd(real), fd(real)).unwrap());
    // A descriptor that does not exist is Wasmtime's error.
    assert_eq!(view.stat(fd(99)).map(drop).map_err(code), Err("trap: resource not present".into()));
}

#[test]
fn what_is_read_only_does_not_change() {
    let mut files = Files::new();
    files.write("d/a", "x").unwrap().set_read_only("d").unwrap();
    let mut context = Wasi::new().files(&files, "/").build().unwrap();
    let root = mounted(&mut context)[0];
    let dir = open_directory(&mut context, root, "d").unwrap();
    let read_only = || Err::<(), _>("read-only".to_owned());
    assert_eq!(open(&mut context, dir, "a", OpenFlags::empty()).map(drop), read_only());
    assert_eq!(open(&mut context, dir, "b", CREATE).map(drop), read_only());
    let view = &mut FilesView(&mut context);
    assert_eq!(view.unlink_file_at(fd(dir), "a".into()).map_err(code), read_only());
    assert_eq!(view.create_directory_at(fd(dir), "e".into()).map_err(code), read_only());
    assert_eq!(
        view.rename_at(fd(dir), "a".into(), fd(root), "a".into()).map_err(code),
        read_only()
    );
    assert_eq!(view.symlink_at(fd(dir), "a".into(), "l".into()).map_err(code), read_only());
    assert!(view.get_flags(fd(root)).unwrap().contains(DescriptorFlags::MUTATE_DIRECTORY));
}

#[test]
fn a_stream_keeps_a_file_that_has_no_name() {
    let limits = FileLimits { bytes: 10, ..FileLimits::default() };
    let mut system = System::new(&Wasi::new().files(&Files::with_limits(limits), "/"), "d");
    let (none, dir) = (PathFlags::empty(), 0);
    system.call(&Call::Open(dir, none, "a", CREATE, read_write())).unwrap();
    system.call(&Call::Write(1, b"12345678".to_vec(), 0)).unwrap();
    let file = system.open[1];
    let stream = system.view().write_via_stream(fd(file), 8).unwrap().rep();
    system.call(&Call::Close(1)).unwrap();
    system.call(&Call::Unlink(dir, "a")).unwrap();
    let table = system.context.preview_2().table;
    HostOutputStream::blocking_write_and_flush(table, Resource::new_borrow(stream), b"9".to_vec())
        .unwrap();
    // Its bytes count until the stream is dropped.
    system.call(&Call::Open(dir, none, "b", CREATE, read_write())).unwrap();
    let write = Call::Write(1, b"12".to_vec(), 0);
    assert_eq!(system.call(&write), Err("insufficient-space".into()));
    HostOutputStream::drop(system.context.preview_2().table, Resource::new_own(stream)).unwrap();
    assert_eq!(system.call(&write), Ok("2".into()));
}
