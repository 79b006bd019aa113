//! The functions of `wasi:filesystem` 0.3: virtual files answer at once, for others Wasmtime does.

use super::convert::{descriptor_flags, follows, open_request, times};
use super::streams::{Ending, EntryProducer, FileConsumer, FileProducer};
use crate::vfs::{FileError, FileType, Inode};
use crate::wasi::components::files::clock::WallClock;
use crate::wasi::components::files::view::{FilesImpl, FilesView};
use crate::wasi::files::open_file::{OpenFile, Position};
use std::iter;
use wasmtime::AsContextMut as _;
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p3::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    Filesize, HostDescriptorWithStore, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p3::filesystem::{FilesystemError, FilesystemResult};

type Fd = Resource<Descriptor>;
type Outcome = FutureReader<Result<(), ErrorCode>>;

/// Runs an operation on a virtual file; none if the handle is one of Wasmtime's.
fn run<U: 'static, R>(
    store: &Accessor<U, FilesImpl>,
    fd: &Fd,
    operation: impl FnOnce(&OpenFile, &WallClock) -> Result<R, ErrorCode>,
) -> Option<FilesystemResult<R>> {
    store.with(|mut store| {
        let mut files = store.get();
        let clock = files.clock();
        let file = files.file(fd)?;
        Some(operation(file, &clock).map_err(FilesystemError::from))
    })
}

/// Runs an operation on two virtual directories; none if both handles are Wasmtime's.
fn run_both<U: 'static>(
    store: &Accessor<U, FilesImpl>,
    (one, other): (&Fd, &Fd),
    operation: impl FnOnce(&OpenFile, &OpenFile, u64) -> Result<(), FileError>,
) -> Option<FilesystemResult<()>> {
    let (files, now) = store.with(|mut store| {
        let mut files = store.get();
        Some((files.files(one, other)?, files.clock().now()))
    })?;
    let result = files.and_then(|(one, other)| operation(&one, &other, now));
    Some(result.map_err(|error| ErrorCode::from(error).into()))
}

/// Returns a virtual file, and the clock for its streams; none if the handle is one of Wasmtime's.
fn file<U: 'static>(
    store: &mut Access<'_, U, FilesImpl>,
    fd: &Fd,
) -> Option<(OpenFile, WallClock)> {
    let mut files = store.get();
    let clock = files.clock();
    Some((files.file(fd)?.clone(), clock))
}

fn hash(files: &FilesView<'_>, file: &OpenFile, inode: Inode) -> MetadataHashValue {
    let (lower, upper) = files.identity(file.disk(), inode);
    MetadataHashValue { lower, upper }
}

/// Writes a stream into a virtual file.
fn write<U: 'static>(
    mut store: Access<'_, U, FilesImpl>,
    (file, clock): (OpenFile, WallClock),
    mut data: StreamReader<u8>,
    position: Position,
) -> wasmtime::Result<Outcome> {
    let is_device = file.kind == FileType::CharacterDevice;
    let mut slot = || is_device.then(|| store.get().take_slot()).transpose();
    let slot = match file.check_bytes().and_then(|()| slot()) {
        Ok(slot) => slot,
        Err(error) => {
            data.close(&mut store)?;
            return failed(store, error.into());
        }
    };
    let (ending, outcome) = Ending::new();
    data.pipe(&mut store, FileConsumer { file, position, clock, ending, _slot: slot })?;
    FutureReader::new(&mut store, outcome)
}

/// Returns a future with an error.
fn failed<U: 'static>(
    mut store: Access<'_, U, FilesImpl>,
    error: ErrorCode,
) -> wasmtime::Result<Outcome> {
    FutureReader::new(&mut store, async move { wasmtime::error::Ok(Err(error)) })
}

/// Returns the result of an operation on virtual files, if it was one.
macro_rules! if_virtual {
    ($result:expr) => {
        if let Some(result) = $result {
            return result;
        }
    };
}

/// Calls a function of Wasmtime's files, with access to these.
macro_rules! real {
    ($store:ident, $name:ident($($arg:expr),*)) => {
        <WasiFilesystem as HostDescriptorWithStore<U>>::$name(
            &$store.with_getter::<WasiFilesystem>(U::filesystem),
            $($arg),*
        ).await
    };
}

