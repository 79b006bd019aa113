//! The functions of `wasi:filesystem` 0.2: virtual files answer at once, devices when they are ready, and Wasmtime
//! for all others.

use super::convert::{descriptor_flags, follows, open_request, times};
use super::streams::{FileInput, FileOutput};
use crate::vfs::FileError;
use crate::wasi::components::files::clock::WallClock;
use crate::wasi::components::files::view::FilesView;
use crate::wasi::files::open_file::{OpenFile, Position, READ_BYTES};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    Filesize, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult, ReaddirIterator};

type Fd = Resource<Descriptor>;

impl FilesView<'_> {
    /// Runs an operation on a virtual file; none if the handle is one of Wasmtime's.
    fn run<R>(
        &mut self,
        fd: &Fd,
        operation: impl FnOnce(&OpenFile, &WallClock) -> Result<R, ErrorCode>,
    ) -> Option<FsResult<R>> {
        let clock = self.clock();
        let file = self.file(fd)?;
        Some(operation(file, &clock).map_err(FsError::from))
    }

    /// Runs an operation on two virtual directories; none if both handles are Wasmtime's.
    fn run_both(
        &mut self,
        (one, other): (&Fd, &Fd),
        operation: impl FnOnce(&OpenFile, &OpenFile, u64) -> Result<(), FileError>,
    ) -> Option<FsResult<()>> {
        let now = self.clock().now();
        let files = self.files(one, other)?;
        let result = files.and_then(|(one, other)| operation(&one, &other, now));
        Some(result.map_err(|error| ErrorCode::from(error).into()))
    }

    fn hash(&self, file: &OpenFile, inode: u64) -> MetadataHashValue {
        let (lower, upper) = self.identity(file.disk(), inode);
        MetadataHashValue { lower, upper }
    }
}

/// Returns the result of an operation on virtual files, if it was one.
macro_rules! if_virtual {
    ($result:expr) => {
        if let Some(result) = $result {
            return result;
        }
    };
}

