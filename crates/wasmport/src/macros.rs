//! The macros that programs and generated code call.

/// Includes the wrappers that a `build.rs` with `wasmport_build` made.
///
/// ```text
/// mod assets {
///     wasmport::include_assets!();
/// }
/// ```
#[macro_export]
macro_rules! include_assets {
    () => {
        include!(concat!(
            env!(
                "OUT_DIR",
                "`include_assets!` needs a build.rs that calls `wasmport_build::import`"
            ),
            "/wasmport/mod.rs"
        ));
    };
}

/// Ends compilation where this build of the crate lacks a cargo feature that an asset needs.
#[doc(hidden)]
#[cfg(feature = "gc")]
#[macro_export]
macro_rules! __require_gc {
    ($asset:literal) => {};
}

#[doc(hidden)]
#[cfg(not(feature = "gc"))]
#[macro_export]
macro_rules! __require_gc {
    ($asset:literal) => {
        compile_error!(concat!(
            "the asset `",
            $asset,
            "` needs the `gc` feature of the `wasmport` crate: ",
            "add `features = [\"gc\"]` to the dependency"
        ));
    };
}

#[doc(hidden)]
#[cfg(feature = "threads")]
#[macro_export]
macro_rules! __require_threads {
    ($asset:literal) => {};
}

#[doc(hidden)]
#[cfg(not(feature = "threads"))]
#[macro_export]
macro_rules! __require_threads {
    ($asset:literal) => {
        compile_error!(concat!(
            "the asset `",
            $asset,
            "` needs the `threads` feature of the `wasmport` crate: ",
            "add `features = [\"threads\"]` to the dependency"
        ));
    };
}

#[doc(hidden)]
#[cfg(feature = "async")]
#[macro_export]
macro_rules! __require_async {
    ($asset:literal) => {};
}

#[doc(hidden)]
#[cfg(not(feature = "async"))]
#[macro_export]
macro_rules! __require_async {
    ($asset:literal) => {
        compile_error!(concat!(
            "the asset `",
            $asset,
            "` needs the `async` feature of the `wasmport` crate: ",
            "add `features = [\"async\"]` to the dependency"
        ));
    };
}

#[doc(hidden)]
#[cfg(feature = "zstd")]
#[macro_export]
macro_rules! __require_zstd {
    ($asset:literal) => {};
}

#[doc(hidden)]
#[cfg(not(feature = "zstd"))]
#[macro_export]
macro_rules! __require_zstd {
    ($asset:literal) => {
        compile_error!(concat!(
            "the asset `",
            $asset,
            "` needs the `zstd` feature of the `wasmport` crate: ",
            "add `features = [\"zstd\"]` to the dependency"
        ));
    };
}
