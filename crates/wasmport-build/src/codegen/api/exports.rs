//! Methods of exports with a signature: arguments into the guest, the call, results out of it.

use super::shape::{ResultShape, Shape};
use super::{Signature, Ty};
use crate::codegen::session::Asyncness;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// `name: type` for each parameter that the user passes.
pub(in crate::codegen) fn user_parameters(signature: &Signature) -> TokenStream {
    let params = passed(signature).map(|(name, ty)| {
        let ty = argument_type(ty);
        quote!(#name: #ty)
    });
    quote!(#(#params),*)
}

/// The names of the parameters that the user passes.
pub(in crate::codegen) fn user_arguments(signature: &Signature) -> Vec<&Ident> {
    passed(signature).map(|(name, _)| name).collect()
}

fn passed(signature: &Signature) -> impl Iterator<Item = (&Ident, &Ty)> {
    let is_passed = |(_, ty): &&(Ident, Ty)| !matches!(ty, Ty::Out(_) | Ty::Len);
    signature.params.iter().filter(is_passed).map(|(name, ty)| (name, ty))
}

fn argument_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Scalar(ident) => quote!(#ident),
        Ty::Str { .. } => quote!(&str),
        Ty::CStr { .. } => quote!(&::core::ffi::CStr),
        Ty::List { element, .. } => quote!(&[#element]),
        Ty::ListMut(element) => quote!(&mut [#element]),
        Ty::Ref(inner) => quote!(&#inner),
        Ty::RefMut(inner) => quote!(&mut #inner),
        Ty::Optional(inner) => {
            let inner = argument_type(inner);
            quote!(::core::option::Option<#inner>)
        }
        _ => quote!(()),
    }
}

/// What the user gets: the result, and the places for more.
pub(in crate::codegen) fn user_result(signature: &Signature) -> TokenStream {
    let mut types = Vec::new();
    if !matches!(signature.result, Ty::Unit) {
        types.push(result_type(&signature.result));
    }
    types.extend(signature.params.iter().filter_map(|(_, ty)| match ty {
        Ty::Out(inner) => Some(quote!(#inner)),
        _ => None,
    }));
    match types.as_slice() {
        [one] => one.clone(),
        all => quote!((#(#all),*)),
    }
}

pub(super) fn result_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Scalar(ident) => quote!(#ident),
        Ty::Str { .. } => quote!(::std::string::String),
        Ty::CStr { .. } => quote!(::std::ffi::CString),
        Ty::List { element, .. } => quote!(::std::vec::Vec<#element>),
        Ty::Ref(inner) | Ty::Plain(inner) => quote!(#inner),
        Ty::Optional(inner) => {
            let inner = result_type(inner);
            quote!(::core::option::Option<#inner>)
        }
        _ => quote!(()),
    }
}

/// The body of the method.
pub(in crate::codegen) fn method(
    shape: &Shape,
    slot: &TokenStream,
    name: &str,
    wait: &Asyncness,
    is_async: bool,
) -> TokenStream {
    let Shape { signature, allocation, .. } = shape;
    let Asyncness { wait, call, .. } = wait;
    let suffix = if is_async { "_async" } else { "" };
    let words = Words { wait, suffix, convention: &allocation.convention_type() };
    let convention = words.convention;
    let names = allocation.names();
    let count = shape.allocations();

    let mut arguments: Vec<TokenStream> = Vec::new();
    let mut lower = TokenStream::new();
    if matches!(shape.result, ResultShape::PairAtFirst | ResultShape::ValueAtFirst) {
        let room = words.method("room");
        let layout = match &signature.result {
            Ty::Plain(ty) => quote!(#ty),
            _ => quote!([i32; 2]),
        };
        lower.extend(quote! {
            let __result = __guest.#room(::wasmport::support::Layout::of::<#layout>())#wait?;
        });
        arguments.push(quote!(__result));
    }
    for (name, ty) in &signature.params {
        let (code, passed) = lowered(name, ty, &words, shape.is_object());
        lower.extend(code);
        arguments.extend(passed);
    }
    let back = signature.params.iter().filter_map(|(name, ty)| read_back(name, ty));
    let lift = lifted(shape, name, &words);
    let outs: Vec<_> = signature
        .params
        .iter()
        .filter(|(_, ty)| matches!(ty, Ty::Out(_)))
        .map(|(name, _)| format_ident!("__{}", name))
        .collect();
    let value = match (&signature.result, outs.as_slice()) {
        (Ty::Unit, [one]) => quote!(#one),
        (Ty::Unit, all) => quote!((#(#all),*)),
        (_, []) => quote!(__value),
        (_, all) => quote!((__value, #(#all),*)),
    };
    let body = quote! {
        #lower
        __guest.passed();
        let __raw = ::wasmport::support::#call(#slot, __guest.store(), #name, (#(#arguments,)*))#wait?;
        #(#back)*
        #lift
        ::core::result::Result::Ok(#value)
    };
    let returns = user_result(signature);
    let release = words.method("release");
    let body = if is_async { quote!(async { #body }.await) } else { quote!((|| { #body })()) };
    quote! {
        let mut __guest = ::wasmport::support::Guest::<#convention, _, #count>::new(
            self.allocator.get(), #names, &self.instance, store.as_context_mut(),
        );
        let __result: ::wasmport::support::Result<#returns> = #body;
        __guest.#release()#wait;
        __result
    }
}

impl Shape {
    fn is_object(&self) -> bool {
        self.allocation.convention == crate::settings::Convention::AssemblyScript
    }
}

struct Words<'a> {
    wait: &'a TokenStream,
    suffix: &'a str,
    convention: &'a TokenStream,
}

impl Words<'_> {
    fn method(&self, name: &str) -> Ident {
        format_ident!("{name}{}", self.suffix)
    }
}

/// Code that brings an argument into the guest, and the core values that stand for it.
fn lowered(
    name: &Ident,
    ty: &Ty,
    words: &Words<'_>,
    objects: bool,
) -> (TokenStream, Vec<TokenStream>) {
    if let Ty::Scalar(scalar) = ty {
        return (TokenStream::new(), vec![scalar_into_core(scalar, &quote!(#name))]);
    }
    let pointer = format_ident!("__{}_pointer", name);
    let len = format_ident!("__{}_len", name);
    let has_len = !objects && has_len(ty);
    if let Ty::Optional(inner) = ty {
        let value = place(name, inner, words, has_len);
        let (pattern, none) = if has_len {
            (quote!((#pointer, #len)), quote!((0, 0)))
        } else {
            (quote!(#pointer), quote!(0))
        };
        let code = quote! {
            let #pattern = match #name {
                ::core::option::Option::Some(#name) => #value,
                ::core::option::Option::None => #none,
            };
        };
        return (code, arguments(&pointer, &len, has_len));
    }
    let value = place(name, ty, words, has_len);
    let pattern = if has_len { quote!((#pointer, #len)) } else { quote!(#pointer) };
    (quote!(let #pattern = #value;), arguments(&pointer, &len, has_len))
}

fn arguments(pointer: &Ident, len: &Ident, has_len: bool) -> Vec<TokenStream> {
    if has_len { vec![quote!(#pointer), quote!(#len)] } else { vec![quote!(#pointer)] }
}

fn has_len(ty: &Ty) -> bool {
    match ty {
        Ty::Str { .. } | Ty::List { .. } | Ty::ListMut(_) => true,
        Ty::Optional(inner) => has_len(inner),
        _ => false,
    }
}

/// A block that makes room for one argument and fills it.
fn place(name: &Ident, ty: &Ty, words: &Words<'_>, has_len: bool) -> TokenStream {
    let Words { wait, convention, .. } = words;
    let (alloc, room) = (words.method("alloc"), words.method("room"));
    let layout = quote!(::wasmport::support::Layout);
    let value = if has_len { quote!((__place, __layout.elements())) } else { quote!(__place) };
    let (make, alloc, fill) = match ty {
        Ty::Str { .. } => (
            quote!(#layout::of_str::<#convention>(#name)?),
            alloc,
            quote!(__guest.write_str(__place, #name)?;),
        ),
        Ty::CStr { .. } => (
            quote!(#layout::of_c_str(#name)?),
            alloc,
            quote!(__guest.memory()?.write_c_str(__place, #name)?;),
        ),
        Ty::List { .. } => (
            quote!(#layout::of_slice(#name)?),
            alloc,
            quote!(__guest.memory()?.write_slice(__place, #name)?;),
        ),
        Ty::ListMut(_) => (
            quote!(#layout::of_slice(&*#name)?),
            room,
            quote!(__guest.memory()?.write_slice(__place, &*#name)?;),
        ),
        Ty::Ref(inner) => {
            (quote!(#layout::of::<#inner>()), room, quote!(__guest.write(__place, #name)?;))
        }
        Ty::RefMut(inner) => {
            (quote!(#layout::of::<#inner>()), room, quote!(__guest.write(__place, &*#name)?;))
        }
        Ty::Out(inner) => (quote!(#layout::of::<#inner>()), room, quote!()),
        _ => (quote!(#layout::of::<u32>()), room, quote!()),
    };
    quote!({
        let __layout = #make;
        let __place = __guest.#alloc(__layout)#wait?;
        #fill
        #value
    })
}

/// Code that takes back what the guest wrote for an argument.
fn read_back(name: &Ident, ty: &Ty) -> Option<TokenStream> {
    let pointer = format_ident!("__{}_pointer", name);
    match ty {
        Ty::ListMut(_) => Some(quote!(__guest.read_back(#pointer, #name)?;)),
        Ty::RefMut(_) => Some(quote!(*#name = __guest.memory()?.read(#pointer)?;)),
        Ty::Out(inner) => {
            let out = format_ident!("__{}", name);
            Some(quote!(let #out: #inner = __guest.memory()?.read(#pointer)?;))
        }
        _ => None,
    }
}

/// Code that makes `__value` of `__raw`.
fn lifted(shape: &Shape, name: &str, words: &Words<'_>) -> TokenStream {
    let Shape { signature, result, .. } = shape;
    let wait = words.wait;
    let (bare, optional) = match &signature.result {
        Ty::Optional(inner) => (&**inner, true),
        other => (other, false),
    };
    let pair = match result {
        ResultShape::Direct => {
            return match bare {
                Ty::Scalar(scalar) => {
                    let value = scalar_from_core(scalar, &quote!(__raw));
                    quote!(let __value = #value;)
                }
                _ => quote!(let () = __raw;),
            };
        }
        ResultShape::ValueAtFirst => {
            return quote! {
                let () = __raw;
                let __value = __guest.memory()?.read(__result)?;
            };
        }
        ResultShape::Null | ResultShape::Pointer | ResultShape::Object => {
            quote!(let __pointer = __raw;)
        }
        ResultShape::Pair => quote!(let (__pointer, __len) = __raw;),
        ResultShape::PairAtFirst | ResultShape::PairAtLast => quote! {
            let () = __raw;
            let [__pointer, __len]: [i32; 2] = __guest.memory()?.read(__result)?;
        },
        ResultShape::PairBehind => quote! {
            let [__pointer, __len]: [i32; 2] = __guest.memory()?.read(__raw)?;
        },
        ResultShape::WithLen => {
            let len = signature.params.iter().find(|(_, ty)| matches!(ty, Ty::Len));
            let len = len.map(|(name, _)| format_ident!("__{}_pointer", name));
            quote! {
                let __pointer = __raw;
                let __len: i32 = __guest.memory()?.read(#len)?;
            }
        }
    };
    let (own, read) = read_result(bare, *result);
    // A list without elements may be anywhere.
    let must_point =
        matches!(result, ResultShape::Null | ResultShape::Pointer | ResultShape::Object);
    let value = if optional {
        quote! {
            if __pointer == 0 {
                ::core::option::Option::None
            } else {
                #own
                ::core::option::Option::Some(#read)
            }
        }
    } else {
        let check = must_point.then(|| quote!(::wasmport::support::not_null(__pointer)?;));
        quote!({ #check #own #read })
    };
    if *result != ResultShape::PairBehind {
        return quote!(#pair let __value = #value;);
    }
    // The guest frees its result even where it is not what the signature says.
    let post = words.method("post_return");
    let name = format!("cabi_post_{name}");
    quote! {
        #pair
        let __value: ::wasmport::support::Result<_> = (|| ::core::result::Result::Ok(#value))();
        let __posted = __guest.#post(#name, __raw)#wait;
        let __value = __value?;
        __posted?;
    }
}

/// Code that takes the result over, where it is the host's, and that reads it.
fn read_result(ty: &Ty, shape: ResultShape) -> (TokenStream, TokenStream) {
    let memory = quote!(__guest.memory()?);
    let is_object = shape == ResultShape::Object;
    let own = |owned: bool, bytes: TokenStream, align: TokenStream| {
        // The canonical ABI has a function for it, and AssemblyScript collects.
        let frees = owned && !is_object && shape != ResultShape::PairBehind;
        if frees { quote!(__guest.own_result(__pointer, #bytes, #align);) } else { quote!() }
    };
    match ty {
        Ty::Str { owned } if shape == ResultShape::Null => (
            own(*owned, quote!(1), quote!(1)),
            quote!(::wasmport::support::read_c_text(&#memory, __pointer)?),
        ),
        Ty::CStr { owned } => (
            own(*owned, quote!(1), quote!(1)),
            quote!(::wasmport::support::read_c_str(&#memory, __pointer)?),
        ),
        Ty::Str { .. } if is_object => {
            (quote!(), quote!(::wasmport::support::read_utf16(&#memory, __pointer)?))
        }
        Ty::Str { owned } => (
            own(*owned, quote!(__len.cast_unsigned() as usize), quote!(1)),
            quote!(::wasmport::support::read_str(&#memory, __pointer, __len)?),
        ),
        Ty::List { element, .. } if is_object => (
            quote! {
                let __len = ::wasmport::support::object_size(&#memory, __pointer)?.cast_unsigned()
                    / ::wasmport::support::element_size::<#element>();
            },
            quote!(#memory.read_slice::<#element>(__pointer, __len)?),
        ),
        Ty::List { element, owned } => (
            own(
                *owned,
                quote!((__len.cast_unsigned() as usize).saturating_mul(<#element as ::wasmport::Plain>::SIZE)),
                quote!(<#element as ::wasmport::Plain>::ALIGN),
            ),
            quote!(#memory.read_slice::<#element>(__pointer, __len)?),
        ),
        Ty::Ref(inner) => (quote!(), quote!(#memory.read::<#inner>(__pointer)?)),
        _ => (quote!(), quote!(())),
    }
}

/// A scalar as a core value.
pub(super) fn scalar_into_core(scalar: &Ident, value: &TokenStream) -> TokenStream {
    match scalar.to_string().as_str() {
        "i32" | "i64" | "f32" | "f64" => quote!(#value),
        "u32" | "u64" => quote!(#value.cast_signed()),
        "char" => quote!(u32::from(#value).cast_signed()),
        _ => quote!(i32::from(#value)),
    }
}

/// A scalar out of a core value.
pub(super) fn scalar_from_core(scalar: &Ident, value: &TokenStream) -> TokenStream {
    match scalar.to_string().as_str() {
        "i32" | "i64" | "f32" | "f64" => quote!(#value),
        "u32" | "u64" => quote!(#value.cast_unsigned()),
        "bool" => quote!(#value != 0),
        "char" => quote!(::wasmport::support::char_of(#value)?),
        // As C does it.
        _ => quote!(#value as #scalar),
    }
}
