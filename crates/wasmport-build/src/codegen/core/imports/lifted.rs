//! Host functions with a signature: arguments out of the guest, the call, results into it.

use super::super::api::{
    HostShape, ResolvedConvention, ResultShape, Ty, is_owned, scalar_from_core, scalar_into_core,
};
use super::super::plan::HostFunc;
use crate::codegen::types::{results, rust};
use crate::settings::Form;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The definition of the function in the linker.
pub(super) fn definition(
    module: &str,
    func: &HostFunc<'_>,
    shape: &HostShape,
    is_async_asset: bool,
) -> TokenStream {
    let HostFunc { link_name, ident, ty, .. } = func;
    let HostShape { signature, convention, .. } = shape;
    // Allocating calls the guest, which waits if all calls do.
    let waits = func.is_async || (is_async_asset && shape.allocates);
    let wait = if waits { quote!(.await) } else { quote!() };
    let raw: Vec<Ident> = (0..ty.params.len()).map(|i| format_ident!("__p{i}")).collect();
    let types: Vec<TokenStream> = ty.params.iter().map(|p| rust(&p.ty)).collect();
    let glue = Glue { shape, raw: &raw, waits, wait: &wait };

    let mut next = usize::from(glue.has_first());
    let (mut taken, mut read) = (TokenStream::new(), TokenStream::new());
    let mut arguments = Vec::new();
    let (mut changed, mut outs) = (TokenStream::new(), TokenStream::new());
    for (name, ty) in &signature.params {
        let width = glue.width(ty);
        let Some(values) = raw.get(next..next + width) else { continue };
        next += width;
        let (unpack, values) = glue.unpack(name, ty, values);
        let values = values.as_slice();
        taken.extend(unpack);
        if glue.frees(ty) {
            // Everything that the host takes over is freed before anything fails.
            taken.extend(glue.read(name, ty, values));
            read.extend(quote!(let #name = #name?;));
        } else {
            read.extend(glue.read(name, ty, values));
        }
        arguments.extend(glue.argument(name, ty));
        changed.extend(glue.changed(name, ty, values));
        outs.extend(glue.out(name, ty, values));
    }
    let mut pattern = signature.result_variables();
    let status = signature.error.as_ref().map(|_| {
        let is_number = matches!(signature.result, Ty::Scalar(_));
        let code = match convention.ok.filter(|_| !is_number) {
            Some(ok) => quote!(__rt::failure(&__error, #ok)?),
            None => quote!(__rt::negative_failure(&__error)?),
        };
        let is_wide = ty.results.first().is_some_and(|ty| ty.to_string() == "i64");
        let code = if is_wide { quote!(i64::from(#code)) } else { code };
        let returned = quote! {
            let #pattern = match __returned {
                Ok(__returned) => __returned,
                Err(__error) => return Ok(#code),
            };
        };
        pattern = quote!(__returned);
        returned
    });
    let give = glue.give();
    let returns = results(&ty.results);
    let access = glue.access();
    let mut call = quote!(H::#ident(#access, #(#arguments),*));
    if func.is_async {
        call = quote!(#call.await);
    }
    if !func.is_infallible {
        call = quote!(#call?);
    }
    let names = shape.allocates.then(|| {
        let names = convention.names();
        quote!(let __names = &#names;)
    });
    let body = quote! {
        #names
        #taken
        #read
        let #pattern = #call;
        #changed
        #status
        #outs
        #give
    };
    if waits {
        return quote! {
            linker.func_wrap_async(
                #module, #link_name,
                move |caller: __rt::Caller<'_, T>, (#(#raw,)*): (#(#types,)*)| {
                    __rt::Box::new(__rt::host_call_async(#module, #link_name, async move {
                        let mut access = __rt::Access::new(caller, host);
                        let result: __rt::Result<#returns> = async { #body }.await;
                        result
                    }))
                },
            )?;
        };
    }
    quote! {
        __rt::func(
            linker, #module, #link_name, host,
            |access: &mut __rt::Access<'_, T, H>, #(#raw: #types),*| -> __rt::Result<#returns> {
                #body
            },
        )?;
    }
}

/// The tokens for one host function.
struct Glue<'a> {
    shape: &'a HostShape,
    raw: &'a [Ident],
    waits: bool,
    wait: &'a TokenStream,
}

impl Glue<'_> {
    fn is_object(&self) -> bool {
        self.shape.convention.has_objects()
    }

    /// The access to the caller, as an argument.
    fn access(&self) -> TokenStream {
        if self.waits { quote!(&mut access) } else { quote!(access) }
    }

    fn abi(&self) -> TokenStream {
        let ident = ResolvedConvention::abi_ident();
        quote!(super::#ident)
    }

    fn has_first(&self) -> bool {
        matches!(self.shape.result, ResultShape::PairAtFirst | ResultShape::ValueAtFirst)
    }

    /// Whether the host frees the allocation behind a parameter.
    fn frees(&self, ty: &Ty) -> bool {
        !self.is_object() && is_owned(ty)
    }

    /// The number of core values that a parameter has.
    fn width(&self, ty: &Ty) -> usize {
        match ty {
            Ty::Str { .. } | Ty::List { .. } if self.is_object() => 1,
            Ty::Str { .. } | Ty::List { .. } => match self.shape.arguments {
                Form::PtrLen | Form::LenPtr => 2,
                _ => 1,
            },
            Ty::ListMut(_) | Ty::GuestSpan(_) => 2,
            Ty::Optional(inner) => self.width(inner),
            _ => 1,
        }
    }

    /// Code that finds address and length of an argument, and the variables with both.
    fn unpack(&self, name: &Ident, ty: &Ty, values: &[Ident]) -> (TokenStream, Vec<Ident>) {
        let is_content = matches!(ty.bare(), Ty::Str { .. } | Ty::List { .. }) && !self.is_object();
        let (ptr, len) = (format_ident!("__{}_pointer", name), format_ident!("__{}_len", name));
        let first = &values[0];
        let code = match self.shape.arguments {
            Form::LenPtr if is_content => {
                return (TokenStream::new(), vec![values[1].clone(), first.clone()]);
            }
            Form::PtrHigh if is_content => quote!(let (#ptr, #len) = __rt::unpack(#first);),
            Form::LenHigh if is_content => quote!(let (#len, #ptr) = __rt::unpack(#first);),
            Form::Prefixed if is_content => {
                let memory = self.memory();
                let find = quote!(__rt::prefixed(&#memory, #first)?);
                match ty {
                    Ty::Optional(_) => {
                        quote!(let (#ptr, #len) = if #first == 0 { (0, 0) } else { #find };)
                    }
                    _ => quote!(let (#ptr, #len) = #find;),
                }
            }
            _ => return (TokenStream::new(), values.to_vec()),
        };
        (code, vec![ptr, len])
    }

    fn memory(&self) -> TokenStream {
        let name = self.shape.convention.memory();
        quote!(access.memory_named(#name)?)
    }

    /// Code that reads an argument into a variable with the parameter's name: a `Result`, if the host
    /// frees it.
    fn read(&self, name: &Ident, ty: &Ty, values: &[Ident]) -> TokenStream {
        let first = &values[0];
        if let Ty::Optional(inner) = ty {
            let value = self.value(inner, values);
            if self.frees(inner) {
                return quote! {
                    let #name = if #first == 0 {
                        Ok(None)
                    } else {
                        #value.map(Some)
                    };
                };
            }
            return quote! {
                let #name = if #first == 0 {
                    None
                } else {
                    Some(#value)
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
        let pointer = quote!(__rt::not_null(#first)?);
        let read = match ty {
            Ty::Scalar(scalar) => return scalar_from_core(scalar, &quote!(#first)),
            Ty::GuestSpan(ty) => return quote!(<#ty>::new(#first, #len)),
            Ty::GuestPtr(ty) => return quote!(<#ty>::new(#first)),
            Ty::Str { .. } if self.is_object() => {
                quote!(__rt::read_utf16(&#memory, #pointer)?)
            }
            Ty::Str { .. } => quote!(__rt::read_str(&#memory, #first, #len)?),
            Ty::CStr { .. } => quote!(__rt::read_c_str(&#memory, #pointer)?),
            Ty::List { element, .. } if self.is_object() => {
                quote!(__rt::read_object_slice::<#element, _>(&#memory, #pointer)?)
            }
            Ty::List { element, .. } | Ty::ListMut(element) => {
                quote!(#memory.read_slice::<#element>(#first, #len)?)
            }
            Ty::Ref(inner) | Ty::RefMut(inner) => quote!(#memory.read::<#inner>(#pointer)?),
            _ => quote!(()),
        };
        let size = match ty {
            Ty::Str { owned: true } => quote!((#len.cast_unsigned() as usize, 1)),
            Ty::CStr { owned: true } => quote!((__rt::c_size(&__value), 1)),
            Ty::List { owned: true, element } => quote!((
                (#len.cast_unsigned() as usize).saturating_mul(<#element as __rt::Plain>::SIZE),
                <#element as __rt::Plain>::ALIGN,
            )),
            _ => return read,
        };
        if self.is_object() {
            return read;
        }
        let is_content = !matches!(ty, Ty::CStr { .. });
        let (address, size) = if self.shape.arguments == Form::Prefixed && is_content {
            (quote!(#first.wrapping_sub(4)), quote!(__rt::with_prefix(#size)))
        } else {
            (quote!(#first), size)
        };
        let free = format_ident!("host_free{}", if self.waits { "_async" } else { "" });
        let (abi, access) = (self.abi(), self.access());
        quote!({
            let __value: __rt::Result<_> = (|| Ok(#read))();
            __rt::#free::<#abi, _, _>(#access, __names, #address, #size)#wait?;
            __value
        })
    }

    /// The argument for the trait's method.
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

    /// Code that writes a value back that the host may have changed.
    fn changed(&self, name: &Ident, ty: &Ty, values: &[Ident]) -> TokenStream {
        let (memory, first) = (self.memory(), &values[0]);
        match ty {
            Ty::ListMut(_) => quote!(#memory.write_slice(#first, &#name)?;),
            Ty::RefMut(_) => quote!(#memory.write(#first, #name)?;),
            _ => TokenStream::new(),
        }
    }

    /// Code that writes a further result.
    fn out(&self, name: &Ident, ty: &Ty, values: &[Ident]) -> TokenStream {
        let Ty::Out(inner) = ty else { return TokenStream::new() };
        let (memory, first, out) = (self.memory(), &values[0], format_ident!("__out_{}", name));
        quote!(#memory.write::<#inner>(#first, #out)?;)
    }

    /// Code that converts `__value` to the core result.
    fn give(&self) -> TokenStream {
        let HostShape { signature, result, .. } = self.shape;
        let memory = self.memory();
        let bare = signature.result.bare();
        let optional = matches!(signature.result, Ty::Optional(_));
        let done = if signature.error.is_some() {
            let ok = self.shape.convention.ok.unwrap_or_default();
            quote!(Ok(#ok))
        } else {
            quote!(Ok(()))
        };
        match (bare, result) {
            (Ty::Unit, _) => return done,
            (Ty::Scalar(scalar), _) => {
                let value = scalar_into_core(scalar, &quote!(__value));
                if signature.error.is_some() {
                    return quote!(__rt::not_negative(#value));
                }
                return quote!(Ok(#value));
            }
            (Ty::Plain(ty), _) => {
                let at = &self.raw[0];
                return quote! {
                    #memory.write::<#ty>(#at, __value)?;
                    #done
                };
            }
            _ => {}
        }
        let has_len = matches!(
            result,
            ResultShape::Pair
                | ResultShape::PairAtFirst
                | ResultShape::PairAtLast
                | ResultShape::Form(Form::LenPtr | Form::PtrHigh | Form::LenHigh)
        );
        let is_prefixed = *result == ResultShape::Form(Form::Prefixed);
        let given = self.given(bare, *result);
        let (pattern, none) = match (has_len, bare) {
            (true, _) => (quote!((__pointer, __len)), quote!((0, 0))),
            _ if is_prefixed => (quote!(__pointer), quote!(0)),
            // The number of elements is in the object.
            (false, Ty::List { .. }) => (quote!((__pointer, _)), quote!((0, 0))),
            (false, Ty::Str { .. }) if *result != ResultShape::Null => {
                (quote!((__pointer, _)), quote!((0, 0)))
            }
            (false, _) => (quote!(__pointer), quote!(0)),
        };
        let given = if optional {
            quote! {
                let #pattern = match __value {
                    Some(__value) => #given,
                    None => #none,
                };
            }
        } else {
            quote!(let #pattern = #given;)
        };
        let give = match result {
            ResultShape::Pair => quote!(Ok((__pointer, __len))),
            ResultShape::Form(Form::LenPtr) => quote!(Ok((__len, __pointer))),
            ResultShape::Form(Form::PtrHigh) => quote!(Ok(__rt::pack(__pointer, __len))),
            ResultShape::Form(Form::LenHigh) => quote!(Ok(__rt::pack(__len, __pointer))),
            ResultShape::PairAtFirst | ResultShape::PairAtLast => {
                let is_first = *result == ResultShape::PairAtFirst;
                let address = if is_first { self.raw.first() } else { self.raw.last() };
                quote! {
                    #memory.write::<[i32; 2]>(#address, [__pointer, __len])?;
                    #done
                }
            }
            _ => quote!(Ok(__pointer)),
        };
        quote!(#given #give)
    }

    /// The call that brings a result into the guest.
    fn given(&self, ty: &Ty, result: ResultShape) -> TokenStream {
        let wait = self.wait;
        let (abi, access) = (self.abi(), self.access());
        if result == ResultShape::Form(Form::Prefixed) {
            let give = format_ident!("give_prefixed{}", if self.waits { "_async" } else { "" });
            let content = match ty {
                Ty::Str { .. } => quote!(__value.as_bytes()),
                _ => quote!(&__value),
            };
            return quote!(__rt::#give::<#abi, _, _, _>(#access, __names, #content)#wait?);
        }
        let (name, last) = match ty {
            Ty::Str { .. } if result == ResultShape::Null => ("give_c_text", quote!()),
            Ty::CStr { .. } => ("give_c_str", quote!()),
            Ty::Str { .. } => ("give_str", quote!()),
            _ => ("give_slice", quote!(, _)),
        };
        let give = format_ident!("{name}{}", if self.waits { "_async" } else { "" });
        quote!(__rt::#give::<#abi, _, _ #last>(#access, __names, &__value)#wait?)
    }
}
