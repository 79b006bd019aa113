//! Functions that record the calls of exports.

use super::find::finder;
use super::hooks::export_values;
use super::log::Log;
use wasmtime::{
    AsContextMut, Func, FuncType, Result, StoreContextMut, TypedFunc, WasmParams, WasmResults,
};

/// Version of [`exported`] for a function whose type is known.
///
/// # Errors
///
/// Fails never: the type is the same.
pub(crate) fn typed<T: 'static, P: WasmParams, R: WasmResults>(
    store: &mut StoreContextMut<'_, T>,
    name: &str,
    func: TypedFunc<P, R>,
) -> Result<TypedFunc<P, R>> {
    if finder::<T>().is_none() {
        return Ok(func);
    }
    exported(store.as_context_mut(), name, *func.func()).typed(store)
}

/// Returns a function that calls an exported function and records the call, if the session is recorded. It is created
/// once: a store keeps functions until it is dropped.
pub(crate) fn exported<T: 'static>(
    mut store: StoreContextMut<'_, T>,
    name: &str,
    func: Func,
) -> Func {
    let Some(find) = finder::<T>() else { return func };
    let address = func.to_raw(&mut store).addr();
    let Some(log) = find(store.data_mut()) else { return func };
    if !log.is_on() && log.refusal().is_none() {
        return func;
    }
    if let Some(known) = log.recorded_func(address, name) {
        return known;
    }
    let (ty, own_name): (FuncType, String) = (func.ty(&store), name.into());
    let recorded = Func::new(&mut store, ty, move |mut caller, params, results| {
        export_values(caller.as_context_mut(), &own_name, &func, params, results)
    });
    if let Some(log) = find(store.data_mut()) {
        log.add_recorded_func(address, name, recorded);
    }
    recorded
}

impl Log {
    /// Returns the function that records the calls of an export, if it was created.
    fn recorded_func(&self, address: usize, name: &str) -> Option<Func> {
        let named = self.recorded_funcs.get(&address)?.iter().find(|(own, _)| own == name);
        named.map(|(_, func)| *func)
    }

    /// Adds a function that records the calls of an export.
    fn add_recorded_func(&mut self, address: usize, name: &str, func: Func) {
        self.recorded_funcs.entry(address).or_default().push((name.into(), func));
    }
}
