//! Modules without a wrapper: what is in them, and sessions whose functions are called by name.

use crate::{Exit, LoadedModule, Result, Session, SessionData, support, trace};
use wasmtime::{ExportType, ExternType, ImportType, Linker, Store, Val, WasmParams, WasmResults};

/// What can be known before there is an instance.
impl LoadedModule {
    /// What it imports, with types, in the module's order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.module().imports()
    }

    /// What it exports, with types, in the module's order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.module().exports()
    }

    /// Whether it imports anything of WASI preview 1, so that sessions need a `Wasi`.
    pub fn needs_wasi(&self) -> bool {
        self.imports().any(|import| import.module() == support::PREVIEW_1)
    }

    /// Whether it is run by [`Session::run`]: a command, which exports `_start`.
    pub fn is_command(&self) -> bool {
        self.exports_procedure(support::START)
    }

    /// Whether it exports a function of that name which takes and gives nothing.
    fn exports_procedure(&self, name: &str) -> bool {
        match self.module().get_export(name) {
            Some(ExternType::Func(ty)) => ty.params().len() == 0 && ty.results().len() == 0,
            _ => false,
        }
    }

    /// Reactors are initialized before anything else is called.
    fn is_reactor(&self) -> bool {
        !self.is_command() && self.exports_procedure(support::INITIALIZE)
    }
}

/// Sessions of modules that no wrapper describes, most of them [`DynamicAsset`](crate::DynamicAsset)s.
impl<T: 'static> Session<T> {
    /// Instantiates a module with the imports that `define` puts into the linker, and initializes it
    /// if it is a reactor.
    ///
    /// ```
    /// # fn main() -> wasmport::Result<()> {
    /// # if !cfg!(feature = "compile") { return Ok(()) }
    /// use wasmport::{DynamicAsset, EngineConfig, Runtime, Session};
    /// let text = r#"(module
    ///     (import "host" "ten" (func $ten (result i32)))
    ///     (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (call $ten))))"#;
    /// let runtime = Runtime::new(&EngineConfig::new())?;
    /// let plugin = runtime.load_dynamic(&DynamicAsset::new("plugin", text))?;
    /// let mut session = Session::of(&plugin, 10, |linker, _| {
    ///     linker.func_wrap("host", "ten", |caller: wasmport::wasmtime::Caller<'_, _>| {
    ///         *wasmport::SessionData::get(caller.data())
    ///     })?;
    ///     Ok(())
    /// })?;
    /// assert_eq!(session.call_func::<i32, i32>("add", 3)?, 13);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Where an import is missing, the start function or the initialization fails, or they take more
    /// than [`Limits`](crate::Limits) allow.
    pub fn of(
        module: &LoadedModule,
        data: T,
        define: impl FnOnce(
            &mut Linker<SessionData<T>>,
            &mut Store<SessionData<T>>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        Self::instantiate(module, data, |store| {
            let mut linker = Linker::new(module.runtime().engine());
            define(&mut linker, store)?;
            let _span = trace::instantiate(module.asset()).entered();
            let instance = linker.instantiate(&mut *store, module.module())?;
            if module.is_reactor() {
                let initialize =
                    instance.get_typed_func::<(), ()>(&mut *store, support::INITIALIZE)?;
                initialize.call(store, ())?;
            }
            Ok(instance)
        })
    }

    /// Calls the exported function of that name.
    ///
    /// # Errors
    ///
    /// As [`Session::call`], and where there is no such function, or one of another type.
    pub fn call_func<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
        params: P,
    ) -> wasmtime::Result<R> {
        let func = self.typed_func(name)?;
        self.call(|_, store| func.call(store, params))
    }

    /// Calls the exported function of that name with values whose types the program finds out when it
    /// runs.
    ///
    /// # Errors
    ///
    /// As [`Session::call`], and where there is no such function, or one that takes others.
    pub fn call_values(&mut self, name: &str, params: &[Val]) -> wasmtime::Result<Vec<Val>> {
        let instance = *self.wrapper();
        let func = instance.get_func(self.store_mut(), name);
        let func = func.ok_or_else(|| missing(name))?;
        let mut results = vec![Val::I32(0); func.ty(self.store_mut()).results().len()];
        self.call(|_, store| func.call(store, params, &mut results))?;
        Ok(results)
    }

    /// Runs a command: calls its `_start`, and tells how it ended. Afterwards the session is over.
    ///
    /// # Errors
    ///
    /// Where it is no command, or traps.
    pub fn run(mut self) -> wasmtime::Result<(Exit, T)> {
        let start = self.typed_func::<(), ()>(support::START)?;
        let exit = self.call(|_, store| support::exit(start.call(store, ())))?;
        Ok((exit, self.into_data()))
    }

    /// The exported function of that name, for many calls: looking it up takes longer than calling it.
    /// It is to be called within [`Session::call`], which bounds its time and knows when it has failed.
    ///
    /// # Errors
    ///
    /// Where there is none, or one of another type.
    pub fn typed_func<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
    ) -> wasmtime::Result<wasmtime::TypedFunc<P, R>> {
        let instance = *self.wrapper();
        instance.get_typed_func(self.store_mut(), name)
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static> Session<T> {
    /// As [`Self::of`], with imports that may wait.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn of_async(
        module: &LoadedModule,
        data: T,
        define: impl FnOnce(
            &mut Linker<SessionData<T>>,
            &mut Store<SessionData<T>>,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let instantiate = async |store: &mut Store<SessionData<T>>| {
            let mut linker = Linker::new(module.runtime().engine());
            define(&mut linker, store)?;
            let instance = linker.instantiate_async(&mut *store, module.module());
            let instance = trace::instantiate(module.asset()).around(instance).await?;
            if module.is_reactor() {
                let initialize =
                    instance.get_typed_func::<(), ()>(&mut *store, support::INITIALIZE)?;
                initialize.call_async(store, ()).await?;
            }
            Ok(instance)
        };
        Self::instantiate_async(module, data, instantiate).await
    }

    /// As [`Self::call_func`], of a call that may wait.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn call_func_async<P: WasmParams + Sync, R: WasmResults + Sync>(
        &mut self,
        name: &str,
        params: P,
    ) -> wasmtime::Result<R> {
        let func = self.typed_func(name)?;
        self.call_async(async |_, store| func.call_async(store, params).await).await
    }
}

#[cold]
fn missing(name: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the module exports no function {name:?}"))
}
