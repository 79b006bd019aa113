//! Room: how many imports and exports a wrapper of limited size covers.

use crate::codegen::docs::printable_len;
use crate::interface::{ExternType, text_len};

/// The most Rust for an import or export besides its name and type, in bytes. Measured in golden wrappers.
const PER_ITEM: u64 = 900;

/// The most Rust for a parameter, result or payload, in bytes: in the method, the session's method, the
/// call and the stored function.
const PER_VALUE: u64 = 150;

/// The places in which a name and a type stand as text.
const TEXTS: u64 = 4;

/// The Rust that a wrapper may still have, in bytes.
pub(super) struct Room(u64);

impl Room {
    pub fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Takes the room for an import or export, estimated without generating it. The first that does not fit
    /// takes all room, so that the rest is left out too.
    pub fn take(&mut self, name: &str, ty: &ExternType) -> bool {
        let values = match ty {
            ExternType::Func(ty) => ty.types().count(),
            ExternType::Tag { params } => params.len(),
            _ => 1,
        };
        let text = printable_len(name).saturating_add(text_len(ty)).saturating_mul(TEXTS);
        let len = PER_ITEM.saturating_add(PER_VALUE * values as u64).saturating_add(text);
        let fits = len <= self.0;
        self.0 = if fits { self.0 - len } else { 0 };
        fits
    }

    /// Returns whether a text of this length fits.
    pub fn fits(&self, len: u64) -> bool {
        len <= self.0
    }
}
