//! `OpenFile`: an open virtual file, directory or device, with the operations that all previews have.
//!
//! Errors are those of Wasmtime's own files for the same call.

mod names;

use super::device::SharedDevice;
#[cfg(feature = "component-model")]
use super::device::{PART, repeat};
use crate::vfs::{
    Disk, FileError, FileType, Handle, Inode, NewTime, OpenOptions, ROOT, Stat, State,
};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

type Result<T = ()> = std::result::Result<T, FileError>;

/// Most bytes that one call of a component reads: the same as Wasmtime's.
#[cfg(feature = "component-model")]
pub(in crate::wasi) const READ_BYTES: usize = 64 << 10;

/// An open virtual file, directory or device. Clones share it; the node exists until the last one is dropped.
#[derive(Clone)]
pub(in crate::wasi) struct OpenFile {
    // A handle locks its disk when it is dropped: none may be while the disk is locked.
    handle: Arc<Handle>,
    pub kind: FileType,
    pub reads: bool,
    pub writes: bool,
    #[cfg(feature = "component-model")]
    is_mounted: bool,
    /// The device, if the node is one.
    device: Option<SharedDevice>,
}

/// The way in which a guest opens a path.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::wasi) struct OpenRequest {
    pub follow: bool,
    pub create: bool,
    pub directory: bool,
    pub exclusive: bool,
    pub truncate: bool,
    pub read: bool,
    pub write: bool,
}

impl OpenRequest {
    /// Returns the options of virtual files, and whether the file may be read. Like Wasmtime's files, one that is
    /// created or truncated is open for writing, and one that is not asked to be written is open for reading.
    fn options(self) -> Result<(OpenOptions, bool)> {
        if self.directory && (self.create || self.exclusive || self.truncate) {
            return Err(FileError::Invalid);
        }
        let options = OpenOptions {
            follow: self.follow,
            create: self.create,
            exclusive: self.create && self.exclusive,
            directory: self.directory,
            truncate: self.truncate,
            write: self.write || self.create || self.truncate,
        };
        Ok((options, self.read || !self.write))
    }
}

/// The position of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wasi) enum Position {
    Offset(u64),
    End,
}

#[cfg(feature = "component-model")]
impl Position {
    /// Returns the position after a write of `count` bytes.
    pub fn after(self, count: usize) -> Self {
        match self {
            Self::Offset(offset) => Self::Offset(offset.saturating_add(count as u64)),
            Self::End => Self::End,
        }
    }
}

impl OpenFile {
    /// Opens the root of a disk.
    pub fn mounted(disk: &Disk) -> Self {
        let handle = Arc::new(disk.open(&mut disk.lock(), ROOT));
        Self {
            handle,
            kind: FileType::Directory,
            reads: true,
            writes: false,
            #[cfg(feature = "component-model")]
            is_mounted: true,
            device: None,
        }
    }

    pub fn disk(&self) -> &Disk {
        self.handle.disk()
    }

    pub fn inode(&self) -> Inode {
        self.handle.inode
    }

    /// Returns the device, if it is one.
    pub(super) fn device(&self) -> Option<&SharedDevice> {
        self.device.as_ref()
    }

    /// Returns whether both are the same file or directory, perhaps opened by different names.
    #[cfg(feature = "component-model")]
    pub fn is_same(&self, other: &Self) -> bool {
        self.disk().is(other.disk()) && self.inode() == other.inode()
    }

    /// Returns the number of the file.
    fn file(&self) -> Result<Inode> {
        if self.kind == FileType::File { Ok(self.inode()) } else { Err(FileError::BadDescriptor) }
    }

    /// Fails for a directory: it has no bytes.
    pub fn check_bytes(&self) -> Result {
        if self.kind == FileType::Directory { Err(FileError::BadDescriptor) } else { Ok(()) }
    }

