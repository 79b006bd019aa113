//! `FooCalls`: the functions of a component's session as methods of a handle.

use super::Target;
use super::surface::{Guest, Method};
use crate::codegen::component::rewrite::type_name;
use crate::codegen::docs::{code, outer};
use crate::codegen::handle::{Accessor, Call, Calls, Handles, handle_type};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;
use syn::Item;

/// The functions of a world or an interface.
#[derive(Default)]
pub(super) struct Functions {
    calls: Vec<Call>,
    /// The names of those that a handle cannot call.
    left_out: Vec<String>,
}

impl Functions {
    /// Sorts the functions of the interface `of`, or of the world if it is empty, with the session's methods for them.
    pub fn of<'m>(
        target: &Target<'_>,
        handles: &Handles,
        of: &str,
        methods: impl Iterator<Item = (&'m Method, &'m TokenStream)>,
    ) -> Self {
        let mut functions = Self::default();
        for (method, tokens) in methods {
            let name =
                if of.is_empty() { method.name.clone() } else { format!("{of}#{}", method.name) };
            let is_portable = target.portable.contains(&name);
            match is_portable
                .then(|| Call::of(handles, &name, tokens.clone(), target.is_async))
                .flatten()
            {
                Some(call) => functions.calls.push(call),
                None => functions.left_out.push(name),
            }
        }
        functions
    }
}

/// The functions of an interface in a handle.
pub(super) struct HandleView {
    /// The path of the type that has them.
    ty: TokenStream,
    /// The names of the functions that it does not have.
    left_out: Vec<String>,
}

/// Writes the type with the functions of an interface, whose name is `ident`. `view` is the one in a session.
pub(super) fn view(
    target: &Target<'_>,
    guest: &Guest,
    (ident, view): (Ident, &Ident),
    mut functions: Functions,
) -> (HandleView, TokenStream) {
    let of_resources = guest.resources.iter().flat_map(|resource| &resource.methods);
    let of_resources = of_resources.map(|method| format!("{}#{}", guest.name, method.name));
    functions.left_out.extend(of_resources);
    // Not `from`: the interface may have a function of that name.
    let receiver = quote!(#view(&mut __session.0));
    let methods = functions.calls.iter().map(|call| call.view(&receiver));
    let (data, session) = (target.data(), target.session);
    let up: TokenStream = guest.module.iter().map(|_| quote!(super::)).collect();
    let handle = handle_type(target.is_async);
    let handle = quote!(#handle<#up #session<T>>);
    let doc = outer(&format!("The functions of {}, in a handle.", code(&guest.name)));
    let items = quote! {
        #doc
        pub struct #ident<'a, T: 'static>(&'a #handle);

        impl<T: #data> #ident<'_, T> {
            #(#methods)*
        }

        impl<'a, T: 'static> ::core::convert::From<&'a #handle> for #ident<'a, T> {
            fn from(handle: &'a #handle) -> Self {
                Self(handle)
            }
        }
    };
    let path = &guest.module;
    (HandleView { ty: quote!(#(#path::)*#ident), left_out: functions.left_out }, items)
}

/// Writes the trait. `views` has each interface with the session's method that returns it.
pub(super) fn calls(
    target: &Target<'_>,
    items: &[Item],
    functions: Functions,
    views: Vec<(&Guest, Ident, HandleView)>,
) -> TokenStream {
    let Functions { calls, mut left_out } = functions;
    let mut accessors = Vec::new();
    for (guest, ident, HandleView { ty, left_out: of_interface }) in views {
        left_out.extend(of_interface);
        let absence =
            if guest.is_optional { "\n\nTheir calls fail if the guest lacks them." } else { "" };
        let docs = outer(&format!("Returns the functions of {}.{absence}", code(&guest.name)));
        accessors.push(Accessor { docs, ident, view: ty });
    }
    let taken: BTreeSet<String> =
        items.iter().filter_map(type_name).map(ToString::to_string).collect();
    let mut name = format!("{}Calls", target.ty);
    while taken.contains(&name) {
        name.push('_');
    }
    let calls = Calls {
        vis: quote!(pub),
        ident: format_ident!("{name}"),
        session: target.session,
        calls,
        left_out,
        is_async: target.is_async,
        data: target.data(),
        accessors,
    };
    calls.write()
}

#[cfg(test)]
mod tests {
    use crate::codegen::component::tests::{chosen, has, text, wrapper};
    use crate::codegen::handle::Handles;

    #[test]
    fn a_handle_calls_the_functions_without_values_of_the_store() {
        let choices = chosen(|choices| choices.handles = Some(Handles::default()));
        let wit = "
            package demo:app;
            interface files {
                resource file { read: func() -> string; }
                record entry { name: string, file: file }
                open: func(name: string) -> file;
                entries: func() -> list<entry>;
                count: func(prefix: option<string>) -> u32;
            }
            world app {
                use files.{file};
                export files;
                export keep: func(pair: tuple<u8, string>) -> bool;
                export close: func(file: file);
            }";
        let text = text(wrapper(wit, &choices).unwrap());
        let (_, after) = text.split_once("pubtraitAppCalls{").unwrap();
        let (declared, _) = after.split_once("implApp{").unwrap_or((after, ""));
        assert!(has(declared, "fn keep(&self, pair: (u8, &str)) -> ::wasmport::Result<bool>;"));
        assert!(has(
            declared,
            "fn demo_app_files(&self) -> exports::demo::app::files::GuestHandle<'_, Self::Data>"
        ));
        assert!(!has(declared, "fn close(&self"), "{declared}");
        let left_out =
            ["close", "demo:app/files#open", "demo:app/files#entries", "demo:app/files#file.read"];
        let left_out = left_out.map(|name| format!("`{name}`")).join(", ");
        assert!(has(&text, &format!("belong to the session: {left_out}.")), "{text}");
        let (_, view) = text.split_once("pubstructGuestHandle<'a,T:'static>").unwrap();
        assert!(has(view, "pub fn count(&self, prefix: Option<&str>) -> ::wasmport::Result<u32>"));
        assert!(has(view, "GuestSession(&mut __session.0).count(prefix.as_deref())"), "{view}");
        assert!(!has(view, "pub fn open(&self"), "{view}");
    }
}
