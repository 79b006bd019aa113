//! Virtual files behind WASI 0.2.

mod blocking;
mod convert;
mod descriptor;
mod streams;
#[cfg(test)]
mod tests;

use super::view::{FilesImpl, FilesView};
use crate::vfs::FileError;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{self, ErrorCode};
use wasmtime_wasi::p2::bindings::sync::filesystem::types as blocking_types;
use wasmtime_wasi::p2::{FsError, IoError};

/// Replaces Wasmtime's files in a linker for calls that block.
pub(crate) fn replace<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> FilesView<'_>,
) -> wasmtime::Result<()> {
    shadow(linker, |linker| {
        preopens::add_to_linker::<_, FilesImpl>(linker, get)?;
        blocking_types::add_to_linker::<_, FilesImpl>(linker, get)
    })
}

/// Replaces Wasmtime's files in a linker for async calls.
#[cfg(feature = "async")]
pub(crate) fn replace_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> FilesView<'_>,
) -> wasmtime::Result<()> {
    shadow(linker, |linker| {
        preopens::add_to_linker::<_, FilesImpl>(linker, get)?;
        types::add_to_linker::<_, FilesImpl>(linker, get)
    })
}

/// Defines names that may be defined.
pub(super) fn shadow<T: 'static>(
    linker: &mut Linker<T>,
    define: impl FnOnce(&mut Linker<T>) -> wasmtime::Result<()>,
) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let defined = define(linker);
    linker.allow_shadowing(false);
    defined
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let directories = preopens::Host::get_directories(&mut self.real())?;
        self.with_mounted(directories)
    }
}

impl types::Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<IoError>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        if let Some(error) = self.table().get(&error)?.downcast_ref::<FileError>() {
            return Ok(Some((*error).into()));
        }
        types::Host::filesystem_error_code(&mut self.real(), error)
    }
}
