//! A context and the calls that a component makes in it.

use crate::wasi::components::files::view::FilesView;
use crate::wasi::{Wasi, WasiCtx};
use std::fmt::Debug;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, Host as _, HostDescriptor,
    HostDirectoryEntryStream, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::poll::HostPollable;
use wasmtime_wasi::p2::bindings::sync::io::streams::{HostInputStream, HostOutputStream};
use wasmtime_wasi::p2::{DynPollable, FsError, FsResult, StreamError};

pub(super) type Path = &'static str;
type Fd = Resource<Descriptor>;

/// A call, with the places of its descriptors in the list of open ones.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Open(usize, PathFlags, Path, OpenFlags, DescriptorFlags),
    Close(usize),
    Advise(usize, u64, u64, Advice),
    Sync(usize),
    SyncData(usize),
    GetFlags(usize),
    GetType(usize),
    SetSize(usize, u64),
    SetTimes(usize, u64, u64),
    Read(usize, u64, u64),
    Write(usize, Vec<u8>, u64),
    ReadDirectory(usize),
    CreateDirectory(usize, Path),
    Stat(usize),
    StatAt(usize, PathFlags, Path),
    SetTimesAt(usize, PathFlags, Path, u64, u64),
    Link(usize, PathFlags, Path, usize, Path),
    ReadLink(usize, Path),
    RemoveDirectory(usize, Path),
    Rename(usize, Path, usize, Path),
    Symlink(usize, Path, Path),
    Unlink(usize, Path),
    /// Reads with a stream: offset, and bytes of each read.
    InputStream(usize, u64, u64, bool),
    /// Writes with a stream: offset, or none for the end.
    OutputStream(usize, Option<u64>, Vec<u8>, bool),
    IsSame(usize, usize),
    /// Whether the hash of a path is that of a descriptor.
    Hash(usize, PathFlags, Path, usize),
}

/// The result of a call: the same text for the same result.
pub(super) type Answer = Result<String, String>;

/// Bytes that are compared of a stream.
const MOST_READ: usize = 100;

pub(super) struct System {
    pub context: WasiCtx,
    /// The numbers of open descriptors; the first one is that of the directory in which the calls work.
    pub open: Vec<u32>,
    root: u32,
    folder: String,
}

impl System {
    /// Starts in a new directory of the first mounted one.
    pub fn new(wasi: &Wasi, folder: &str) -> Self {
        let mut context = wasi.build().unwrap();
        let root = preopens::Host::get_directories(&mut FilesView(&mut context))
            .unwrap()
            .remove(0)
            .0
            .rep();
        let mut system = Self { context, open: vec![root], root, folder: folder.to_owned() };
        system.view().create_directory_at(fd(root), folder.into()).unwrap();
        let (path, open) = (PathFlags::empty(), OpenFlags::DIRECTORY);
        let opened =
            system.view().open_at(fd(root), path, folder.into(), open, DescriptorFlags::READ);
        system.open = vec![opened.unwrap().rep()];
        system
    }

