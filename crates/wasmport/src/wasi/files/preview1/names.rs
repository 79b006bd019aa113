//! Operations with paths on virtual files.

use super::context::{Found, Preview1};
use super::macros::open;
use super::values::{directory, filestat, follows};
use crate::wasi::files::fd::failed;
use crate::wasi::files::open_file::OpenFile;
use wasmtime_wasi::p1::types::{self, Errno, Error};
use wiggle::{GuestMemory, GuestPtr};

type Result<T = ()> = std::result::Result<T, Error>;
type Memory<'a> = GuestMemory<'a>;

impl Preview1 {
    /// Returns two virtual directories.
    pub(super) fn both(&mut self, from: types::Fd, to: types::Fd) -> Result<(OpenFile, OpenFile)> {
        let from = directory(open!(self, from))?.file.clone();
        let to = directory(open!(self, to))?.file.clone();
        Ok((from, to))
    }

    /// Returns the numbers of Wasmtime for two directories, unless one is virtual.
    pub(super) fn both_real(
        &mut self,
        from: types::Fd,
        to: types::Fd,
    ) -> Result<Option<(types::Fd, types::Fd)>> {
        let from = match self.find(from)? {
            Found::Real(from) => Some(from),
            Found::Virtual(_) => None,
        };
        let to = match self.find(to)? {
            Found::Real(to) => Some(to),
            Found::Virtual(_) => None,
        };
        match (from, to) {
            (Some(from), Some(to)) => Ok(Some((from, to))),
            (None, None) => Ok(None),
            _ => Err(Errno::Xdev.into()),
        }
    }

    pub(super) fn virtual_path_create_directory(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        path: GuestPtr<str>,
    ) -> Result {
        let (path, now) = (self.text(memory, path)?, self.now());
        directory(open!(self, fd))?.file.create_directory_at(&path, now).map_err(failed)
    }

    pub(super) fn virtual_path_filestat_get(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        flags: types::Lookupflags,
        path: GuestPtr<str>,
    ) -> Result<types::Filestat> {
        let path = self.text(memory, path)?;
        let open = directory(open!(self, fd))?;
        let stat = open.file.stat_at(&path, follows(flags)).map_err(failed)?;
        Ok(filestat(&stat, open.device_number))
    }

    pub(super) fn virtual_path_readlink(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        path: GuestPtr<str>,
        buf: GuestPtr<u8>,
        len: types::Size,
    ) -> Result<types::Size> {
        let path = self.text(memory, path)?;
        let target = directory(open!(self, fd))?.file.readlink_at(&path).map_err(failed)?;
        let count = target.len().min(len as usize);
        memory.copy_from_slice(&target.as_bytes()[..count], buf.as_array(count as u32))?;
        Ok(count as u32)
    }

    pub(super) fn virtual_path_remove_directory(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        path: GuestPtr<str>,
    ) -> Result {
        let (path, now) = (self.text(memory, path)?, self.now());
        directory(open!(self, fd))?.file.remove_directory_at(&path, now).map_err(failed)
    }

    pub(super) fn virtual_path_unlink_file(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        path: GuestPtr<str>,
    ) -> Result {
        let (path, now) = (self.text(memory, path)?, self.now());
        directory(open!(self, fd))?.file.unlink_file_at(&path, now).map_err(failed)
    }
}
