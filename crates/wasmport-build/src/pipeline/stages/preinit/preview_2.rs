//! WASI 0.2: the functions of `wasi:filesystem/types` that describe files and directories.

use super::seen_files::{LINKS, SeenFiles};
use super::state::GuestState;
use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView as _};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream, ErrorCode, Host as _,
    HostDescriptor as _, HostDirectoryEntryStream as _, MetadataHashValue, PathFlags,
};

/// The interface, in the version that Wasmtime defines.
const TYPES: &str = "wasi:filesystem/types@0.2.12";

type Guest<'a> = StoreContextMut<'a, GuestState>;

/// The result of a function of WASI.
type Answer<T> = Result<(std::result::Result<T, ErrorCode>,)>;

/// Replaces the functions of Wasmtime in `linker`.
///
/// # Errors
///
/// Fails if Wasmtime refuses a function.
pub(super) fn replace(linker: &mut Linker<GuestState>) -> Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[method]descriptor.stat", stat)?;
    types.func_wrap("[method]descriptor.stat-at", stat_at)?;
    types.func_wrap("[method]descriptor.metadata-hash", metadata_hash)?;
    types.func_wrap("[method]descriptor.metadata-hash-at", metadata_hash_at)?;
    types.func_wrap("[method]descriptor.read-directory", read_directory)?;
    types.func_wrap("[method]directory-entry-stream.read-directory-entry", read_directory_entry)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn stat(mut guest: Guest<'_>, (file,): (Resource<Descriptor>,)) -> Answer<DescriptorStat> {
    let found = guest.data_mut().filesystem().stat(file);
    answer(guest, found.map(normalized))
}

fn stat_at(
    mut guest: Guest<'_>,
    (folder, flags, path): (Resource<Descriptor>, PathFlags, String),
) -> Answer<DescriptorStat> {
    let found = guest.data_mut().filesystem().stat_at(folder, flags, path);
    answer(guest, found.map(normalized))
}

fn metadata_hash(
    mut guest: Guest<'_>,
    (file,): (Resource<Descriptor>,),
) -> Answer<MetadataHashValue> {
    let found = guest.data_mut().filesystem().metadata_hash(file);
    let found = found.map(|hash| numbered(&mut guest.data_mut().files, hash));
    answer(guest, found)
}

fn metadata_hash_at(
    mut guest: Guest<'_>,
    (folder, flags, path): (Resource<Descriptor>, PathFlags, String),
) -> Answer<MetadataHashValue> {
    let found = guest.data_mut().filesystem().metadata_hash_at(folder, flags, path);
    let found = found.map(|hash| numbered(&mut guest.data_mut().files, hash));
    answer(guest, found)
}

fn read_directory(
    mut guest: Guest<'_>,
    (folder,): (Resource<Descriptor>,),
) -> Answer<Resource<DirectoryEntryStream>> {
    let state = guest.data_mut();
    let mut filesystem = state.filesystem();
    let listed = filesystem.read_directory(folder).and_then(|stream| {
        let mut entries = Vec::new();
        while let Some(entry) =
            filesystem.read_directory_entry(Resource::new_borrow(stream.rep()))?
        {
            entries.push(entry);
        }
        Ok((stream, entries))
    });
    let listed = listed.map(|(stream, mut entries)| {
        entries.sort_by(|a: &DirectoryEntry, b| a.name.cmp(&b.name));
        state.files.listings.insert(stream.rep(), entries.into());
        stream
    });
    answer(guest, listed)
}

fn read_directory_entry(
    mut guest: Guest<'_>,
    (stream,): (Resource<DirectoryEntryStream>,),
) -> Answer<Option<DirectoryEntry>> {
    let listing = guest.data_mut().files.listings.get_mut(&stream.rep());
    Ok((Ok(listing.and_then(std::collections::VecDeque::pop_front)),))
}

/// Returns a result to the guest; a trap ends the call.
fn answer<T>(mut guest: Guest<'_>, result: FsResult<T>) -> Answer<T> {
    Ok((match result {
        Ok(value) => Ok(value),
        Err(error) => Err(guest.data_mut().filesystem().convert_error_code(error)?),
    },))
}

/// Removes everything but the kind of the file and its size.
fn normalized(stat: DescriptorStat) -> DescriptorStat {
    DescriptorStat {
        link_count: LINKS,
        size: if matches!(stat.type_, DescriptorType::Directory) { 0 } else { stat.size },
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
        ..stat
    }
}

/// Replaces the hash of a file's device and inode by the number of the file.
fn numbered(files: &mut SeenFiles, hash: MetadataHashValue) -> MetadataHashValue {
    MetadataHashValue { lower: files.number(hash.lower), upper: 0 }
}