/// Calls a function of Wasmtime's files that does not wait.
macro_rules! real_now {
    ($store:ident, $name:ident($($arg:expr),*)) => {
        <WasiFilesystem as HostDescriptorWithStore<U>>::$name(
            Access::<'_, U, WasiFilesystem>::new($store.as_context_mut(), U::filesystem),
            $($arg),*
        )
    };
}

impl<U: WasiView + 'static> HostDescriptorWithStore<U> for FilesImpl {
    fn read_via_stream(
        mut store: Access<'_, U, Self>,
        fd: Fd,
        offset: Filesize,
    ) -> wasmtime::Result<(StreamReader<u8>, Outcome)> {
        let Some((file, clock)) = file(&mut store, &fd) else {
            return real_now!(store, read_via_stream(fd, offset));
        };
        if file.check_bytes().is_err() {
            let stream = StreamReader::new(&mut store, iter::empty())?;
            return Ok((stream, failed(store, ErrorCode::IsDirectory)?));
        }
        let (ending, outcome) = Ending::new();
        let stream = StreamReader::new(&mut store, FileProducer { file, offset, clock, ending })?;
        Ok((stream, FutureReader::new(&mut store, outcome)?))
    }

    fn write_via_stream(
        mut store: Access<'_, U, Self>,
        fd: Fd,
        data: StreamReader<u8>,
        offset: Filesize,
    ) -> wasmtime::Result<Outcome> {
        match file(&mut store, &fd) {
            Some(file) => write(store, file, data, Position::Offset(offset)),
            None => real_now!(store, write_via_stream(fd, data, offset)),
        }
    }

    fn append_via_stream(
        mut store: Access<'_, U, Self>,
        fd: Fd,
        data: StreamReader<u8>,
    ) -> wasmtime::Result<Outcome> {
        match file(&mut store, &fd) {
            Some(file) => write(store, file, data, Position::End),
            None => real_now!(store, append_via_stream(fd, data)),
        }
    }

    async fn advise(
        store: &Accessor<U, Self>,
        fd: Fd,
        offset: Filesize,
        len: Filesize,
        advice: Advice,
    ) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, _| Ok(file.check_bytes()?)));
        real!(store, advise(fd, offset, len, advice))
    }

    async fn sync_data(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, _| Ok(file.sync()?)));
        real!(store, sync_data(fd))
    }

    async fn get_flags(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<DescriptorFlags> {
        if_virtual!(run(store, &fd, |file, _| Ok(descriptor_flags(file))));
        real!(store, get_flags(fd))
    }

    async fn get_type(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<DescriptorType> {
        if_virtual!(run(store, &fd, |file, _| Ok(file.kind.into())));
        real!(store, get_type(fd))
    }

    async fn set_size(store: &Accessor<U, Self>, fd: Fd, size: Filesize) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, clock| Ok(file.set_size(size, clock.now())?)));
        real!(store, set_size(fd, size))
    }

    async fn set_times(
        store: &Accessor<U, Self>,
        fd: Fd,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, clock| {
            let (accessed, modified) = times(accessed, modified)?;
            Ok(file.set_times(accessed, modified, clock.now())?)
        }));
        real!(store, set_times(fd, accessed, modified))
    }

    fn read_directory(
        mut store: Access<'_, U, Self>,
        fd: Fd,
    ) -> wasmtime::Result<(StreamReader<DirectoryEntry>, Outcome)> {
        let names = store.get().names(&fd);
        match names {
            None => real_now!(store, read_directory(fd)),
            Some(Ok(names)) => {
                let (ending, outcome) = Ending::new();
                let stream = StreamReader::new(&mut store, EntryProducer { names, ending })?;
                Ok((stream, FutureReader::new(&mut store, outcome)?))
            }
            Some(Err(error)) => {
                let stream = StreamReader::new(&mut store, iter::empty())?;
                Ok((stream, failed(store, error.into())?))
            }
        }
    }

    async fn sync(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, _| Ok(file.sync()?)));
        real!(store, sync(fd))
    }

    async fn create_directory_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        path: String,
    ) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, clock| {
            Ok(file.create_directory_at(&path, clock.now())?)
        }));
        real!(store, create_directory_at(fd, path))
    }

    async fn stat(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<DescriptorStat> {
        if_virtual!(run(store, &fd, |file, _| Ok(file.stat()?.into())));
        real!(store, stat(fd))
    }

    async fn stat_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FilesystemResult<DescriptorStat> {
        if_virtual!(run(store, &fd, |file, _| Ok(file.stat_at(&path, follows(flags))?.into())));
        real!(store, stat_at(fd, flags, path))
    }

    async fn set_times_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, clock| {
            let _ = file.directory()?;
            let times = times(accessed, modified)?;
            Ok(file.set_times_at(&path, follows(flags), times, clock.now())?)
        }));
        real!(store, set_times_at(fd, flags, path, accessed, modified))
    }

    async fn link_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        flags: PathFlags,
        path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FilesystemResult<()> {
        if_virtual!(run_both(store, (&fd, &new_fd), |from, to, now| {
            from.link_at(follows(flags), &path, to, &new_path, now)
        }));
        real!(store, link_at(fd, flags, path, new_fd, new_path))
    }

    async fn open_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FilesystemResult<Fd> {
        let request = open_request(path_flags, open_flags, flags);
        let opened = store.with(|mut store| store.get().open(&fd, &path, request));
        match opened {
            Some(opened) => Ok(opened.map_err(FilesystemError::trap)??),
            None => real!(store, open_at(fd, path_flags, path, open_flags, flags)),
        }
    }

    async fn readlink_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        path: String,
    ) -> FilesystemResult<String> {
        if_virtual!(run(store, &fd, |file, _| Ok(file.readlink_at(&path)?)));
        real!(store, readlink_at(fd, path))
    }

    async fn remove_directory_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        path: String,
    ) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, clock| {
            Ok(file.remove_directory_at(&path, clock.now())?)
        }));
        real!(store, remove_directory_at(fd, path))
    }

    async fn rename_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FilesystemResult<()> {
        if_virtual!(run_both(store, (&fd, &new_fd), |from, to, now| {
            from.rename_at(&path, to, &new_path, now)
        }));
        real!(store, rename_at(fd, path, new_fd, new_path))
    }

    async fn symlink_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        target: String,
        path: String,
    ) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, clock| {
            Ok(file.symlink_at(&target, &path, clock.now())?)
        }));
        real!(store, symlink_at(fd, target, path))
    }

    async fn unlink_file_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        path: String,
    ) -> FilesystemResult<()> {
        if_virtual!(run(store, &fd, |file, clock| Ok(file.unlink_file_at(&path, clock.now())?)));
        real!(store, unlink_file_at(fd, path))
    }

    async fn is_same_object(
        store: &Accessor<U, Self>,
        one: Fd,
        other: Fd,
    ) -> wasmtime::Result<bool> {
        match store.with(|mut store| store.get().files(&one, &other)) {
            Some(files) => Ok(files.is_ok_and(|(one, other)| one.is_same(&other))),
            None => real!(store, is_same_object(one, other)),
        }
    }

    async fn metadata_hash(
        store: &Accessor<U, Self>,
        fd: Fd,
    ) -> FilesystemResult<MetadataHashValue> {
        if_virtual!(store.with(|mut store| {
            let mut files = store.get();
            let file = files.file(&fd)?.clone();
            Some(Ok(hash(&files, &file, file.inode())))
        }));
        real!(store, metadata_hash(fd))
    }

    async fn metadata_hash_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FilesystemResult<MetadataHashValue> {
        if_virtual!(store.with(|mut store| {
            let mut files = store.get();
            let file = files.file(&fd)?.clone();
            let stat = file.stat_at(&path, follows(flags));
            let hashed = stat.map(|stat| hash(&files, &file, stat.inode));
            Some(hashed.map_err(|error| ErrorCode::from(error).into()))
        }));
        real!(store, metadata_hash_at(fd, flags, path))
    }
}

impl types::HostDescriptor for FilesView<'_> {
    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        if self.close(&fd)? {
            return Ok(());
        }
        types::HostDescriptor::drop(&mut self.real(), fd)
    }
}
