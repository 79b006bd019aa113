//! Values of preview 1 for those of virtual files.

use crate::vfs::{DeviceKind, FileType, NewTime, Stat};
use crate::wasi::files::device::SharedDevice;
use crate::wasi::files::fd::Open;
use wasmtime_wasi::p1::types::{self, Errno, Error};

type Result<T = ()> = std::result::Result<T, Error>;

/// The open directory of a number.
pub(super) fn directory(open: &mut Open) -> Result<&mut Open> {
    if open.file.kind == FileType::Directory { Ok(open) } else { Err(Errno::Badf.into()) }
}

pub(super) fn file(open: &mut Open) -> Result<&mut Open> {
    if open.file.kind == FileType::File { Ok(open) } else { Err(Errno::Badf.into()) }
}

pub(super) fn file_type(kind: FileType) -> types::Filetype {
    match kind {
        FileType::File => types::Filetype::RegularFile,
        FileType::Directory => types::Filetype::Directory,
        FileType::Link => types::Filetype::SymbolicLink,
        FileType::CharacterDevice => types::Filetype::CharacterDevice,
    }
}

pub(super) fn filestat(stat: &Stat, device_number: u64) -> types::Filestat {
    types::Filestat {
        dev: device_number,
        ino: stat.inode,
        filetype: file_type(stat.kind),
        nlink: stat.links,
        size: stat.size,
        atim: stat.times.accessed,
        mtim: stat.times.modified,
        ctim: stat.times.changed,
    }
}

pub(super) fn new_time(set: bool, time: u64, now: bool) -> Result<NewTime> {
    match (set, now) {
        (true, true) => Err(Errno::Inval.into()),
        (true, false) => Ok(NewTime::At(time)),
        (false, true) => Ok(NewTime::Now),
        (false, false) => Ok(NewTime::Keep),
    }
}

pub(super) fn new_times(
    atim: u64,
    mtim: u64,
    flags: types::Fstflags,
) -> Result<(NewTime, NewTime)> {
    use types::Fstflags;
    let has = |flag| flags.contains(flag);
    Ok((
        new_time(has(Fstflags::ATIM), atim, has(Fstflags::ATIM_NOW))?,
        new_time(has(Fstflags::MTIM), mtim, has(Fstflags::MTIM_NOW))?,
    ))
}

pub(super) fn follows(flags: types::Lookupflags) -> bool {
    flags.contains(types::Lookupflags::SYMLINK_FOLLOW)
}

/// Fails for a position that no file can have.
pub(super) fn check_position(position: u64) -> Result {
    if i64::try_from(position).is_ok() { Ok(()) } else { Err(Errno::Inval.into()) }
}

/// The rights that Wasmtime reports for a descriptor of this kind.
pub(super) fn fdstat(open: &Open) -> types::Fdstat {
    use types::Rights;
    let device = open.file.device().map(SharedDevice::kind);
    let fs_filetype = match device {
        Some(DeviceKind::Stream) => types::Filetype::Unknown,
        _ => file_type(open.file.kind),
    };
    let directory = Rights::PATH_CREATE_DIRECTORY
        | Rights::PATH_CREATE_FILE
        | Rights::PATH_LINK_SOURCE
        | Rights::PATH_LINK_TARGET
        | Rights::PATH_OPEN
        | Rights::FD_READDIR
        | Rights::PATH_READLINK
        | Rights::PATH_RENAME_SOURCE
        | Rights::PATH_RENAME_TARGET
        | Rights::PATH_SYMLINK
        | Rights::PATH_REMOVE_DIRECTORY
        | Rights::PATH_UNLINK_FILE
        | Rights::PATH_FILESTAT_GET
        | Rights::PATH_FILESTAT_SET_TIMES
        | Rights::FD_FILESTAT_GET
        | Rights::FD_FILESTAT_SET_TIMES;
    if open.mounted.is_some() {
        let file = Rights::FD_DATASYNC
            | Rights::FD_READ
            | Rights::FD_SEEK
            | Rights::FD_FDSTAT_SET_FLAGS
            | Rights::FD_SYNC
            | Rights::FD_TELL
            | Rights::FD_WRITE
            | Rights::FD_ADVISE
            | Rights::FD_ALLOCATE
            | Rights::FD_FILESTAT_SET_SIZE
            | Rights::POLL_FD_READWRITE;
        return types::Fdstat {
            fs_filetype,
            fs_flags: open.flags,
            fs_rights_base: directory,
            fs_rights_inheriting: directory | file,
        };
    }
    let mut rights = Rights::all();
    if device.is_some_and(|kind| kind != DeviceKind::Plain) {
        // The C library takes a character device without a position for a terminal.
        rights &= !(Rights::FD_SEEK | Rights::FD_TELL);
    }
    if open.file.kind == FileType::Directory {
        rights &=
            !(Rights::FD_SEEK | Rights::FD_FILESTAT_SET_SIZE | Rights::PATH_FILESTAT_SET_SIZE);
    }
    if !open.file.reads {
        rights &= !(Rights::FD_READ | Rights::FD_READDIR);
    }
    if !open.file.writes {
        rights &= !Rights::FD_WRITE;
    }
    types::Fdstat {
        fs_filetype,
        fs_flags: open.flags,
        fs_rights_base: rights,
        fs_rights_inheriting: rights,
    }
}