    /// Returns the number of the directory.
    pub fn directory(&self) -> Result<Inode> {
        if self.kind == FileType::Directory {
            Ok(self.inode())
        } else {
            Err(FileError::NotDirectory)
        }
    }

    /// Returns whether it is a mounted directory that guests may change. Wasmtime reports it for these alone.
    #[cfg(feature = "component-model")]
    pub fn mutates_directory(&self) -> bool {
        self.is_mounted
            && self.disk().lock().tree.node(self.inode()).is_ok_and(|node| !node.is_read_only)
    }

    pub fn stat(&self) -> Result<Stat> {
        self.disk().lock().tree.stat(self.inode())
    }

    /// Notes that it was read.
    pub fn touch(&self, now: u64) {
        self.disk().lock().tree.touch(self.inode(), now);
    }

    pub fn set_times(&self, accessed: NewTime, modified: NewTime, now: u64) -> Result {
        self.disk().lock().tree.set_times(self.inode(), accessed, modified, now)
    }

    /// Does nothing: virtual files are always stored. As on Linux, it fails for a device.
    pub fn sync(&self) -> Result {
        if self.device.is_some() { Err(FileError::Invalid) } else { Ok(()) }
    }

    /// Returns whether a read ends at once, as that of a file does; otherwise wakes `context` when it does.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.device.as_ref().map_or(Poll::Ready(()), |device| device.poll_readable(context))
    }

    /// Returns whether a write ends at once, as that of a file does; otherwise wakes `context` when it does.
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.device.as_ref().map_or(Poll::Ready(()), |device| device.poll_writable(context))
    }
}

/// Reading and writing files.
impl OpenFile {
    /// Begins to read a file at `offset`.
    pub fn reader(&self, offset: u64) -> Result<Reader<'_>> {
        let inode = self.file()?;
        check_offset(offset)?;
        if !self.reads {
            return Err(FileError::BadDescriptor);
        }
        Ok(Reader { state: self.disk().lock_loaded(inode), inode, offset })
    }

    /// Begins to write a file.
    pub fn writer(&self, position: Position, now: u64) -> Result<Writer<'_>> {
        let inode = self.file()?;
        if let Position::Offset(offset) = position {
            check_offset(offset)?;
        }
        if !self.writes {
            return Err(FileError::BadDescriptor);
        }
        let state = self.disk().lock_loaded(inode);
        let offset = match position {
            Position::Offset(offset) => offset,
            Position::End => state.tree.file(inode)?.len(),
        };
        let left = state.tree.limits.write_bytes.min(MOST_WRITTEN);
        Ok(Writer { state, inode, offset, left, now })
    }

    pub fn set_size(&self, size: u64, now: u64) -> Result {
        if self.device.is_some() {
            return Err(FileError::Invalid);
        }
        let inode = self.file()?;
        // Linux has these errors for `ftruncate`.
        if !self.writes || i64::try_from(size).is_err() {
            return Err(FileError::Invalid);
        }
        let disk = self.disk();
        let mut state = if size == 0 { disk.lock() } else { disk.lock_loaded(inode) };
        state.tree.set_len(inode, size, now)
    }
}

/// Most bytes that one call writes: preview 1 returns their number in 32 bits.
const MOST_WRITTEN: usize = u32::MAX as usize;

/// A file that one call reads. The disk is locked until the call ends.
pub(in crate::wasi) struct Reader<'a> {
    state: MutexGuard<'a, State>,
    inode: Inode,
    offset: u64,
}

impl Reader<'_> {
    /// Reads the next bytes, and returns how many there were.
    pub fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        let count = self.state.tree.read(self.inode, self.offset, to)?;
        self.offset += count as u64;
        Ok(count)
    }

    /// Returns the offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the number of bytes up to the end of the file.
    #[cfg(feature = "component-model")]
    fn left(&self) -> Result<u64> {
        Ok(self.state.tree.file(self.inode)?.len().saturating_sub(self.offset))
    }

    /// Ends a call that has succeeded. Returns whether [`OpenFile::touch`] must follow.
    #[must_use]
    pub fn finish(self) -> bool {
        self.state.tree.is_first_read(self.inode)
    }
}

