//! Operations with descriptors of virtual files.

use super::context::{Found, Preview1};
use super::macros::{open, or_device};
use super::values::{fdstat, file, filestat};
use crate::wasi::files::fd::failed;
use wasmtime_wasi::p1::types::{self, Errno, Error};
use wiggle::{GuestMemory, GuestPtr};

type Result<T = ()> = std::result::Result<T, Error>;
type Memory<'a> = GuestMemory<'a>;

impl Preview1 {
    pub(super) fn virtual_advise(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
        _: types::Filesize,
        _: types::Filesize,
        _: types::Advice,
    ) -> Result {
        open!(self, fd).file.check_bytes().map_err(failed)
    }

    pub(super) fn virtual_allocate(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
        _: types::Filesize,
        _: types::Filesize,
    ) -> Result {
        let _ = file(open!(self, fd))?;
        // As in Wasmtime, which has no such call.
        Err(Errno::Notsup.into())
    }

    pub(super) fn virtual_datasync(&mut self, _: &mut Memory<'_>, fd: types::Fd) -> Result {
        let file = &open!(self, fd).file;
        file.check_bytes().and_then(|()| file.sync()).map_err(failed)
    }

    pub(super) fn virtual_fdstat_get(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
    ) -> Result<types::Fdstat> {
        let open = open!(self, fd);
        Ok(fdstat(open))
    }

    pub(super) fn virtual_fdstat_set_flags(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
        flags: types::Fdflags,
    ) -> Result {
        use types::Fdflags;
        let open = open!(self, fd);
        open.file.check_bytes().map_err(failed)?;
        if flags.intersects(Fdflags::DSYNC | Fdflags::SYNC | Fdflags::RSYNC) {
            return Err(Errno::Inval.into());
        }
        open.flags = flags;
        Ok(())
    }

    pub(super) fn virtual_fdstat_set_rights(
        &mut self,
        _: &mut Memory<'_>,
        _: types::Fd,
        _: types::Rights,
        _: types::Rights,
    ) -> Result {
        Err(Errno::Notsup.into())
    }

    pub(super) fn virtual_filestat_get(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
    ) -> Result<types::Filestat> {
        let open = open!(self, fd);
        let stat = open.file.stat().map_err(failed)?;
        Ok(filestat(&stat, open.device_number))
    }

    pub(super) fn virtual_filestat_set_size(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
        size: types::Filesize,
    ) -> Result {
        let now = self.now();
        open!(self, fd).file.set_size(size, now).map_err(failed)
    }

    pub(super) fn virtual_prestat_get(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
    ) -> Result<types::Prestat> {
        let mounted = open!(self, fd).mounted.as_ref().ok_or(Errno::Badf)?;
        let pr_name_len = u32::try_from(mounted.len()).map_err(|_| Errno::Overflow)?;
        Ok(types::Prestat::Dir(types::PrestatDir { pr_name_len }))
    }

    pub(super) fn virtual_prestat_dir_name(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        path: GuestPtr<u8>,
        most: types::Size,
    ) -> Result {
        let mounted = open!(self, fd).mounted.as_ref().ok_or(Errno::Notdir)?;
        if mounted.len() > most as usize {
            return Err(Errno::Nametoolong.into());
        }
        memory.copy_from_slice(mounted.as_bytes(), path.as_array(mounted.len() as u32))?;
        Ok(())
    }

    pub(super) fn virtual_seek(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
        offset: types::Filedelta,
        whence: types::Whence,
    ) -> Result<types::Filesize> {
        or_device!(self, fd, |device| device.check_position().map(|()| 0));
        let open = file(open!(self, fd))?;
        let from = match whence {
            types::Whence::Set => 0,
            types::Whence::Cur => open.position,
            types::Whence::End => open.file.stat().map_err(failed)?.size,
        };
        open.position = from.checked_add_signed(offset).ok_or(Errno::Inval)?;
        Ok(open.position)
    }

    pub(super) fn virtual_sync(&mut self, memory: &mut Memory<'_>, fd: types::Fd) -> Result {
        self.virtual_datasync(memory, fd)
    }

    pub(super) fn virtual_tell(
        &mut self,
        _: &mut Memory<'_>,
        fd: types::Fd,
    ) -> Result<types::Filesize> {
        or_device!(self, fd, |device| device.check_position().map(|()| 0));
        Ok(file(open!(self, fd))?.position)
    }

    pub(super) fn virtual_sock_accept(
        &mut self,
        _: &mut Memory<'_>,
        _: types::Fd,
        _: types::Fdflags,
    ) -> Result<types::Fd> {
        Err(Errno::Notsock.into())
    }

    pub(super) fn virtual_sock_recv(
        &mut self,
        _: &mut Memory<'_>,
        _: types::Fd,
        _: types::IovecArray,
        _: types::Riflags,
    ) -> Result<(types::Size, types::Roflags)> {
        Err(Errno::Notsock.into())
    }

    pub(super) fn virtual_sock_send(
        &mut self,
        _: &mut Memory<'_>,
        _: types::Fd,
        _: types::CiovecArray,
        _: types::Siflags,
    ) -> Result<types::Size> {
        Err(Errno::Notsock.into())
    }

    pub(super) fn virtual_sock_shutdown(
        &mut self,
        _: &mut Memory<'_>,
        _: types::Fd,
        _: types::Sdflags,
    ) -> Result {
        Err(Errno::Notsock.into())
    }
}
