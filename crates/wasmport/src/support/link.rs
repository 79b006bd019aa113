//! From a module and a linker to a wrapper.

use super::{AsContextMut, Extern, Instance, InstancePre, Linker, Result};
use crate::{Exit, LinkedSession, LoadedModule, Runtime, Session, Wrapper, trace};
use wasmtime::Module;

/// Links an asset whose imports have one type each.
///
/// # Errors
///
/// [`crate::Error::WrongAsset`], and where an import is missing or of another type.
pub fn pre<W: Wrapper, T: 'static>(
    linker: &Linker<T>,
    module: &LoadedModule,
) -> Result<InstancePre<T>> {
    module.check_asset(W::ASSET)?;
    linker.instantiate_pre(module.module())
}

/// What [`InstancePre`] is for assets that import one name at several types, of which a linker can
/// only hold one: those have names of their own in the linker.
pub struct OverloadedPre<T: 'static> {
    linker: Linker<T>,
    module: Module,
    names: &'static [(usize, &'static str)],
}

impl<T: 'static> Clone for OverloadedPre<T> {
    fn clone(&self) -> Self {
        Self { linker: self.linker.clone(), module: self.module.clone(), names: self.names }
    }
}

impl<T: 'static> OverloadedPre<T> {
    /// Links an asset.
    ///
    /// # Errors
    ///
    /// [`crate::Error::WrongAsset`].
    pub fn new<W: Wrapper>(linker: &Linker<T>, module: &LoadedModule) -> Result<Self> {
        module.check_asset(W::ASSET)?;
        let (linker, module) = (linker.clone(), module.module().clone());
        Ok(Self { linker, module, names: W::OVERLOADS })
    }

    /// A new instance.
    ///
    /// # Errors
    ///
    /// Where an import is missing or of another type, or the start function fails.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let imports = self.imports(&mut store)?;
        Instance::new(store, &self.module, &imports)
    }

    /// A new instance whose start function may wait.
    ///
    /// # Errors
    ///
    /// As [`Self::instantiate`].
    #[cfg(feature = "async")]
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T>,
    ) -> Result<Instance>
    where
        T: Send,
    {
        let imports = self.imports(&mut store)?;
        Instance::new_async(store, &self.module, &imports).await
    }

    fn imports(&self, store: impl AsContextMut<Data = T>) -> Result<Vec<Extern>> {
        overloaded_imports(&self.linker, store, &self.module, self.names)
    }
}

fn overloaded_imports<T: 'static>(
    linker: &Linker<T>,
    mut store: impl AsContextMut<Data = T>,
    module: &Module,
    names: &[(usize, &str)],
) -> Result<Vec<Extern>> {
    let imports = module.imports().enumerate();
    let found = imports.map(|(i, import)| {
        let overload = names.iter().find(|(index, _)| *index == i);
        let mut get = |name: &str| linker.get(&mut store, import.module(), name);
        match overload {
            None => get(import.name()),
            // One export can be of several types, where one is a subtype of the other.
            Some((_, name)) => get(name).or_else(|missing| get(import.name()).or(Err(missing))),
        }
    });
    found.collect()
}

/// Links and instantiates at once, and initializes a
/// [reactor](https://github.com/WebAssembly/WASI/blob/main/legacy/application-abi.md).
///
/// # Errors
///
/// [`crate::Error::WrongAsset`], and where an import is missing or of another type, or the start
/// function or the reactor's initialization fail.
pub fn instantiate<W: Wrapper, T: 'static>(
    mut store: impl AsContextMut<Data = T>,
    linker: &Linker<T>,
    module: &LoadedModule,
) -> Result<W> {
    module.check_asset(W::ASSET)?;
    let _span = trace::instantiate(W::ASSET).entered();
    let module = module.module();
    let instance = if W::OVERLOADS.is_empty() {
        linker.instantiate(&mut store, module)?
    } else {
        let imports = overloaded_imports(linker, &mut store, module, W::OVERLOADS)?;
        Instance::new(&mut store, module, &imports)?
    };
    started(store, instance)
}

