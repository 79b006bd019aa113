//! Imports: how generated `add_to_linker` functions define host functions and values.

use super::cells::FromExtern;
use crate::access::Access;
use crate::runtime::LoadedModule;
use crate::typed::WasmValue;
use wasmtime::{
    AsContextMut, Caller, ExternType, FuncType, Linker, MemoryTypeBuilder, Module, Result,
    TableType, ThrownException, Val, ValType, WasmRet, WasmTy,
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
        impl<T: 'static, H: 'static, F, R: WasmRet, $($param: WasmTy),*>
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
                linker.func_wrap(module, name, move |caller: Caller<'_, T>, $($param: $param),*| {
                    host_call(module, name, || self(&mut Access::new(caller, host), $($param),*))
                })?;
                Ok(())
            }
        }
    };
}

host_funcs!(P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P14 P15 P16 P17);

/// Runs a host function, whose error names the import then.
///
/// # Errors
///
/// Fails if the function does.
#[inline]
pub fn host_call<R>(
    module: &'static str,
    name: &'static str,
    call: impl FnOnce() -> Result<R>,
) -> Result<R> {
    call().map_err(|error| failed(error, module, name))
}

/// Async version of [`host_call`].
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
    linker.func_new(module, name, func_type(of, index)?, move |caller, params, results| {
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
    linker.func_new_async(module, name, func_type(of, index)?, host)?;
    Ok(())
}

fn func_type(of: &LoadedModule, index: usize) -> Result<FuncType> {
    match import_type(of.module(), index)? {
        ExternType::Func(ty) => Ok(ty),
        _ => Err(another_asset()),
    }
}

fn import_type(module: &Module, index: usize) -> Result<ExternType> {
    module.imports().nth(index).map(|import| import.ty()).ok_or_else(another_asset)
}

#[cold]
fn another_asset() -> wasmtime::Error {
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

/// The type of several imports at once, with a size that fits all of them.
fn common_type(module: &Module, indices: &[usize]) -> Result<ExternType> {
    let mut common: Option<ExternType> = None;
    for index in indices {
        let ty = import_type(module, *index)?;
        common = Some(match (common, ty) {
            (Some(ExternType::Memory(a)), ExternType::Memory(b)) => {
                let mut ty = MemoryTypeBuilder::new();
                ty.min(a.minimum().max(b.minimum()))
                    .max(smaller(a.maximum(), b.maximum()))
                    .memory64(a.is_64())
                    .shared(a.is_shared())
                    .page_size_log2(a.page_size_log2());
                ExternType::Memory(ty.build()?)
            }
            (Some(ExternType::Table(a)), ExternType::Table(b)) => {
                let (min, max) = (a.minimum().max(b.minimum()), smaller(a.maximum(), b.maximum()));
                let element = a.element().clone();
                let narrow = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
                ExternType::Table(if a.is_64() {
                    TableType::new64(element, min, max)
                } else {
                    TableType::new(element, narrow(min), max.map(narrow))
                })
            }
            (_, ty) => ty,
        });
    }
    common.ok_or_else(another_asset)
}

fn smaller(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Returns the definition of an import in `linker`.
///
/// # Errors
///
/// Fails if it is missing or of another kind.
pub fn defined<E: FromExtern, T: 'static>(
    linker: &Linker<T>,
    store: impl AsContextMut<Data = T>,
    module: &str,
    name: &str,
) -> Result<E> {
    E::from_extern(linker.get(store, module, name)?).ok_or_else(|| wrong_kind::<E>(module, name))
}

/// Creates a value for the imports `indices` of `of`: null, zero, or the smallest size.
///
/// # Errors
///
/// Fails with the name of the import if a limit refuses the value, or its type has no such value.
pub fn fresh_value<E: FromExtern>(
    store: impl AsContextMut,
    of: &LoadedModule,
    indices: &[usize],
    module: &str,
    name: &str,
) -> Result<E> {
    let ty = common_type(of.module(), indices)?;
    if let Some(what) = without_default(&ty) {
        return Err(wasmtime::Error::msg(format!(
            "the import {module:?} {name:?} has no default value: it is {what}, which cannot be null; \
             create it in the program, and set its field instead of calling `fresh`"
        )));
    }
    let value = ty.default_value(store);
    let value = value.map_err(|error| {
        error.context(format!("the import {module:?} {name:?} cannot be created"))
    })?;
    E::from_extern(value).ok_or_else(|| wrong_kind::<E>(module, name))
}

/// Describes a type without a default value: the value that it needs cannot be null.
fn without_default(ty: &ExternType) -> Option<String> {
    let is_non_null = |ty: &ValType| matches!(ty, ValType::Ref(ty) if !ty.is_nullable());
    match ty {
        ExternType::Global(global) if is_non_null(global.content()) => {
            Some(format!("a global of type `{}`", global.content()))
        }
        ExternType::Table(table) if !table.element().is_nullable() => {
            Some(format!("a table of `{}`", table.element()))
        }
        _ => None,
    }
}

#[cold]
fn wrong_kind<E: FromExtern>(module: &str, name: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the import {module:?} {name:?} is not a {}", E::KIND))
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
