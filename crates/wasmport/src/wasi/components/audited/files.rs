//! The files of audited guests.

use super::{Audited, Capability};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens;

impl<V: preopens::Host + Send> preopens::Host for Audited<V> {
    fn get_directories(&mut self) -> Result<Vec<(Resource<Descriptor>, String)>> {
        let interface = "wasi:filesystem/preopens";
        let nothing = super::subject::nothing;
        let (capability, _) = self.ask(interface, "get-directories", Capability::Files, nothing)?;
        let directories = self.view.get_directories()?;
        for (directory, path) in &directories {
            self.keep(&(capability, Some(path.as_str().into())), &[directory.rep()]);
        }
        Ok(directories)
    }
}

/// Implements the traits of `wasi:filesystem/types`, whose functions that may wait are of the kind `$wait`.
macro_rules! files {
    ($module:ident, $wait:ident, $($types:ident)::+) => {
        mod $module {
            use super::super::refusal::refused;
            use super::super::subject::{at, on};
            use super::{Audited, Capability};
            use wasmtime::Result;
            use wasmtime::component::Resource;
            use wasmtime_wasi::p2::bindings::$($types)::+::{
                self as types, Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType,
                DirectoryEntry, DirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags,
                PathFlags,
            };
            use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

            audited! {
                "wasi:filesystem/types" Files, types::Host;
                pass convert_error_code "" (error: FsError) -> Result<types::ErrorCode>;
                pass filesystem_error_code "" (error: Resource<wasmtime::Error>) -> Result<Option<types::ErrorCode>>;
            }

            audited! {
                "wasi:filesystem/types" Files, types::HostDescriptor;
                call read_via_stream "[method]descriptor.read-via-stream" (f: Resource<Descriptor>, offset: u64) -> FsResult<Resource<DynInputStream>> { on(&f); keeps s => [s.rep()] };
                call write_via_stream "[method]descriptor.write-via-stream" (f: Resource<Descriptor>, offset: u64) -> FsResult<Resource<DynOutputStream>> { on(&f).writing(); keeps s => [s.rep()] };
                call append_via_stream "[method]descriptor.append-via-stream" (f: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> { on(&f).writing(); keeps s => [s.rep()] };
                $wait advise "[method]descriptor.advise" (f: Resource<Descriptor>, offset: u64, len: u64, advice: Advice) -> FsResult<()> { on(&f) };
                $wait sync_data "[method]descriptor.sync-data" (f: Resource<Descriptor>) -> FsResult<()> { on(&f) };
                $wait get_flags "[method]descriptor.get-flags" (f: Resource<Descriptor>) -> FsResult<DescriptorFlags> { on(&f) };
                $wait get_type "[method]descriptor.get-type" (f: Resource<Descriptor>) -> FsResult<DescriptorType> { on(&f) };
                $wait set_size "[method]descriptor.set-size" (f: Resource<Descriptor>, size: u64) -> FsResult<()> { on(&f).writing() };
                $wait set_times "[method]descriptor.set-times" (f: Resource<Descriptor>, accessed: NewTimestamp, modified: NewTimestamp) -> FsResult<()> { on(&f).writing() };
                $wait read "[method]descriptor.read" (f: Resource<Descriptor>, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> { on(&f) };
                $wait write "[method]descriptor.write" (f: Resource<Descriptor>, bytes: Vec<u8>, offset: u64) -> FsResult<u64> { on(&f).writing() };
                $wait read_directory "[method]descriptor.read-directory" (f: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> { on(&f); keeps s => [s.rep()] };
                $wait sync "[method]descriptor.sync" (f: Resource<Descriptor>) -> FsResult<()> { on(&f) };
                $wait create_directory_at "[method]descriptor.create-directory-at" (f: Resource<Descriptor>, path: String) -> FsResult<()> { at(&f, &path).writing() };
                $wait stat "[method]descriptor.stat" (f: Resource<Descriptor>) -> FsResult<DescriptorStat> { on(&f) };
                $wait stat_at "[method]descriptor.stat-at" (f: Resource<Descriptor>, flags: PathFlags, path: String) -> FsResult<DescriptorStat> { at(&f, &path) };
                $wait set_times_at "[method]descriptor.set-times-at" (f: Resource<Descriptor>, flags: PathFlags, path: String, accessed: NewTimestamp, modified: NewTimestamp) -> FsResult<()> { at(&f, &path).writing() };
                $wait link_at "[method]descriptor.link-at" (f: Resource<Descriptor>, flags: PathFlags, path: String, folder: Resource<Descriptor>, new: String) -> FsResult<()> { at(&f, &path).to(at(&folder, &new)).writing() };
                $wait open_at "[method]descriptor.open-at" (f: Resource<Descriptor>, flags: PathFlags, path: String, how: OpenFlags, access: DescriptorFlags) -> FsResult<Resource<Descriptor>> {
                    at(&f, &path).writing_if(
                        how.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE)
                            || access.intersects(DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY),
                    );
                    keeps file => [file.rep()]
                };
                $wait readlink_at "[method]descriptor.readlink-at" (f: Resource<Descriptor>, path: String) -> FsResult<String> { at(&f, &path) };
                $wait remove_directory_at "[method]descriptor.remove-directory-at" (f: Resource<Descriptor>, path: String) -> FsResult<()> { at(&f, &path).writing() };
                $wait rename_at "[method]descriptor.rename-at" (f: Resource<Descriptor>, path: String, folder: Resource<Descriptor>, new: String) -> FsResult<()> { at(&f, &path).to(at(&folder, &new)).writing() };
                $wait symlink_at "[method]descriptor.symlink-at" (f: Resource<Descriptor>, content: String, path: String) -> FsResult<()> { at(&f, &path).to(super::super::subject::text(content.as_str())).writing() };
                $wait unlink_file_at "[method]descriptor.unlink-file-at" (f: Resource<Descriptor>, path: String) -> FsResult<()> { at(&f, &path).writing() };
                $wait is_same_object "[method]descriptor.is-same-object" (f: Resource<Descriptor>, other: Resource<Descriptor>) -> Result<bool> { on(&f).to(on(&other)) };
                $wait metadata_hash "[method]descriptor.metadata-hash" (f: Resource<Descriptor>) -> FsResult<MetadataHashValue> { on(&f) };
                $wait metadata_hash_at "[method]descriptor.metadata-hash-at" (f: Resource<Descriptor>, flags: PathFlags, path: String) -> FsResult<MetadataHashValue> { at(&f, &path) };
                close drop "" (f: Resource<Descriptor>) -> Result<()>;
            }

            audited! {
                "wasi:filesystem/types" Files, types::HostDirectoryEntryStream;
                $wait read_directory_entry "[method]directory-entry-stream.read-directory-entry" (s: Resource<DirectoryEntryStream>) -> FsResult<Option<DirectoryEntry>> { on(&s) };
                close drop "" (s: Resource<DirectoryEntryStream>) -> Result<()>;
            }
        }
    };
}

files!(blocking, call, sync::filesystem::types);
#[cfg(feature = "async")]
files!(waiting, wait, filesystem::types);