/// The wrapper of a new instance, initialized if it is a reactor.
///
/// # Errors
///
/// Where initialization fails.
#[inline]
pub fn started<W: Wrapper>(mut store: impl AsContextMut, instance: Instance) -> Result<W> {
    if W::REACTOR {
        instance.get_typed_func::<(), ()>(&mut store, INITIALIZE)?.call(&mut store, ())?;
    }
    Ok(W::from_instance(instance))
}

/// What initializes a reactor.
pub(crate) const INITIALIZE: &str = "_initialize";

/// As [`instantiate`], of an asset whose functions may wait.
///
/// # Errors
///
/// The same.
#[cfg(feature = "async")]
pub async fn instantiate_async<W: Wrapper, T: Send + 'static>(
    mut store: impl AsContextMut<Data = T>,
    linker: &Linker<T>,
    module: &LoadedModule,
) -> Result<W> {
    module.check_asset(W::ASSET)?;
    let module = module.module();
    let instantiated = async {
        let instance = if W::OVERLOADS.is_empty() {
            linker.instantiate_async(&mut store, module).await?
        } else {
            let imports = overloaded_imports(linker, &mut store, module, W::OVERLOADS)?;
            Instance::new_async(&mut store, module, &imports).await?
        };
        started_async(store, instance).await
    };
    trace::instantiate(W::ASSET).around(instantiated).await
}

/// As [`started`], of an asset whose functions may wait.
///
/// # Errors
///
/// The same.
#[cfg(feature = "async")]
pub async fn started_async<W: Wrapper>(
    mut store: impl AsContextMut<Data: Send>,
    instance: Instance,
) -> Result<W> {
    if W::REACTOR {
        let initialize = instance.get_typed_func::<(), ()>(&mut store, INITIALIZE)?;
        initialize.call_async(&mut store, ()).await?;
    }
    Ok(W::from_instance(instance))
}

/// Runs a command.
///
/// # Errors
///
/// Where it traps.
pub fn start(mut store: impl AsContextMut, instance: Instance) -> Result<()> {
    instance.get_typed_func::<(), ()>(&mut store, START)?.call(&mut store, ())
}

/// Runs a command whose host functions may wait.
///
/// # Errors
///
/// Where it traps.
#[cfg(feature = "async")]
pub async fn start_async(
    mut store: impl AsContextMut<Data: Send>,
    instance: Instance,
) -> Result<()> {
    let start = instance.get_typed_func::<(), ()>(&mut store, START)?;
    start.call_async(&mut store, ()).await
}

/// What runs a command.
pub(crate) const START: &str = "_start";

/// How a command ended that may exit: with the code of the error that [`Exit`] is, or 0.
///
/// # Errors
///
/// Others that are in `result`.
pub fn exit(result: Result<()>) -> Result<Exit> {
    match result {
        Ok(()) => Ok(Exit::SUCCESS),
        Err(error) => error.downcast::<Exit>(),
    }
}

/// Defines in `linker`, under the module name `module`, what an instance exports: every name in
/// `names`.
///
/// # Errors
///
/// Where a name is defined already.
pub fn link_exports<W: Wrapper, T: 'static>(
    linker: &mut Linker<T>,
    mut store: impl AsContextMut<Data = T>,
    exporter: &W,
    module: &str,
    names: &[&str],
) -> Result<()> {
    for name in names {
        let instance = exporter.wasm_instance();
        // Compiling has checked that it is there.
        if let Some(export) = instance.get_export(&mut store, name) {
            linker.define(&mut store, module, name, export)?;
        }
    }
    Ok(())
}

/// Starts a session whose data implements all imports of its asset.
///
/// # Errors
///
/// Fails like [`Runtime::load`], or if the start function fails.
pub fn start_linked<S: LinkedSession>(runtime: &Runtime, data: S::Data) -> crate::Result<S> {
    Session::start(runtime, data, |linker, _, module| S::link(linker, module)).map(S::from_session)
}

/// Async version of [`start_linked`].
///
/// # Errors
///
/// Fails like [`start_linked`].
#[cfg(feature = "async")]
pub async fn start_linked_async<S: LinkedSession>(
    runtime: &Runtime,
    data: S::Data,
) -> crate::Result<S>
where
    S::Data: Send,
    S::Wrapper: Sync,
{
    let session = Session::start_async(runtime, data, |linker, _, module| S::link(linker, module));
    session.await.map(S::from_session)
}
