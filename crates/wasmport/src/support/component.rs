//! Support for wrappers of components, which import this module as `__rt`: Wasmtime's component types, what
//! the description of an asset needs, and functions for code that would be the same in all wrappers.

#[cfg(feature = "async")]
pub use super::call_async;
pub use super::{
    Asset, Component, EngineConfig, Interface, RequiredFeatures, WasmFeature, call, check_contract,
    digest, engine, interface, unmodified_importer_output,
};
pub use super::{Detect, Linking, VersionSet, Versions, no_version, version_index, versions_of};
pub use super::{one_of, one_of_versions, there};
pub use crate::code::HostResources;
pub use crate::{__component_session as component_session, __versions as versions};
pub use wasmtime::component::*;
pub use wasmtime::{AsContext, AsContextMut, Engine, Result, Store, StoreContextMut, format_err};

use crate::exit::Exit;
use crate::session::exit_of;
use wasmtime::component::types::ComponentItem;
use wasmtime::error::Context as _;
use wasmtime::{ToWasmtimeResult, bail};

/// Returns a function that looks up the exports of an exported interface by name.
///
/// # Errors
///
/// Fails if the component does not export the interface.
pub fn exported_interface<'a, T: 'static>(
    pre: &'a InstancePre<T>,
    interface: &'static str,
) -> Result<impl Fn(&str) -> Result<ComponentExportIndex> + use<'a, T>> {
    let component = pre.component();
    let found = component.get_export_index(None, interface);
    let found = found.ok_or_else(|| format_err!("no exported instance named `{interface}`"))?;
    Ok(move |name: &str| {
        let export = component.get_export_index(Some(&found), name);
        export.ok_or_else(|| {
            format_err!("instance export `{interface}` does not have export `{name}`")
        })
    })
}

/// Returns the function at `index` of an instance, after a check of its type.
///
/// # Errors
///
/// Fails if the export is missing or has another type.
pub fn load_func<P, R>(
    store: impl AsContextMut,
    instance: &Instance,
    index: &ComponentExportIndex,
) -> Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    instance.get_typed_func(store, index)
}

/// Returns the result of a host function, whose error names the import then.
///
/// # Errors
///
/// Fails if the function did.
pub fn host_result<T>(import: &'static str, result: impl ToWasmtimeResult<T>) -> Result<T> {
    result.to_wasmtime_result().map_err(|error| failed(error, import))
}

#[cold]
fn failed(error: wasmtime::Error, import: &str) -> wasmtime::Error {
    error.context(format!("the import `{import}` failed"))
}

/// Checks that a type has the size and the alignment in the guest's memory that its WIT gives it.
pub const fn check_layout<T: ComponentType>(size: usize, align: u32) {
    assert!(
        T::SIZE32 == size && T::ALIGN32 == align,
        "the type has another layout than its WIT: import again"
    );
}

/// Returns the index of an exported function of these types.
///
/// # Errors
///
/// Fails if there is no such function, or it has other types.
pub fn exported_func<P, R>(
    pre: &InstancePre<impl Sized + 'static>,
    name: &str,
) -> Result<ComponentExportIndex>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let Some((item, index)) = pre.component().get_export(None, name) else {
        bail!("no export `{name}` found");
    };
    let ComponentItem::ComponentFunc(func) = item else {
        bail!("export `{name}` is not a function");
    };
    let checked = func.typecheck::<P, R>(&pre.instance_type());
    checked.with_context(|| format!("type-checking export func `{name}`"))?;
    Ok(index)
}

/// Returns the index of an exported function of these types, if there is one of that name.
///
/// # Errors
///
/// Fails if it has other types.
pub fn optional_func<P, R>(
    pre: &InstancePre<impl Sized + 'static>,
    name: &str,
) -> Result<Option<ComponentExportIndex>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    match pre.component().get_export_index(None, name) {
        Some(_) => exported_func::<P, R>(pre, name).map(Some),
        None => Ok(None),
    }
}

/// Returns the function of an instance if it has an index, after a check of its type.
///
/// # Errors
///
/// Fails if it has another type.
pub fn load_optional_func<P, R>(
    store: impl AsContextMut,
    instance: &Instance,
    index: Option<&ComponentExportIndex>,
) -> Result<Option<TypedFunc<P, R>>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    index.map(|index| load_func(store, instance, index)).transpose()
}

