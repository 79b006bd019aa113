//! Support for wrappers of components, which import this module as `__rt`: Wasmtime's component types, what
//! the description of an asset needs, and functions for code that would be the same in all wrappers.

pub use super::{asset, compressed, digest, embedded, file};
pub use crate::component::{call_func, call_unit, exit, exported_func};
pub use crate::{__component_session as component_session, __typed_func as typed_func};
pub use wasmtime::component::*;
pub use wasmtime::{
    AsContext, AsContextMut, Engine, Result, Store, StoreContextMut, ToWasmtimeResult, format_err,
};

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
) -> Result<Func>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    Ok(*instance.get_typed_func::<P, R>(store, index)?.func())
}

/// Checks that a type has the size and the alignment in the guest's memory that its WIT gives it.
pub const fn check_layout<T: ComponentType>(size: usize, align: u32) {
    assert!(
        T::SIZE32 == size && T::ALIGN32 == align,
        "the type has another layout than its WIT: import again"
    );
}

/// The parts of a wrapper and its session that are the same for all components. The module with the call
/// has the constant `ASSET`.
#[doc(hidden)]
#[macro_export]
macro_rules! __component_session {
    ($calls:ident $ty:ident $session:ident) => {
        $crate::__component_session! { @$calls $ty $session }

        impl $ty {
            /// Loads the asset.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load_component`]($crate::Runtime::load_component).
            pub fn load(runtime: &$crate::Runtime) -> $crate::Result<$crate::LoadedComponent> {
                runtime.load_component(&ASSET)
            }
        }

        impl $crate::ComponentWrapper for $ty {
            const ASSET: &'static $crate::Asset = &ASSET;

            fn from_instance(
                store: impl $crate::wasmtime::AsContextMut,
                instance: &$crate::wasmtime::component::Instance,
            ) -> $crate::wasmtime::Result<Self> {
                Self::new(store, instance)
            }
        }

        impl<T: 'static> $session<T> {
            /// Returns the session below, for example to get the data back at its end.
            pub fn into_session(self) -> $crate::Session<T, $ty> {
                self.0
            }
        }

        impl<T: 'static> ::core::ops::Deref for $session<T> {
            type Target = $crate::Session<T, $ty>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<T: 'static> ::core::ops::DerefMut for $session<T> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }

        impl<T: 'static> $crate::TypedSession for $session<T> {
            type Data = T;
            type Wrapper = $ty;

            fn from_session(session: $crate::Session<T, $ty>) -> Self {
                Self(session)
            }

            fn into_session(self) -> $crate::Session<T, $ty> {
                self.0
            }
        }
    };

    (@sync $ty:ident $session:ident) => {
        impl<T: 'static> $session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load_component`]($crate::Runtime::load_component), or if an import is
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
                $crate::Session::start_component(runtime, data, define).map(Self)
            }
        }
    };

    (@async $ty:ident $session:ident) => {
        impl<T: ::core::marker::Send + 'static> $session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load_component`]($crate::Runtime::load_component), or if an import is
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
                $crate::Session::start_component_async(runtime, data, define).await.map(Self)
            }
        }
    };
}
