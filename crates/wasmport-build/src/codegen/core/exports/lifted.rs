//! Methods of exports with a signature: arguments into the guest, the call, results out of it.

use super::super::api::{ResultShape, Shape, Ty, is_owned, scalar_from_core, scalar_into_core};
use super::super::calls::Calls;
use super::super::plan::{Plan, PlannedExport};
use crate::codegen::docs::{code, outer, quoted};
use crate::settings::Form;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The method of an export with a signature.
pub(super) fn method(
    plan: &Plan<'_>,
    export: &PlannedExport<'_>,
    cell: &TokenStream,
    shape: &Shape,
) -> TokenStream {
    let PlannedExport { name, ident, ty, .. } = export;
    let docs = &shape.signature.docs;
    let blank = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
    let doc = outer(&format!(
        "Calls the export {}: {}{}\n\nFails if the guest traps, a host function fails, or the guest breaks \
         the signature.",
        quoted(name),
        code(ty),
        export.absence()
    ));
    let calls = Calls::of(plan);
    let Calls { asyncness, data, .. } = &calls;
    let send = calls.is_async.then(|| quote!(__rt::Send));
    let send = send.iter();
    let data = match shape.result {
        ResultShape::Output | ResultShape::Extism => {
            quote!(<Data: __rt::GuestExchange #(+ #send)*>)
        }
        _ => data.clone(),
    };
    let (parameters, returns) = (shape.signature.parameters(), shape.signature.returns());
    let body = Lifting { shape, calls: &calls, name, returns: &returns }.body(cell);
    let body = export.guarded(&export.is_there(), body);
    let returns = export.returned(returns);
    quote! {
        #(#docs)*
        #blank
        #doc
        pub #asyncness fn #ident(
            &self,
            mut store: impl __rt::AsContextMut #data,
            #parameters
        ) -> __rt::Result<#returns> {
            #body
        }
    }
}

/// The body of one method.
struct Lifting<'a> {
    shape: &'a Shape,
    calls: &'a Calls,
    name: &'a str,
    returns: &'a TokenStream,
}