/// Looks up the functions of an exported interface with `new`, if the component exports it.
///
/// # Errors
///
/// Fails like `new`.
pub fn optional_interface<T: 'static, I>(
    pre: &InstancePre<T>,
    interface: &str,
    new: impl FnOnce(&InstancePre<T>) -> Result<I>,
) -> Result<Option<I>> {
    match pre.component().get_export_index(None, interface) {
        Some(_) => new(pre).map(Some),
        None => Ok(None),
    }
}

/// Calls a function with one result.
///
/// # Errors
///
/// Fails like [`TypedFunc::call`].
#[inline]
pub fn call_func<P, R>(func: TypedFunc<P, (R,)>, store: impl AsContextMut, params: P) -> Result<R>
where
    P: ComponentNamedList + Lower,
    (R,): ComponentNamedList + Lift,
{
    let (result,) = func.call(store, params)?;
    Ok(result)
}

/// Calls a function without results.
///
/// # Errors
///
/// Fails like [`TypedFunc::call`].
#[inline]
pub fn call_unit<P: ComponentNamedList + Lower>(
    func: TypedFunc<P, ()>,
    store: impl AsContextMut,
    params: P,
) -> Result<()> {
    func.call(store, params)
}

/// Converts the elements of a list.
///
/// # Errors
///
/// Fails with the first error of `convert`.
pub fn convert_list<A, B>(list: Vec<A>, convert: impl FnMut(A) -> Result<B>) -> Result<Vec<B>> {
    list.into_iter().map(convert).collect()
}

/// Converts the items of a list with a fixed length.
///
/// # Errors
///
/// Fails if the conversion of an item fails.
pub fn convert_array<A, B, const N: usize>(
    array: [A; N],
    convert: impl FnMut(A) -> Result<B>,
) -> Result<[B; N]> {
    let list = convert_list(Vec::from(array), convert)?;
    // It has as many items as before.
    list.try_into().map_err(|_| wasmtime::Error::msg("a list with a fixed length has another one"))
}

/// Returns the error for a case or flag that an older version of an interface lacks.
#[cold]
pub fn no_case(version: &str, ty: &str, case: &str) -> wasmtime::Error {
    format_err!(
        "the version `{version}` of the interface has no `{case}` in `{ty}`: give the guest another value, or update it"
    )
}

/// Returns the error for a call with the types of a version that is older than the guest's.
#[cold]
pub fn newer() -> wasmtime::Error {
    format_err!(
        "the guest is of a newer version than the function that calls it: call that of the newest version, which \
         serves all"
    )
}

/// Returns the exit code of a command: the argument of `exit`, or 0 or 1 by the result of its `run`.
///
/// # Errors
///
/// Fails with any other error of `result`.
pub fn exit(result: Result<std::result::Result<(), ()>>) -> Result<Exit> {
    match result {
        Ok(Ok(())) => Ok(Exit::SUCCESS),
        Ok(Err(())) => Ok(Exit::new(1)),
        Err(error) => exit_of(&error).ok_or(error),
    }
}

