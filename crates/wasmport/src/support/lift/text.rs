//! Values as guests give them: text of every kind, characters, pointers.

use super::Convention;
use crate::support::Result;
use crate::{Error, GuestMemory};
use std::ffi::CString;

/// A pointer that C's null would be an error for.
///
/// # Errors
///
/// [`Error::Value`] for null.
#[inline]
pub fn not_null(address: i32) -> Result<i32> {
    if address == 0 {
        let message = "the guest gave a null pointer where the signature does not say `Option`";
        return Err(Error::Value { message: message.into() }.into());
    }
    Ok(address)
}

/// Writes text in the encoding of the convention.
pub(super) fn write_str<C: Convention, T: 'static>(
    memory: &mut GuestMemory<'_, T>,
    address: i32,
    text: &str,
) -> Result<()> {
    if C::IS_UTF16 {
        let units: Vec<u16> = text.encode_utf16().collect();
        Ok(memory.write_slice(address, &units)?)
    } else {
        Ok(memory.write_bytes(address, text.as_bytes())?)
    }
}

/// Text of a known length.
///
/// # Errors
///
/// [`Error::OutOfBounds`], [`Error::NotUtf8`].
#[inline]
pub fn read_str<T: 'static>(memory: &GuestMemory<'_, T>, address: i32, len: i32) -> Result<String> {
    Ok(memory.str(address, len)?.to_owned())
}

/// Text that a null ends.
///
/// # Errors
///
/// [`Error::OutOfBounds`], [`Error::NotUtf8`].
#[inline]
pub fn read_c_text<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<String> {
    let bytes = memory.c_str(address)?.to_bytes();
    let text = std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8 {
        address: crate::GuestAddress::to_u64(address),
        bytes: bytes.len() as u64,
    })?;
    Ok(text.to_owned())
}

/// Text that a null ends, of any encoding.
///
/// # Errors
///
/// [`Error::OutOfBounds`].
#[inline]
pub fn read_c_str<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<CString> {
    Ok(memory.c_str(address)?.to_owned())
}

/// The size of an AssemblyScript object in bytes, which stands before it.
///
/// # Errors
///
/// [`Error::OutOfBounds`].
pub fn object_size<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<i32> {
    Ok(memory.read(address.wrapping_sub(4))?)
}

/// An AssemblyScript string.
///
/// # Errors
///
/// [`Error::OutOfBounds`]; [`Error::Value`] where a surrogate stands alone.
pub fn read_utf16<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<String> {
    let bytes = object_size(memory, address)?.cast_unsigned();
    let units = memory.read_slice::<u16>(address, bytes / 2)?;
    String::from_utf16(&units).map_err(|_| {
        let message = format!("the string at guest address {address} is not UTF-16");
        Error::Value { message }.into()
    })
}

/// Text as C has it.
///
/// # Errors
///
/// [`Error::Value`] where it holds a null.
pub fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|e| {
        let message = format!("a C string cannot hold the null at byte {}", e.nul_position());
        Error::Value { message }.into()
    })
}

/// A code point that the guest gave.
///
/// # Errors
///
/// [`Error::Value`] where it is none.
pub fn char_of(code: i32) -> Result<char> {
    char::from_u32(code.cast_unsigned())
        .ok_or_else(|| Error::Value { message: format!("{code:#x} is no character") }.into())
}
