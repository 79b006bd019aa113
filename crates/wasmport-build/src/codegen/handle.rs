//! `FooCalls`: functions of a session as methods of a handle, which any thread or task calls.

use super::docs::{code, outer, shortened};
use crate::settings::{AssetSettings, Patterns};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use std::collections::BTreeSet;
use syn::{FnArg, GenericArgument, ImplItemFn, Pat, PathArguments, ReturnType, Type};

/// Methods that a handle has, from `Handle` or from traits that are always in scope.
const RESERVED: &[&str] = &[
    "call",
    "call_again",
    "clone",
    "cut",
    "into",
    "new",
    "restarts",
    "shut_down",
    "to_owned",
    "try_into",
    "waiting",
];

/// The most functions that are listed by name.
const LISTED: usize = 100;

/// The choices for handles of a wrapper.
#[derive(Clone, Debug, Default)]
pub(super) struct Handles {
    /// Patterns over the names of functions that may be called twice.
    idempotent: Vec<String>,
}

impl Handles {
    /// Reads the choices; none if the wrapper has no methods for handles.
    pub fn of(settings: &AssetSettings) -> Option<Self> {
        let idempotent = settings.idempotent.clone().unwrap_or_default();
        (settings.handle == Some(true)).then_some(Self { idempotent })
    }

    fn is_idempotent(&self, name: &str) -> bool {
        let matches = |pattern: &String| {
            // The settings were checked before.
            Patterns::one(pattern).is_ok_and(|pattern| pattern.matches(name, false))
        };
        self.idempotent.iter().any(matches)
    }
}

/// A function that a handle calls.
pub(super) struct Call {
    /// The session's method.
    method: ImplItemFn,
    /// The parameters.
    params: Vec<Ident>,
    /// Statements that copy the arguments.
    copies: TokenStream,
    /// The copied arguments.
    arguments: Vec<TokenStream>,
    is_idempotent: bool,
    /// Whether the session is in a task.
    is_async: bool,
}

impl Call {
    /// Returns the call of a session's method for the function `name`, which in an interface of a component comes
    /// after the interface's name and `#`; none if its arguments cannot be copied.
    pub fn of(handles: &Handles, name: &str, method: TokenStream, is_async: bool) -> Option<Self> {
        let method = syn::parse2::<ImplItemFn>(method).ok()?;
        let is_idempotent = handles.is_idempotent(name);
        // A future owns its copies.
        let is_again = is_idempotent && !is_async;
        let (mut params, mut copies) = (Vec::new(), TokenStream::new());
        let mut arguments = Vec::new();
        for input in &method.sig.inputs {
            let FnArg::Typed(input) = input else { continue };
            let Pat::Ident(pat) = &*input.pat else { return None };
            let (copy, argument) = copied(&pat.ident, &input.ty, is_again)?;
            params.push(pat.ident.clone());
            copies.extend(copy);
            arguments.push(argument);
        }
        Some(Self { method, params, copies, arguments, is_idempotent, is_async })
    }

