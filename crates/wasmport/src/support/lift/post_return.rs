//! Functions of the canonical ABI that free results.

use super::abi::Abi;
use super::guest::Guest;
use crate::record;
use wasmtime::{AsContextMut as _, Result};

impl<A: Abi, T: 'static, const N: usize> Guest<'_, A, T, N> {
    /// Calls the canonical ABI's function that frees a result, if the guest exports it.
    ///
    /// # Errors
    ///
    /// Fails if the function traps.
    pub fn post_return(&mut self, name: &str, result: i32) -> Result<()> {
        match self.instance.get_typed_func::<(i32,), ()>(&mut self.store, name) {
            Ok(post) => {
                let posted = record::export(self.store.as_context_mut(), name, &post, (result,));
                self.returned(posted)
            }
            Err(_) => Ok(()),
        }
    }

    /// Async version of [`Self::post_return`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::post_return`].
    #[cfg(feature = "async")]
    pub async fn post_return_async(&mut self, name: &str, result: i32) -> Result<()>
    where
        T: Send,
    {
        match self.instance.get_typed_func::<(i32,), ()>(&mut self.store, name) {
            Ok(post) => {
                let posted = post.call_async(&mut self.store, (result,)).await;
                self.returned(posted)
            }
            Err(_) => Ok(()),
        }
    }
}
