//! Wrappers of interfaces with versions: what is the same for all of them.

use crate::code::{Code, Operations as _};
use crate::error::Result;
use crate::runtime::{Detect, InterfaceVersion, Loaded, Versions, version_index};
use crate::session::{Session, SessionData, TypedSession};
use crate::wrapper::Wrapper;
use wasmtime::{Error, Store, format_err};

/// Describes an interface with versions.
#[must_use]
pub const fn versions_of<V>(name: &'static str, detect: Detect) -> Versions<V> {
    Versions::new(name, detect)
}

/// Returns the error for an instance whose version is not known.
#[cold]
pub fn no_version(interface: &str) -> Error {
    format_err!(
        "the version of an instance is not known: wrap it with the wrapper of one version of the interface \
         `{interface}`"
    )
}

/// Starts a session with code of any version; `define` gets the index of the version.
///
/// # Errors
///
/// Fails if the code is of another version or differs from it, and like [`Session::start_of`].
pub fn start_version<S: TypedSession>(
    loaded: &Loaded<CodeOf<S>>,
    data: S::Data,
    define: impl FnOnce(
        &mut LinkerOf<S>,
        &mut Store<SessionData<S::Data>>,
        usize,
    ) -> wasmtime::Result<()>,
) -> Result<S> {
    Session::start_version_of(loaded, data, define).map(S::from_session)
}

/// Async version of [`start_version`].
///
/// # Errors
///
/// Fails like [`start_version`].
#[cfg(feature = "async")]
pub async fn start_version_async<S: TypedSession<Data: Send, Wrapper: Sync>>(
    loaded: &Loaded<CodeOf<S>>,
    data: S::Data,
    define: impl FnOnce(
        &mut LinkerOf<S>,
        &mut Store<SessionData<S::Data>>,
        usize,
    ) -> wasmtime::Result<()>,
) -> Result<S> {
    Session::start_version_of_async(loaded, data, define).await.map(S::from_session)
}

/// Returns the version at an index, which the runtime gave.
#[must_use]
pub fn version_at<V: InterfaceVersion>(index: usize) -> V {
    V::ALL[index]
}

