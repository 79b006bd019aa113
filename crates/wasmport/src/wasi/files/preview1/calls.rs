//! The functions of preview 1, for Wasmtime's descriptors and virtual files.

use super::context::{Found, Preview1};
use super::macros::{open, or_device, or_real};
use super::values::{directory, follows, new_times};
use crate::vfs::FileType;
use crate::wasi::files::fd::{Fd, Open, failed};
use crate::wasi::files::open_file::OpenRequest;
use crate::wasi::time::reading;
use wasmtime_wasi::p1::types::{self, Errno, Error};
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1;
use wiggle::{GuestMemory, GuestPtr};

type Result<T = ()> = std::result::Result<T, Error>;
type Memory<'a> = GuestMemory<'a>;

/// Defines functions that Wasmtime answers for all guests.
macro_rules! answered_by_wasmtime {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {$(
        fn $name(&mut self, memory: &mut Memory<'_> $(, $arg: $ty)*) -> $ret {
            self.real.$name(memory $(, $arg)*)
        }
    )*};
}

/// Defines functions that Wasmtime answers for its descriptors, and `$own` for virtual files.
macro_rules! by_descriptor {
    ($(async fn $name:ident($fd:ident $(, $arg:ident: $ty:ty)*) -> $ret:ty = $own:ident;)*) => {$(
        async fn $name(
            &mut self,
            memory: &mut Memory<'_>,
            $fd: types::Fd
            $(, $arg: $ty)*
        ) -> Result<$ret> {
            or_real!(self, $fd, |real| self.real.$name(memory, real $(, $arg)*).await);
            self.$own(memory, $fd $(, $arg)*)
        }
    )*};
}

/// Defines functions like [`by_descriptor`] that never wait.
macro_rules! by_descriptor_at_once {
    ($(fn $name:ident($fd:ident $(, $arg:ident: $ty:ty)*) -> $ret:ty = $own:ident;)*) => {$(
        fn $name(
            &mut self,
            memory: &mut Memory<'_>,
            $fd: types::Fd
            $(, $arg: $ty)*
        ) -> Result<$ret> {
            or_real!(self, $fd, |real| self.real.$name(memory, real $(, $arg)*));
            self.$own(memory, $fd $(, $arg)*)
        }
    )*};
}

impl WasiSnapshotPreview1 for Preview1 {
    answered_by_wasmtime! {
        fn args_get(argv: GuestPtr<GuestPtr<u8>>, buf: GuestPtr<u8>) -> Result;
        fn args_sizes_get() -> Result<(types::Size, types::Size)>;
        fn environ_get(environ: GuestPtr<GuestPtr<u8>>, buf: GuestPtr<u8>) -> Result;
        fn environ_sizes_get() -> Result<(types::Size, types::Size)>;
        fn proc_exit(code: types::Exitcode) -> wasmtime::Error;
        fn proc_raise(signal: types::Signal) -> Result;
        fn sched_yield() -> Result;
    }

    by_descriptor! {
        async fn fd_advise(fd, offset: types::Filesize, len: types::Filesize, advice: types::Advice) -> () = virtual_advise;
        async fn fd_datasync(fd) -> () = virtual_datasync;
        async fn fd_fdstat_get(fd) -> types::Fdstat = virtual_fdstat_get;
        async fn fd_filestat_get(fd) -> types::Filestat = virtual_filestat_get;
        async fn fd_filestat_set_size(fd, size: types::Filesize) -> () = virtual_filestat_set_size;
        async fn fd_seek(fd, offset: types::Filedelta, whence: types::Whence) -> types::Filesize = virtual_seek;
        async fn fd_sync(fd) -> () = virtual_sync;
        async fn fd_readdir(fd, buf: GuestPtr<u8>, len: types::Size, cookie: types::Dircookie) -> types::Size = virtual_readdir;
        async fn path_create_directory(fd, path: GuestPtr<str>) -> () = virtual_path_create_directory;
        async fn path_filestat_get(fd, flags: types::Lookupflags, path: GuestPtr<str>) -> types::Filestat = virtual_path_filestat_get;
        async fn path_readlink(fd, path: GuestPtr<str>, buf: GuestPtr<u8>, len: types::Size) -> types::Size = virtual_path_readlink;
        async fn path_remove_directory(fd, path: GuestPtr<str>) -> () = virtual_path_remove_directory;
        async fn path_unlink_file(fd, path: GuestPtr<str>) -> () = virtual_path_unlink_file;
    }