    pub fn view(&mut self) -> FilesView<'_> {
        FilesView(&mut self.context)
    }

    pub fn call(&mut self, call: &Call) -> Answer {
        let open = self.open.clone();
        let at = |index: usize| fd(open[index]);
        let mut view = FilesView(&mut self.context);
        match call.clone() {
            Call::Open(dir, path_flags, path, open, flags) => {
                let opened = view.open_at(at(dir), path_flags, path.into(), open, flags);
                self.open.extend(opened.as_ref().ok().map(Resource::rep));
                answer(opened.map(drop))
            }
            Call::Close(index) => {
                let fd = Resource::new_own(self.open.remove(index));
                trapped(HostDescriptor::drop(&mut view, fd))
            }
            Call::Advise(fd, offset, len, advice) => {
                answer(view.advise(at(fd), offset, len, advice))
            }
            Call::Sync(fd) => answer(view.sync(at(fd))),
            Call::SyncData(fd) => answer(view.sync_data(at(fd))),
            Call::GetFlags(fd) => answer(view.get_flags(at(fd))),
            Call::GetType(fd) => answer(view.get_type(at(fd))),
            Call::SetSize(fd, size) => answer(view.set_size(at(fd), size)),
            Call::SetTimes(fd, accessed, modified) => {
                answer(view.set_times(at(fd), time(accessed), time(modified)))
            }
            Call::Read(fd, len, offset) => answer(view.read(at(fd), len, offset)),
            Call::Write(fd, bytes, offset) => answer(view.write(at(fd), bytes, offset)),
            Call::ReadDirectory(fd) => answer(self.names(at(fd))),
            Call::CreateDirectory(fd, path) => {
                answer(view.create_directory_at(at(fd), path.into()))
            }
            Call::Stat(fd) => answer(view.stat(at(fd)).map(stat)),
            Call::StatAt(fd, flags, path) => {
                answer(view.stat_at(at(fd), flags, path.into()).map(stat))
            }
            Call::SetTimesAt(fd, flags, path, accessed, modified) => {
                let (accessed, modified) = (time(accessed), time(modified));
                answer(view.set_times_at(at(fd), flags, path.into(), accessed, modified))
            }
            Call::Link(from, flags, path, to, new) => {
                answer(view.link_at(at(from), flags, path.into(), at(to), new.into()))
            }
            Call::ReadLink(fd, path) => answer(view.readlink_at(at(fd), path.into())),
            Call::RemoveDirectory(fd, path) => {
                answer(view.remove_directory_at(at(fd), path.into()))
            }
            Call::Rename(from, path, to, new) => {
                let renamed = answer(view.rename_at(at(from), path.into(), at(to), new.into()));
                // The error for `.` and `..`.
                renamed.map_err(|code| if code == "busy" { "invalid".into() } else { code })
            }
            Call::Symlink(fd, target, path) => {
                answer(view.symlink_at(at(fd), target.into(), path.into()))
            }
            Call::Unlink(fd, path) => answer(view.unlink_file_at(at(fd), path.into())),
            Call::InputStream(fd, offset, len, waits) => {
                self.read_stream(at(fd), offset, len, waits)
            }
            Call::OutputStream(fd, offset, bytes, waits) => {
                self.write_stream(at(fd), offset, &bytes, waits)
            }
            Call::IsSame(one, other) => trapped(view.is_same_object(at(one), at(other))),
            Call::Hash(dir, flags, path, other) => {
                let hash = view.metadata_hash_at(at(dir), flags, path.into());
                let other = view.metadata_hash(at(other));
                answer(hash.and_then(|hash| {
                    let other = other?;
                    Ok((hash.lower, hash.upper) == (other.lower, other.upper))
                }))
            }
        }
    }

    /// Returns the names in a directory with their types, sorted.
    pub fn names(&mut self, fd: Fd) -> FsResult<Vec<(String, DescriptorType)>> {
        let stream = self.view().read_directory(fd)?.rep();
        let mut names = Vec::new();
        while let Some(entry) = self.view().read_directory_entry(Resource::new_borrow(stream))? {
            names.push((entry.name, entry.type_));
        }
        let stream = Resource::new_own(stream);
        HostDirectoryEntryStream::drop(&mut self.view(), stream).map_err(FsError::trap)?;
        names.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(names)
    }

    fn read_stream(&mut self, fd: Fd, offset: u64, len: u64, waits: bool) -> Answer {
        let stream = match self.view().read_via_stream(fd, offset) {
            Ok(stream) => stream.rep(),
            Err(error) => return answer::<()>(Err(error)),
        };
        let mut read = Vec::new();
        let end = loop {
            // The parts in which a real file arrives depend on another thread.
            if read.len() >= MOST_READ {
                read.truncate(MOST_READ);
                break "more".to_owned();
            }
            let table = self.context.preview_2().table;
            let result = if waits {
                HostInputStream::blocking_read(table, Resource::new_borrow(stream), len)
            } else {
                HostInputStream::read(table, Resource::new_borrow(stream), len)
            };
            match result {
                // Another thread reads a real file meanwhile.
                Ok(bytes) if bytes.is_empty() && len > 0 => {
                    let pollable = HostInputStream::subscribe(table, Resource::new_borrow(stream));
                    block_on(table, pollable.unwrap());
                }
                Ok(bytes) if bytes.is_empty() => break "nothing to read".to_owned(),
                Ok(bytes) => read.extend(bytes),
                Err(error) => break self.stream_error(error),
            }
        };
        HostInputStream::drop(self.context.preview_2().table, Resource::new_own(stream)).unwrap();
        Ok(format!("{read:?} {end}"))
    }

    fn write_stream(&mut self, fd: Fd, offset: Option<u64>, bytes: &[u8], waits: bool) -> Answer {
        let stream = match offset {
            Some(offset) => self.view().write_via_stream(fd, offset),
            None => self.view().append_via_stream(fd),
        };
        let stream = match stream {
            Ok(stream) => stream.rep(),
            Err(error) => return answer::<()>(Err(error)),
        };
        let stream = || Resource::new_borrow(stream);
        let mut log = Vec::new();
        for part in bytes.chunks(3) {
            let table = self.context.preview_2().table;
            let written = if waits {
                HostOutputStream::blocking_write_and_flush(table, stream(), part.to_vec())
            } else {
                let checked = HostOutputStream::check_write(table, stream());
                log.push(self.stream_answer(checked));
                let table = self.context.preview_2().table;
                let written = HostOutputStream::write(table, stream(), part.to_vec());
                log.push(self.stream_answer(written));
                let table = self.context.preview_2().table;
                let pollable = HostOutputStream::subscribe(table, stream()).unwrap();
                block_on(table, pollable);
                HostOutputStream::flush(table, stream())
            };
            log.push(self.stream_answer(written));
        }
        let own = Resource::new_own(stream().rep());
        HostOutputStream::drop(self.context.preview_2().table, own).unwrap();
        Ok(format!("{log:?}"))
    }

    fn stream_answer<R: Debug>(&mut self, result: Result<R, StreamError>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => self.stream_error(error),
        }
    }

    /// Returns the code of a stream's error.
    fn stream_error(&mut self, error: StreamError) -> String {
        match error {
            StreamError::Closed => "closed".into(),
            StreamError::LastOperationFailed(error) => {
                let error = self.context.preview_2().table.push(error).unwrap().rep();
                let code = self.view().filesystem_error_code(Resource::new_borrow(error)).unwrap();
                format!("failed with {code:?}")
            }
            StreamError::Trap(error) => format!("trap: {error}"),
        }
    }

    /// Removes everything in the directory, and the directory.
    pub fn remove(mut self) {
        while self.open.len() > 1 {
            let fd = self.open.len() - 1;
            self.call(&Call::Close(fd)).unwrap();
        }
        let directory = self.open[0];
        self.clear(directory);
        let (root, folder) = (self.root, self.folder.clone());
        self.view().remove_directory_at(fd(root), folder).unwrap();
    }

    fn clear(&mut self, directory: u32) {
        for (name, kind) in self.names(fd(directory)).unwrap() {
            if kind == DescriptorType::Directory {
                let (path, flags) = (PathFlags::empty(), DescriptorFlags::READ);
                let open = OpenFlags::DIRECTORY;
                let inner =
                    self.view().open_at(fd(directory), path, name.clone(), open, flags).unwrap();
                self.clear(inner.rep());
                HostDescriptor::drop(&mut self.view(), inner).unwrap();
                self.view().remove_directory_at(fd(directory), name).unwrap();
            } else {
                self.view().unlink_file_at(fd(directory), name).unwrap();
            }
        }
    }
}

