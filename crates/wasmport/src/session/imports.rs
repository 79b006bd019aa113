//! `Imports`: the imports of loaded code, for one instance.

use super::begin::begin;
#[cfg(feature = "async")]
use super::begin::begin_async;
use super::data::{LinkerOf, SessionData};
#[cfg(feature = "async")]
use super::record::refuse_async;
use super::record::{Recorded, record_start};
use super::stubs::Stubs;
use crate::code::{Code, Linking};
use crate::runtime::Loaded;
use crate::trace;
use crate::wrapper::Wrapper;
use wasmtime::{AsContextMut as _, Result, Store};

/// The imports of loaded code, for one instance.
pub(super) struct Imports<'a, C: Code, T: 'static> {
    loaded: &'a Loaded<C>,
    linker: LinkerOf<C, T>,
    linking: Linking,
    recorded: Recorded,
}

impl<'a, C: Code, T: 'static> Imports<'a, C, T> {
    /// Returns the imports that `define` adds to a linker.
    ///
    /// # Errors
    ///
    /// Fails like `define`.
    pub fn of(
        loaded: &'a Loaded<C>,
        linking: Linking,
        define: impl FnOnce(&mut LinkerOf<C, T>) -> Result<()>,
    ) -> Result<Self> {
        let mut linker = loaded.new_linker();
        let (defined, recorded) =
            Recorded::define::<T, _>(loaded.runtime(), || define(&mut linker));
        defined?;
        Ok(Self { loaded, linker, linking, recorded })
    }

    /// Returns imports that do nothing.
    ///
    /// # Errors
    ///
    /// Fails if an import cannot be stubbed.
    pub fn stubbed<W: Wrapper<Code = C>>(
        loaded: &'a Loaded<C>,
        version: usize,
        store: &mut Store<SessionData<T>>,
        stubs: Stubs,
    ) -> Result<Self> {
        let mut linker = loaded.new_linker();
        let (is_zero, resources) = (stubs == Stubs::Zero, W::host_resources_of(version));
        let linking = loaded.code().define_stubs(&mut linker, store, is_zero, &resources)?;
        Ok(Self { loaded, linker, linking, recorded: Recorded::default() })
    }

    /// Instantiates the code, and initializes it if it is a reactor.
    ///
    /// # Errors
    ///
    /// Fails if an import is missing or has another type, or the start function or initialization fails.
    pub fn instantiate(&self, store: &mut Store<SessionData<T>>) -> Result<C::Instance> {
        let _span = trace::instantiate(self.loaded.asset()).entered();
        let code = self.loaded.code();
        record_start(
            self.loaded,
            || self.linking.clone(),
            &self.recorded,
            store,
            |store| {
                let instance =
                    code.instantiate(&self.linker, store.as_context_mut(), &self.linking)?;
                begin(self.loaded, code.is_reactor(), &instance, store)?;
                Ok(instance)
            },
        )
    }

    /// Async version of [`Self::instantiate`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::instantiate`].
    #[cfg(feature = "async")]
    pub async fn instantiate_async(&self, store: &mut Store<SessionData<T>>) -> Result<C::Instance>
    where
        T: Send,
    {
        refuse_async(self.loaded)?;
        let code = self.loaded.code();
        let instance = async {
            let context = store.as_context_mut();
            let instance = code.instantiate_async(&self.linker, context, &self.linking).await?;
            begin_async(self.loaded, code.is_reactor(), &instance, store).await?;
            Ok(instance)
        };
        trace::instantiate(self.loaded.asset()).around(instance).await
    }
}
