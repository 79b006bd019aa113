//! What generated `add_to_linker` functions call besides Wasmtime's `func_wrap`.

use super::{Caller, FromExtern, Linker, Result, Val, WasmValue};
use crate::{Access, LoadedModule};
use wasmtime::{AsContextMut, ExternType, FuncType, MemoryTypeBuilder, Module, TableType, ValType};

/// Defines a host function that Wasmtime's tuples cannot type.
///
/// # Errors
///
/// Where the linker refuses the definition.
pub fn func_wide<T: 'static>(
    linker: &mut Linker<T>,
    module: &str,
    name: &str,
    params: &[ValType],
    results: &[ValType],
    host: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let ty = FuncType::new(linker.engine(), params.iter().cloned(), results.iter().cloned());
    linker.func_new(module, name, ty, host)?;
    Ok(())
}

/// Defines a host function of a type that only the module itself has: that of its import `index`.
///
/// # Errors
///
/// Where the linker refuses the definition, or `of` is another asset's module.
pub fn func_nominal<T: 'static>(
    linker: &mut Linker<T>,
    of: &LoadedModule,
    index: usize,
    module: &str,
    name: &str,
    host: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    linker.func_new(module, name, func_type(of, index)?, host)?;
    Ok(())
}

/// The future of a host function over values.
#[cfg(feature = "async")]
pub type HostFuture<'a> = Box<dyn Future<Output = Result<()>> + Send + 'a>;

/// As [`func_wide`], of a function that may wait.
///
/// # Errors
///
/// The same.
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

/// As [`func_nominal`], of a function that may wait.
///
/// # Errors
///
/// The same.
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
    wasmtime::Error::msg("the module is not that of the wrapper's asset")
}

/// The error of a host function that the program does not implement.
#[cold]
pub fn not_implemented(module: &str, name: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the import {module:?} {name:?} is not implemented"))
}

/// The type of several imports at once: the size is one that fits them all.
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

/// What `linker` has for an import.
///
/// # Errors
///
/// Where it has none, or one of another kind.
pub fn defined<E: FromExtern, T: 'static>(
    linker: &Linker<T>,
    store: impl AsContextMut<Data = T>,
    module: &str,
    name: &str,
) -> Result<E> {
    E::from_extern(linker.get(store, module, name)?).ok_or_else(|| wrong_kind::<E>(module, name))
}

/// A new value for the imports `indices` of `of`, of their type: null, zero, or the smallest size.
///
/// # Errors
///
/// Where a limit refuses it, or its type has no such value.
pub fn fresh_value<E: FromExtern>(
    store: impl AsContextMut,
    of: &LoadedModule,
    indices: &[usize],
    module: &str,
    name: &str,
) -> Result<E> {
    let value = common_type(of.module(), indices)?.default_value(store)?;
    E::from_extern(value).ok_or_else(|| wrong_kind::<E>(module, name))
}

#[cold]
fn wrong_kind<E: FromExtern>(module: &str, name: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the import {module:?} {name:?} is no {}", E::KIND))
}

/// A parameter of a host function over values.
///
/// # Errors
///
/// Where it is of another type.
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
/// Where the store has no room for it.
pub fn result<V: WasmValue, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    results: &mut [Val],
    index: usize,
    value: V,
) -> Result<()> {
    results[index] = value.into_val(&mut access.as_context_mut())?;
    Ok(())
}
