//! Text of every encoding, characters and pointers in guest memory.

use super::convention::Convention;
use crate::error::Error;
use crate::memory::{GuestAddress, GuestMemory};
use std::ffi::CString;
use wasmtime::Result;

/// Rejects null.
///
/// # Errors
///
/// Fails with [`Error::Value`] for null.
#[inline]
pub fn not_null(address: i32) -> Result<i32> {
    if address == 0 {
        let message =
            "the guest returned a null pointer, but the type in the signature is not an `Option`";
        return Err(Error::Value { message: message.into() }.into());
    }
    Ok(address)
}

/// Writes text in the encoding of the convention.
#[inline]
pub(super) fn write_str<C: Convention, T: 'static>(
    memory: &mut GuestMemory<'_, T>,
    address: i32,
    text: &str,
) -> Result<()> {
    if !C::IS_UTF16 {
        return Ok(memory.write_bytes(address, text.as_bytes())?);
    }
    let units = text.encode_utf16().count();
    let bytes = memory.bytes_mut(address, units * 2)?;
    for (unit, bytes) in text.encode_utf16().zip(bytes.chunks_exact_mut(2)) {
        bytes.copy_from_slice(&unit.to_le_bytes());
    }
    Ok(())
}

/// Reads text of a known length.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`] if it exceeds the memory, and with [`Error::NotUtf8`] if it is not
/// UTF-8.
#[inline]
pub fn read_str<T: 'static>(memory: &GuestMemory<'_, T>, address: i32, len: i32) -> Result<String> {
    Ok(memory.str(address, len)?.to_owned())
}

/// Reads text up to a null.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`] if it exceeds the memory, and with [`Error::NotUtf8`] if it is not
/// UTF-8.
#[inline]
pub fn read_c_text<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<String> {
    let bytes = memory.c_str(address)?.to_bytes();
    let text = std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8 {
        address: GuestAddress::to_u64(address),
        bytes: bytes.len() as u64,
    })?;
    Ok(text.to_owned())
}

/// Reads bytes up to a null.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`] if it exceeds the memory.
#[inline]
pub fn read_c_str<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<CString> {
    Ok(memory.c_str(address)?.to_owned())
}

/// Reads the size of an AssemblyScript object in bytes, which precedes it.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`] if it exceeds the memory.
pub fn object_size<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<i32> {
    Ok(memory.read(address.wrapping_sub(4))?)
}

/// Reads an AssemblyScript string.
///
/// # Errors
///
/// Fails with [`Error::OutOfBounds`] if it exceeds the memory, and with [`Error::Value`] if it is not
/// UTF-16.
pub fn read_utf16<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<String> {
    let bytes = object_size(memory, address)?.cast_unsigned();
    let units = memory.read_slice::<u16>(address, bytes / 2)?;
    String::from_utf16(&units).map_err(|_| {
        let message = format!("the string at guest address {address} is not UTF-16");
        Error::Value { message }.into()
    })
}

/// Converts text to C's.
///
/// # Errors
///
/// Fails with [`Error::Value`] if it contains a null.
pub fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|e| {
        let message = format!("a C string cannot contain the null at byte {}", e.nul_position());
        Error::Value { message }.into()
    })
}

/// Converts a code point.
///
/// # Errors
///
/// Fails with [`Error::Value`] if it is not valid.
pub fn char_of(code: i32) -> Result<char> {
    char::from_u32(code.cast_unsigned())
        .ok_or_else(|| Error::Value { message: format!("{code:#x} is not a character") }.into())
}
