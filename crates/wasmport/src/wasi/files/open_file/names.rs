//! Operations of open directories, with paths that start there.

use super::{OpenFile, OpenRequest, Result};
use crate::vfs::{DeviceSession, FileError, Inode, NewTime, Stat, State};
use crate::wasi::files::device::SharedDevice;
use crate::wasi::files::listing::Listing;
use crate::wasi::files::slots::Slots;
use std::sync::Arc;

impl OpenFile {
    /// Opens a path. Devices use `devices`.
    pub fn open_at(
        &self,
        path: &str,
        request: OpenRequest,
        devices: Option<&dyn DeviceSession>,
        now: u64,
    ) -> Result<Self> {
        let start = self.directory()?;
        let (options, reads) = request.options()?;
        let mut state = self.disk().lock();
        let inode = state.tree.open(start, path, options, now)?;
        let kind = state.tree.stat(inode)?.kind;
        let device = state.tree.device(inode).ok().cloned();
        let handle = Arc::new(self.disk().open(&mut state, inode));
        // A device is the program's code, which may use the files.
        drop(state);
        let device = match device {
            Some(device) => {
                let session = devices.ok_or(FileError::NoDevice)?;
                Some(SharedDevice::new(device.open(session)?))
            }
            None => None,
        };
        Ok(Self {
            handle,
            kind,
            reads,
            writes: options.write,
            #[cfg(feature = "component-model")]
            is_mounted: false,
            device,
        })
    }

    /// Lists the directory as it is now, for a session with these slots.
    pub fn list(&self, slots: &Slots, now: u64) -> Result<Listing> {
        let inode = self.directory()?;
        let mut state = self.disk().lock();
        let listing = Listing::new(self.disk(), &state, inode, slots)?;
        state.tree.touch(inode, now);
        Ok(listing)
    }

    pub fn stat_at(&self, path: &str, follow: bool) -> Result<Stat> {
        let start = self.directory()?;
        let state = self.disk().lock();
        state.tree.stat_at(&state.tree.resolve(start, path, follow)?)
    }

    pub fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        times: (NewTime, NewTime),
        now: u64,
    ) -> Result {
        self.change(|state, start| {
            let place = state.tree.resolve(start, path, follow)?;
            let inode = state.tree.stat_at(&place)?.inode;
            state.tree.set_times(inode, times.0, times.1, now)
        })
    }

    pub fn create_directory_at(&self, path: &str, now: u64) -> Result {
        self.change(|state, start| state.tree.create_directory(start, path, now))
    }

    pub fn symlink_at(&self, target: &str, path: &str, now: u64) -> Result {
        self.change(|state, start| state.tree.symlink(start, path, target, now))
    }

    pub fn readlink_at(&self, path: &str) -> Result<String> {
        let start = self.directory()?;
        self.disk().lock().tree.read_link(start, path).map(|target| target.to_string())
    }

    pub fn unlink_file_at(&self, path: &str, now: u64) -> Result {
        self.change(|state, start| {
            let removed = state.tree.unlink(start, path, now)?;
            state.unnamed(removed);
            Ok(())
        })
    }

    pub fn remove_directory_at(&self, path: &str, now: u64) -> Result {
        self.change(|state, start| {
            let removed = state.tree.remove_directory(start, path, now)?;
            state.unnamed(removed);
            Ok(())
        })
    }

    /// Gives a file below this directory another name below `to`.
    pub fn link_at(&self, follow: bool, path: &str, to: &Self, new_path: &str, now: u64) -> Result {
        let (from, to) = self.both(to)?;
        // Wasmtime has no such links.
        if follow {
            return Err(FileError::Invalid);
        }
        self.disk().lock().tree.link((from, path), (to, new_path), now)
    }

    /// Moves a file or directory below this directory to a path below `to`.
    pub fn rename_at(&self, path: &str, to: &Self, new_path: &str, now: u64) -> Result {
        let (from, to) = self.both(to)?;
        let mut state = self.disk().lock();
        let replaced = state.tree.rename((from, path), (to, new_path), now)?;
        state.unnamed(replaced);
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut State, Inode) -> Result) -> Result {
        let start = self.directory()?;
        change(&mut self.disk().lock(), start)
    }

    /// Returns the numbers of two directories of one disk.
    fn both(&self, other: &Self) -> Result<(Inode, Inode)> {
        let (from, to) = (self.directory()?, other.directory()?);
        if self.disk().is(other.disk()) { Ok((from, to)) } else { Err(FileError::CrossDevice) }
    }
}
