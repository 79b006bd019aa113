//! Imports: how generated `add_to_linker` functions define host functions.

use crate::access::Access;
use crate::interface::{self, Found, Given, Interface};
use crate::record::{self, Logged};
use crate::runtime::LoadedModule;
use crate::typed::WasmValue;
use wasmtime::{
    AsContextMut, Caller, Engine, ExternType, FuncType, Linker, Module, Result, ThrownException,
    Val, ValType, WasmRet, WasmTy,
};

/// A function of a `Host` trait whose parameters and results are core values.
pub trait HostFunc<T: 'static, H, P, R>: Send + Sync + 'static {
    /// Defines the function in `linker`.
    ///
    /// # Errors
    ///
    /// Fails if the linker refuses the definition.
    fn define(
        self,
        linker: &mut Linker<T>,
        module: &'static str,
        name: &'static str,
        host: fn(&mut T) -> &mut H,
    ) -> Result<()>;
}

macro_rules! host_funcs {
    ($first:ident $($rest:ident)*) => {
        host_funcs!(@one $first $($rest)*);
        host_funcs!($($rest)*);
    };
    () => {
        host_funcs!(@one);
    };
    (@one $($param:ident)*) => {
        #[allow(non_snake_case, reason = "a parameter is named like its type")]
        impl<T: 'static, H: 'static, F, R: WasmRet + Logged, $($param: WasmTy + Logged),*>
            HostFunc<T, H, ($($param,)*), R> for F
        where
            F: for<'a, 'b> Fn(&'a mut Access<'b, T, H>, $($param),*) -> Result<R>
                + Send + Sync + 'static,
        {
            fn define(
                self,
                linker: &mut Linker<T>,
                module: &'static str,
                name: &'static str,
                host: fn(&mut T) -> &mut H,
            ) -> Result<()> {
                let hook = record::hook::<T>(module, name);
                linker.func_wrap(module, name, move |mut caller: Caller<'_, T>, $($param: $param),*| {
                    let call = record::begin(hook.as_ref(), &mut caller, &($(record::Ref(&$param),)*))?;
                    let mut access = Access::new(caller, host);
                    let result = host_call(module, name, || self(&mut access, $($param),*));
                    record::end(hook.as_ref(), call, access.caller(), &result);
                    result
                })?;
                Ok(())
            }
        }
    };
}

host_funcs!(P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P14 P15 P16 P17);

/// Runs a host function, whose error names the import then.
#[inline]
fn host_call<R>(
    module: &'static str,
    name: &'static str,
    call: impl FnOnce() -> Result<R>,
) -> Result<R> {
    call().map_err(|error| failed(error, module, name))
}

/// Waits for a host function, whose error names the import then.
///
/// # Errors
///
/// Fails if the function does.
#[cfg(feature = "async")]
pub async fn host_call_async<R>(
    module: &'static str,
    name: &'static str,
    call: impl Future<Output = Result<R>>,
) -> Result<R> {
    call.await.map_err(|error| failed(error, module, name))
}

#[cold]
fn failed(error: wasmtime::Error, module: &str, name: &str) -> wasmtime::Error {
    // The guest may catch an exception.
    if error.is::<ThrownException>() {
        return error;
    }
    error.context(format!("the import {module:?} {name:?} failed"))
}

/// Defines a host function; `host` finds the host in the store's data.
///
/// # Errors
///
/// Fails if the linker refuses the definition.
pub fn func<T: 'static, H, P, R>(
    linker: &mut Linker<T>,
    module: &'static str,
    name: &'static str,
    host: fn(&mut T) -> &mut H,
    func: impl HostFunc<T, H, P, R>,
) -> Result<()> {
    func.define(linker, module, name, host)
}

/// Defines a host function that Wasmtime's tuples cannot type.
///
/// # Errors
///
/// Fails if the linker refuses the definition.
pub fn func_wide<T: 'static>(
    linker: &mut Linker<T>,
    module: &'static str,
    name: &'static str,
    params: &[ValType],
    results: &[ValType],
    host: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let ty = FuncType::new(linker.engine(), params.iter().cloned(), results.iter().cloned());
    linker.func_new(module, name, ty, move |caller, params, results| {
        host_call(module, name, || host(caller, params, results))
    })?;
    Ok(())
}

/// Defines a host function with the type of the import `index` of a module, for types that only the
/// module has.
///
/// # Errors
///
/// Fails if the linker refuses the definition, or `of` is the module of another asset.
pub fn func_nominal<T: 'static>(
    linker: &mut Linker<T>,
    of: &LoadedModule,
    index: usize,
    module: &'static str,
    name: &'static str,
    host: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    check_engine(of, linker.engine())?;
    linker.func_new(module, name, func_type(of, index)?, move |caller, params, results| {
        host_call(module, name, || host(caller, params, results))
    })?;
    Ok(())
}

/// Defines a host function of an interface with the type that a module imports it with, for types that only
/// the module has. Defines nothing if the module does not import it.
///
/// # Errors
///
/// Fails if the linker refuses the definition, or the module's type does not fit `types`, the parameters and
/// results of the host function.
pub fn func_nominal_of<T: 'static>(
    linker: &mut Linker<T>,
    of: &LoadedModule,
    interface: &Interface,
    module: &'static str,
    name: &'static str,
    types: [&[ValType]; 2],
    host: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    check_engine(of, linker.engine())?;
    let Some(ty) = func_type_of(of, interface, module, name, types)? else { return Ok(()) };
    linker.func_new(module, name, ty, move |caller, params, results| {
        host_call(module, name, || host(caller, params, results))
    })?;
    Ok(())
}

