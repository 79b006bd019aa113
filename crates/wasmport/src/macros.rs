//! Macros for programs and generated code.

/// Includes the wrappers that a `build.rs` with `wasmport_build` generated.
///
/// ```text
/// mod assets {
///     ::wasmport::include_assets!();
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

/// Describes an asset, in generated code only: it vouches that the digests are those of unmodified output of
/// the importer. A program that writes such a call itself makes that promise.
///
/// The macro keeps `unsafe` out of wrappers. `#![forbid(unsafe_code)]` accepts it, because the block is
/// another crate's. Arguments are evaluated outside of the block.
#[doc(hidden)]
#[macro_export]
macro_rules! __unmodified_importer_output {
    (
        $(#[$attribute:meta])*
        $vis:vis static $asset:ident: $ty:ty = (
            $name:literal, $source:literal, $source_digest:expr, $wasmtime:literal, $engine:expr,
            $features:expr, &[$($artifact:ident $of_artifact:tt),* $(,)?] $(,)?
        );
    ) => {
        $(#[$attribute])*
        $vis static $asset: $ty = {
            const SOURCE_DIGEST: $crate::Digest = $source_digest;
            const ENGINE: $crate::EngineConfig = $engine;
            const FEATURES: $crate::engine::RequiredFeatures = $features;
            const ARTIFACTS: &[$crate::Artifact] =
                &[$($crate::__artifact!($name, $wasmtime, $artifact $of_artifact)),*];
            // SAFETY: the importer writes this call, with the digests of its output.
            unsafe {
                $crate::support::asset(
                    $name,
                    $source,
                    SOURCE_DIGEST,
                    $wasmtime,
                    ENGINE,
                    FEATURES,
                    ARTIFACTS,
                )
            }
        };
    };
}

/// Describes an artifact of an asset of this name, which this version of Wasmtime compiled.
///
/// - `embedded(target, bytes, digest, path)`: in the program, behind its [marker](crate::support::Marker). With an
///   architecture and a system behind the path, only in programs for these,
/// - `file(target, bytes, digest, path)`: read from `path` by an [`AssetSource`](crate::AssetSource),
/// - `compressed(artifact, bytes)`: one of the others, with its length after decompression.
#[doc(hidden)]
#[macro_export]
macro_rules! __artifact {
    (
        $name:literal, $wasmtime:literal,
        embedded($target:literal, $bytes:literal, $digest:literal, $path:literal $(, $arch:literal, $os:literal)? $(,)?)
    ) => {
        $crate::support::embedded($target, $bytes, $crate::support::digest($digest), {
            #[cfg(all($(target_arch = $arch, target_os = $os, target_pointer_width = "64")?))]
            {
                const MARKER: $crate::support::Marker<'static> = $crate::support::Marker {
                    name: $name,
                    wasmtime: $wasmtime,
                    target: $target,
                    bytes: $bytes,
                    digest: $digest,
                };
                const ARTIFACT: &[u8] =
                    &$crate::support::marked::<{ MARKER.len() }, _>(&MARKER, include_bytes!($path))
                        .artifact;
                $crate::support::Option::Some(ARTIFACT)
            }
            #[cfg(not(all($(target_arch = $arch, target_os = $os, target_pointer_width = "64")?)))]
            {
                $crate::support::Option::None
            }
        })
    };
    (
        $name:literal, $wasmtime:literal,
        file($target:literal, $bytes:literal, $digest:literal, $path:literal $(,)?)
    ) => {
        $crate::support::file($target, $bytes, $crate::support::digest($digest), $path)
    };
    ($name:literal, $wasmtime:literal, compressed($artifact:ident $of_artifact:tt, $bytes:literal $(,)?)) => {
        $crate::support::compressed(
            $crate::__artifact!($name, $wasmtime, $artifact $of_artifact),
            $bytes,
        )
    };
}

/// Defines the macros that fail to compile if this build of the crate lacks a cargo feature that an asset
/// needs. They pass on items that would not compile without the feature. `$d` is a dollar sign.
macro_rules! require {
    ($d:tt $($name:ident: $feature:literal,)*) => {$(
        #[doc(hidden)]
        #[cfg(feature = $feature)]
        #[macro_export]
        macro_rules! $name {
            ($d asset:literal $d ($d items:tt)*) => { $d ($d items)* };
        }

        #[doc(hidden)]
        #[cfg(not(feature = $feature))]
        #[macro_export]
        macro_rules! $name {
            ($d asset:literal $d ($d items:tt)*) => {
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
    __require_component_model: "component-model",
    __require_component_model_async: "component-model-async",
    __require_gc: "gc",
    __require_threads: "threads",
    __require_wasi: "wasi",
    __require_wasi_http: "wasi-http",
    __require_wasi_p3: "wasi-p3",
    __require_zstd: "zstd",
}