/// The parts of a wrapper and its session that are the same for all components. The module with the call
/// has the static `INTERFACE`, and `ASSET` if the wrapper is that of an asset.
#[doc(hidden)]
#[macro_export]
macro_rules! __component_session {
    ($of:ident $calls:ident $ty:ident $session:ident $(, resources: $resources:ident)?) => {
        $crate::__component_session! { @$of $ty }
        $crate::__component_session! { @start $of $calls $ty $session }
        $crate::__component_session! { @wrapper $of $ty $(, resources: $resources)? }
        $crate::__versions! { @session Component $ty $session }
    };

    (@wrapper $of:ident $ty:ident $(, resources: $resources:ident)?) => {
        impl $crate::Wrapper for $ty {
            type Code = $crate::support::Component;

            const INTERFACE: &'static $crate::Interface<$crate::support::Component> = &INTERFACE;

            $crate::__component_session! { @check $of }

            $(
                fn host_resources() -> $crate::support::component::HostResources {
                    $resources()
                }
            )?

            fn from_instance(
                store: impl $crate::wasmtime::AsContextMut,
                instance: &$crate::wasmtime::component::Instance,
            ) -> $crate::wasmtime::Result<Self> {
                Self::new(store, instance)
            }
        }
    };

    (@asset $ty:ident) => {
        impl $ty {
            /// Loads the asset.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load`]($crate::Runtime::load).
            pub fn load(runtime: &$crate::Runtime) -> $crate::Result<$crate::LoadedComponent> {
                runtime.load(&ASSET)
            }
        }

        impl $crate::AssetWrapper for $ty {
            const ASSET: &'static $crate::Asset<$crate::support::Component> = &ASSET;
        }
    };

    (@interface $ty:ident) => {};

    (@check asset) => {
        fn check(component: &$crate::LoadedComponent) -> $crate::Result<()> {
            component.check_asset(&ASSET)
        }
    };

    (@check interface) => {
        fn check(component: &$crate::LoadedComponent) -> $crate::Result<()> {
            component.check_interface(&INTERFACE)
        }
    };

    (@start asset sync $ty:ident $session:ident) => {
        impl<T: 'static> $session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load`]($crate::Runtime::load), or if an import is
            /// missing or a start function fails.
            pub fn with_linker(
                runtime: &$crate::Runtime,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut $crate::wasmtime::component::Linker<$crate::SessionData<T>>,
                    &mut $crate::wasmtime::Store<$crate::SessionData<T>>,
                ) -> $crate::wasmtime::Result<()>,
            ) -> $crate::Result<Self> {
                let define = |linker: &mut _, store: &mut _, _: &_| define(linker, store);
                $crate::Session::<T, $ty>::start(runtime, data, define).map(Self)
            }
        }
    };

    (@start asset async $ty:ident $session:ident) => {
        impl<T: ::core::marker::Send + 'static> $session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load`]($crate::Runtime::load), or if an import is
            /// missing or a start function fails.
            pub async fn with_linker(
                runtime: &$crate::Runtime,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut $crate::wasmtime::component::Linker<$crate::SessionData<T>>,
                    &mut $crate::wasmtime::Store<$crate::SessionData<T>>,
                ) -> $crate::wasmtime::Result<()>,
            ) -> $crate::Result<Self> {
                let define = |linker: &mut _, store: &mut _, _: &_| define(linker, store);
                $crate::Session::<T, $ty>::start_async(runtime, data, define).await.map(Self)
            }
        }
    };

    (@start interface sync $ty:ident $session:ident) => {
        impl<T: 'static> $session<T> {
            /// Instantiates a component that has the exports of the interface, with imports that do nothing: to look
            /// at it before it is given anything.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Interface`]($crate::Error::Interface) if the component has other exports, and if
            /// a start function fails.
            pub fn new_stubbed(
                component: &$crate::LoadedComponent,
                data: T,
                stubs: $crate::Stubs,
            ) -> $crate::Result<Self> {
                $crate::Session::<T, $ty>::stubbed(component, data, stubs).map(Self)
            }

            /// Instantiates a component of the interface with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Interface`]($crate::Error::Interface) if the component has another
            /// interface, and if an import is missing or a start function fails.
            pub fn with_linker(
                component: &$crate::LoadedComponent,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut $crate::wasmtime::component::Linker<$crate::SessionData<T>>,
                    &mut $crate::wasmtime::Store<$crate::SessionData<T>>,
                ) -> $crate::wasmtime::Result<()>,
            ) -> $crate::Result<Self> {
                let define = |linker: &mut _, store: &mut _, _: &_| define(linker, store);
                $crate::Session::<T, $ty>::start_of(component, data, define).map(Self)
            }
        }
    };

    (@start interface async $ty:ident $session:ident) => {
        impl<T: ::core::marker::Send + 'static> $session<T> {
            /// Instantiates a component that has the exports of the interface, with imports that do nothing: to look
            /// at it before it is given anything.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Interface`]($crate::Error::Interface) if the component has other exports, and if
            /// a start function fails.
            pub async fn new_stubbed(
                component: &$crate::LoadedComponent,
                data: T,
                stubs: $crate::Stubs,
            ) -> $crate::Result<Self> {
                $crate::Session::<T, $ty>::stubbed_async(component, data, stubs).await.map(Self)
            }

            /// Instantiates a component of the interface with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Interface`]($crate::Error::Interface) if the component has another
            /// interface, and if an import is missing or a start function fails.
            pub async fn with_linker(
                component: &$crate::LoadedComponent,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut $crate::wasmtime::component::Linker<$crate::SessionData<T>>,
                    &mut $crate::wasmtime::Store<$crate::SessionData<T>>,
                ) -> $crate::wasmtime::Result<()>,
            ) -> $crate::Result<Self> {
                let define = |linker: &mut _, store: &mut _, _: &_| define(linker, store);
                $crate::Session::<T, $ty>::start_of_async(component, data, define).await.map(Self)
            }
        }
    };
}
