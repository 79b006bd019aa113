//! Signatures beyond numbers: what the user writes about an asset's functions, as Rust.
//!
//! ```text
//! struct Point { x: f64, y: f64 }
//!
//! fn area(points: &[Point]) -> f64;
//! #[name = "greet!"] fn greet(name: &str) -> String;
//!
//! mod env { fn log(message: &str); }
//! ```

mod exports;
mod imports;
mod parse;
mod shape;

pub(super) use exports::{method as export_method, user_arguments, user_parameters, user_result};
pub(super) use imports::{definition, parameters, returns};
pub(super) use shape::{HostShape, Shape};

use crate::interface::{ExternType, FuncType, Interface, MemoryType};
use crate::settings::{AssetSettings, Convention};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The whole text.
pub(super) struct Api {
    /// Structs, to be passed to the runtime's `plain!`.
    pub structs: Vec<syn::ItemStruct>,
    pub exports: Vec<Signature>,
    /// By import module.
    pub imports: Vec<(String, Vec<Signature>)>,
    /// Who allocates and frees, where anything is allocated.
    pub allocation: Allocation,
}

/// The signature of one function.
pub(super) struct Signature {
    /// The export's or import's name, where it is not the identifier.
    pub name: Option<String>,
    pub ident: Ident,
    /// What the user says about it.
    pub docs: Vec<syn::Attribute>,
    pub params: Vec<(Ident, Ty)>,
    pub result: Ty,
    /// As the user wrote it.
    pub text: String,
}

/// A type in a signature.
pub(super) enum Ty {
    Unit,
    Scalar(Ident),
    /// `&str`, or `String`, which is the receiver's to free.
    Str {
        owned: bool,
    },
    /// `&CStr`, or `CString`.
    CStr {
        owned: bool,
    },
    /// `&[T]`, or `Vec<T>`.
    List {
        element: syn::Type,
        owned: bool,
    },
    /// `&mut [T]`: copied there and back.
    ListMut(syn::Type),
    /// `&T`.
    Ref(syn::Type),
    /// `&mut T`: copied there and back.
    RefMut(syn::Type),
    /// `Out<T>`: a place for a result.
    Out(syn::Type),
    /// `Len`: a place for the length of the result.
    Len,
    /// A plain value, as a result.
    Plain(syn::Type),
    /// `GuestStr`, `GuestSlice<T>`.
    GuestSpan(syn::Type),
    /// `GuestPtr<T>`.
    GuestPtr(syn::Type),
    /// `Option<…>` of something that a pointer stands for.
    Optional(Box<Ty>),
}

/// How the guest allocates.
#[derive(Clone)]
pub(super) struct Allocation {
    pub convention: Convention,
    memory: Option<String>,
    alloc: Option<String>,
    free: Option<String>,
}

impl Api {
    /// The signatures of an asset; nothing where there are none.
    ///
    /// # Errors
    ///
    /// Where the text is not as it should be, or the convention is not one that the asset follows.
    pub fn of(interface: &Interface, settings: &AssetSettings) -> Result<Option<Self>, String> {
        let Some(text) = &settings.api else { return Ok(None) };
        let parsed = parse::parse(text)?;
        let allocation = Allocation::of(interface, settings)?;
        Ok(Some(Self {
            structs: parsed.structs,
            exports: parsed.exports,
            imports: parsed.imports,
            allocation,
        }))
    }

