//! Status codes: numbers that stand for success or an error.

use crate::error::{Error, ValueError};
use crate::status_code::StatusCode;
use wasmtime::Result;

/// Converts a status code, of which `ok` is success.
///
/// # Errors
///
/// Fails with [`Error::Value`] if the code is neither success nor one of the errors.
#[inline]
pub fn status<E: StatusCode>(code: i32, ok: i32) -> Result<std::result::Result<(), E>> {
    if code == ok { Ok(Ok(())) } else { error(code.into()).map(Err) }
}

/// Converts a number that is an error if it is negative.
///
/// # Errors
///
/// Fails with [`Error::Value`] if it is negative and none of the errors.
#[inline]
pub fn negative<E: StatusCode>(value: impl Into<i64>) -> Result<std::result::Result<(), E>> {
    let value = value.into();
    if value >= 0 { Ok(Ok(())) } else { error(value).map(Err) }
}

/// Returns the code of a host function's error; `ok` is success.
///
/// # Errors
///
/// Fails with [`Error::Value`] if the guest would take the code for success.
pub fn failure<E: StatusCode>(error: &E, ok: i32) -> Result<i32> {
    let code = error.code();
    if code == ok { Err(looks_like_success(code.into())) } else { Ok(code) }
}

/// Returns the code of a host function's error; all that are not negative are success.
///
/// # Errors
///
/// Fails with [`Error::Value`] if the guest would take the code for success.
pub fn negative_failure<E: StatusCode>(error: &E) -> Result<i32> {
    let code = error.code();
    if code >= 0 { Err(looks_like_success(code.into())) } else { Ok(code) }
}

/// Checks the number that a host function returns, of which negative ones are errors.
///
/// # Errors
///
/// Fails with [`Error::Value`] if the guest would take the number for an error.
pub fn not_negative<N: Copy + Into<i64>>(number: N) -> Result<N> {
    let value = number.into();
    if value < 0 {
        Err(Error::Value(ValueError::LooksLikeError { value }).into())
    } else {
        Ok(number)
    }
}

#[cold]
fn looks_like_success(code: i64) -> wasmtime::Error {
    Error::Value(ValueError::LooksLikeSuccess { code }).into()
}

#[cold]
fn error<E: StatusCode>(code: i64) -> Result<E> {
    let error = i32::try_from(code).ok().and_then(E::from_code);
    error.ok_or_else(|| Error::Value(ValueError::UnknownStatus { code }).into())
}
