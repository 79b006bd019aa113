//! Preview 1: `fd_filestat_get`, `path_filestat_get` and `fd_readdir`.
//!
//! They read and write preview 1's
//! [`filestat` and `dirent`](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md).

use super::seen_files::{LINKS, SeenFiles};
use super::state::{GuestState, ready};
use std::ops::Range;
use wasmtime::{AsContextMut as _, Caller, Extern, Linker, Result, bail};
use wasmtime_wasi::p1::{WasiP1Ctx, wasi_snapshot_preview1 as wasi};
use wiggle::GuestMemory;

const MODULE: &str = "wasi_snapshot_preview1";

const SUCCESS: i32 = 0;
const EFAULT: i32 = 21;
const ENOMEM: i32 = 48;

/// The fields of a `filestat`.
const DEVICE: Range<usize> = 0..8;
const INODE: Range<usize> = 8..16;
const TYPE: usize = 16;
const LINK_COUNT: Range<usize> = 24..32;
const SIZE: Range<usize> = 32..40;
const TIMES: Range<usize> = 40..64;

const DIRECTORY: u8 = 3;

/// The size of a `dirent` without the name, and its fields.
const DIRENT: usize = 24;
const NEXT: Range<usize> = 0..8;
const ENTRY_INODE: Range<usize> = 8..16;
const NAME_LENGTH: Range<usize> = 16..20;

/// The size of the first buffer for the entries of a directory, and the size at which listing fails.
const FIRST_BUFFER: usize = 16 << 10;
const LARGEST_BUFFER: usize = 256 << 20;

/// Replaces the functions of Wasmtime in `linker`.
///
/// # Errors
///
/// Fails if Wasmtime refuses a function.
pub(super) fn replace(linker: &mut Linker<GuestState>) -> Result<()> {
    linker.allow_shadowing(true);
    linker.func_wrap(MODULE, "fd_filestat_get", fd_filestat_get)?;
    linker.func_wrap(MODULE, "path_filestat_get", path_filestat_get)?;
    linker.func_wrap(MODULE, "fd_readdir", fd_readdir)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn fd_filestat_get(mut caller: Caller<'_, GuestState>, fd: i32, stat: i32) -> Result<i32> {
    let (memory, wasi, files) = parts(&mut caller)?;
    let mut guest = GuestMemory::Unshared(memory);
    let found = ready(wasi::fd_filestat_get(wasi, &mut guest, fd, stat))??;
    Ok(if found == SUCCESS { normalize_stat(memory, stat, files) } else { found })
}

fn path_filestat_get(
    mut caller: Caller<'_, GuestState>,
    folder: i32,
    flags: i32,
    path: i32,
    path_len: i32,
    stat: i32,
) -> Result<i32> {
    let (memory, wasi, files) = parts(&mut caller)?;
    let mut guest = GuestMemory::Unshared(memory);
    let found =
        ready(wasi::path_filestat_get(wasi, &mut guest, folder, flags, path, path_len, stat))??;
    Ok(if found == SUCCESS { normalize_stat(memory, stat, files) } else { found })
}

fn fd_readdir(
    mut caller: Caller<'_, GuestState>,
    fd: i32,
    buffer: i32,
    buffer_len: i32,
    cookie: i64,
    used: i32,
) -> Result<i32> {
    let (memory, wasi, files) = parts(&mut caller)?;
    let entries = match entries(wasi, fd)? {
        Ok(entries) => sorted(&entries, files),
        Err(errno) => return Ok(errno),
    };
    let first = usize::try_from(cookie).unwrap_or(usize::MAX);
    let mut bytes = entries.into_iter().skip(first).flatten().collect::<Vec<u8>>();
    bytes.truncate(buffer_len.cast_unsigned() as usize);
    let len = u32::try_from(bytes.len())?;
    Ok(match (write(memory, buffer, &bytes), write(memory, used, &len.to_le_bytes())) {
        (Some(()), Some(())) => SUCCESS,
        _ => EFAULT,
    })
}

/// Returns the memory of the guest, its WASI, and the files that it has met.
fn parts<'a>(
    caller: &'a mut Caller<'_, GuestState>,
) -> Result<(&'a mut [u8], &'a mut WasiP1Ctx, &'a mut SeenFiles)> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        bail!("the module calls WASI and exports no memory that is not shared")
    };
    let fuel = caller.as_context_mut().hostcall_fuel();
    let (memory, GuestState { wasi, files, .. }) = memory.data_and_store_mut(caller);
    wasi::WasiSnapshotPreview1::set_hostcall_fuel(wasi, fuel);
    Ok((memory, wasi, files))
}

