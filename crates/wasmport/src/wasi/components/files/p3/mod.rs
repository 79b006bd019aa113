//! Virtual files behind WASI 0.3.

mod convert;
mod descriptor;
mod streams;
#[cfg(test)]
#[cfg(feature = "compile")]
mod tests;

use super::p2::shadow;
use super::view::{FilesImpl, FilesView};
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p3::bindings::filesystem::preopens;
use wasmtime_wasi::p3::bindings::filesystem::types::{self, ErrorCode};
use wasmtime_wasi::p3::filesystem::FilesystemError;

/// Replaces Wasmtime's files in a linker.
pub(crate) fn replace<T: WasiView + 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> FilesView<'_>,
) -> wasmtime::Result<()> {
    shadow(linker, |linker| {
        preopens::add_to_linker::<_, FilesImpl>(linker, get)?;
        types::add_to_linker::<_, FilesImpl>(linker, get)
    })
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let directories = preopens::Host::get_directories(&mut self.real())?;
        self.with_mounted(directories)
    }
}

impl types::Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FilesystemError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}
