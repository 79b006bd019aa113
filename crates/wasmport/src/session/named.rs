//! Calls of a core module's functions by name: for exports without a method, and assets without a
//! wrapper.

#[cfg(feature = "async")]
use super::record::end_for_async;
use super::state::Session;
use crate::code::START;
use crate::error::Result;
use crate::exit::Exit;
use crate::record;
use crate::wrapper::ModuleWrapper;
use wasmtime::{
    AsContextMut as _, Error, Func, Instance, Store, TypedFunc, Val, WasmParams, WasmResults,
};

impl<T: 'static, W: ModuleWrapper> Session<T, W> {
    /// Returns whether the guest has an export of that name: an optional one of an interface, or one that its
    /// wrapper does not know.
    pub fn has_export(&mut self, name: &str) -> bool {
        let instance = self.wrapper.wasm_instance();
        instance.get_export(&mut self.store, name).is_some()
    }

    /// Returns the exported function of that name: for exports without a method. Call it within
    /// [`Self::call`], which enforces limits and notices failures.
    ///
    /// # Errors
    ///
    /// Fails if there is no such function, or it has another type.
    pub fn typed_func<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let instance = self.wrapper.wasm_instance();
        let func = typed(instance, &mut self.store, name);
        func.map_err(|error| self.callee(Some(name)).call_error(None, error))
    }
}

/// Calls of core modules without a wrapper.
impl<T: 'static> Session<T> {
    /// Calls the exported function of that name.
    ///
    /// # Errors
    ///
    /// Fails like [`Session::call`], and if there is no such function, or it has another type.
    pub fn call_func<P: WasmParams, R: WasmResults>(&mut self, name: &str, params: P) -> Result<R> {
        let func = self.typed_func(name)?;
        self.call_export(Some(name), |_, store| func.call(store, params))
    }

    /// Calls the exported function of that name with values whose types are known at run time only.
    ///
    /// # Errors
    ///
    /// Fails like [`Session::call`], and if there is no such function, or it has other parameters: then the
    /// guest is not called, and the session is not poisoned.
    pub fn call_values(&mut self, name: &str, params: &[Val]) -> Result<Vec<Val>> {
        let func = self.func_for(name, params);
        let func = func.map_err(|error| self.callee(Some(name)).call_error(None, error))?;
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        self.call_export(Some(name), |_, store| {
            record::export_values(store.as_context_mut(), name, &func, params, &mut results)
        })?;
        Ok(results)
    }

    /// Returns the function of that name, if it takes these parameters.
    fn func_for(&mut self, name: &str, params: &[Val]) -> wasmtime::Result<Func> {
        let func = self.wrapper.get_func(&mut self.store, name).ok_or_else(|| missing(name))?;
        let ty = func.ty(&self.store);
        if ty.params().len() != params.len() {
            let (due, given) = (ty.params().len(), params.len());
            return Err(Error::msg(format!("it takes {due} parameters, not {given}")));
        }
        for (index, (ty, param)) in ty.params().zip(params).enumerate() {
            if !param.matches_ty(&self.store, &ty)? {
                let given = param.ty(&self.store)?;
                let number = index + 1;
                return Err(Error::msg(format!("its parameter {number} is {ty}, not {given}")));
            }
        }
        Ok(func)
    }

    /// Runs a command: calls its `_start`, and returns its exit code and the program's data.
    ///
    /// # Errors
    ///
    /// Fails if it is not a command, or traps.
    pub fn run(mut self) -> Result<(Exit, T)> {
        let start = self.typed_func::<(), ()>(START)?;
        let exit = self.call_export(Some(START), |_, store| exit_code(start.call(store, ())))?;
        Ok((exit, self.into_data()))
    }

    /// Returns the exported function of that name, for many calls: looking it up takes longer than
    /// calling it. Call it within [`Session::call`], which enforces limits and notices failures.
    ///
    /// # Errors
    ///
    /// Fails if there is no such function, or it has another type.
    pub fn typed_func<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
    ) -> Result<TypedFunc<P, R>> {
        let func = typed(self.wrapper, &mut self.store, name);
        func.map_err(|error| self.callee(Some(name)).call_error(None, error))
    }
}

/// Returns an exported function, which records its calls if the session is recorded.
fn typed<T: 'static, P: WasmParams, R: WasmResults>(
    instance: Instance,
    store: &mut Store<T>,
    name: &str,
) -> wasmtime::Result<TypedFunc<P, R>> {
    let func = instance.get_typed_func(&mut *store, name)?;
    record::typed(&mut store.as_context_mut(), name, func)
}

/// Returns the exit code of a command: that of an [`Exit`], or 0.
///
/// # Errors
///
/// Fails with any other error of `result`.
pub(crate) fn exit_code(result: wasmtime::Result<()>) -> wasmtime::Result<Exit> {
    match result {
        Ok(()) => Ok(Exit::SUCCESS),
        Err(error) => error.downcast::<Exit>(),
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static> Session<T> {
    /// Async version of [`Self::call_func`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::call_func`].
    pub async fn call_func_async<P: WasmParams + Sync, R: WasmResults + Sync>(
        &mut self,
        name: &str,
        params: P,
    ) -> Result<R> {
        end_for_async(&mut self.store);
        let func = self.typed_func(name)?;
        self.call_export_async(Some(name), async |_, store| func.call_async(store, params).await)
            .await
    }
}

#[cold]
fn missing(name: &str) -> Error {
    Error::msg(format!("the module exports no function {name:?}"))
}
