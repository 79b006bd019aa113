//! Allocation: who allocates and frees in the guest.

use super::error::{ApiError, near};
use super::signature::Signature;
use crate::interface::{ExternType, FuncType, Interface, MemoryType};
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
    /// The actions for which the convention's own function has a type with which it cannot be called.
    unusable: Vec<(Action, String)>,
}

/// The service of a guest's function for the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    Allocate,
    Free,
    Pin,
}

impl Action {
    const fn verb(self) -> &'static str {
        match self {
            Self::Allocate => "allocate",
            Self::Free => "free",
            Self::Pin => "pin",
        }
    }

    /// The setting that names the function.
    const fn key(self) -> Option<&'static str> {
        match self {
            Self::Allocate => Some("malloc"),
            Self::Free => Some("free"),
            Self::Pin => None,
        }
    }

    /// The number of parameters, all of which are `i32`, and whether there is a result. A function that
    /// frees may have one or not, because nobody uses it.
    const fn shape(self, convention: Convention) -> (usize, bool) {
        match (self, convention) {
            (Self::Allocate | Self::Free, Convention::CabiRealloc) => (4, true),
            (Self::Allocate, Convention::C) | (Self::Pin, _) => (1, true),
            (Self::Allocate, Convention::WasmBindgen | Convention::AssemblyScript) => (2, true),
            (Self::Free, Convention::WasmBindgen) => (3, false),
            (Self::Free, Convention::C | Convention::AssemblyScript) => (1, false),
        }
    }
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
        let exports = |name: &str| function(interface, name).is_some();
        let convention = settings.convention.unwrap_or_else(|| recognize(exports));
        let (alloc, free) = match convention {
            Convention::C => ("malloc", "free"),
            Convention::WasmBindgen => ("__wbindgen_malloc", "__wbindgen_free"),
            Convention::AssemblyScript => ("__new", "__unpin"),
            Convention::CabiRealloc => ("cabi_realloc", "cabi_realloc"),
        };
        let mut unusable = Vec::new();
        let mut named = |chosen: &Option<String>, default: &str, action: Action| {
            let name = chosen.as_deref().unwrap_or(default);
            match (function(interface, name), chosen, action.key()) {
                (Some(ty), ..) if is_callable(ty, action, convention) => Ok(Some(name.to_owned())),
                (Some(ty), Some(_), key) => Err(wrong(key, name, action, convention, ty)),
                (None, Some(_), Some(key)) => {
                    let functions = interface.exports.iter();
                    let functions = functions.filter(|e| matches!(e.ty, ExternType::Func(_)));
                    let nearest = near(name, functions.map(|export| export.name.as_str()));
                    Err(ApiError::NoSuchFunction { key, name: name.into(), nearest })
                }
                (Some(_), None, _) => {
                    unusable.push((action, name.to_owned()));
                    Ok(None)
                }
                (None, ..) => Ok(None),
            }
        };
        let alloc = named(&settings.malloc, alloc, Action::Allocate)?;
        let free = named(&settings.free, free, Action::Free)?;
        if convention == Convention::AssemblyScript && named(&None, PIN, Action::Pin)?.is_none() {
            unusable.push((Action::Pin, PIN.into()));
        }
        Ok(Self { convention, memory: memory(interface), alloc, free, unusable })
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
        let needed = [
            (needs.alloc, Action::Allocate),
            (needs.free, Action::Free),
            (needs.alloc && self.alloc.is_some(), Action::Pin),
        ];
        for (is_needed, action) in needed {
            let unusable = self.unusable.iter().find(|(other, _)| is_needed && *other == action);
            if let Some((_, name)) = unusable {
                return Err(ApiError::UnusableAllocator {
                    text: text(),
                    name: name.clone(),
                    action: action.verb(),
                    needed: needed_type(action, self.convention),
                });
            }
        }
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

/// The function of AssemblyScript's runtime that protects an object from being collected.
const PIN: &str = "__pin";

/// The type of an exported function.
fn function<'i>(interface: &'i Interface, name: &str) -> Option<&'i FuncType> {
    let export = interface.exports.iter().find(|export| export.name == name)?;
    match &export.ty {
        ExternType::Func(ty) => Some(ty),
        _ => None,
    }
}

/// Whether the runtime can call a function of the type.
fn is_callable(ty: &FuncType, action: Action, convention: Convention) -> bool {
    let (params, has_result) = action.shape(convention);
    let is_i32 = ty.types().all(|ty| ty.to_string() == "i32");
    let has_results = match ty.results.len() {
        0 => !has_result || action == Action::Free,
        1 => has_result || action == Action::Free,
        _ => false,
    };
    is_i32 && ty.params.len() == params && has_results
}

/// The type that a function must have, as text.
fn needed_type(action: Action, convention: Convention) -> String {
    let (params, has_result) = action.shape(convention);
    format!(
        "(func{}{})",
        " (param i32)".repeat(params),
        if has_result { " (result i32)" } else { "" }
    )
}

/// The error for a function that the settings name and that cannot be called.
fn wrong(
    key: Option<&'static str>,
    name: &str,
    action: Action,
    convention: Convention,
    ty: &FuncType,
) -> ApiError {
    ApiError::WrongAllocator {
        key,
        name: name.into(),
        action: action.verb(),
        convention: match convention {
            Convention::C => "c",
            Convention::WasmBindgen => "wasm-bindgen",
            Convention::AssemblyScript => "assemblyscript",
            Convention::CabiRealloc => "cabi-realloc",
        },
        needed: needed_type(action, convention),
        actual: ty.without_names().to_string(),
    }
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