    by_descriptor_at_once! {
        fn fd_allocate(fd, offset: types::Filesize, len: types::Filesize) -> () = virtual_allocate;
        fn fd_fdstat_set_flags(fd, flags: types::Fdflags) -> () = virtual_fdstat_set_flags;
        fn fd_fdstat_set_rights(fd, base: types::Rights, inheriting: types::Rights) -> () = virtual_fdstat_set_rights;
        fn fd_prestat_get(fd) -> types::Prestat = virtual_prestat_get;
        fn fd_prestat_dir_name(fd, path: GuestPtr<u8>, most: types::Size) -> () = virtual_prestat_dir_name;
        fn fd_tell(fd) -> types::Filesize = virtual_tell;
        fn sock_accept(fd, flags: types::Fdflags) -> types::Fd = virtual_sock_accept;
        fn sock_recv(fd, data: types::IovecArray, flags: types::Riflags) -> (types::Size, types::Roflags) = virtual_sock_recv;
        fn sock_send(fd, data: types::CiovecArray, flags: types::Siflags) -> types::Size = virtual_sock_send;
        fn sock_shutdown(fd, how: types::Sdflags) -> () = virtual_sock_shutdown;
    }

    fn set_hostcall_fuel(&mut self, fuel: usize) {
        self.fuel = fuel;
        self.real.set_hostcall_fuel(fuel);
    }

    fn clock_res_get(
        &mut self,
        memory: &mut Memory<'_>,
        id: types::Clockid,
    ) -> Result<types::Timestamp> {
        let _ = (memory, id);
        Ok(reading::resolution(&*self.sources.clock))
    }

    fn clock_time_get(
        &mut self,
        memory: &mut Memory<'_>,
        id: types::Clockid,
        precision: types::Timestamp,
    ) -> Result<types::Timestamp> {
        let _ = (memory, precision);
        Ok(reading::time(&*self.sources.clock, id)?)
    }

    async fn fd_close(&mut self, memory: &mut Memory<'_>, fd: types::Fd) -> Result {
        or_real!(self, fd, |real| {
            self.real.fd_close(memory, real).await?;
            if let Some(fds) = &mut self.fds {
                drop(fds.remove(fd.into())?);
            }
            Ok(())
        });
        if let Some(fds) = &mut self.fds {
            drop(fds.remove(fd.into())?);
        }
        Ok(())
    }

    async fn fd_filestat_set_times(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        atim: types::Timestamp,
        mtim: types::Timestamp,
        flags: types::Fstflags,
    ) -> Result {
        let (accessed, modified) = new_times(atim, mtim, flags)?;
        or_real!(self, fd, |real| self
            .real
            .fd_filestat_set_times(memory, real, atim, mtim, flags)
            .await);
        let now = self.now();
        open!(self, fd).file.set_times(accessed, modified, now).map_err(failed)
    }

    async fn fd_read(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        iovs: types::IovecArray,
    ) -> Result<types::Size> {
        or_real!(self, fd, |real| self.real.fd_read(memory, real, iovs).await);
        self.take_fuel_of_vector(iovs.len())?;
        or_device!(self, fd, |device| device.read(memory, iovs).await);
        self.read_at(memory, fd, iovs, None)
    }

    async fn fd_pread(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        iovs: types::IovecArray,
        offset: types::Filesize,
    ) -> Result<types::Size> {
        or_real!(self, fd, |real| self.real.fd_pread(memory, real, iovs, offset).await);
        self.take_fuel_of_vector(iovs.len())?;
        or_device!(self, fd, |device| device
            .check_position()
            .map(|()| device)?
            .read(memory, iovs)
            .await);
        self.read_at(memory, fd, iovs, Some(offset))
    }

    async fn fd_write(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        iovs: types::CiovecArray,
    ) -> Result<types::Size> {
        or_real!(self, fd, |real| self.real.fd_write(memory, real, iovs).await);
        self.take_fuel_of_vector(iovs.len())?;
        or_device!(self, fd, |device| device.write(memory, iovs).await);
        self.write_at(memory, fd, iovs, None)
    }

    async fn fd_pwrite(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        iovs: types::CiovecArray,
        offset: types::Filesize,
    ) -> Result<types::Size> {
        or_real!(self, fd, |real| self.real.fd_pwrite(memory, real, iovs, offset).await);
        self.take_fuel_of_vector(iovs.len())?;
        or_device!(self, fd, |device| device
            .check_position()
            .map(|()| device)?
            .write(memory, iovs)
            .await);
        self.write_at(memory, fd, iovs, Some(offset))
    }

    async fn fd_renumber(
        &mut self,
        memory: &mut Memory<'_>,
        from: types::Fd,
        to: types::Fd,
    ) -> Result {
        let Some(fds) = &mut self.fds else { return self.real.fd_renumber(memory, from, to).await };
        if let Some(Fd::Real(replaced)) = fds.renumber(from.into(), to.into())? {
            self.real.fd_close(memory, replaced.into()).await?;
        }
        Ok(())
    }