    /// The structs as items.
    pub fn items(
        &self,
        vis: &TokenStream,
        settings: &AssetSettings,
    ) -> Result<TokenStream, String> {
        let derives = settings.derives.iter().flatten().map(|derive| {
            syn::parse_str::<syn::Path>(derive)
                .map_err(|e| format!("`derives` has no path of a macro, but `{derive}`: {e}"))
        });
        let derives = derives.collect::<Result<Vec<_>, String>>()?;
        let structs = self.structs.iter().map(|item| {
            let syn::ItemStruct { attrs, ident, fields, .. } = item;
            let fields = fields.iter().map(|field| {
                let syn::Field { attrs, ident, ty, .. } = field;
                quote!(#(#attrs)* pub #ident: #ty)
            });
            // Not everybody documents fields, and some programs deny that.
            quote! {
                #(#attrs)*
                #[allow(missing_docs, reason = "generated code")]
                #[derive(#(#derives),*)]
                #vis struct #ident { #(#fields),* }
            }
        });
        Ok(quote!(::wasmport::plain! { #(#structs)* }))
    }
}

impl Allocation {
    fn of(interface: &Interface, settings: &AssetSettings) -> Result<Self, String> {
        let exports =
            |name: &str| interface.exports.iter().any(|e| e.name == name && is_func(&e.ty));
        let recognized = || {
            if exports("__wbindgen_malloc") {
                Convention::WasmBindgen
            } else if exports("__new") && exports("__pin") {
                Convention::AssemblyScript
            } else if exports("cabi_realloc") && !exports("malloc") {
                Convention::CabiRealloc
            } else {
                Convention::C
            }
        };
        let convention = settings.convention.unwrap_or_else(recognized);
        let (alloc, free) = match convention {
            Convention::C => ("malloc", "free"),
            Convention::WasmBindgen => ("__wbindgen_malloc", "__wbindgen_free"),
            Convention::AssemblyScript => ("__new", "__unpin"),
            Convention::CabiRealloc => ("cabi_realloc", "cabi_realloc"),
        };
        let named = |chosen: &Option<String>, default: &str| match chosen {
            Some(name) if !exports(name) => {
                Err(format!("the asset exports no function {name:?} to allocate or free with"))
            }
            Some(name) => Ok(Some(name.clone())),
            None => Ok(exports(default).then(|| default.to_owned())),
        };
        let memories: Vec<&str> = interface
            .exports
            .iter()
            .filter(|e| {
                matches!(
                    &e.ty,
                    ExternType::Memory(MemoryType { shared: false, memory64: false, .. })
                )
            })
            .map(|e| e.name.as_str())
            .collect();
        let memory = memories.iter().find(|name| **name == "memory").or(memories.first());
        Ok(Self {
            convention,
            memory: memory.map(|name| (*name).to_owned()),
            alloc: named(&settings.malloc, alloc)?,
            free: named(&settings.free, free)?,
        })
    }

    /// The runtime's type for the convention.
    pub fn convention_type(&self) -> TokenStream {
        let ty = match self.convention {
            Convention::C => "C",
            Convention::WasmBindgen => "WasmBindgen",
            Convention::AssemblyScript => "AssemblyScript",
            Convention::CabiRealloc => "CabiRealloc",
        };
        let ty = format_ident!("{ty}");
        quote!(::wasmport::support::#ty)
    }

    /// The runtime's names of memory and functions.
    pub fn names(&self) -> TokenStream {
        let [memory, alloc, free] =
            [&self.memory, &self.alloc, &self.free].map(|name| name.as_deref().unwrap_or_default());
        quote!(&::wasmport::support::Names { memory: #memory, alloc: #alloc, free: #free })
    }

    pub fn memory(&self) -> &str {
        self.memory.as_deref().unwrap_or_default()
    }

    /// What a signature needs of the guest must be there.
    fn require(
        &self,
        signature: &Signature,
        memory: bool,
        alloc: bool,
        free: bool,
    ) -> Result<(), String> {
        let text = &signature.text;
        if memory && self.memory.is_none() {
            return Err(format!(
                "the signature `{text}` needs the guest's memory, but the asset exports none of 32 \
                 bits that is not shared"
            ));
        }
        let lacks = |what: &str, key: &str| {
            Err(format!(
                "the signature `{text}` needs a function of the guest that {what}, but the asset \
                 exports none that is known: export `malloc` and `free`, or name yours with `{key}`"
            ))
        };
        if alloc && self.alloc.is_none() {
            return lacks("allocates", "malloc");
        }
        if free && self.free.is_none() {
            return lacks("frees", "free");
        }
        Ok(())
    }
}

fn is_func(ty: &ExternType) -> bool {
    matches!(ty, ExternType::Func(_))
}

/// An error where a signature and the function's type disagree.
fn mismatch(signature: &Signature, needs: &str, name: &str, ty: &FuncType) -> String {
    format!(
        "the signature `{}` needs a function `{needs}`, but {name:?} is `{}`",
        signature.text,
        ty.without_names()
    )
}
