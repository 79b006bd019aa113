//! The exported functions of components.

use crate::exit::Exit;
use crate::session::exit_of;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower, TypedFunc,
};
use wasmtime::error::Context as _;
use wasmtime::{AsContextMut, Result, bail};

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

/// Returns the exit code of a command: the argument of `exit`, or 0 or 1 by the result of its `run`.
///
/// # Errors
///
/// Fails with any other error of `result`.
pub fn component_exit(result: Result<std::result::Result<(), ()>>) -> Result<Exit> {
    match result {
        Ok(Ok(())) => Ok(Exit::SUCCESS),
        Ok(Err(())) => Ok(Exit::new(1)),
        Err(error) => exit_of(&error).ok_or(error),
    }
}
