//! The descriptors of a guest with virtual files: its own numbers for those of Wasmtime, and open virtual files.

use super::listing::Listing;
use super::open_file::OpenFile;
use super::slots::{Slot, Slots};
use crate::vfs::{Disk, FileError};
use std::sync::Arc;
use wasmtime_wasi::p1::types::{Errno, Error, Fdflags};

/// The device number of the first mount. Wasmtime's files have 1.
const FIRST_DEVICE: u64 = 2;

/// A descriptor.
pub(super) enum Fd {
    /// One of Wasmtime's: a standard stream, or below a folder of the disk. Its number there.
    Real(u32),
    Virtual(Open),
}

/// A descriptor of a virtual file.
pub(super) struct Open {
    pub file: OpenFile,
    /// The path of the guest at which it was mounted.
    pub mounted: Option<Arc<str>>,
    /// The number of the mount. Two files with the same one and the same number are the same.
    pub device_number: u64,
    pub position: u64,
    pub flags: Fdflags,
    /// The names of the directory since the guest began to read it.
    pub listing: Option<Listing>,
}

impl Open {
    pub fn new(file: OpenFile, device_number: u64) -> Self {
        Self {
            file,
            mounted: None,
            device_number,
            position: 0,
            flags: Fdflags::empty(),
            listing: None,
        }
    }

    /// Opens the root of a disk, as it is mounted at a path of the guest. `index` is that of the first mount of the
    /// disk.
    pub fn mounted(disk: &Disk, path: &str, index: usize) -> Self {
        let device_number = FIRST_DEVICE + index as u64;
        Self { mounted: Some(path.into()), ..Self::new(OpenFile::mounted(disk), device_number) }
    }
}

/// All descriptors of a guest, by their numbers.
pub(in crate::wasi) struct Fds {
    open: Vec<Option<(Fd, Slot)>>,
    slots: Slots,
}

impl Fds {
    pub(super) fn new(slots: Slots) -> Self {
        Self { open: Vec::new(), slots }
    }

    pub(super) fn get(&self, fd: u32) -> Result<&Fd, Errno> {
        let open = self.open.get(fd as usize).and_then(Option::as_ref);
        open.map(|(fd, _)| fd).ok_or(Errno::Badf)
    }

    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Fd, Errno> {
        let open = self.open.get_mut(fd as usize).and_then(Option::as_mut);
        open.map(|(fd, _)| fd).ok_or(Errno::Badf)
    }

    pub(super) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Takes a slot for one more descriptor.
    pub(super) fn take_slot(&self) -> Result<Slot, Errno> {
        self.slots.take().map_err(errno)
    }

    /// Adds a descriptor with the lowest free number.
    pub(super) fn add(&mut self, fd: Fd, slot: Slot) -> Result<u32, Errno> {
        let free = self.open.iter().position(Option::is_none);
        let index = free.unwrap_or(self.open.len());
        let number = u32::try_from(index).map_err(|_| Errno::Mfile)?;
        if index == self.open.len() {
            self.open.push(None);
        }
        self.open[index] = Some((fd, slot));
        Ok(number)
    }

    /// Adds a descriptor that the guest has from the start.
    pub(super) fn add_always(&mut self, fd: Fd) {
        let slot = self.slots.take_always();
        let _ = self.add(fd, slot);
    }

    pub(super) fn remove(&mut self, fd: u32) -> Result<Fd, Errno> {
        let removed = self.open.get_mut(fd as usize).and_then(Option::take);
        removed.map(|(fd, _)| fd).ok_or(Errno::Badf)
    }

    /// Gives a descriptor another number, and returns what had it.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Fd>, Errno> {
        let _ = (self.get(from)?, self.get(to)?);
        if from == to {
            return Ok(None);
        }
        let moved = self.open[from as usize].take();
        let replaced = std::mem::replace(&mut self.open[to as usize], moved);
        Ok(replaced.map(|(fd, _)| fd))
    }
}

/// The error of WASI for an error of virtual files.
pub(super) fn errno(error: FileError) -> Errno {
    match error {
        FileError::BadDescriptor => Errno::Badf,
        FileError::Exist => Errno::Exist,
        FileError::Invalid => Errno::Inval,
        FileError::IsDirectory => Errno::Isdir,
        FileError::Loop => Errno::Loop,
        FileError::NameTooLong => Errno::Nametoolong,
        FileError::NoEntry => Errno::Noent,
        FileError::InsufficientSpace => Errno::Nospc,
        FileError::NotDirectory => Errno::Notdir,
        FileError::NotEmpty => Errno::Notempty,
        FileError::NotPermitted => Errno::Perm,
        FileError::ReadOnly => Errno::Rofs,
        FileError::FileTooLarge => Errno::Fbig,
        FileError::TooManyOpen => Errno::Mfile,
        FileError::CrossDevice => Errno::Xdev,
        FileError::NoDevice => Errno::Nxio,
        FileError::WouldBlock => Errno::Again,
        FileError::Io => Errno::Io,
    }
}

pub(super) fn failed(error: FileError) -> Error {
    errno(error).into()
}
