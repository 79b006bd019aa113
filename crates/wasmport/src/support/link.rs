//! Linking and instantiating core modules.

use super::cells::there;
use crate::code::{Operations as _, OverloadedPre, START};
use crate::exit::Exit;
use crate::record;
use crate::runtime::{LoadedModule, Runtime};
use crate::session::{LinkedSession, Session, SessionData, exit_code};
use crate::trace;
use crate::wrapper::{AssetWrapper, ModuleWrapper, Wrapper};
use wasmtime::{AsContextMut, Instance, InstancePre, Linker, Result, Store};

/// Links an asset without overloaded imports.
///
/// # Errors
///
/// Fails like [`Wrapper::check`], and if an import is missing or has another type.
pub fn pre<W: ModuleWrapper, T: 'static>(
    linker: &Linker<T>,
    module: &LoadedModule,
) -> Result<InstancePre<T>> {
    W::check(module)?;
    W::linking(module).named(linker, module.module()).instantiate_pre(module.module())
}

impl<T: 'static> OverloadedPre<T> {
    /// Links an asset with overloaded imports.
    ///
    /// # Errors
    ///
    /// Fails like [`Wrapper::check`].
    pub fn new<W: ModuleWrapper>(linker: &Linker<T>, module: &LoadedModule) -> Result<Self> {
        W::check(module)?;
        Ok(Self::link(linker, module.module(), W::linking(module)))
    }
}

/// Links and instantiates an asset, and initializes a
/// [reactor](https://github.com/WebAssembly/WASI/blob/main/legacy/application-abi.md).
///
/// # Errors
///
/// Fails like [`Wrapper::check`], and if an import is missing or has another type, or the start function or
/// the initialization fails.
pub fn instantiate<W: ModuleWrapper, T: 'static>(
    mut store: impl AsContextMut<Data = T>,
    linker: &Linker<T>,
    module: &LoadedModule,
) -> Result<W> {
    W::check(module)?;
    let _span = trace::instantiate(module.asset()).entered();
    let instance =
        module.code().instantiate(linker, store.as_context_mut(), &W::linking(module))?;
    started(store, instance)
}

/// Initializes a reactor, and returns the wrapper of a new instance.
///
/// # Errors
///
/// Fails if the initialization fails.
#[inline]
pub fn started<W: ModuleWrapper>(mut store: impl AsContextMut, instance: Instance) -> Result<W> {
    record::second_instance(&mut store.as_context_mut(), W::INTERFACE.name());
    if W::REACTOR {
        <W as Wrapper>::Code::initialize(&instance, store.as_context_mut())?;
    }
    W::from_instance(store, &instance)
}

/// Async version of [`instantiate`].
///
/// # Errors
///
/// Fails like [`instantiate`].
#[cfg(feature = "async")]
pub async fn instantiate_async<W: ModuleWrapper, T: Send + 'static>(
    mut store: impl AsContextMut<Data = T>,
    linker: &Linker<T>,
    module: &LoadedModule,
) -> Result<W> {
    W::check(module)?;
    let instantiated = async {
        let (code, context) = (module.code(), store.as_context_mut());
        let instance = code.instantiate_async(linker, context, &W::linking(module)).await?;
        started_async(store, instance).await
    };
    trace::instantiate(module.asset()).around(instantiated).await
}

/// Async version of [`started`].
///
/// # Errors
///
/// Fails like [`started`].
#[cfg(feature = "async")]
pub async fn started_async<W: ModuleWrapper>(
    mut store: impl AsContextMut<Data: Send>,
    instance: Instance,
) -> Result<W> {
    record::second_instance(&mut store.as_context_mut(), W::INTERFACE.name());
    if W::REACTOR {
        <W as Wrapper>::Code::initialize_async(&instance, store.as_context_mut()).await?;
    }
    W::from_instance(store, &instance)
}

/// Runs a command.
///
/// # Errors
///
/// Fails if it traps.
pub fn start(mut store: impl AsContextMut, instance: Instance) -> Result<()> {
    let start = instance.get_typed_func::<(), ()>(&mut store, START)?;
    record::export(store.as_context_mut(), START, &start, ())
}

