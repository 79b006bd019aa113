//! Plumbing: macros for the parts of generated code that are the same in all wrappers.

/// The constructors of a module's wrapper, its `FooPre`, and the traits of its session. The module with
/// the call has the wrapper `Foo`, the session `FooSession`, the static `INTERFACE`, and `ASSET` if the wrapper is
/// that of an asset.
#[doc(hidden)]
#[macro_export]
macro_rules! __wrapper {
    (
        $of:ident: $vis:vis $ty:ident { $($field:ident),* },
        pre: $pre:ident($linked:ident),
        session: $session:ident,
        calls: $calls:ident,
        $(reactor: $reactor:literal,)?
        $(overloads: $overloads:expr,)?
        $(links: [$($host:ident),*] $($module:ident)?,)?
    ) => {
        impl $ty {
            /// Wraps `instance`, which must have the exports of this wrapper. They are looked up when they are
            /// first used.
            pub fn new(instance: $crate::support::Instance) -> Self {
                Self { instance, $($field: $crate::support::Lazy::new(),)* }
            }

            /// Returns Wasmtime's instance.
            pub fn instance(&self) -> $crate::support::Instance {
                self.instance
            }
        }

        impl $crate::Wrapper for $ty {
            type Code = $crate::support::Module;

            const INTERFACE: &'static $crate::Interface = &INTERFACE;

            $(const REACTOR: bool = $reactor;)?
            $(const OVERLOADS: &'static [(usize, &'static str)] = $overloads;)?

            $crate::__wrapper! { @check $of }

            fn from_instance(
                _: impl $crate::support::AsContextMut,
                instance: &$crate::support::Instance,
            ) -> $crate::support::Result<Self> {
                $crate::support::Result::Ok(Self::new(*instance))
            }
        }

        impl $crate::ModuleWrapper for $ty {
            fn wasm_instance(&self) -> $crate::support::Instance {
                self.instance
            }
        }

        /// The module with its imports linked: instantiates often, type-checks once.
        $vis struct $pre<T: 'static>($crate::support::$linked<T>);

        impl<T: 'static> ::core::clone::Clone for $pre<T> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        $crate::__wrapper! { @linked $linked $ty $pre }
        $crate::__wrapper! { @$of $ty }
        $crate::__wrapper! { @$calls $ty $pre }
        $crate::__wrapper! { @start $of $calls $session $ty }
        $($crate::__wrapper! { @links $calls $ty $session [$($host),*] $($module)? })?

        $crate::__versions! { @session Module $ty $session }
    };

    (@check asset) => {
        fn check(module: &$crate::LoadedModule) -> $crate::Result<()> {
            module.check_asset(&ASSET)
        }
    };

    (@check interface) => {
        fn check(module: &$crate::LoadedModule) -> $crate::Result<()> {
            module.check_interface(&INTERFACE)
        }
    };

    (@asset $ty:ident) => {
        impl $ty {
            /// Loads the asset.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load`]($crate::Runtime::load).
            pub fn load(runtime: &$crate::Runtime) -> $crate::Result<$crate::LoadedModule> {
                runtime.load(&ASSET)
            }
        }

        impl $crate::AssetWrapper for $ty {
            const ASSET: &'static $crate::Asset<$crate::support::Module> = &ASSET;
        }
    };

    (@interface $ty:ident) => {};

    (@linked InstancePre $ty:ident $pre:ident) => {
        impl<T: 'static> $pre<T> {
            /// Links the module with the imports in `linker`.
            ///
            /// # Errors
            ///
            /// Fails if this is not a wrapper of `module`, or an import is missing or has another type.
            pub fn new(
                linker: &$crate::support::Linker<T>,
                module: &$crate::LoadedModule,
            ) -> $crate::support::Result<Self> {
                $crate::support::pre::<$ty, T>(linker, module).map(Self)
            }

            /// Returns Wasmtime's linked module.
            pub fn instance_pre(&self) -> &$crate::support::InstancePre<T> {
                &self.0
            }
        }
    };

    (@linked OverloadedPre $ty:ident $pre:ident) => {
        impl<T: 'static> $pre<T> {
            /// Links the module with the imports in `linker`.
            ///
            /// # Errors
            ///
            /// Fails if this is not a wrapper of `module`.
            pub fn new(
                linker: &$crate::support::Linker<T>,
                module: &$crate::LoadedModule,
            ) -> $crate::support::Result<Self> {
                $crate::support::OverloadedPre::new::<$ty>(linker, module).map(Self)
            }
        }
    };

    (@sync $ty:ident $pre:ident) => {
        impl $ty {
            /// Links and instantiates the module.
            ///
            /// # Errors
            ///
            /// Fails if this is not a wrapper of `module`, an import is missing or has another type, the start
            /// function fails, or a limit is reached.
            pub fn instantiate<T: 'static>(
                store: impl $crate::support::AsContextMut<Data = T>,
                linker: &$crate::support::Linker<T>,
                module: &$crate::LoadedModule,
            ) -> $crate::support::Result<Self> {
                $crate::support::instantiate(store, linker, module)
            }
        }

        impl<T: 'static> $pre<T> {
            /// Creates an instance.
            ///
            /// # Errors
            ///
            /// Fails if the start function fails, or a limit is reached.
            pub fn instantiate(
                &self,
                mut store: impl $crate::support::AsContextMut<Data = T>,
            ) -> $crate::support::Result<$ty> {
                let instance = self.0.instantiate(&mut store)?;
                $crate::support::started(store, instance)
            }
        }
    };

    (@async $ty:ident $pre:ident) => {
        impl $ty {
            /// Links and instantiates the module.
            ///
            /// # Errors
            ///
            /// Fails if this is not a wrapper of `module`, an import is missing or has another type, the start
            /// function fails, or a limit is reached.
            pub async fn instantiate_async<T: ::core::marker::Send + 'static>(
                store: impl $crate::support::AsContextMut<Data = T>,
                linker: &$crate::support::Linker<T>,
                module: &$crate::LoadedModule,
            ) -> $crate::support::Result<Self> {
                $crate::support::instantiate_async(store, linker, module).await
            }
        }

        impl<T: ::core::marker::Send + 'static> $pre<T> {
            /// Creates an instance.
            ///
            /// # Errors
            ///
            /// Fails if the start function fails, or a limit is reached.
            pub async fn instantiate_async(
                &self,
                mut store: impl $crate::support::AsContextMut<Data = T>,
            ) -> $crate::support::Result<$ty> {
                let instance = self.0.instantiate_async(&mut store).await?;
                $crate::support::started_async(store, instance).await
            }
        }
    };

    (@start asset sync $session:ident $ty:ident) => {
        impl<T: 'static> $session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load`]($crate::Runtime::load), or if an import is missing or the start
            /// function fails.
            pub fn with_linker(
                runtime: &$crate::Runtime,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut $crate::support::Linker<$crate::SessionData<T>>,
                    &mut $crate::support::Store<$crate::SessionData<T>>,
                ) -> $crate::support::Result<()>,
            ) -> $crate::Result<Self> {
                $crate::Session::<T, $ty>::start(runtime, data, |linker, store, _| define(linker, store))
                    .map(Self)
            }
        }
    };

    (@start asset async $session:ident $ty:ident) => {
        impl<T: ::core::marker::Send + 'static> $session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails like [`Runtime::load`]($crate::Runtime::load), or if an import is missing or the start
            /// function fails.
            pub async fn with_linker(
                runtime: &$crate::Runtime,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut $crate::support::Linker<$crate::SessionData<T>>,
                    &mut $crate::support::Store<$crate::SessionData<T>>,
                ) -> $crate::support::Result<()>,
            ) -> $crate::Result<Self> {
                let define = |linker: &mut _, store: &mut _, _: &_| define(linker, store);
                $crate::Session::<T, $ty>::start_async(runtime, data, define).await.map(Self)
            }
        }
    };

    (@start interface sync $session:ident $ty:ident) => {
        impl<T: 'static> $session<T> {
            /// Instantiates a module that has the exports of the interface, with imports that do nothing: to look
            /// at it before it is given anything.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Interface`]($crate::Error::Interface) if the module has other exports, and if
            /// a start function fails.
            pub fn new_stubbed(
                module: &$crate::LoadedModule,
                data: T,
                stubs: $crate::Stubs,
            ) -> $crate::Result<Self> {
                $crate::Session::<T, $ty>::stubbed(module, data, stubs).map(Self)
            }

            /// Instantiates a module of the interface with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Interface`]($crate::Error::Interface) if the module has another interface,
            /// and if an import is missing or the start function fails.
            pub fn with_linker(
                module: &$crate::LoadedModule,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut $crate::support::Linker<$crate::SessionData<T>>,
                    &mut $crate::support::Store<$crate::SessionData<T>>,
                ) -> $crate::support::Result<()>,
            ) -> $crate::Result<Self> {
                $crate::Session::<T, $ty>::start_of(module, data, |linker, store, _| define(linker, store))
                    .map(Self)
            }
        }
    };

    (@start interface async $session:ident $ty:ident) => {
        impl<T: ::core::marker::Send + 'static> $session<T> {
            /// Instantiates a module that has the exports of the interface, with imports that do nothing: to look
            /// at it before it is given anything.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Interface`]($crate::Error::Interface) if the module has other exports, and if
            /// a start function fails.
            pub async fn new_stubbed(
                module: &$crate::LoadedModule,
                data: T,
                stubs: $crate::Stubs,
            ) -> $crate::Result<Self> {
                $crate::Session::<T, $ty>::stubbed_async(module, data, stubs).await.map(Self)
            }

            /// Instantiates a module of the interface with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// Fails with [`Error::Interface`]($crate::Error::Interface) if the module has another interface,
            /// and if an import is missing or the start function fails.
            pub async fn with_linker(
                module: &$crate::LoadedModule,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut $crate::support::Linker<$crate::SessionData<T>>,
                    &mut $crate::support::Store<$crate::SessionData<T>>,
                ) -> $crate::support::Result<()>,
            ) -> $crate::Result<Self> {
                let define = |linker: &mut _, store: &mut _, _: &_| define(linker, store);
                $crate::Session::<T, $ty>::start_of_async(module, data, define).await.map(Self)
            }
        }
    };

    (@links sync $ty:ident $session:ident $hosts:tt $($module:ident)?) => {
        $crate::__wrapper! { @link_impl [] $ty $session $hosts $hosts $($module)? }
    };

    (@links async $ty:ident $session:ident $hosts:tt $($module:ident)?) => {
        $crate::__wrapper! { @link_impl [::core::marker::Send +] $ty $session $hosts $hosts $($module)? }
    };

    (
        @link_impl [$($send:tt)*] $ty:ident $session:ident [$($host:ident),*] $hosts:tt $($module:ident)?
    ) => {
        impl<T: $($host::Host<$crate::SessionData<T>> +)* $($send)* 'static> $crate::LinkedSession
            for $session<T>
        {
            fn link(
                linker: &mut $crate::support::Linker<$crate::SessionData<T>>,
                module: &$crate::LoadedModule,
            ) -> $crate::support::Result<()> {
                let _ = (&linker, module);
                $crate::__wrapper! { @add linker module $ty $hosts $($module)? }
            }
        }

        $crate::__wrapper! { @once [$($send)*] $ty $session [$($host),*] $hosts $($module)? }
    };

    (@once [$($send:tt)*] $ty:ident $session:ident [$($host:ident),*] $hosts:tt with_module) => {};
    (@once [$($send:tt)*] $ty:ident $session:ident [$($host:ident),*] $hosts:tt) => {
        impl<T: $($host::Host<$crate::SessionData<T>> +)* $($send)* 'static> $crate::LinkedOnce for $session<T> {
            fn link_once(
                linker: &mut $crate::support::Linker<$crate::SessionData<T>>,
            ) -> $crate::support::Result<()> {
                let _ = &linker;
                $crate::__wrapper! { @add linker module $ty $hosts }
            }
        }
    };

    (@add $linker:ident $module:ident $ty:ident []) => {
        $crate::support::Result::Ok(())
    };
    (@add $linker:ident $module:ident $ty:ident [$($host:ident),+]) => {
        $ty::add_to_linker($linker, $crate::SessionData::get_mut)
    };
    (@add $linker:ident $module:ident $ty:ident [$($host:ident),+] with_module) => {
        $ty::add_to_linker($linker, $module, $crate::SessionData::get_mut)
    };
}