impl HostDescriptor for FilesView<'_> {
    async fn advise(
        &mut self,
        fd: Fd,
        offset: Filesize,
        len: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, _| Ok(file.check_bytes()?)));
        self.real().advise(fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, _| Ok(file.sync()?)));
        self.real().sync_data(fd).await
    }

    async fn get_flags(&mut self, fd: Fd) -> FsResult<DescriptorFlags> {
        if_virtual!(self.run(&fd, |file, _| Ok(descriptor_flags(file))));
        self.real().get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Fd) -> FsResult<DescriptorType> {
        if_virtual!(self.run(&fd, |file, _| Ok(file.kind.into())));
        self.real().get_type(fd).await
    }

    async fn set_size(&mut self, fd: Fd, size: Filesize) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, clock| Ok(file.set_size(size, clock.now())?)));
        self.real().set_size(fd, size).await
    }

    async fn set_times(
        &mut self,
        fd: Fd,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, clock| {
            let (accessed, modified) = times(accessed, modified)?;
            Ok(file.set_times(accessed, modified, clock.now())?)
        }));
        self.real().set_times(fd, accessed, modified).await
    }

    async fn read(&mut self, fd: Fd, len: Filesize, offset: Filesize) -> FsResult<(Vec<u8>, bool)> {
        if let Some(file) = self.file(&fd).cloned() {
            let (most, now) = (usize::try_from(len).unwrap_or(READ_BYTES), self.clock().now());
            let read = file.read_or_wait(offset, most, now).await;
            let bytes = read.map_err(ErrorCode::from)?;
            let is_end = bytes.is_empty();
            return Ok((bytes, is_end));
        }
        self.real().read(fd, len, offset).await
    }

    async fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        if let Some(file) = self.file(&fd).cloned() {
            let (position, now) = (Position::Offset(offset), self.clock().now());
            let written = file.write_or_wait(position, &bytes, now).await;
            return Ok(written.map_err(ErrorCode::from)? as Filesize);
        }
        self.real().write(fd, bytes, offset).await
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<ReaddirIterator>> {
        if let Some(listed) = self.list(&fd) {
            return Ok(listed.map_err(FsError::trap)?.map_err(ErrorCode::from)?);
        }
        self.real().read_directory(fd).await
    }

    async fn sync(&mut self, fd: Fd) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, _| Ok(file.sync()?)));
        self.real().sync(fd).await
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, clock| Ok(file.create_directory_at(&path, clock.now())?)));
        self.real().create_directory_at(fd, path).await
    }

    async fn stat(&mut self, fd: Fd) -> FsResult<DescriptorStat> {
        if_virtual!(self.run(&fd, |file, _| Ok(file.stat()?.into())));
        self.real().stat(fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        if_virtual!(self.run(&fd, |file, _| Ok(file.stat_at(&path, follows(flags))?.into())));
        self.real().stat_at(fd, flags, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, clock| {
            let _ = file.directory()?;
            let times = times(accessed, modified)?;
            Ok(file.set_times_at(&path, follows(flags), times, clock.now())?)
        }));
        self.real().set_times_at(fd, flags, path, accessed, modified).await
    }

    async fn link_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FsResult<()> {
        if_virtual!(self.run_both((&fd, &new_fd), |from, to, now| {
            from.link_at(follows(flags), &path, to, &new_path, now)
        }));
        self.real().link_at(fd, flags, path, new_fd, new_path).await
    }

    async fn open_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let request = open_request(path_flags, open_flags, flags);
        if let Some(opened) = self.open(&fd, &path, request) {
            return Ok(opened.map_err(FsError::trap)??);
        }
        self.real().open_at(fd, path_flags, path, open_flags, flags).await
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        if self.close(&fd)? { Ok(()) } else { HostDescriptor::drop(&mut self.real(), fd) }
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        if_virtual!(self.run(&fd, |file, _| Ok(file.readlink_at(&path)?)));
        self.real().readlink_at(fd, path).await
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, clock| Ok(file.remove_directory_at(&path, clock.now())?)));
        self.real().remove_directory_at(fd, path).await
    }

    async fn rename_at(
        &mut self,
        fd: Fd,
        path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FsResult<()> {
        if_virtual!(
            self.run_both((&fd, &new_fd), |from, to, now| from
                .rename_at(&path, to, &new_path, now))
        );
        self.real().rename_at(fd, path, new_fd, new_path).await
    }

    async fn symlink_at(&mut self, fd: Fd, target: String, path: String) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, clock| Ok(file.symlink_at(
            &target,
            &path,
            clock.now()
        )?)));
        self.real().symlink_at(fd, target, path).await
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        if_virtual!(self.run(&fd, |file, clock| Ok(file.unlink_file_at(&path, clock.now())?)));
        self.real().unlink_file_at(fd, path).await
    }

    fn read_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        let clock = self.clock();
        let Some(file) = self.file(&fd) else { return self.real().read_via_stream(fd, offset) };
        file.check_bytes().map_err(|_| ErrorCode::IsDirectory)?;
        let stream: DynInputStream = Box::new(FileInput::new(file.clone(), offset, clock));
        Ok(self.table().push(stream)?)
    }

    fn write_via_stream(
        &mut self,
        fd: Fd,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        match self.output(&fd, Position::Offset(offset)) {
            Some(stream) => stream,
            None => self.real().write_via_stream(fd, offset),
        }
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        match self.output(&fd, Position::End) {
            Some(stream) => stream,
            None => self.real().append_via_stream(fd),
        }
    }

    async fn is_same_object(&mut self, one: Fd, other: Fd) -> wasmtime::Result<bool> {
        match self.files(&one, &other) {
            Some(files) => Ok(files.is_ok_and(|(one, other)| one.is_same(&other))),
            None => self.real().is_same_object(one, other).await,
        }
    }

    async fn metadata_hash(&mut self, fd: Fd) -> FsResult<MetadataHashValue> {
        if let Some(file) = self.file(&fd).cloned() {
            return Ok(self.hash(&file, file.inode()));
        }
        self.real().metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        if let Some(file) = self.file(&fd).cloned() {
            let stat = file.stat_at(&path, follows(flags)).map_err(ErrorCode::from)?;
            return Ok(self.hash(&file, stat.inode));
        }
        self.real().metadata_hash_at(fd, flags, path).await
    }
}

impl FilesView<'_> {
    /// Opens a stream that writes into a virtual file; none if it is one of Wasmtime's.
    fn output(
        &mut self,
        fd: &Fd,
        position: Position,
    ) -> Option<FsResult<Resource<DynOutputStream>>> {
        let file = self.file(fd)?.clone();
        Some(self.output_of(file, position))
    }

    fn output_of(
        &mut self,
        file: OpenFile,
        position: Position,
    ) -> FsResult<Resource<DynOutputStream>> {
        file.check_bytes().map_err(ErrorCode::from)?;
        let stream = FileOutput::new(file, position, self.clock(), self.0.slots());
        let stream: DynOutputStream = Box::new(stream.map_err(ErrorCode::from)?);
        Ok(self.table().push(stream)?)
    }
}

impl HostDirectoryEntryStream for FilesView<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<ReaddirIterator>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let Some(listing) = self.listing(&stream) else {
            return self.real().read_directory_entry(stream).await;
        };
        Ok(listing
            .next()
            .map(|(kind, name)| DirectoryEntry { type_: kind.into(), name: name.to_string() }))
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        let is_virtual = self.drop_listing(&stream)?;
        if is_virtual { Ok(()) } else { HostDirectoryEntryStream::drop(&mut self.real(), stream) }
    }
}
