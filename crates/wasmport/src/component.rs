//! Sessions of components.

use crate::{Asset, Exit, LoadedComponent, Result, Runtime, Session, SessionData, trace};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Linker, Lower, TypedFunc,
};
use wasmtime::error::Context as _;
use wasmtime::{AsContextMut, Store, bail};

/// What the generated wrapper of every component implements: the typed view of an instance.
pub trait ComponentWrapper: Sized {
    /// The asset.
    const ASSET: &'static Asset;

    /// The wrapper of an instance.
    ///
    /// # Errors
    ///
    /// Where it is of another component.
    fn from_instance(store: impl AsContextMut, instance: &Instance) -> wasmtime::Result<Self>;
}

/// What can be known before there is an instance.
impl LoadedComponent {
    /// The names of what it imports, with types.
    pub fn imports(&self) -> Vec<(String, ComponentItem)> {
        let ty = self.component().component_type();
        let imports = ty.imports(self.runtime().engine());
        imports.map(|(name, item)| (name.to_owned(), item.ty)).collect()
    }

    /// The names of what it exports, with types.
    pub fn exports(&self) -> Vec<(String, ComponentItem)> {
        let ty = self.component().component_type();
        let exports = ty.exports(self.runtime().engine());
        exports.map(|(name, item)| (name.to_owned(), item.ty)).collect()
    }

    /// Whether it imports anything of WASI, so that sessions need a `Wasi`.
    pub fn needs_wasi(&self) -> bool {
        let ty = self.component().component_type();
        ty.imports(self.runtime().engine()).any(|(name, _)| name.starts_with("wasi:"))
    }
}

impl<T: 'static, W: ComponentWrapper> Session<T, W> {
    /// As [`Session::start`], of an asset that is a component.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn start_component(
        runtime: &Runtime,
        data: T,
        define: impl FnOnce(
            &mut Linker<SessionData<T>>,
            &mut Store<SessionData<T>>,
            &LoadedComponent,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let component = runtime.load_component(W::ASSET)?;
        Self::instantiate(&component, data, |store| {
            let mut linker = Linker::new(runtime.engine());
            define(&mut linker, store, &component)?;
            let _span = trace::instantiate(W::ASSET).entered();
            let instance = linker.instantiate(&mut *store, component.component())?;
            W::from_instance(store, &instance)
        })
    }
}

/// Sessions of components that no wrapper describes.
impl<T: 'static> Session<T, Instance> {
    /// Instantiates a component with the imports that `define` puts into the linker.
    ///
    /// # Errors
    ///
    /// Where an import is missing, or instantiating fails or takes more than
    /// [`Limits`](crate::Limits) allow.
    pub fn of_component(
        component: &LoadedComponent,
        data: T,
        define: impl FnOnce(
            &mut Linker<SessionData<T>>,
            &mut Store<SessionData<T>>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        Self::instantiate(component, data, |store| {
            let mut linker = Linker::new(component.runtime().engine());
            define(&mut linker, store)?;
            let _span = trace::instantiate(component.asset()).entered();
            linker.instantiate(store, component.component())
        })
    }
}

/// Where an exported function of these types is.
///
/// # Errors
///
/// Where there is none, or one of other types.
pub fn exported_func<P, R>(
    pre: &InstancePre<impl Sized + 'static>,
    name: &str,
) -> wasmtime::Result<ComponentExportIndex>
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

/// Calls a function with one result.
///
/// # Errors
///
/// As [`TypedFunc::call`].
#[inline]
pub fn call_func<P, R>(
    func: TypedFunc<P, (R,)>,
    store: impl AsContextMut,
    params: P,
) -> wasmtime::Result<R>
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
/// As [`TypedFunc::call`].
#[inline]
pub fn call_unit<P: ComponentNamedList + Lower>(
    func: TypedFunc<P, ()>,
    store: impl AsContextMut,
    params: P,
) -> wasmtime::Result<()> {
    func.call(store, params)
}

/// How a command ended: with what its `run` gives, or the code that it passed to `exit`.
///
/// # Errors
///
/// Others that are in `result`.
pub fn exit(result: wasmtime::Result<std::result::Result<(), ()>>) -> wasmtime::Result<Exit> {
    match result {
        Ok(Ok(())) => Ok(Exit::SUCCESS),
        Ok(Err(())) => Ok(Exit::new(1)),
        Err(error) => crate::session::exit_of(&error).ok_or(error),
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static, W: ComponentWrapper + Sync> Session<T, W> {
    /// As [`Session::start_async`], of an asset that is a component.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn start_component_async(
        runtime: &Runtime,
        data: T,
        define: impl FnOnce(
            &mut Linker<SessionData<T>>,
            &mut Store<SessionData<T>>,
            &LoadedComponent,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let component = runtime.load_component(W::ASSET)?;
        let instantiate = async |store: &mut Store<SessionData<T>>| {
            let mut linker = Linker::new(runtime.engine());
            define(&mut linker, store, &component)?;
            let instance = linker.instantiate_async(&mut *store, component.component());
            let instance = trace::instantiate(W::ASSET).around(instance).await?;
            W::from_instance(store, &instance)
        };
        Self::instantiate_async(&component, data, instantiate).await
    }
}