    async fn path_filestat_set_times(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        flags: types::Lookupflags,
        path: GuestPtr<str>,
        atim: types::Timestamp,
        mtim: types::Timestamp,
        fst: types::Fstflags,
    ) -> Result {
        let (accessed, modified) = new_times(atim, mtim, fst)?;
        or_real!(self, fd, |real| self
            .real
            .path_filestat_set_times(memory, real, flags, path, atim, mtim, fst)
            .await);
        let (path, now) = (self.text(memory, path)?, self.now());
        let file = &directory(open!(self, fd))?.file;
        file.set_times_at(&path, follows(flags), (accessed, modified), now).map_err(failed)
    }

    async fn path_link(
        &mut self,
        memory: &mut Memory<'_>,
        from: types::Fd,
        flags: types::Lookupflags,
        old: GuestPtr<str>,
        to: types::Fd,
        new: GuestPtr<str>,
    ) -> Result {
        if let Some((from, to)) = self.both_real(from, to)? {
            return self.real.path_link(memory, from, flags, old, to, new).await;
        }
        let (old, new) = (self.text(memory, old)?, self.text(memory, new)?);
        let (from, to) = self.both(from, to)?;
        let now = self.now();
        from.link_at(follows(flags), &old, &to, &new, now).map_err(failed)
    }

    async fn path_open(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        lookup: types::Lookupflags,
        path: GuestPtr<str>,
        oflags: types::Oflags,
        base: types::Rights,
        inheriting: types::Rights,
        fdflags: types::Fdflags,
    ) -> Result<types::Fd> {
        or_real!(self, fd, |real| {
            let slot = self.take_slot()?;
            let opened = self
                .real
                .path_open(memory, real, lookup, path, oflags, base, inheriting, fdflags)
                .await?;
            self.add_real(opened, slot)
        });
        let path = self.text(memory, path)?;
        let now = self.now();
        let (directory, device_number) = match self.find(fd)? {
            Found::Virtual(open) if open.file.kind == FileType::Directory => {
                (open.file.clone(), open.device_number)
            }
            _ => return Err(Errno::Notdir.into()),
        };
        if fdflags.intersects(types::Fdflags::DSYNC | types::Fdflags::SYNC | types::Fdflags::RSYNC)
        {
            return Err(Errno::Notsup.into());
        }
        // Before the file is created or cut.
        let slot = self.take_slot()?;
        let request = OpenRequest {
            follow: follows(lookup),
            create: oflags.contains(types::Oflags::CREAT),
            directory: oflags.contains(types::Oflags::DIRECTORY),
            exclusive: oflags.contains(types::Oflags::EXCL),
            truncate: oflags.contains(types::Oflags::TRUNC),
            read: base.contains(types::Rights::FD_READ),
            write: base.contains(types::Rights::FD_WRITE),
        };
        let file = directory.open_at(&path, request, self.devices(), now).map_err(failed)?;
        let mut opened = Open::new(file, device_number);
        // As in Wasmtime, directories have none.
        if opened.file.kind != FileType::Directory {
            opened.flags = fdflags;
        }
        let (Some(fds), Some(slot)) = (&mut self.fds, slot) else { return Err(Errno::Badf.into()) };
        Ok(fds.add(Fd::Virtual(opened), slot)?.into())
    }

    async fn path_rename(
        &mut self,
        memory: &mut Memory<'_>,
        from: types::Fd,
        old: GuestPtr<str>,
        to: types::Fd,
        new: GuestPtr<str>,
    ) -> Result {
        if let Some((from, to)) = self.both_real(from, to)? {
            return self.real.path_rename(memory, from, old, to, new).await;
        }
        let (old, new) = (self.text(memory, old)?, self.text(memory, new)?);
        let (from, to) = self.both(from, to)?;
        let now = self.now();
        from.rename_at(&old, &to, &new, now).map_err(failed)
    }

    async fn poll_oneoff(
        &mut self,
        _: &mut Memory<'_>,
        _: GuestPtr<types::Subscription>,
        _: GuestPtr<types::Event>,
        _: types::Size,
    ) -> Result<types::Size> {
        // Linkers have a function of their own, which waits on the session's clock.
        Err(Errno::Nosys.into())
    }

    fn random_get(
        &mut self,
        memory: &mut Memory<'_>,
        buf: GuestPtr<u8>,
        len: types::Size,
    ) -> Result {
        self.sources.random.fill_memory(memory, buf, len)
    }

    async fn path_symlink(
        &mut self,
        memory: &mut Memory<'_>,
        target: GuestPtr<str>,
        fd: types::Fd,
        path: GuestPtr<str>,
    ) -> Result {
        or_real!(self, fd, |real| self.real.path_symlink(memory, target, real, path).await);
        let (target, path) = (self.text(memory, target)?, self.text(memory, path)?);
        let now = self.now();
        directory(open!(self, fd))?.file.symlink_at(&target, &path, now).map_err(failed)
    }
}
