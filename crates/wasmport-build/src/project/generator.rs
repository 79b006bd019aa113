//! The version of the importer, with digests of its sources.
//!
//! The build scripts of this crate and of `wasmport` compute the digests, so an importer that was built
//! from other sources finds nothing of an earlier one fresh. Sources that make artifacts and sources
//! that make wrappers have a digest each: a change of code generation keeps cached artifacts.

use std::sync::LazyLock;

/// Returns the digests of the sources that decide the bytes of artifacts.
#[cfg(feature = "compiler")]
pub(crate) fn artifact_sources() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), " ", env!("WASMPORT_ARTIFACT_SOURCES"))
}

/// Returns the version of the importer, and the beginnings of the digests of its sources.
pub(crate) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let [engine, artifacts, wrappers] = [
            wasmport::engine::SOURCES,
            env!("WASMPORT_ARTIFACT_SOURCES"),
            env!("WASMPORT_WRAPPER_SOURCES"),
        ]
        .map(|digest| digest.get(..8).unwrap_or(digest));
        format!("{} ({engine}-{artifacts}-{wrappers})", env!("CARGO_PKG_VERSION"))
    });
    &VERSION
}