/// Returns the export that loaded code has of those of which its version of the interface wants one; `exports` has
/// them for each version.
///
/// # Errors
///
/// Fails if the code is of another version, or differs from it.
pub fn one_of_versions<V: InterfaceVersion>(
    loaded: &Loaded<V::Code>,
    interface: &Versions<V>,
    exports: &[&[&'static str]],
) -> Result<&'static str> {
    let version = version_index(interface.check(loaded)?);
    let mut exports = exports.get(version).into_iter().copied().flatten().copied();
    // The check has found it.
    Ok(exports.find(|name| loaded.code().has_export(name)).unwrap_or_default())
}

/// The kind of code of a session.
type CodeOf<S> = <<S as TypedSession>::Wrapper as Wrapper>::Code;

/// The linker of a session.
type LinkerOf<S> = <CodeOf<S> as Code>::Linker<SessionData<<S as TypedSession>::Data>>;

/// The types of the resources that the host gives to code.
pub type HostResourcesOf<C> = <C as crate::code::Operations>::HostResources;

/// The common parts of wrappers of interfaces with versions. The module with the call has the enum of versions, the
/// enum of their wrappers, the static `INTERFACE`, and a Rust module for each version.
#[doc(hidden)]
#[macro_export]
macro_rules! __versions {
    (
        $kind:ident $ty:ident $version:ident, newest: $newest:ident,
        versions: [$($variant:ident $module:ident $own:ident $name:literal $index:literal),+]
    ) => {
        impl $crate::InterfaceVersion for $version {
            type Code = $crate::support::$kind;

            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            fn interface(self) -> &'static $crate::Interface<$crate::support::$kind> {
                match self {
                    $(Self::$variant => &$module::INTERFACE,)+
                }
            }
        }

        impl ::core::fmt::Display for $version {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str($crate::InterfaceVersion::name(*self))
            }
        }

        impl $ty {
            /// Returns the version of the code.
            pub fn version(&self) -> $version {
                match self {
                    $(Self::$variant(_) => $version::$variant,)+
                }
            }
        }

        impl $crate::VersionedWrapper for $ty {
            type Version = $version;

            const VERSIONED: &'static $crate::Versions<$version> = &INTERFACE;

            fn version(&self) -> $version {
                $ty::version(self)
            }
        }

        impl $crate::Wrapper for $ty {
            type Code = $crate::support::$kind;

            const INTERFACE: &'static $crate::Interface<$crate::support::$kind> = &$newest::INTERFACE;

            const REACTOR: bool = $(<$module::$own as $crate::Wrapper>::REACTOR)||+;

            const VERSIONS: usize = <$version as $crate::InterfaceVersion>::ALL.len();

            fn check(loaded: &$crate::Loaded<$crate::support::$kind>) -> $crate::Result<()> {
                INTERFACE.check(loaded).map(|_| ())
            }

            fn check_version(
                loaded: &$crate::Loaded<$crate::support::$kind>,
                accepted: $crate::support::VersionSet,
            ) -> $crate::Result<usize> {
                INTERFACE.checked_index(loaded, accepted)
            }

            fn check_exports(
                loaded: &$crate::Loaded<$crate::support::$kind>,
            ) -> $crate::Result<usize> {
                INTERFACE.checked_exports_index(loaded)
            }

            fn linking_of(
                loaded: &$crate::Loaded<$crate::support::$kind>,
                version: usize,
            ) -> $crate::support::Linking {
                match version {
                    $($index => <$module::$own as $crate::Wrapper>::linking(loaded),)+
                    _ => Self::linking(loaded),
                }
            }

            fn host_resources_of(
                version: usize,
            ) -> $crate::support::HostResourcesOf<$crate::support::$kind> {
                match version {
                    $($index => <$module::$own as $crate::Wrapper>::host_resources(),)+
                    _ => Self::host_resources(),
                }
            }

            fn of_version(
                store: impl $crate::wasmtime::AsContextMut,
                instance: &<$crate::support::$kind as $crate::Code>::Instance,
                version: usize,
            ) -> $crate::wasmtime::Result<Self> {
                match version {
                    $(
                        $index => <$module::$own as $crate::Wrapper>::from_instance(store, instance)
                            .map(Self::$variant),
                    )+
                    _ => Self::from_instance(store, instance),
                }
            }

            fn from_instance(
                _: impl $crate::wasmtime::AsContextMut,
                _: &<$crate::support::$kind as $crate::Code>::Instance,
            ) -> $crate::wasmtime::Result<Self> {
                $crate::wasmtime::Result::Err($crate::support::no_version(INTERFACE.name()))
            }
        }
    };

    (@session $kind:ident $ty:ident $session:ident) => {
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

    // The session's data implements all imports, which are the same for all code of a version.
    (@once [$($send:tt)*] $kind:ident $ty:ident $session:ident [$($bounds:tt)*]) => {
        impl<T: $($bounds)* $($send)* 'static> $crate::LinkedSession for $session<T> {
            fn link(
                linker: &mut <$crate::support::$kind as $crate::Code>::Linker<$crate::SessionData<T>>,
                loaded: &$crate::Loaded<$crate::support::$kind>,
            ) -> $crate::wasmtime::Result<()> {
                let version = <$ty as $crate::VersionedWrapper>::VERSIONED.check(loaded)?;
                Self::link_code(linker, loaded, $crate::support::version_index(version))
            }

            fn link_code(
                linker: &mut <$crate::support::$kind as $crate::Code>::Linker<$crate::SessionData<T>>,
                _: &$crate::Loaded<$crate::support::$kind>,
                version: usize,
            ) -> $crate::wasmtime::Result<()> {
                <Self as $crate::LinkedOnce>::link_version(linker, version)
            }
        }
    };

    (@new sync $kind:ident $ty:ident $session:ident [$($bounds:tt)*]) => {
        impl<T: $($bounds)* 'static> $session<T> {
            /// Instantiates code of the interface, of any version; host functions reach `data`.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Version`]($crate::Error::Version) if the code is of another version, with
            /// [`Error::Interface`]($crate::Error::Interface) if it differs from its version, and if a start
            /// function fails.
            pub fn new(
                loaded: &$crate::Loaded<$crate::support::$kind>,
                data: T,
            ) -> $crate::Result<Self> {
                $crate::support::start_version(loaded, data, |linker, _, version| {
                    <Self as $crate::LinkedSession>::link_code(linker, loaded, version)
                })
            }
        }

        $crate::__versions! { @stubbed sync $kind $ty $session }
    };

    (@new async $kind:ident $ty:ident $session:ident [$($bounds:tt)*]) => {
        impl<T: $($bounds)* ::core::marker::Send + 'static> $session<T> {
            /// Instantiates code of the interface, of any version; host functions reach `data`.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Version`]($crate::Error::Version) if the code is of another version, with
            /// [`Error::Interface`]($crate::Error::Interface) if it differs from its version, and if a start
            /// function fails.
            pub async fn new(
                loaded: &$crate::Loaded<$crate::support::$kind>,
                data: T,
            ) -> $crate::Result<Self> {
                let define = |linker: &mut _, _: &mut _, version| {
                    <Self as $crate::LinkedSession>::link_code(linker, loaded, version)
                };
                $crate::support::start_version_async(loaded, data, define).await
            }
        }

        $crate::__versions! { @stubbed async $kind $ty $session }
    };

    (@stubbed sync $kind:ident $ty:ident $session:ident) => {
        impl<T: 'static> $session<T> {
            /// Instantiates code that has the exports of its version, with imports that do nothing: to look at it
            /// before it is given anything.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Version`]($crate::Error::Version) if the code is of another version, with
            /// [`Error::Interface`]($crate::Error::Interface) if its exports differ from its version, and if a start
            /// function fails.
            pub fn new_stubbed(
                loaded: &$crate::Loaded<$crate::support::$kind>,
                data: T,
                stubs: $crate::Stubs,
            ) -> $crate::Result<Self> {
                $crate::Session::<T, $ty>::stubbed(loaded, data, stubs).map(Self)
            }
        }
    };

    (@stubbed async $kind:ident $ty:ident $session:ident) => {
        impl<T: ::core::marker::Send + 'static> $session<T> {
            /// Instantiates code that has the exports of its version, with imports that do nothing: to look at it
            /// before it is given anything.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Version`]($crate::Error::Version) if the code is of another version, with
            /// [`Error::Interface`]($crate::Error::Interface) if its exports differ from its version, and if a start
            /// function fails.
            pub async fn new_stubbed(
                loaded: &$crate::Loaded<$crate::support::$kind>,
                data: T,
                stubs: $crate::Stubs,
            ) -> $crate::Result<Self> {
                $crate::Session::<T, $ty>::stubbed_async(loaded, data, stubs).await.map(Self)
            }
        }
    };
}
