//! The buffer that a guest has for its arguments.

use super::super::error::{ApiError, near};
use crate::error::did_you_mean;
use crate::interface::{ExternType, Interface};
use crate::settings;
use proc_macro2::TokenStream;
use quote::quote;

/// A buffer, known by the export that has its address.
#[derive(Clone)]
pub(super) struct Buffer {
    pub address: String,
    pub size: Option<Size>,
}

/// The size of a buffer.
#[derive(Clone)]
pub(super) enum Size {
    Bytes(u32),
    Export(String),
}

impl Buffer {
    /// The buffer that the settings name.
    ///
    /// # Errors
    ///
    /// Fails if an export is missing, or is neither a number nor a function that returns one, or if the guest's memory,
    /// which has so many bytes at most, has no room for the buffer.
    pub fn of(
        chosen: &settings::Convention,
        interface: &Interface,
        max_memory: Option<u64>,
    ) -> Result<Option<Self>, ApiError> {
        let error = |message: String, help: &str| {
            Err(ApiError::Convention { key: SIZE, message, help: Some(help.into()) })
        };
        let size = match &chosen.buffer_size {
            None => None,
            Some(text) => Some(match text.parse() {
                Ok(0) => {
                    return error("a buffer of 0 bytes has room for nothing".into(), SIZE_HELP);
                }
                Ok(bytes) if max_memory.is_some_and(|max| u64::from(bytes) > max) => {
                    let max = max_memory.unwrap_or_default();
                    let message = format!("the guest's memory has {max} bytes at most");
                    return error(message, "write the size that the guest's buffer has");
                }
                Ok(bytes) => Size::Bytes(bytes),
                Err(_) => Size::Export(number(interface, text, SIZE, SIZE_HELP)?),
            }),
        };
        match &chosen.buffer {
            Some(name) => {
                let address = number(interface, name, "convention.buffer", ADDRESS_HELP)?;
                Ok(Some(Self { address, size }))
            }
            None if size.is_some() => error(
                "there is no buffer that has this size".into(),
                "name the export that has its address with `convention.buffer`",
            ),
            None => Ok(None),
        }
    }

    /// The size for the runtime.
    pub fn size_tokens(buffer: Option<&Self>) -> TokenStream {
        match buffer.and_then(|buffer| buffer.size.as_ref()) {
            None => quote!(__rt::BufferSize::Bytes(0)),
            Some(Size::Bytes(bytes)) => quote!(__rt::BufferSize::Bytes(#bytes)),
            Some(Size::Export(name)) => quote!(__rt::BufferSize::Export(#name)),
        }
    }
}

const SIZE: &str = "convention.buffer-size";

const SIZE_HELP: &str = "write a number of bytes such as `\"4096\"`, or the export that has it: a function without parameters, \
                         or a global";

const ADDRESS_HELP: &str =
    "name the export that has the address: a function without parameters, or a global";

/// Returns the name of an export that has a number.
fn number(
    interface: &Interface,
    name: &str,
    key: &'static str,
    help: &'static str,
) -> Result<String, ApiError> {
    let is_number = |ty: &ExternType| match ty {
        ExternType::Global { ty, .. } => ty.to_string() == "i32",
        ExternType::Func(ty) => ty.without_names().to_string() == "(func (result i32))",
        _ => false,
    };
    match interface.exports.iter().find(|export| export.name == name) {
        Some(export) if is_number(&export.ty) => Ok(name.to_owned()),
        Some(export) => Err(ApiError::Convention {
            key,
            message: format!(
                "the export {name:?} is `{}`, not a global `i32` or a function `(func (result i32))`",
                export.ty
            ),
            help: Some(help.into()),
        }),
        None => {
            let numbers = interface.exports.iter().filter(|export| is_number(&export.ty));
            let nearest = near(name, numbers.map(|export| export.name.as_str()));
            Err(ApiError::Convention {
                key,
                message: format!("the asset exports no {name:?}"),
                help: Some(nearest.as_deref().map_or_else(|| help.into(), did_you_mean)),
            })
        }
    }
}