    /// Writes the documentation.
    fn docs(&self) -> TokenStream {
        let docs = self.method.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
        let again =
            self.is_idempotent.then(|| outer("\nIt is called again if the session failed."));
        quote!(#(#docs)* #again)
    }

    /// Writes the declaration in a trait under the name `ident`.
    fn declaration(&self, ident: &Ident) -> TokenStream {
        if !self.is_async {
            return self.signature(ident);
        }
        let params = self.method.sig.inputs.iter().skip(1);
        let output = match &self.method.sig.output {
            ReturnType::Type(_, ty) => quote!(#ty),
            ReturnType::Default => quote!(()),
        };
        let future = quote!(impl ::core::future::Future<Output = #output> + ::core::marker::Send);
        quote!(fn #ident(&self, #(#params),*) -> #future)
    }

    /// Writes the signature under the name `ident`.
    fn signature(&self, ident: &Ident) -> TokenStream {
        let params = self.method.sig.inputs.iter().skip(1);
        let output = &self.method.sig.output;
        let asyncness = self.is_async.then(|| quote!(async));
        quote!(#asyncness fn #ident(&self, #(#params),*) #output)
    }

    /// Writes the call through `handle` of the methods of `receiver`, which is or borrows `__session`.
    fn body(&self, handle: &TokenStream, receiver: &TokenStream) -> TokenStream {
        let Self { method, params, copies, arguments, is_idempotent, is_async } = self;
        let call = format_ident!("{}", if *is_idempotent { "call_again" } else { "call" });
        let ident = &method.sig.ident;
        let called = quote!(#receiver.#ident(#(#arguments),*));
        if !is_async {
            return quote!(#copies #handle.#call(move |__session| #called));
        }
        let wait = method.sig.asyncness.map(|_| quote!(.await));
        let future = quote!(::std::boxed::Box::pin(async move { #called #wait }));
        let future = match is_idempotent {
            true => quote!({ #(let #params = ::core::clone::Clone::clone(&#params);)* #future }),
            false => future,
        };
        quote!(#copies #handle.#call(move |__session| #future).await)
    }

    /// Writes the public method of a type that borrows a handle.
    pub fn view(&self, receiver: &TokenStream) -> TokenStream {
        let (docs, signature) = (self.docs(), self.signature(&self.method.sig.ident));
        let body = self.body(&quote!(self.0), receiver);
        quote!(#docs pub #signature { #body })
    }
}

/// The type of handles of sessions, which wait in async wrappers.
pub(super) fn handle_type(is_async: bool) -> TokenStream {
    if is_async { quote!(::wasmport::AsyncHandle) } else { quote!(::wasmport::Handle) }
}

/// Returns the statement that copies an argument, and the copy as an argument of one call, or of several.
fn copied(name: &Ident, ty: &Type, is_again: bool) -> Option<(TokenStream, TokenStream)> {
    let passed = |value: TokenStream| match is_again {
        true => quote!(::core::clone::Clone::clone(&#value)),
        false => value,
    };
    if !has_reference(ty) {
        return Some((quote!(), passed(quote!(#name))));
    }
    match ty {
        Type::Reference(_) => is_plain(ty).then(|| {
            (quote!(let #name = ::std::borrow::ToOwned::to_owned(#name);), quote!(&#name))
        }),
        Type::Tuple(tuple) => {
            let parts = tuple.elems.iter().enumerate().map(|(index, ty)| {
                let index = syn::Index::from(index);
                match ty {
                    ty if !has_reference(ty) => {
                        Some((quote!(#name.#index), passed(quote!(#name.#index))))
                    }
                    ty if is_plain(ty) => {
                        let copy = quote!(::std::borrow::ToOwned::to_owned(#name.#index));
                        Some((copy, quote!(&#name.#index)))
                    }
                    _ => None,
                }
            });
            let (copies, arguments): (Vec<_>, Vec<_>) =
                parts.collect::<Option<Vec<_>>>()?.into_iter().unzip();
            Some((quote!(let #name = (#(#copies,)*);), quote!((#(#arguments,)*))))
        }
        Type::Path(path) => {
            let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
            let PathArguments::AngleBracketed(inner) = &last.arguments else { return None };
            let Some(GenericArgument::Type(inner)) = inner.args.first() else { return None };
            let Type::Reference(reference) = inner else { return None };
            let borrow =
                format_ident!("{}", if derefs(&reference.elem) { "as_deref" } else { "as_ref" });
            is_plain(inner).then(|| {
                (
                    quote!(let #name = #name.map(::std::borrow::ToOwned::to_owned);),
                    quote!(#name.#borrow()),
                )
            })
        }
        _ => None,
    }
}

/// Returns whether a type is a shared reference to a value without references.
fn is_plain(ty: &Type) -> bool {
    matches!(ty, Type::Reference(ty) if ty.mutability.is_none() && !has_reference(&ty.elem))
}

/// Returns whether the owned value of a borrowed type is of another type.
fn derefs(ty: &Type) -> bool {
    match ty {
        Type::Slice(_) => true,
        Type::Path(path) => {
            let last = path.path.segments.last();
            last.is_some_and(|last| last.ident == "str" || last.ident == "CStr")
        }
        _ => false,
    }
}

fn has_reference(ty: &Type) -> bool {
    let text = ty.to_token_stream().to_string();
    text.contains('&') || text.contains('\'')
}

/// The trait with the functions of a session.
pub(super) struct Calls<'a> {
    pub vis: TokenStream,
    /// The trait.
    pub ident: Ident,
    /// The session, which is generic over its data.
    pub session: &'a Ident,
    pub calls: Vec<Call>,
    /// The names of the functions that a handle cannot call.
    pub left_out: Vec<String>,
    /// Whether sessions are in tasks.
    pub is_async: bool,
    /// The bounds of the session's data.
    pub data: TokenStream,
    /// The functions of interfaces.
    pub accessors: Vec<Accessor>,
}

/// A method that returns the functions of an interface.
pub(super) struct Accessor {
    pub docs: TokenStream,
    pub ident: Ident,
    /// The type with the functions, which borrows the handle and is generic over the session's data.
    pub view: TokenStream,
}

impl Calls<'_> {
    /// Writes the trait and its implementation.
    pub fn write(&self) -> TokenStream {
        let Self { vis, ident, session, calls, data, accessors, .. } = self;
        let docs = outer(&self.documentation());
        let of_calls = calls.iter().map(|call| &call.method.sig.ident);
        let mut names = names(of_calls.chain(accessors.iter().map(|own| &own.ident))).into_iter();
        let (handle, receiver) = (handle_type(self.is_async), quote!(__session));
        let (mut declared, mut defined) = (TokenStream::new(), TokenStream::new());
        for (call, name) in calls.iter().zip(names.by_ref()) {
            let (docs, signature) = (call.docs(), call.signature(&name));
            let (declaration, body) =
                (call.declaration(&name), call.body(&quote!(self), &receiver));
            declared.extend(quote!(#docs #declaration;));
            defined.extend(quote!(#signature { #body }));
        }
        for (Accessor { docs, view, .. }, ident) in accessors.iter().zip(names) {
            declared.extend(quote!(#docs fn #ident(&self) -> #view<'_, Self::Data>;));
            defined.extend(quote!(fn #ident(&self) -> #view<'_, T> { self.into() }));
        }
        let declared_data = (!accessors.is_empty())
            .then(|| quote!(#[doc = " The session's data."] type Data: #data;));
        let defined_data = (!accessors.is_empty()).then(|| {
            quote!(
                type Data = T;
            )
        });
        quote! {
            #docs
            #vis trait #ident {
                #declared_data
                #declared
            }

            impl<T: #data> #ident for #handle<#session<T>> {
                #defined_data
                #defined
            }
        }
    }

    fn documentation(&self) -> String {
        let Self { session, left_out, is_async, .. } = self;
        let (handle, callers) = match is_async {
            true => ("AsyncHandle", "task"),
            false => ("Handle", "thread"),
        };
        let mut text = format!(
            "The functions of [`{session}`] as methods of its [`{handle}`](::wasmport::{handle}), which any {callers} \
             calls. Arguments are copied.\n\n\
             Methods fail like [`{handle}::call`](::wasmport::{handle}::call)."
        );
        if !left_out.is_empty() {
            let names = left_out.iter().take(LISTED).map(|name| code(shortened(name)));
            let mut names: Vec<String> = names.collect();
            if left_out.len() > LISTED {
                names.push(format!("{} more", left_out.len() - LISTED));
            }
            text.push_str(&format!(
                "\n\nWithout a method, because their values belong to the session: {}.",
                names.join(", ")
            ));
        }
        text
    }
}

/// Returns a name for each method, which a handle does not have yet.
fn names<'a>(own: impl Iterator<Item = &'a Ident> + Clone) -> Vec<Ident> {
    let own = own.map(ToString::to_string);
    let mut taken: BTreeSet<String> = own.clone().collect();
    own.map(|name| {
        if !RESERVED.contains(&name.as_str()) {
            return format_ident!("{name}");
        }
        let mut free = name;
        while !taken.insert(free.clone()) {
            free.push('_');
        }
        format_ident!("{free}")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The method of a handle for one of a session.
    fn call(method: &str, idempotent: &str) -> Option<String> {
        let handles = Handles { idempotent: vec![idempotent.into()] };
        let is_async = method.contains("async");
        let call = Call::of(&handles, "keep", method.parse().unwrap(), is_async)?;
        Some(call.view(&quote!(__session)).to_string().replace(' ', ""))
    }

    #[test]
    fn arguments_are_copied_if_they_can_be() {
        let of = |parameters: &str| {
            let method = format!("pub fn keep(&mut self, {parameters}) -> Result<bool> {{}}");
            Some((call(&method, "other")?, call(&method, "k*")?))
        };
        for (parameters, once, again) in [
            ("n: u32", "keep(n)", "keep(::core::clone::Clone::clone(&n))"),
            ("text: &str", "keep(&text)", "keep(&text)"),
            ("key: &__rt::CStr", "keep(&key)", "keep(&key)"),
            ("key: Option<&str>", "keep(key.as_deref())", "keep(key.as_deref())"),
            ("point: Option<&Point>", "keep(point.as_ref())", "keep(point.as_ref())"),
            (
                "p: (u8, &str)",
                "keep((p.0,&p.1,))",
                "keep((::core::clone::Clone::clone(&p.0),&p.1,))",
            ),
        ] {
            let (one, two) = of(parameters).unwrap();
            assert!(one.contains(once) && one.contains("self.0.call(move"), "{one}");
            assert!(two.contains(again) && two.contains("self.0.call_again(move"), "{two}");
        }
        for parameters in [
            "list: &mut [u8]",
            "a: &&str",
            "a: Option<&mut u8>",
            "a: (u8, (u8, &str))",
            "a: Text<'_>",
        ] {
            assert!(of(parameters).is_none(), "{parameters}");
        }
    }

    #[test]
    fn a_future_owns_its_arguments() {
        let method = "pub async fn keep(&mut self, text: &str) -> Result<bool> {}";
        let once = call(method, "other").unwrap();
        assert!(once.contains("asyncmove{__session.keep(&text).await})).await"), "{once}");
        let again = call(method, "keep").unwrap();
        assert!(again.contains("{lettext=::core::clone::Clone::clone(&text);"), "{again}");
    }

    #[test]
    fn methods_have_names_that_handles_do_not_have() {
        let own = ["call", "call_", "keep", "clone"].map(|name| format_ident!("{name}"));
        let names = names(own.iter()).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names, ["call__", "call_", "keep", "clone_"]);
    }
}
