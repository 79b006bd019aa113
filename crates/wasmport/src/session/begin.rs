//! The state that new instances begin with: the one that their initialization leaves, or that of a snapshot.

use super::data::SessionData;
use crate::code::Code;
use crate::runtime::Loaded;
use wasmtime::{AsContextMut as _, Result, Store};

/// Initializes a new instance of a reactor, or restores the runtime's snapshot of the asset.
///
/// # Errors
///
/// Fails if the initialization fails, or the snapshot is of another module.
pub(super) fn begin<C: Code, T: 'static>(
    loaded: &Loaded<C>,
    is_reactor: bool,
    instance: &C::Instance,
    store: &mut Store<SessionData<T>>,
) -> Result<()> {
    #[cfg(not(any(feature = "snapshot", feature = "wasi")))]
    let _ = loaded;
    #[cfg(feature = "wasi")]
    store.data_mut().set_code(loaded.code());
    #[cfg(feature = "snapshot")]
    if let Some(snapshot) = loaded.runtime().snapshot_of(loaded.asset()) {
        super::snapshot::restore(snapshot, loaded, instance, store)?;
        return C::resume(instance, store.as_context_mut());
    }
    if is_reactor {
        C::initialize(instance, store.as_context_mut())?;
    }
    Ok(())
}

/// Async version of [`begin`].
///
/// # Errors
///
/// Fails like [`begin`].
#[cfg(feature = "async")]
pub(super) async fn begin_async<C: Code, T: Send + 'static>(
    loaded: &Loaded<C>,
    is_reactor: bool,
    instance: &C::Instance,
    store: &mut Store<SessionData<T>>,
) -> Result<()> {
    #[cfg(not(any(feature = "snapshot", feature = "wasi")))]
    let _ = loaded;
    #[cfg(feature = "wasi")]
    store.data_mut().set_code(loaded.code());
    #[cfg(feature = "snapshot")]
    if let Some(snapshot) = loaded.runtime().snapshot_of(loaded.asset()) {
        super::snapshot::restore(snapshot, loaded, instance, store)?;
        return C::resume_async(instance, store.as_context_mut()).await;
    }
    if is_reactor {
        C::initialize_async(instance, store.as_context_mut()).await?;
    }
    Ok(())
}