/// Async version of [`start`].
///
/// # Errors
///
/// Fails like [`start`].
#[cfg(feature = "async")]
pub async fn start_async(
    mut store: impl AsContextMut<Data: Send>,
    instance: Instance,
) -> Result<()> {
    let start = instance.get_typed_func::<(), ()>(&mut store, START)?;
    start.call_async(&mut store, ()).await
}

/// Returns the exit code of a command: that of an [`Exit`], or 0.
///
/// # Errors
///
/// Fails with any other error of `result`.
pub fn exit(result: Result<()>) -> Result<Exit> {
    exit_code(result)
}

/// Defines exports of an instance in `linker`, below the module name `module`: all of `names`.
///
/// # Errors
///
/// Fails if a name is already defined, or the instance lacks an export that is optional in its interface.
pub fn link_exports<W: ModuleWrapper, T: 'static>(
    linker: &mut Linker<T>,
    mut store: impl AsContextMut<Data = T>,
    exporter: &W,
    module: &str,
    names: &[&str],
) -> Result<()> {
    for name in names {
        let instance = exporter.wasm_instance();
        // Its interface has it: `check_link` has compared the interfaces at compile time.
        let export = there(instance.get_export(&mut store, name), name)?;
        let _ = linker.define(&mut store, module, name, export)?;
    }
    Ok(())
}

/// Runs a call of the export `function` in a session.
///
/// # Errors
///
/// Fails like [`Session::call`].
#[inline]
pub fn call<T: 'static, W, R>(
    session: &mut Session<T, W>,
    function: &str,
    call: impl FnOnce(&W, &mut Store<SessionData<T>>) -> Result<R>,
) -> crate::error::Result<R> {
    session.call_export(Some(function), call)
}

/// Async version of [`call`].
///
/// # Errors
///
/// Fails like [`call`].
#[cfg(feature = "async")]
pub async fn call_async<T: Send + 'static, W: Sync, R>(
    session: &mut Session<T, W>,
    function: &str,
    call: impl AsyncFnOnce(&W, &mut Store<SessionData<T>>) -> Result<R>,
) -> crate::error::Result<R> {
    session.call_export_async(Some(function), call).await
}

/// Starts a session whose data implements all imports of the asset.
///
/// # Errors
///
/// Fails like [`Session::start`].
pub fn start_linked<S: LinkedSession>(runtime: &Runtime, data: S::Data) -> crate::error::Result<S>
where
    S::Wrapper: AssetWrapper,
{
    Session::start(runtime, data, |linker, _, loaded| S::link(linker, loaded)).map(S::from_session)
}

/// Starts a session of a module that has the session's interface, and whose imports its data implements.
///
/// # Errors
///
/// Fails like [`Session::start_of`].
pub fn start_linked_of<S: LinkedSession<Wrapper: ModuleWrapper>>(
    module: &LoadedModule,
    data: S::Data,
) -> crate::error::Result<S> {
    Session::start_of(module, data, |linker, _, loaded| S::link(linker, loaded))
        .map(S::from_session)
}

/// Async version of [`start_linked_of`].
///
/// # Errors
///
/// Fails like [`start_linked_of`].
#[cfg(feature = "async")]
pub async fn start_linked_of_async<S: LinkedSession<Wrapper: ModuleWrapper>>(
    module: &LoadedModule,
    data: S::Data,
) -> crate::error::Result<S>
where
    S::Data: Send,
    S::Wrapper: Sync,
{
    let session =
        Session::start_of_async(module, data, |linker, _, loaded| S::link(linker, loaded));
    session.await.map(S::from_session)
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
) -> crate::error::Result<S>
where
    S::Data: Send,
    S::Wrapper: AssetWrapper + Sync,
{
    let session = Session::start_async(runtime, data, |linker, _, loaded| S::link(linker, loaded));
    session.await.map(S::from_session)
}
