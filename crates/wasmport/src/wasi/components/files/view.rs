//! `FilesView`: the files of components, virtual ones and Wasmtime's.
//!
//! To Wasmtime, a handle of a component is a number in the store's table of resources, and a type that is checked when
//! the component is linked. A virtual file has an entry of its own type in that table; a number whose entry is of
//! another type is one of Wasmtime's.

use super::clock::WallClock;
use crate::vfs::{Disk, FileError, Inode};
use crate::wasi::WasiCtx;
use crate::wasi::files::listing::Listing;
use crate::wasi::files::open_file::{OpenFile, OpenRequest};
use crate::wasi::files::slots::Slot;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::ReaddirIterator;

/// The implementation of `wasi:filesystem`.
pub(crate) struct FilesImpl;

impl HasData for FilesImpl {
    type Data<'a> = FilesView<'a>;
}

/// The context in which files are used.
pub(crate) struct FilesView<'a>(pub(crate) &'a mut WasiCtx);

/// A handle of a component for an open virtual file or directory.
struct VirtualDescriptor {
    file: OpenFile,
    _slot: Slot,
}

/// The names in a virtual directory. While a component reads them, they count as an open descriptor.
pub(super) struct EntryNames {
    listing: Listing,
    _slot: Slot,
}

impl EntryNames {
    pub fn listing(&mut self) -> &mut Listing {
        &mut self.listing
    }
}

impl FilesView<'_> {
    /// Returns Wasmtime's files.
    pub(super) fn real(&mut self) -> WasiFilesystemCtxView<'_> {
        self.0.preview1.real.filesystem()
    }

    pub(super) fn table(&mut self) -> &mut ResourceTable {
        self.0.preview_2().table
    }

    pub(super) fn clock(&self) -> WallClock {
        WallClock::of(self.0)
    }

    /// Returns the virtual file of a handle; none if it is one of Wasmtime's.
    pub(super) fn file(&mut self, fd: &Resource<Descriptor>) -> Option<&OpenFile> {
        let fd = Resource::<VirtualDescriptor>::new_borrow(fd.rep());
        self.table().get(&fd).ok().map(|descriptor| &descriptor.file)
    }

    /// Returns the virtual files of two handles, none if both are Wasmtime's.
    pub(super) fn files(
        &mut self,
        one: &Resource<Descriptor>,
        other: &Resource<Descriptor>,
    ) -> Option<Result<(OpenFile, OpenFile), FileError>> {
        let (one, other) = (self.file(one).cloned(), self.file(other).cloned());
        match (one, other) {
            (None, None) => None,
            (Some(one), Some(other)) => Some(Ok((one, other))),
            _ => Some(Err(FileError::CrossDevice)),
        }
    }

    /// Opens a path; none if the directory is one of Wasmtime's.
    pub(super) fn open<E: From<FileError>>(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
        request: Result<OpenRequest, E>,
    ) -> Option<wasmtime::Result<Result<Resource<Descriptor>, E>>> {
        let directory = self.file(fd)?.clone();
        Some(match self.open_virtual(&directory, path, request) {
            Ok(opened) => self.add(opened).map(Ok),
            Err(error) => Ok(Err(error)),
        })
    }

    fn open_virtual<E: From<FileError>>(
        &self,
        directory: &OpenFile,
        path: &str,
        request: Result<OpenRequest, E>,
    ) -> Result<VirtualDescriptor, E> {
        let _ = directory.directory()?;
        let request = request?;
        // Before the file may be created.
        let slot = self.0.slots().take()?;
        let now = self.clock().now();
        let file = directory.open_at(path, request, self.0.devices(), now)?;
        Ok(VirtualDescriptor { file, _slot: slot })
    }

    /// Takes a slot, for a stream of a device.
    #[cfg(feature = "wasi-p3")]
    pub(super) fn take_slot(&self) -> Result<Slot, FileError> {
        self.0.slots().take()
    }

    fn add(&mut self, opened: VirtualDescriptor) -> wasmtime::Result<Resource<Descriptor>> {
        Ok(Resource::new_own(self.table().push(opened)?.rep()))
    }

    /// Closes a virtual file; returns false if it is one of Wasmtime's.
    pub(super) fn close(&mut self, fd: &Resource<Descriptor>) -> wasmtime::Result<bool> {
        let is_virtual = self.file(fd).is_some();
        if is_virtual {
            drop(self.table().delete(Resource::<VirtualDescriptor>::new_own(fd.rep()))?);
        }
        Ok(is_virtual)
    }

    /// Lists a directory; none if it is one of Wasmtime's.
    pub(super) fn names(
        &mut self,
        fd: &Resource<Descriptor>,
    ) -> Option<Result<EntryNames, FileError>> {
        let (slots, now) = (self.0.slots().clone(), self.clock().now());
        let directory = self.file(fd)?;
        let list = || {
            let listing = directory.list(&slots, now)?;
            Ok(EntryNames { listing, _slot: slots.take()? })
        };
        Some(list())
    }

    /// Like [`Self::names`], and adds a handle for them.
    pub(super) fn list(
        &mut self,
        fd: &Resource<Descriptor>,
    ) -> Option<wasmtime::Result<Result<Resource<ReaddirIterator>, FileError>>> {
        Some(match self.names(fd)? {
            Ok(names) => match self.table().push(names) {
                Ok(names) => Ok(Ok(Resource::new_own(names.rep()))),
                Err(error) => Err(error.into()),
            },
            Err(error) => Ok(Err(error)),
        })
    }

    /// Returns the names of a virtual directory; none if they are Wasmtime's.
    pub(super) fn listing(&mut self, names: &Resource<ReaddirIterator>) -> Option<&mut Listing> {
        let names = Resource::<EntryNames>::new_borrow(names.rep());
        self.table().get_mut(&names).ok().map(EntryNames::listing)
    }

    /// Drops the names of a virtual directory; returns false if they are Wasmtime's.
    pub(super) fn drop_listing(
        &mut self,
        names: &Resource<ReaddirIterator>,
    ) -> wasmtime::Result<bool> {
        let is_virtual = self.listing(names).is_some();
        if is_virtual {
            drop(self.table().delete(Resource::<EntryNames>::new_own(names.rep()))?);
        }
        Ok(is_virtual)
    }

    /// Adds the mounted directories behind Wasmtime's.
    pub(super) fn with_mounted(
        &mut self,
        mut directories: Vec<(Resource<Descriptor>, String)>,
    ) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let slots = self.0.slots().clone();
        let mounted: Vec<_> = self
            .0
            .disks()
            .iter()
            .map(|(path, disk)| (path.clone(), OpenFile::mounted(disk)))
            .collect();
        for (path, file) in mounted {
            let opened = VirtualDescriptor { file, _slot: slots.take_always() };
            directories.push((self.add(opened)?, path));
        }
        Ok(directories)
    }

    /// Returns a hash that is the same for all names of a file, also in other sessions with the same mounts.
    pub(super) fn identity(&self, disk: &Disk, inode: Inode) -> (u64, u64) {
        let mounts = self.0.disks();
        let device =
            mounts.iter().position(|(_, mounted)| mounted.is(disk)).unwrap_or(mounts.len());
        let mut hasher = blake3::Hasher::new();
        let _ = hasher.update(&(device as u64).to_le_bytes()).update(&inode.to_le_bytes());
        let mut hash = hasher.finalize_xof();
        let (mut lower, mut upper) = ([0; 8], [0; 8]);
        hash.fill(&mut lower);
        hash.fill(&mut upper);
        (u64::from_le_bytes(lower), u64::from_le_bytes(upper))
    }
}
