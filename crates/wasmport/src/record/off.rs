//! Programs without the feature `replay` record nothing.

use wasmtime::{
    Caller, Func, Memory, Result, StoreContextMut, TypedFunc, Val, WasmParams, WasmResults,
};

/// Parameters or results whose numbers a recording takes.
pub trait Logged {}

impl<V: ?Sized> Logged for V {}

/// A reference to parameters or results.
#[derive(Clone, Copy, Debug)]
pub struct Ref<'a, V: ?Sized>(pub &'a V);

/// A function that records its calls.
pub(crate) enum Hook {}

#[inline]
#[expect(clippy::extra_unused_type_parameters, reason = "a recording finds its log by it")]
pub(crate) fn hook<T: 'static>(_: &'static str, _: &'static str) -> Option<Hook> {
    None
}

/// An import that is called.
#[derive(Clone, Copy)]
pub(crate) struct Call;

#[inline]
#[expect(clippy::unnecessary_wraps, reason = "a recording can be full")]
pub(crate) fn begin<T: 'static>(
    _: Option<&Hook>,
    _: &mut Caller<'_, T>,
    _: &impl Logged,
) -> Result<Call> {
    Ok(Call)
}

#[inline]
pub(crate) fn end<T: 'static, R>(_: Option<&Hook>, _: Call, _: &mut Caller<'_, T>, _: &Result<R>) {}

#[cfg(feature = "wasi")]
#[inline]
pub(crate) fn import<T: 'static, R>(
    _: Option<&Hook>,
    caller: &mut Caller<'_, T>,
    _: &impl Logged,
    function: impl FnOnce(&mut Caller<'_, T>) -> Result<R>,
) -> Result<R> {
    function(caller)
}

#[inline]
pub(crate) fn export<T: 'static, P: WasmParams, R: WasmResults>(
    store: StoreContextMut<'_, T>,
    _: &str,
    func: &TypedFunc<P, R>,
    params: P,
) -> Result<R> {
    func.call(store, params)
}

#[inline]
pub(crate) fn export_values<T: 'static>(
    store: StoreContextMut<'_, T>,
    _: &str,
    func: &Func,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    func.call(store, params, results)
}

#[inline]
pub(crate) fn exported<T: 'static>(_: StoreContextMut<'_, T>, _: &str, func: Func) -> Func {
    func
}

#[inline]
#[expect(clippy::unnecessary_wraps, reason = "a recording can be full")]
pub(crate) fn typed<T: 'static, P: WasmParams, R: WasmResults>(
    _: &mut StoreContextMut<'_, T>,
    _: &str,
    func: TypedFunc<P, R>,
) -> Result<TypedFunc<P, R>> {
    Ok(func)
}

#[inline]
pub(crate) fn wrote<T: 'static>(_: &mut StoreContextMut<'_, T>, _: Memory, _: usize, _: usize) {}

#[inline]
pub(crate) fn exposed<T: 'static>(_: &mut StoreContextMut<'_, T>, _: Memory) {}

#[inline]
pub(crate) fn grew<T: 'static>(_: &mut StoreContextMut<'_, T>, _: Memory, _: u64) {}

#[inline]
pub(crate) fn changed_table<T: 'static>(_: &mut StoreContextMut<'_, T>) {}

#[inline]
pub(crate) fn changed_global<T: 'static>(_: &mut StoreContextMut<'_, T>) {}

#[cfg(feature = "async")]
#[inline]
pub(crate) fn called_async<T: 'static>(_: &mut StoreContextMut<'_, T>) {}

#[inline]
pub(crate) fn second_instance<T: 'static>(_: &mut StoreContextMut<'_, T>, _: &str) {}
