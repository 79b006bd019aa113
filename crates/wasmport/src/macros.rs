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

/// The typed view of a component's function, in generated code alone.
///
/// Wasmtime's generator writes this as an `unsafe` block at each call; wrappers have none.
#[cfg(feature = "component-model")]
#[doc(hidden)]
#[macro_export]
macro_rules! __typed_func {
    ($func:expr) => {
        // SAFETY: the type must be the function's. What the generator writes before has looked the
        // function up with that very type (`FooIndices::load`), and there is no `Foo` where it was
        // another.
        unsafe { $crate::wasmtime::component::TypedFunc::new_unchecked($func) }
    };
}

/// Defines the macros that end compilation where this build of the crate lacks a cargo feature that an
/// asset needs; items that would not compile without it can be given to them. `$d` is a dollar sign.
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
