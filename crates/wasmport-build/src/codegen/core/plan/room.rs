//! Room: how many imports and exports a wrapper of limited size covers.

use crate::codegen::docs::printable_len;
use crate::codegen::types::is_wide;
use crate::interface::{ExternType, text_len};

/// Rust for an import or export besides its name and type, in bytes. These figures were measured on
/// wrappers of generated modules; if they are too low, the wrapper is generated again with less room.
const PER_ITEM: u64 = 560;

/// Rust for a parameter, result or payload, in bytes: in the method, the session's method, the call and the
/// stored function.
const PER_VALUE: u64 = 45;

/// Rust for a parameter or result of a function that Wasmtime's tuples cannot type.
const PER_WIDE_VALUE: u64 = 110;

/// The places in which a name and a type stand as text.
const TEXTS: u64 = 3;

/// The Rust that a wrapper may still have, in bytes.
pub(super) struct Room(u64);

impl Room {
    pub fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Takes the room for an import or export, estimated without generating it. The first that does not fit
    /// takes all room, so that the rest is left out too.
    pub fn take(&mut self, name: &str, ty: &ExternType) -> bool {
        let (values, per_value) = match ty {
            ExternType::Func(ty) if is_wide(ty) => (ty.types().count(), PER_WIDE_VALUE),
            ExternType::Func(ty) => (ty.types().count(), PER_VALUE),
            ExternType::Tag { params } => (params.len(), PER_VALUE),
            _ => (1, PER_VALUE),
        };
        let text = printable_len(name).saturating_add(text_len(ty)).saturating_mul(TEXTS);
        let len = PER_ITEM.saturating_add(per_value * values as u64).saturating_add(text);
        let fits = len <= self.0;
        self.0 = if fits { self.0 - len } else { 0 };
        fits
    }

    /// Returns whether a text of this length fits.
    pub fn fits(&self, len: u64) -> bool {
        len <= self.0
    }
}