/// The future of a host function over values.
#[cfg(feature = "async")]
pub type HostFuture<'a> = Box<dyn Future<Output = Result<()>> + Send + 'a>;

/// Async version of [`func_wide`].
///
/// # Errors
///
/// Fails like [`func_wide`].
#[cfg(feature = "async")]
pub fn func_wide_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    module: &str,
    name: &str,
    params: &[ValType],
    results: &[ValType],
    host: impl for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> HostFuture<'a>
    + Send
    + Sync
    + 'static,
) -> Result<()> {
    let ty = FuncType::new(linker.engine(), params.iter().cloned(), results.iter().cloned());
    linker.func_new_async(module, name, ty, host)?;
    Ok(())
}

/// Async version of [`func_nominal`].
///
/// # Errors
///
/// Fails like [`func_nominal`].
#[cfg(feature = "async")]
pub fn func_nominal_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    of: &LoadedModule,
    index: usize,
    module: &str,
    name: &str,
    host: impl for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> HostFuture<'a>
    + Send
    + Sync
    + 'static,
) -> Result<()> {
    check_engine(of, linker.engine())?;
    linker.func_new_async(module, name, func_type(of, index)?, host)?;
    Ok(())
}

/// Async version of [`func_nominal_of`].
///
/// # Errors
///
/// Fails like [`func_nominal_of`].
#[cfg(feature = "async")]
pub fn func_nominal_of_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    of: &LoadedModule,
    interface: &Interface,
    module: &str,
    name: &str,
    types: [&[ValType]; 2],
    host: impl for<'a> Fn(Caller<'a, T>, &'a [Val], &'a mut [Val]) -> HostFuture<'a>
    + Send
    + Sync
    + 'static,
) -> Result<()> {
    check_engine(of, linker.engine())?;
    let Some(ty) = func_type_of(of, interface, module, name, types)? else { return Ok(()) };
    linker.func_new_async(module, name, ty, host)?;
    Ok(())
}

fn func_type(of: &LoadedModule, index: usize) -> Result<FuncType> {
    match import_type(of.module(), index)? {
        ExternType::Func(ty) => Ok(ty),
        _ => Err(another_asset()),
    }
}

/// Returns the type with which a module imports a function of an interface, if it does.
fn func_type_of(
    of: &LoadedModule,
    interface: &Interface,
    module: &str,
    name: &str,
    [params, results]: [&[ValType]; 2],
) -> Result<Option<FuncType>> {
    let Some(found) = import_types(of.module(), interface, module, name).next() else {
        return Ok(None);
    };
    let fits = |found: &[ValType], own: &[ValType]| {
        found.len() == own.len() && found.iter().zip(own).all(|(found, own)| found.matches(own))
    };
    if let ExternType::Func(ty) = &found {
        let (found_params, found_results): (Vec<_>, Vec<_>) =
            (ty.params().collect(), ty.results().collect());
        if fits(&found_params, params) && fits(&found_results, results) {
            return Ok(Some(ty.clone()));
        }
    }
    let own = FuncType::new(of.module().engine(), params.to_vec(), results.to_vec());
    let own = interface::ExternType::from(&ExternType::Func(own));
    let found = interface::ExternType::from(&found);
    Err(wasmtime::Error::msg(format!(
        "the module imports {module:?} {name:?} as {found}, and the host gives {own}"
    )))
}

/// Returns the types with which a module imports an item of an interface.
pub(super) fn import_types(
    of: &Module,
    interface: &Interface,
    module: &str,
    name: &str,
) -> impl Iterator<Item = ExternType> {
    let given = Given::of(interface);
    let imports = of.imports().filter(move |import| {
        if import.name() != name {
            return false;
        }
        let ty = interface::ExternType::from(&import.ty()).without_names().to_string();
        let found = given.find(import.module(), name, &ty);
        matches!(found, Found::Fitting(found) if found.module == module)
    });
    imports.map(|import| import.ty())
}

pub(super) fn import_type(module: &Module, index: usize) -> Result<ExternType> {
    module.imports().nth(index).map(|import| import.ty()).ok_or_else(another_asset)
}

/// Fails if a module belongs to another engine, whose types are none of this one.
pub(super) fn check_engine(of: &LoadedModule, engine: &Engine) -> Result<()> {
    if Engine::same(of.module().engine(), engine) {
        return Ok(());
    }
    Err(wasmtime::Error::msg("the module belongs to another runtime"))
}

#[cold]
pub(super) fn another_asset() -> wasmtime::Error {
    wasmtime::Error::msg("the module is another than that of the wrapper's asset")
}

/// The Wasmtime type of a value.
#[must_use]
pub fn ty<V: WasmValue>() -> ValType {
    V::ty()
}

/// The error of a host function that the program does not implement.
#[cold]
pub fn not_implemented(module: &str, name: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the import {module:?} {name:?} is not implemented"))
}

/// Converts a parameter of a host function over values.
///
/// # Errors
///
/// Fails if the parameter has another type.
pub fn param<V: WasmValue, T: 'static>(
    caller: &mut Caller<'_, T>,
    params: &[Val],
    index: usize,
) -> Result<V> {
    V::from_val(params[index], &mut caller.as_context_mut())
}

/// Sets a result of a host function over values.
///
/// # Errors
///
/// Fails if the store has no room for the result.
pub fn result<V: WasmValue, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    results: &mut [Val],
    index: usize,
    value: V,
) -> Result<()> {
    results[index] = value.into_val(&mut access.as_context_mut())?;
    Ok(())
}
