//! Panics of libraries that process untrusted bytes, caught and returned as errors.

use serde::{Deserialize, Serialize};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message of a panic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Panic(String);

/// Runs `f` and returns its result.
///
/// # Errors
///
/// Fails with [`Panic`] if `f` panics. The caller must drop every value that `f` may have changed.
pub(crate) fn catch_panic<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    // Unwind safety: callers pass closures over values of their own, and drop these after a panic.
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| Panic(message(&*payload)))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_string()
}
