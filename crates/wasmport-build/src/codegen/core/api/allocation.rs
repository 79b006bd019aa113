//! Allocation: who allocates and frees in the guest.

use super::error::ApiError;
use super::signature::Signature;
use crate::interface::{ExternType, Interface, MemoryType};
use crate::settings::{AssetSettings, Convention};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The guest's convention for allocations, with the exports that it uses.
#[derive(Clone)]
pub(in crate::codegen::core) struct Allocation {
    pub convention: Convention,
    memory: Option<String>,
    alloc: Option<String>,
    free: Option<String>,
}

/// The exports that a signature needs.
#[derive(Clone, Copy, Default)]
pub(super) struct Needs {
    pub memory: bool,
    pub alloc: bool,
    pub free: bool,
}

impl Allocation {
    /// The allocation that the settings choose, or that the exports follow.
    ///
    /// # Errors
    ///
    /// Fails with [`ApiError::NoSuchFunction`] if the settings name an export that is missing.
    pub fn of(interface: &Interface, settings: &AssetSettings) -> Result<Self, ApiError> {
        let exports = |name: &str| exports_function(interface, name);
        let convention = settings.convention.unwrap_or_else(|| recognize(exports));
        let (alloc, free) = match convention {
            Convention::C => ("malloc", "free"),
            Convention::WasmBindgen => ("__wbindgen_malloc", "__wbindgen_free"),
            Convention::AssemblyScript => ("__new", "__unpin"),
            Convention::CabiRealloc => ("cabi_realloc", "cabi_realloc"),
        };
        let named = |chosen: &Option<String>, default: &str| match chosen {
            Some(name) if !exports(name) => Err(ApiError::NoSuchFunction(name.clone())),
            Some(name) => Ok(Some(name.clone())),
            None => Ok(exports(default).then(|| default.to_owned())),
        };
        Ok(Self {
            convention,
            memory: memory(interface),
            alloc: named(&settings.malloc, alloc)?,
            free: named(&settings.free, free)?,
        })
    }

    /// The runtime's type for the convention.
    pub fn convention_type(&self) -> TokenStream {
        let ty = format_ident!(
            "{}",
            match self.convention {
                Convention::C => "C",
                Convention::WasmBindgen => "WasmBindgen",
                Convention::AssemblyScript => "AssemblyScript",
                Convention::CabiRealloc => "CabiRealloc",
            }
        );
        quote!(__rt::#ty)
    }

    /// The runtime's description of memory and functions.
    pub fn names(&self) -> TokenStream {
        let [memory, alloc, free] =
            [&self.memory, &self.alloc, &self.free].map(|name| name.as_deref().unwrap_or_default());
        quote!(__rt::Names { memory: #memory, alloc: #alloc, free: #free })
    }

    /// The name of the exported memory.
    pub fn memory(&self) -> &str {
        self.memory.as_deref().unwrap_or_default()
    }

    /// Checks that the guest has what a signature needs.
    pub(super) fn require(&self, signature: &Signature, needs: Needs) -> Result<(), ApiError> {
        let text = || signature.text.clone();
        if needs.memory && self.memory.is_none() {
            return Err(ApiError::NoMemory(text()));
        }
        if needs.alloc && self.alloc.is_none() {
            return Err(ApiError::NoAllocator { text: text(), action: "allocates", key: "malloc" });
        }
        if needs.free && self.free.is_none() {
            return Err(ApiError::NoAllocator { text: text(), action: "frees", key: "free" });
        }
        Ok(())
    }
}

fn exports_function(interface: &Interface, name: &str) -> bool {
    interface.exports.iter().any(|e| e.name == name && matches!(e.ty, ExternType::Func(_)))
}

/// Recognizes a convention by the functions that its toolchains export.
fn recognize(exports: impl Fn(&str) -> bool) -> Convention {
    if exports("__wbindgen_malloc") {
        Convention::WasmBindgen
    } else if exports("__new") && exports("__pin") {
        Convention::AssemblyScript
    } else if exports("cabi_realloc") && !exports("malloc") {
        Convention::CabiRealloc
    } else {
        Convention::C
    }
}

/// The name of the memory that signatures use: `memory`, or the first one that fits.
fn memory(interface: &Interface) -> Option<String> {
    let fits = |ty: &ExternType| {
        matches!(ty, ExternType::Memory(MemoryType { shared: false, memory64: false, .. }))
    };
    let mut memories = interface.exports.iter().filter(|e| fits(&e.ty)).map(|e| &e.name);
    let first = memories.clone().next();
    memories.find(|name| *name == "memory").or(first).cloned()
}
