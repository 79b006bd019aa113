//! `DescribedVersion`: a version of an interface, read from the file that describes it.

use crate::interface::Interface;
use crate::project::discover::AssetFile;
use crate::settings::Version;
use crate::wasm::ValidWasm;
use wasmport::Digest;

/// A version on its way to the wrapper.
pub(super) struct DescribedVersion {
    pub version: Version,
    pub file: AssetFile,
    pub module: ValidWasm,
    pub interface: Interface,
    pub digest: Digest,
    /// Whether it needs an engine with concurrency.
    pub concurrency: bool,
}