pub(super) fn fd(number: u32) -> Fd {
    Resource::new_borrow(number)
}

fn answer<R: Debug>(result: FsResult<R>) -> Answer {
    match result {
        Ok(value) => Ok(format!("{value:?}")),
        Err(error) => Err(code(error)),
    }
}

/// Returns the error's code.
pub(super) fn code(error: FsError) -> String {
    match error.downcast() {
        Ok::<ErrorCode, _>(code) => code.name().to_owned(),
        Err(trap) => format!("trap: {trap}"),
    }
}

/// Returns what is the same on all file systems: times that were not set differ, and sizes and links of directories.
fn stat(stat: DescriptorStat) -> String {
    let modified = stat.data_modification_timestamp.filter(|time| time.seconds < 1_000_000);
    let time = modified.map(|time| (time.seconds, time.nanoseconds));
    match stat.type_ {
        DescriptorType::Directory => format!("directory {time:?}"),
        kind => format!("{kind:?} {} {} {time:?}", stat.link_count, stat.size),
    }
}

/// Returns a new time: 0 leaves it, 1 is the present.
fn time(seconds: u64) -> NewTimestamp {
    match seconds {
        0 => NewTimestamp::NoChange,
        1 => NewTimestamp::Now,
        seconds => NewTimestamp::Timestamp(Datetime { seconds, nanoseconds: 7 }),
    }
}

fn trapped<R: Debug>(result: wasmtime::Result<R>) -> Answer {
    result.map(|value| format!("{value:?}")).map_err(|error| error.to_string())
}

fn block_on(table: &mut ResourceTable, pollable: Resource<DynPollable>) {
    let own = pollable.rep();
    HostPollable::block(table, pollable).unwrap();
    HostPollable::drop(table, Resource::new_own(own)).unwrap();
}
