//! Text in guest memory, and characters and pointers from guests.

use super::abi::Abi;
use super::layout::element_size;
use crate::error::{Error, ValueError};
use crate::memory::{GuestMemory, Plain};
use std::ffi::CString;
use wasmtime::Result;

/// Checks a pointer that must not be null.
///
/// # Errors
///
/// Fails with [`Error::Value`] if it is null.
#[inline]
pub fn not_null(address: i32) -> Result<i32> {
    if address == 0 {
        return Err(Error::Value(ValueError::NullPointer).into());
    }
    Ok(address)
}

/// Writes text in the encoding of the ABI.
pub(super) fn write_str<A: Abi, T: 'static>(
    memory: &mut GuestMemory<'_, T>,
    address: i32,
    text: &str,
) -> Result<()> {
    if A::HAS_OBJECTS {
        let units: Vec<u16> = text.encode_utf16().collect();
        Ok(memory.write_slice(address, &units)?)
    } else {
        Ok(memory.write_bytes(address, text.as_bytes())?)
    }
}

/// Reads text of a known length.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`] or [`Error::NotUtf8`].
#[inline]
pub fn read_str<T: 'static>(memory: &GuestMemory<'_, T>, address: i32, len: i32) -> Result<String> {
    Ok(memory.str(address, len)?.to_owned())
}

/// Reads text of any encoding that a null ends.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`].
#[inline]
pub fn read_c_str<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<CString> {
    Ok(memory.c_str(address)?.to_owned())
}

/// Returns the size of text with the null that ends it: 0 if it is unknown, because no null was found.
#[must_use]
pub fn c_size(text: &Result<CString>) -> usize {
    text.as_ref().map_or(0, |text| text.as_bytes_with_nul().len())
}

/// Converts C text to text.
///
/// # Errors
///
/// Fails with [`Error::NotUtf8`].
pub(super) fn c_text(address: i32, text: CString) -> Result<String> {
    text.into_string().map_err(|error| {
        let bytes = error.into_cstring().as_bytes().len() as u64;
        Error::NotUtf8 { address: crate::GuestAddress::to_u64(address), bytes }.into()
    })
}

/// Reads the size of an AssemblyScript object in bytes, which stands before it.
fn object_size<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<i32> {
    Ok(memory.read(address.wrapping_sub(4))?)
}

/// Reads an AssemblyScript string.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`], or with [`Error::Value`] if the string is not UTF-16.
pub fn read_utf16<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<String> {
    let bytes = object_size(memory, address)?.cast_unsigned();
    let units = memory.read_slice::<u16>(address, bytes / 2)?;
    String::from_utf16(&units).map_err(|_| {
        let address = crate::GuestAddress::to_u64(address);
        Error::Value(ValueError::NotUtf16 { address }).into()
    })
}

/// Reads the values of an AssemblyScript object.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`].
pub fn read_object_slice<P: Plain, T: 'static>(
    memory: &GuestMemory<'_, T>,
    address: i32,
) -> Result<Vec<P>> {
    let bytes = object_size(memory, address)?.cast_unsigned();
    Ok(memory.read_slice(address, bytes / element_size::<P>())?)
}

/// Converts text to C text.
///
/// # Errors
///
/// Fails with [`Error::Value`] if the text holds a null.
pub(super) fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|source| Error::Value(ValueError::Nul(source)).into())
}

/// Converts a code point from the guest.
///
/// # Errors
///
/// Fails with [`Error::Value`] if it is no character.
pub fn char_of(code: i32) -> Result<char> {
    let code = code.cast_unsigned();
    char::from_u32(code).ok_or_else(|| Error::Value(ValueError::NotAChar { code }).into())
}
