//! Host functions with a signature: arguments out of the guest, the call, results into it.

use super::exports::{result_type, scalar_from_core, scalar_into_core, user_result};
use super::shape::{HostShape, ResultShape, is_owned};
use super::{Signature, Ty};
use crate::codegen::plan::HostFunc;
use crate::codegen::types::rust;
use crate::settings::Convention;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// `name: type` for each parameter of the trait's method.
pub(in crate::codegen) fn parameters(signature: &Signature) -> TokenStream {
    let params = given(signature).map(|(name, ty)| {
        let ty = parameter_type(ty);
        quote!(#name: #ty)
    });
    quote!(#(#params),*)
}

/// The result of the trait's method.
pub(in crate::codegen) fn returns(signature: &Signature) -> TokenStream {
    user_result(signature)
}

fn given(signature: &Signature) -> impl Iterator<Item = (&Ident, &Ty)> {
    let is_given = |(_, ty): &&(Ident, Ty)| !matches!(ty, Ty::Out(_));
    signature.params.iter().filter(is_given).map(|(name, ty)| (name, ty))
}

fn parameter_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Str { owned: false } => quote!(&str),
        Ty::CStr { owned: false } => quote!(&::core::ffi::CStr),
        Ty::List { element, owned: false } => quote!(&[#element]),
        Ty::ListMut(element) => quote!(&mut [#element]),
        Ty::Ref(inner) => quote!(&#inner),
        Ty::RefMut(inner) => quote!(&mut #inner),
        Ty::GuestSpan(ty) | Ty::GuestPtr(ty) => quote!(#ty),
        Ty::Optional(inner) => {
            let inner = parameter_type(inner);
            quote!(::core::option::Option<#inner>)
        }
        other => result_type(other),
    }
}

/// The definition of the function in the linker.
pub(in crate::codegen) fn definition(
    module: &str,
    func: &HostFunc<'_>,
    shape: &HostShape,
    is_async_asset: bool,
) -> TokenStream {
    let HostFunc { link_name, ident, ty, .. } = func;
    let HostShape { signature, allocation, .. } = shape;
    // Allocating is a call of the guest, which waits where all calls do.
    let waits = func.is_async || (is_async_asset && shape.allocates);
    let wait = if waits { quote!(.await) } else { quote!() };
    let raw: Vec<Ident> = (0..ty.params.len()).map(|i| format_ident!("__p{i}")).collect();
    let types: Vec<TokenStream> = ty.params.iter().map(|p| rust(&p.ty)).collect();
    let names = allocation.names();
    let glue = Glue { shape, raw: &raw, waits, wait: &wait };

    let mut next = usize::from(glue.has_first());
    let (mut taken, mut read) = (TokenStream::new(), TokenStream::new());
    let mut arguments = Vec::new();
    let mut back = TokenStream::new();
    for (name, ty) in &signature.params {
        let width = glue.width(ty);
        let Some(values) = raw.get(next..next + width) else { continue };
        next += width;
        if glue.frees(ty) {
            // All that the host takes over is freed before anything fails.
            taken.extend(glue.read(name, ty, values));
            read.extend(quote!(let #name = #name?;));
        } else {
            read.extend(glue.read(name, ty, values));
        }
        arguments.extend(glue.argument(name, ty));
        back.extend(glue.back(name, ty, values));
    }
    let outs: Vec<Ident> = signature
        .params
        .iter()
        .filter(|(_, ty)| matches!(ty, Ty::Out(_)))
        .map(|(name, _)| format_ident!("__{}", name))
        .collect();
    let pattern = match (&signature.result, outs.as_slice()) {
        (Ty::Unit, []) => quote!(()),
        (Ty::Unit, [one]) => quote!(#one),
        (Ty::Unit, all) => quote!((#(#all),*)),
        (_, []) => quote!(__value),
        (_, all) => quote!((__value, #(#all),*)),
    };
    let give = glue.give();
    let returns = super::super::types::results(&ty.results);
    let mut call = quote!(H::#ident(&mut access, #(#arguments),*));
    if func.is_async {
        call = quote!(#call.await);
    }
    if !func.is_infallible {
        call = quote!(#call?);
    }
    let names = shape.allocates.then(|| {
        quote! {
            let __names: &'static ::wasmport::support::Names = #names;
        }
    });
    let body = quote! {
        #names
        let mut access = ::wasmport::Access::new(caller, host);
        #taken
        #read
        let #pattern = #call;
        #back
        #give
    };
    if waits {
        return quote! {
            linker.func_wrap_async(
                #module, #link_name,
                move |caller: ::wasmport::support::Caller<'_, T>, (#(#raw,)*): (#(#types,)*)| {
                    ::std::boxed::Box::new(async move {
                        let result: ::wasmport::support::Result<#returns> = async { #body }.await;
                        result
                    })
                },
            )?;
        };
    }
    quote! {
        linker.func_wrap(
            #module, #link_name,
            move |caller: ::wasmport::support::Caller<'_, T>, #(#raw: #types),*| -> ::wasmport::support::Result<#returns> {
                #body
            },
        )?;
    }
}

struct Glue<'a> {
    shape: &'a HostShape,
    raw: &'a [Ident],
    waits: bool,
    wait: &'a TokenStream,
}

impl Glue<'_> {
    fn is_object(&self) -> bool {
        self.shape.allocation.convention == Convention::AssemblyScript
    }

    fn has_first(&self) -> bool {
        matches!(self.shape.result, ResultShape::PairAtFirst | ResultShape::ValueAtFirst)
    }

    /// Whether the host frees what a parameter stands for.
    fn frees(&self, ty: &Ty) -> bool {
        !self.is_object() && is_owned(ty)
    }

    /// How many core values stand for a parameter.
    fn width(&self, ty: &Ty) -> usize {
        match ty {
            Ty::Str { .. } | Ty::List { .. } if self.is_object() => 1,
            Ty::Str { .. } | Ty::List { .. } | Ty::ListMut(_) | Ty::GuestSpan(_) => 2,
            Ty::Optional(inner) => self.width(inner),
            _ => 1,
        }
    }

    fn memory(&self) -> TokenStream {
        let name = self.shape.allocation.memory();
        quote!(access.memory_named(#name)?)
    }

    fn function(&self, name: &str) -> TokenStream {
        let name = format_ident!("{name}{}", if self.waits { "_async" } else { "" });
        let convention = self.shape.allocation.convention_type();
        quote!(::wasmport::support::#name::<#convention, _, _>)
    }

    /// Code that reads an argument into a variable of the parameter's name: a result, where the
    /// host frees it.
    fn read(&self, name: &Ident, ty: &Ty, values: &[Ident]) -> TokenStream {
        let first = &values[0];
        if let Ty::Optional(inner) = ty {
            let value = self.value(inner, values);
            if self.frees(inner) {
                return quote! {
                    let #name = if #first == 0 {
                        ::core::result::Result::Ok(::core::option::Option::None)
                    } else {
                        #value.map(::core::option::Option::Some)
                    };
                };
            }
            return quote! {
                let #name = if #first == 0 {
                    ::core::option::Option::None
                } else {
                    ::core::option::Option::Some(#value)
                };
            };
        }
        match ty {
            Ty::Out(_) => TokenStream::new(),
            Ty::ListMut(_) | Ty::RefMut(_) => {
                let value = self.value(ty, values);
                quote!(let mut #name = #value;)
            }
            other => {
                let value = self.value(other, values);
                quote!(let #name = #value;)
            }
        }
    }

    fn value(&self, ty: &Ty, values: &[Ident]) -> TokenStream {
        let memory = self.memory();
        let (wait, first) = (self.wait, &values[0]);
        let len = values.get(1);
        let pointer = quote!(::wasmport::support::not_null(#first)?);
        let read = match ty {
            Ty::Scalar(scalar) => return scalar_from_core(scalar, &quote!(#first)),
            Ty::GuestSpan(ty) => return quote!(<#ty>::new(#first, #len)),
            Ty::GuestPtr(ty) => return quote!(<#ty>::new(#first)),
            Ty::Str { .. } if self.is_object() => {
                quote!(::wasmport::support::read_utf16(&#memory, #pointer)?)
            }
            Ty::Str { .. } => quote!(::wasmport::support::read_str(&#memory, #first, #len)?),
            Ty::CStr { .. } => quote!(::wasmport::support::read_c_str(&#memory, #pointer)?),
            Ty::List { element, .. } if self.is_object() => quote!({
                let len = ::wasmport::support::object_size(&#memory, #pointer)?.cast_unsigned()
                    / ::wasmport::support::element_size::<#element>();
                #memory.read_slice::<#element>(#first, len)?
            }),
            Ty::List { element, .. } | Ty::ListMut(element) => {
                quote!(#memory.read_slice::<#element>(#first, #len)?)
            }
            Ty::Ref(inner) | Ty::RefMut(inner) => quote!(#memory.read::<#inner>(#pointer)?),
            _ => quote!(()),
        };
        let size = match ty {
            Ty::Str { owned: true } => quote!((#len.cast_unsigned() as usize, 1)),
            Ty::CStr { owned: true } => quote!((1, 1)),
            Ty::List { owned: true, element } => quote!((
                (#len.cast_unsigned() as usize).saturating_mul(<#element as ::wasmport::Plain>::SIZE),
                <#element as ::wasmport::Plain>::ALIGN,
            )),
            _ => return read,
        };
        if self.is_object() {
            return read;
        }
        let free = self.function("host_free");
        quote!({
            let __value: ::wasmport::support::Result<_> = (|| ::core::result::Result::Ok(#read))();
            #free(&mut access, __names, #first, #size)#wait?;
            __value
        })
    }

    /// What the trait's method is given.
    fn argument(&self, name: &Ident, ty: &Ty) -> Option<TokenStream> {
        Some(match ty {
            Ty::Out(_) => return None,
            Ty::Str { owned: false }
            | Ty::CStr { owned: false }
            | Ty::List { owned: false, .. }
            | Ty::Ref(_) => quote!(&#name),
            Ty::ListMut(_) | Ty::RefMut(_) => quote!(&mut #name),
            Ty::Optional(inner) => match &**inner {
                Ty::Ref(_) => quote!(#name.as_ref()),
                Ty::Str { owned: false }
                | Ty::CStr { owned: false }
                | Ty::List { owned: false, .. } => quote!(#name.as_deref()),
                _ => quote!(#name),
            },
            _ => quote!(#name),
        })
    }

    /// Code that writes back what the host changed.
    fn back(&self, name: &Ident, ty: &Ty, values: &[Ident]) -> TokenStream {
        let (memory, first) = (self.memory(), &values[0]);
        match ty {
            Ty::ListMut(_) => quote!(#memory.write_slice(#first, &#name)?;),
            Ty::RefMut(_) => quote!(#memory.write(#first, #name)?;),
            Ty::Out(inner) => {
                let out = format_ident!("__{}", name);
                quote!(#memory.write::<#inner>(#first, #out)?;)
            }
            _ => TokenStream::new(),
        }
    }

    /// Code that makes the core result of `__value`.
    fn give(&self) -> TokenStream {
        let HostShape { signature, result, .. } = self.shape;
        let memory = self.memory();
        let (bare, optional) = match &signature.result {
            Ty::Optional(inner) => (&**inner, true),
            other => (other, false),
        };
        match (bare, result) {
            (Ty::Unit, _) => return quote!(::core::result::Result::Ok(())),
            (Ty::Scalar(scalar), _) => {
                let value = scalar_into_core(scalar, &quote!(__value));
                return quote!(::core::result::Result::Ok(#value));
            }
            (Ty::Plain(ty), _) => {
                let at = &self.raw[0];
                return quote! {
                    #memory.write::<#ty>(#at, __value)?;
                    ::core::result::Result::Ok(())
                };
            }
            _ => {}
        }
        let placed = self.placed(bare, *result);
        let pair = if optional {
            quote! {
                let (__pointer, __len) = match __value {
                    ::core::option::Option::Some(__value) => #placed,
                    ::core::option::Option::None => (0, 0),
                };
            }
        } else {
            quote!(let (__pointer, __len) = #placed;)
        };
        let give = match result {
            ResultShape::Pair => quote!(::core::result::Result::Ok((__pointer, __len))),
            ResultShape::PairAtFirst | ResultShape::PairAtLast => {
                let at = if *result == ResultShape::PairAtFirst {
                    self.raw.first()
                } else {
                    self.raw.last()
                };
                quote! {
                    #memory.write::<[i32; 2]>(#at, [__pointer, __len])?;
                    ::core::result::Result::Ok(())
                }
            }
            _ => quote! {
                let _: i32 = __len;
                ::core::result::Result::Ok(__pointer)
            },
        };
        quote!(#pair #give)
    }

    /// A block that brings a result into the guest: its pointer and length.
    fn placed(&self, ty: &Ty, result: ResultShape) -> TokenStream {
        let (memory, wait, alloc) = (self.memory(), self.wait, self.function("host_alloc"));
        let convention = self.shape.allocation.convention_type();
        let layout = quote!(::wasmport::support::Layout);
        let place = quote!(let pointer = #alloc(&mut access, __names, layout)#wait?;);
        match ty {
            Ty::Str { .. } if result == ResultShape::Null => quote!({
                let text = ::wasmport::support::c_string(&__value)?;
                let layout = #layout::of_c_str(&text)?;
                #place
                #memory.write_c_str(pointer, &text)?;
                (pointer, 0)
            }),
            Ty::CStr { .. } => quote!({
                let layout = #layout::of_c_str(&__value)?;
                #place
                #memory.write_c_str(pointer, &__value)?;
                (pointer, 0)
            }),
            Ty::Str { .. } => quote!({
                let layout = #layout::of_str::<#convention>(&__value)?;
                #place
                ::wasmport::support::host_write_str::<#convention, _, _>(&mut access, __names, pointer, &__value)?;
                (pointer, layout.elements())
            }),
            _ => quote!({
                let layout = #layout::of_slice(&__value)?;
                #place
                #memory.write_slice(pointer, &__value)?;
                (pointer, layout.elements())
            }),
        }
    }
}