/// A file that one call writes. The disk is locked until the call ends.
pub(in crate::wasi) struct Writer<'a> {
    state: MutexGuard<'a, State>,
    inode: Inode,
    offset: u64,
    left: usize,
    now: u64,
}

impl Writer<'_> {
    /// Writes the next bytes, and returns how many were written: not more than [`Self::left`]. If there are none, the
    /// file does not change.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let bytes = &bytes[..bytes.len().min(self.left)];
        if bytes.is_empty() {
            return Ok(0);
        }
        let count = self.state.tree.write(self.inode, self.offset, bytes, self.now)?;
        self.offset += count as u64;
        self.left -= count;
        Ok(count)
    }

    /// Returns the offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns how many more bytes the call may write.
    pub fn left(&self) -> usize {
        self.left
    }
}

/// Reading and writing files and devices, as components do. Devices ignore positions, and fail with `WouldBlock`
/// if they are not ready.
#[cfg(feature = "component-model")]
impl OpenFile {
    /// Reads at most `most` bytes at `offset`; none at the end of the file.
    pub fn read(&self, offset: u64, most: usize, now: u64) -> Result<Vec<u8>> {
        if let Some(device) = self.open_device(self.reads)? {
            let mut bytes = vec![0; most.min(PART)];
            let count = device.read(&mut bytes)?;
            bytes.truncate(count);
            return Ok(bytes);
        }
        let mut reader = self.reader(offset)?;
        let left = usize::try_from(reader.left()?).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(most).min(READ_BYTES)];
        let count = reader.read(&mut bytes)?;
        bytes.truncate(count);
        if reader.finish() {
            self.touch(now);
        }
        Ok(bytes)
    }

    /// Like [`Self::read`], and waits until a device is ready.
    pub async fn read_or_wait(&self, offset: u64, most: usize, now: u64) -> Result<Vec<u8>> {
        repeat(|| self.read(offset, most, now), |context| self.poll_readable(context)).await
    }

    /// Copies bytes at `offset` into `to`, and returns how many there were.
    #[cfg(feature = "wasi-p3")]
    pub fn read_into(&self, offset: u64, to: &mut [u8], now: u64) -> Result<usize> {
        if let Some(device) = self.open_device(self.reads)? {
            return device.read(to);
        }
        let mut reader = self.reader(offset)?;
        let count = reader.read(to)?;
        if reader.finish() {
            self.touch(now);
        }
        Ok(count)
    }

    /// Writes bytes, and returns how many were written.
    pub fn write(&self, position: Position, bytes: &[u8], now: u64) -> Result<usize> {
        if let Some(device) = self.open_device(self.writes)? {
            return device.write(bytes);
        }
        self.writer(position, now)?.write(bytes)
    }

    /// Like [`Self::write`], and waits until a device is ready.
    pub async fn write_or_wait(&self, position: Position, bytes: &[u8], now: u64) -> Result<usize> {
        repeat(|| self.write(position, bytes, now), |context| self.poll_writable(context)).await
    }

    /// Returns how many bytes one call may write.
    pub fn write_bytes(&self) -> usize {
        self.disk().lock().tree.limits.write_bytes
    }

    /// Returns the device, if it is one, and if it is open for this.
    fn open_device(&self, is_open: bool) -> Result<Option<&SharedDevice>> {
        match &self.device {
            Some(_) if !is_open => Err(FileError::BadDescriptor),
            device => Ok(device.as_ref()),
        }
    }
}

/// Fails for an offset that no file of an operating system can have.
fn check_offset(offset: u64) -> Result {
    if i64::try_from(offset).is_ok() { Ok(()) } else { Err(FileError::Invalid) }
}
