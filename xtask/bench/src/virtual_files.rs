//! Virtual files against those of `wasmtime-wasi` in a folder in memory, with the same guest.

use crate::assets::disk::{Disk, DiskSession};
use crate::measure::{fastest_of, time};
use crate::side::runtime;
use crate::{Result, Skipped};
use std::path::Path;
use std::time::Duration;
use wasmport::vfs::Files;
use wasmport::wasi::Wasi;
use wasmtime::{Linker, Store};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

const TURNS: u32 = 200;
/// Operations that are timed together.
const OPERATIONS: i32 = 1024;
/// Operations on a smaller file.
const FEW: i32 = 64;
const PAGE: i32 = 4096;

/// A file system that is in memory, if this machine has one.
const MEMORY_FOLDER: &str = "/dev/shm";

/// The guest on `wasmtime-wasi`.
struct Theirs {
    store: Store<WasiP1Ctx>,
    disk: Disk,
    // Removed when it is dropped.
    _folder: tempfile::TempDir,
}

impl Theirs {
    fn new() -> Result<Self> {
        if !Path::new(MEMORY_FOLDER).is_dir() {
            return Err(Skipped("there is no /dev/shm, a file system in memory").into());
        }
        let folder = tempfile::tempdir_in(MEMORY_FOLDER)?;
        crate::files::create_folder(&folder.path().join("some/folder"))?;
        let mut wasi = WasiCtxBuilder::new();
        // As fast as it goes: otherwise another thread reads and writes.
        wasi.allow_blocking_current_thread(true);
        wasi.preopened_dir(folder.path(), "/", FsPerms::ReadWrite)?;
        let runtime = runtime()?;
        let mut linker = Linker::new(runtime.engine());
        p1::add_to_linker_sync(&mut linker, |context: &mut WasiP1Ctx| context)?;
        let mut store = Store::new(runtime.engine(), wasi.build_p1());
        let disk = Disk::instantiate(&mut store, &linker, &Disk::load(&runtime)?)?;
        disk.begin(&mut store)?;
        Ok(Self { store, disk, _folder: folder })
    }
}

/// The guest on virtual files.
fn ours() -> Result<DiskSession> {
    let mut files = Files::new();
    files.create_dir_all("some/folder")?;
    let mut session = DiskSession::new(&runtime()?, (), Wasi::new().files(&files, "/"))?;
    session.begin()?;
    Ok(session)
}

/// Reads of a file of 4 MiB, which is larger than the cache of a core.
pub(crate) fn read() -> Result<f64> {
    reads(OPERATIONS)
}

/// Reads of a file of 256 KiB.
pub(crate) fn read_small() -> Result<f64> {
    reads(FEW)
}

/// Writes of a file of 4 MiB, which is larger than the cache of a core.
pub(crate) fn write() -> Result<f64> {
    writes(OPERATIONS)
}

/// Writes of a file of 256 KiB.
pub(crate) fn write_small() -> Result<f64> {
    writes(FEW)
}

fn reads(times: i32) -> Result<f64> {
    let (mut ours, mut theirs) = (ours()?, Theirs::new()?);
    check(ours.write(times)?, times)?;
    check(theirs.disk.write(&mut theirs.store, times)?, times)?;
    let fastest = fastest_of(
        TURNS,
        || {
            ours.rewind()?;
            time(|| check(ours.read(times)?, times))
        },
        || {
            theirs.disk.rewind(&mut theirs.store)?;
            time(|| check(theirs.disk.read(&mut theirs.store, times)?, times))
        },
    )?;
    Ok(fastest.ratio())
}

fn writes(times: i32) -> Result<f64> {
    let (mut ours, mut theirs) = (ours()?, Theirs::new()?);
    let fastest = fastest_of(
        TURNS,
        || {
            ours.rewind()?;
            time(|| check(ours.write(times)?, times))
        },
        || {
            theirs.disk.rewind(&mut theirs.store)?;
            time(|| check(theirs.disk.write(&mut theirs.store, times)?, times))
        },
    )?;
    Ok(fastest.ratio())
}

pub(crate) fn open() -> Result<f64> {
    let (mut ours, mut theirs) = (ours()?, Theirs::new()?);
    let fastest = fastest_of(
        TURNS,
        || time(|| Ok(ours.open(OPERATIONS)?)),
        || time(|| Ok(theirs.disk.open(&mut theirs.store, OPERATIONS)?)),
    )?;
    Ok(fastest.ratio())
}

/// Microseconds of a clone of 10,000 files.
pub(crate) fn clone_us() -> Result<f64> {
    let files = many()?;
    let fastest = fastest(|| time(|| Ok(files.clone())))?;
    Ok(fastest.as_secs_f64() * 1e6)
}

/// Microseconds of the first write of 4 KiB to a file of 64 KiB after a clone.
pub(crate) fn first_write_us() -> Result<f64> {
    let mut files = many()?;
    files.write("some/folder/file.bin", vec![1; 64 << 10])?;
    let runtime = runtime()?;
    let wasi = Wasi::new().files(&files, "/");
    let fastest = fastest(|| {
        let mut session = DiskSession::new(&runtime, (), wasi.clone())?;
        session.begin()?;
        time(|| if session.write(1)? == PAGE { Ok(()) } else { Err("it was not written".into()) })
    })?;
    Ok(fastest.as_secs_f64() * 1e6)
}

fn many() -> Result<Files> {
    let mut files = Files::new();
    for index in 0..10_000 {
        files.write(&format!("{}/{}/{index}", index % 10, index / 10 % 10), "text")?;
    }
    Ok(files)
}

fn fastest(mut run: impl FnMut() -> Result<Duration>) -> Result<Duration> {
    let mut fastest = Duration::MAX;
    for _ in 0..TURNS {
        fastest = fastest.min(run()?);
    }
    Ok(fastest)
}

fn check(bytes: i32, operations: i32) -> Result {
    if bytes == operations * PAGE { Ok(()) } else { Err(format!("{bytes} bytes").into()) }
}