impl Lifting<'_> {
    fn body(&self, cell: &TokenStream) -> TokenStream {
        let Self { calls, returns, .. } = self;
        let count = syn::Index::from(self.shape.allocations());
        let call = self.call(cell);
        let lift =
            quote!(let __lift = __rt::lift(&self.allocator, &__NAMES, &self.instance, &mut store););
        if !calls.is_async {
            return quote! {
                #lift
                __lift.run(|__guest: &mut __rt::Guest<_, _, #count>| { #call })
            };
        }
        quote! {
            #lift
            let mut __guest = __lift.guest::<#count>();
            let __result: __rt::Result<#returns> = async { #call }.await;
            __guest.end_async(__result).await
        }
    }

    /// Passes the arguments, calls the guest, and reads the results.
    fn call(&self, cell: &TokenStream) -> TokenStream {
        let Self { shape, calls, name, .. } = self;
        let Shape { signature, result, .. } = shape;
        if *result == ResultShape::Extism {
            return self.call_extism(cell);
        }
        let wait = &calls.wait;
        let mut arguments: Vec<TokenStream> = Vec::new();
        let mut pass = TokenStream::new();
        if matches!(result, ResultShape::PairAtFirst | ResultShape::ValueAtFirst) {
            let room_for = calls.method("room_for");
            let ty = match &signature.result {
                Ty::Plain(ty) => quote!(#ty),
                _ => quote!([i32; 2]),
            };
            pass.extend(quote!(let __result = __guest.#room_for::<#ty>()#wait?;));
            arguments.push(quote!(__result));
        }
        for (name, ty) in &signature.params {
            let (code, passed) = self.pass(name, ty);
            pass.extend(code);
            arguments.extend(passed);
        }
        let changed = signature.params.iter().filter_map(|(name, ty)| read_changed(name, ty));
        let outs = signature.params.iter().filter_map(|(name, ty)| read_out(name, ty));
        let (mut pattern, read) = self.read();
        let status = self.status();
        let call = if *result == ResultShape::Output {
            pattern = quote!((#pattern, __output));
            calls.method("call_with_output")
        } else {
            calls.method("call")
        };
        let value = signature.result_variables();
        let value = if signature.error.is_some() { quote!(Ok(#value)) } else { value };
        quote! {
            #pass
            let #pattern = __guest.#call(&#cell, #name, (#(#arguments,)*))#wait?;
            #(#changed)*
            #status
            #(#outs)*
            #read
            Ok(#value)
        }
    }

    /// Calls a plug-in of Extism with the only argument, and reads its output.
    fn call_extism(&self, cell: &TokenStream) -> TokenStream {
        let Self { shape: Shape { signature, .. }, calls, name, .. } = self;
        let (call, wait) = (calls.method("call_extism"), &calls.wait);
        let input = match signature.params.first() {
            None => quote!(&[]),
            Some((name, Ty::Str { .. })) => quote!(#name.as_bytes()),
            Some((name, Ty::List { element, .. })) if quote!(#element).to_string() == "u8" => {
                quote!(#name)
            }
            Some((name, _)) => quote!(&__rt::to_bytes(#name)),
        };
        let failed = match &signature.error {
            None => quote!(__answer.check()?;),
            Some(_) => quote! {
                if let Some(__error) = __answer.failure() {
                    return Ok(Err(__error));
                }
            },
        };
        // A plug-in that sets no output has an empty one.
        let output = match &signature.result {
            Ty::Unit => None,
            Ty::Optional(_) => Some(quote!(let __output = __answer.output;)),
            _ => Some(quote!(let __output = Some(__answer.output.unwrap_or_default());)),
        };
        let read = output.is_some().then(|| self.read_output());
        let value = signature.result_variables();
        let value = if signature.error.is_some() { quote!(Ok(#value)) } else { value };
        quote! {
            let mut __answer = __guest.#call(&#cell, #name, #input)#wait?;
            #failed
            #output
            #read
            Ok(#value)
        }
    }

    /// Code that returns the error of a status code.
    fn status(&self) -> Option<TokenStream> {
        let Shape { signature, convention, .. } = self.shape;
        let error = signature.error.as_ref()?;
        let checked = match &signature.result {
            Ty::Scalar(scalar) if is_core(scalar) => quote!(__rt::negative::<#error>(__value)),
            Ty::Scalar(_) => quote!(__rt::negative::<#error>(__raw)),
            _ => match convention.ok {
                Some(ok) => quote!(__rt::status::<#error>(__status, #ok)),
                None => quote!(__rt::negative::<#error>(__status)),
            },
        };
        Some(quote! {
            if let Err(__error) = #checked? {
                return Ok(Err(__error));
            }
        })
    }

    fn has_objects(&self) -> bool {
        self.shape.convention.has_objects()
    }

    /// Code that brings an argument into the guest, and the core values that are passed for it.
    fn pass(&self, name: &Ident, ty: &Ty) -> (TokenStream, Vec<TokenStream>) {
        if let Ty::Scalar(scalar) = ty {
            return (TokenStream::new(), vec![scalar_into_core(scalar, &quote!(#name))]);
        }
        let pointer = format_ident!("__{}_pointer", name);
        let len = format_ident!("__{}_len", name);
        let form = self.form(ty.bare());
        let pattern = match form {
            Some(Form::Prefixed) | None => quote!(#pointer),
            Some(Form::Len) => quote!((_, #len)),
            Some(Form::None) => quote!(_),
            Some(_) if self.is_object(ty.bare()) => quote!((#pointer, _)),
            Some(_) => quote!((#pointer, #len)),
        };
        let none =
            if matches!(form, Some(Form::Prefixed) | None) { quote!(0) } else { quote!((0, 0)) };
        let value = self.passed(name, ty.bare());
        let code = if matches!(ty, Ty::Optional(_)) {
            quote! {
                let #pattern = match #name {
                    Some(#name) => #value,
                    None => #none,
                };
            }
        } else {
            quote!(let #pattern = #value;)
        };
        let arguments = match form {
            Some(Form::LenPtr) => vec![quote!(#len), quote!(#pointer)],
            Some(Form::PtrHigh) => vec![quote!(__rt::pack(#pointer, #len))],
            Some(Form::LenHigh) => vec![quote!(__rt::pack(#len, #pointer))],
            Some(Form::Len) => vec![quote!(#len)],
            Some(Form::None) => vec![],
            Some(Form::PtrLen) if !self.is_object(ty.bare()) => {
                vec![quote!(#pointer), quote!(#len)]
            }
            _ => vec![quote!(#pointer)],
        };
        (code, arguments)
    }

    /// The form of an argument with a length.
    fn form(&self, ty: &Ty) -> Option<Form> {
        match ty {
            Ty::Str { .. } | Ty::List { .. } => Some(self.shape.arguments),
            Ty::ListMut(_) => Some(Form::PtrLen),
            _ => None,
        }
    }

    /// Whether an argument is an object of AssemblyScript, which has its length.
    fn is_object(&self, ty: &Ty) -> bool {
        self.has_objects() && matches!(ty, Ty::Str { .. } | Ty::List { .. } | Ty::ListMut(_))
    }

    /// The call that brings one argument into the guest.
    fn passed(&self, name: &Ident, ty: &Ty) -> TokenStream {
        let wait = &self.calls.wait;
        let (method, argument) = match ty {
            Ty::Str { .. } if self.form(ty) == Some(Form::Prefixed) => {
                ("pass_prefixed", quote!((#name.as_bytes())))
            }
            Ty::List { .. } if self.form(ty) == Some(Form::Prefixed) => {
                ("pass_prefixed", quote!((#name)))
            }
            Ty::Str { .. } => ("pass_str", quote!((#name))),
            Ty::CStr { .. } => ("pass_c_str", quote!((#name))),
            Ty::List { .. } => ("pass_slice", quote!((#name))),
            Ty::ListMut(_) => ("lend_slice", quote!((&*#name))),
            Ty::Ref(_) => ("lend", quote!((#name))),
            Ty::RefMut(_) => ("lend", quote!((&*#name))),
            Ty::Out(inner) => ("room_for", quote!(::<#inner>())),
            _ => ("room_for", quote!(::<u32>())),
        };
        let method = self.calls.method(method);
        quote!(__guest.#method #argument #wait?)
    }

    /// The pattern for the core results, and code that makes `__value` of them.
    fn read(&self) -> (TokenStream, TokenStream) {
        let Shape { signature, result, .. } = self.shape;
        let (pattern, pair) = match result {
            ResultShape::Direct => return direct(&signature.result, signature.error.is_some()),
            ResultShape::ValueAtFirst => {
                return (self.nothing(), quote!(let __value = __guest.read_at(__result)?;));
            }
            ResultShape::Output | ResultShape::Extism => {
                return (self.nothing(), self.read_output());
            }
            ResultShape::Null | ResultShape::Pointer | ResultShape::Object => {
                (quote!(__pointer), TokenStream::new())
            }
            ResultShape::Pair => (quote!((__pointer, __len)), TokenStream::new()),
            ResultShape::PairAtFirst | ResultShape::PairAtLast => {
                let read = quote!(let [__pointer, __len]: [i32; 2] = __guest.read_at(__result)?;);
                (self.nothing(), read)
            }
            ResultShape::Form(form) => self.read_form(*form),
            ResultShape::PairBehind => {
                (quote!(__raw), quote!(let [__pointer, __len]: [i32; 2] = __guest.read_at(__raw)?;))
            }
            ResultShape::WithLen => {
                let len = signature.params.iter().find(|(_, ty)| matches!(ty, Ty::Len));
                let len = len.map(|(name, _)| format_ident!("__{}_pointer", name));
                (quote!(__pointer), quote!(let __len: i32 = __guest.read_at(#len)?;))
            }
        };
        let read = self.read_value();
        let value = if matches!(signature.result, Ty::Optional(_)) {
            quote!(if __pointer == 0 { None } else { Some(#read) })
        } else {
            read
        };
        if *result != ResultShape::PairBehind {
            return (pattern, quote!(#pair let __value = #value;));
        }
        // The guest frees its result even if it breaks the signature.
        let (post, wait) = (self.calls.method("post_return"), &self.calls.wait);
        let post_name = format!("cabi_post_{}", self.name);
        let read = quote! {
            #pair
            let __value: __rt::Result<_> = (|| Ok(#value))();
            let __posted = __guest.#post(#post_name, __raw)#wait;
            let __value = __value?;
            __posted?;
        };
        (pattern, read)
    }

    /// The pattern of a result that is nothing but a status code, if the function returns one.
    fn nothing(&self) -> TokenStream {
        if self.shape.signature.error.is_some() { quote!(__status) } else { quote!(()) }
    }

    /// The pattern of a content in a form, and code that finds `__pointer` and `__len`.
    fn read_form(&self, form: Form) -> (TokenStream, TokenStream) {
        let wait = &self.calls.wait;
        match form {
            Form::LenPtr => (quote!((__len, __pointer)), TokenStream::new()),
            Form::PtrHigh => (quote!(__raw), quote!(let (__pointer, __len) = __rt::unpack(__raw);)),
            Form::LenHigh => (quote!(__raw), quote!(let (__len, __pointer) = __rt::unpack(__raw);)),
            Form::Len => {
                let address = self.calls.method("buffer_address");
                (quote!(__len), quote!(let __pointer = __guest.#address()#wait?;))
            }
            // Its length is read after the check for null.
            _ => (quote!(__pointer), TokenStream::new()),
        }
    }

    /// Code that reads what the guest gave to the import for results.
    fn read_output(&self) -> TokenStream {
        let Shape { signature, convention, .. } = self.shape;
        let import = convention.output_path();
        let read = match signature.result.bare() {
            Ty::List { element, .. } => quote!(read_output::<#element>),
            _ => quote!(read_output_str),
        };
        if matches!(signature.result, Ty::Optional(_)) {
            return quote! {
                let __value = match __output {
                    Some(__output) => Some(__rt::#read(Some(__output), #import)?),
                    None => None,
                };
            };
        }
        quote!(let __value = __rt::#read(__output, #import)?;)
    }

    /// The call that reads the result behind `__pointer`.
    fn read_value(&self) -> TokenStream {
        let Shape { signature, result, .. } = self.shape;
        let ty = signature.result.bare();
        // The canonical ABI has a function that frees.
        let is_owned = is_owned(ty)
            && !matches!(*result, ResultShape::PairBehind | ResultShape::Form(Form::Len))
            && self.shape.convention.host_frees_results();
        if *result == ResultShape::Form(Form::Prefixed) {
            let element = match ty {
                Ty::List { element, .. } => quote!(#element),
                _ => quote!(u8),
            };
            let read = match ty {
                Ty::List { .. } => quote!(read_slice::<#element>),
                _ => quote!(read_str),
            };
            return quote!({
                let (__pointer, __len) = __guest.prefixed::<#element>(__pointer, #is_owned)?;
                __guest.#read(__pointer, __len, false)?
            });
        }
        match (ty, result) {
            (Ty::Str { .. }, ResultShape::Object) => quote!(__guest.read_object_str(__pointer)?),
            (Ty::List { element, .. }, ResultShape::Object) => {
                quote!(__guest.read_object_slice::<#element>(__pointer)?)
            }
            (Ty::Str { .. }, ResultShape::Null) => {
                quote!(__guest.read_c_text(__pointer, #is_owned)?)
            }
            (Ty::CStr { .. }, _) => quote!(__guest.read_c_str(__pointer, #is_owned)?),
            (Ty::Str { .. }, _) => quote!(__guest.read_str(__pointer, __len, #is_owned)?),
            (Ty::List { element, .. }, _) => {
                quote!(__guest.read_slice::<#element>(__pointer, __len, #is_owned)?)
            }
            (Ty::Ref(inner), _) => quote!(__guest.read::<#inner>(__pointer)?),
            _ => quote!(()),
        }
    }
}

fn is_core(scalar: &Ident) -> bool {
    ["i32", "i64", "f32", "f64"].iter().any(|core| scalar == core)
}

fn direct(result: &Ty, has_status: bool) -> (TokenStream, TokenStream) {
    match result.bare() {
        Ty::Scalar(scalar) if is_core(scalar) => (quote!(__value), TokenStream::new()),
        Ty::Scalar(scalar) => {
            let value = scalar_from_core(scalar, &quote!(__raw));
            (quote!(__raw), quote!(let __value = #value;))
        }
        _ if has_status => (quote!(__status), TokenStream::new()),
        _ => (quote!(()), TokenStream::new()),
    }
}

/// Code that reads an argument back that the guest may have changed.
fn read_changed(name: &Ident, ty: &Ty) -> Option<TokenStream> {
    let pointer = format_ident!("__{}_pointer", name);
    match ty {
        Ty::ListMut(_) => Some(quote!(__guest.read_back(#pointer, #name)?;)),
        Ty::RefMut(_) => Some(quote!(*#name = __guest.read_at(#pointer)?;)),
        _ => None,
    }
}

/// Code that reads a further result.
fn read_out(name: &Ident, ty: &Ty) -> Option<TokenStream> {
    let Ty::Out(inner) = ty else { return None };
    let (pointer, out) = (format_ident!("__{}_pointer", name), format_ident!("__out_{}", name));
    Some(quote!(let #out: #inner = __guest.read_at(#pointer)?;))
}
