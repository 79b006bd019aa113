//! Macros for programs and generated code.

/// Includes the wrappers that a `build.rs` with `wasmport_build` generated.
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

/// Returns the typed view of a component's function, in generated code only.
///
/// Wasmtime's generator writes an `unsafe` block at each call; this macro keeps it out of wrappers.
#[cfg(feature = "component-model")]
#[doc(hidden)]
#[macro_export]
macro_rules! __typed_func {
    ($func:expr) => {
        // SAFETY: the type must be the function's. Generated code has looked the function up with that
        // type before (`FooIndices::load`); with another type there is no `Foo`.
        unsafe { $crate::wasmtime::component::TypedFunc::new_unchecked($func) }
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
    __require_wasi_p3: "wasi-p3",
    __require_zstd: "zstd",
}
