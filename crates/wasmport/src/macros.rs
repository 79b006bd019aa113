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

/// Defines the macros that end compilation where this build of the crate lacks a cargo feature that an
/// asset needs. `$d` is a dollar sign.
macro_rules! require {
    ($d:tt $($name:ident: $feature:literal,)*) => {$(
        #[doc(hidden)]
        #[cfg(feature = $feature)]
        #[macro_export]
        macro_rules! $name {
            ($d asset:literal) => {};
        }

        #[doc(hidden)]
        #[cfg(not(feature = $feature))]
        #[macro_export]
        macro_rules! $name {
            ($d asset:literal) => {
                compile_error!(concat!(
                    "the asset `",
                    $d asset,
                    "` needs the `",
                    $feature,
                    "` feature of the `wasmport` crate: add `features = [\"",
                    $feature,
                    "\"]` to the dependency"
                ));
            };
        }
    )*};
}

require! { $
    __require_async: "async",
    __require_gc: "gc",
    __require_threads: "threads",
    __require_wasi: "wasi",
    __require_zstd: "zstd",
}
