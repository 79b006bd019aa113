//! The functions of `wasi:filesystem` 0.2 for calls that block.
//!
//! The interfaces of both kinds of calls have types of their own, which Wasmtime converts.

use crate::wasi::components::files::view::FilesView;
use crate::wasi::time::wait::block;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types as waiting;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    Filesize, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, FsError, FsResult, IoError, ReaddirIterator,
};

type Fd = Resource<Descriptor>;

/// Waits for a call. One for a virtual file has ended when it is polled the first time, without Tokio.
fn end<R>(is_virtual: bool, call: impl Future<Output = R>) -> wasmtime::Result<R> {
    let mut call = pin!(call);
    if is_virtual
        && let Poll::Ready(end) = call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    {
        return Ok(end);
    }
    block(async { Ok(call.await) })
}

impl types::Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        waiting::Host::convert_error_code(self, error).map(Into::into)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<IoError>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(waiting::Host::filesystem_error_code(self, error)?.map(Into::into))
    }
}

/// Defines functions that wait for their async versions.
macro_rules! blocking {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $result:ty;)*) => {$(
        fn $name(&mut self, fd: Fd $(, $arg: $ty)*) -> FsResult<$result> {
            let is_virtual = self.file(&fd).is_some();
            let call = waiting::HostDescriptor::$name(self, fd $(, $arg.into())*);
            end(is_virtual, call).map_err(FsError::trap)?.map(Into::into)
        }
    )*};
}

impl types::HostDescriptor for FilesView<'_> {
    blocking! {
        advise(offset: Filesize, len: Filesize, advice: Advice) -> ();
        sync_data() -> ();
        get_flags() -> DescriptorFlags;
        get_type() -> DescriptorType;
        set_size(size: Filesize) -> ();
        set_times(accessed: NewTimestamp, modified: NewTimestamp) -> ();
        read(len: Filesize, offset: Filesize) -> (Vec<u8>, bool);
        write(bytes: Vec<u8>, offset: Filesize) -> Filesize;
        read_directory() -> Resource<ReaddirIterator>;
        sync() -> ();
        create_directory_at(path: String) -> ();
        stat() -> DescriptorStat;
        stat_at(flags: PathFlags, path: String) -> DescriptorStat;
        set_times_at(flags: PathFlags, path: String, accessed: NewTimestamp, modified: NewTimestamp) -> ();
        open_at(path_flags: PathFlags, path: String, open_flags: OpenFlags, flags: DescriptorFlags) -> Fd;
        readlink_at(path: String) -> String;
        remove_directory_at(path: String) -> ();
        symlink_at(target: String, path: String) -> ();
        unlink_file_at(path: String) -> ();
        metadata_hash() -> MetadataHashValue;
        metadata_hash_at(flags: PathFlags, path: String) -> MetadataHashValue;
    }

    fn link_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FsResult<()> {
        let is_virtual = self.is_either_virtual(&fd, &new_fd);
        let call = waiting::HostDescriptor::link_at(self, fd, flags.into(), path, new_fd, new_path);
        end(is_virtual, call).map_err(FsError::trap)?
    }

    fn rename_at(&mut self, fd: Fd, path: String, new_fd: Fd, new_path: String) -> FsResult<()> {
        let is_virtual = self.is_either_virtual(&fd, &new_fd);
        let call = waiting::HostDescriptor::rename_at(self, fd, path, new_fd, new_path);
        end(is_virtual, call).map_err(FsError::trap)?
    }

    fn is_same_object(&mut self, one: Fd, other: Fd) -> wasmtime::Result<bool> {
        let is_virtual = self.is_either_virtual(&one, &other);
        end(is_virtual, waiting::HostDescriptor::is_same_object(self, one, other))?
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        waiting::HostDescriptor::drop(self, fd)
    }

    fn read_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        waiting::HostDescriptor::read_via_stream(self, fd, offset)
    }

    fn write_via_stream(
        &mut self,
        fd: Fd,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        waiting::HostDescriptor::write_via_stream(self, fd, offset)
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        waiting::HostDescriptor::append_via_stream(self, fd)
    }
}

impl FilesView<'_> {
    fn is_either_virtual(&mut self, one: &Fd, other: &Fd) -> bool {
        self.file(one).is_some() || self.file(other).is_some()
    }
}

impl types::HostDirectoryEntryStream for FilesView<'_> {
    fn read_directory_entry(
        &mut self,
        stream: Resource<ReaddirIterator>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let is_virtual = self.listing(&stream).is_some();
        let call = waiting::HostDirectoryEntryStream::read_directory_entry(self, stream);
        Ok(end(is_virtual, call).map_err(FsError::trap)??.map(Into::into))
    }

    fn drop(&mut self, stream: Resource<ReaddirIterator>) -> wasmtime::Result<()> {
        waiting::HostDirectoryEntryStream::drop(self, stream)
    }
}
