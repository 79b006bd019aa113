//! Calls of a core module's functions by name: for exports without a method, and assets without a
//! wrapper.

use super::state::Session;
use crate::code::START;
use crate::exit::Exit;
use crate::wrapper::ModuleWrapper;
use wasmtime::{Error, Result, TypedFunc, Val, WasmParams, WasmResults};

impl<T: 'static, W: ModuleWrapper> Session<T, W> {
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
        self.wrapper.wasm_instance().get_typed_func(&mut self.store, name)
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
        self.call(|_, store| func.call(store, params))
    }

    /// Calls the exported function of that name with values whose types are known at run time only.
    ///
    /// # Errors
    ///
    /// Fails like [`Session::call`], and if there is no such function, or it has other parameters.
    pub fn call_values(&mut self, name: &str, params: &[Val]) -> Result<Vec<Val>> {
        let instance = self.wrapper;
        let func = instance.get_func(&mut self.store, name);
        let func = func.ok_or_else(|| missing(name))?;
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        self.call(|_, store| func.call(store, params, &mut results))?;
        Ok(results)
    }

    /// Runs a command: calls its `_start`, and returns its exit code and the program's data.
    ///
    /// # Errors
    ///
    /// Fails if it is not a command, or traps.
    pub fn run(mut self) -> Result<(Exit, T)> {
        let start = self.typed_func::<(), ()>(START)?;
        let exit = self.call(|_, store| exit_code(start.call(store, ())))?;
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
        self.wrapper.get_typed_func(&mut self.store, name)
    }
}

/// Returns the exit code of a command: that of an [`Exit`], or 0.
///
/// # Errors
///
/// Fails with any other error of `result`.
pub(crate) fn exit_code(result: Result<()>) -> Result<Exit> {
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
        let func = self.typed_func(name)?;
        self.call_async(async |_, store| func.call_async(store, params).await).await
    }
}

#[cold]
fn missing(name: &str) -> Error {
    Error::msg(format!("the module exports no function {name:?}"))
}