/// Returns all entries of a directory, as Wasmtime writes them, or the error number.
fn entries(wasi: &mut WasiP1Ctx, fd: i32) -> Result<std::result::Result<Vec<u8>, i32>> {
    // The length of the entries stands in front of them.
    const START: usize = 8;
    let mut len = FIRST_BUFFER;
    while len <= LARGEST_BUFFER {
        let mut buffer = vec![0; START + len];
        let mut scratch = GuestMemory::Unshared(&mut buffer);
        let (at, max) = (i32::try_from(START)?, i32::try_from(len)?);
        match ready(wasi::fd_readdir(wasi, &mut scratch, fd, at, max, 0, 0))?? {
            SUCCESS => {}
            errno => return Ok(Err(errno)),
        }
        let used = number(&buffer, 0..4).unwrap_or_default();
        let used = usize::try_from(used)?;
        if used < len {
            buffer.truncate(START + used);
            return Ok(Ok(buffer.split_off(START)));
        }
        len *= 2;
    }
    Ok(Err(ENOMEM))
}

/// Returns the entries with the directory itself and its parent first and the others by name.
fn sorted(bytes: &[u8], files: &mut SeenFiles) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some(name) = number(rest, NAME_LENGTH) {
        let len = DIRENT.saturating_add(usize::try_from(name).unwrap_or(usize::MAX));
        let Some((entry, others)) = rest.split_at_checked(len) else { break };
        entries.push(entry.to_vec());
        rest = others;
    }
    let others = entries.get_mut(2..).unwrap_or_default();
    others.sort_by(|a, b| a.get(DIRENT..).cmp(&b.get(DIRENT..)));
    for (entry, next) in entries.iter_mut().zip(1_u64..) {
        let inode = files.number(number(entry, ENTRY_INODE).unwrap_or_default());
        for (field, value) in [(NEXT, next), (ENTRY_INODE, inode)] {
            set(entry, field, value);
        }
    }
    entries
}

/// Removes from a `filestat` everything but the kind of the file, its number and its size.
fn normalize_stat(memory: &mut [u8], stat: i32, files: &mut SeenFiles) -> i32 {
    let start = stat.cast_unsigned() as usize;
    let Some(stat) = memory.get_mut(start..).and_then(|rest| rest.get_mut(..TIMES.end)) else {
        return EFAULT;
    };
    // Standard input and output have neither a device nor an inode.
    if number(stat, DEVICE) != Some(0) {
        let inode = files.number(number(stat, INODE).unwrap_or_default());
        set(stat, INODE, inode);
        set(stat, LINK_COUNT, LINKS);
    }
    if stat.get(TYPE) == Some(&DIRECTORY) {
        set(stat, SIZE, 0);
    }
    if let Some(times) = stat.get_mut(TIMES) {
        times.fill(0);
    }
    SUCCESS
}

/// Reads a little-endian number of up to 8 bytes.
fn number(bytes: &[u8], field: Range<usize>) -> Option<u64> {
    let bytes = bytes.get(field)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn set(bytes: &mut [u8], field: Range<usize>, value: u64) {
    if let Some(field) = bytes.get_mut(field) {
        field.copy_from_slice(&value.to_le_bytes());
    }
}

fn write(memory: &mut [u8], at: i32, bytes: &[u8]) -> Option<()> {
    let rest = memory.get_mut(at.cast_unsigned() as usize..)?;
    rest.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(())
}
