//! Starts of sessions: linked with the implementations of their data, and with WASI.

use super::Target;
use crate::codegen::docs::outer;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, Path, PathArguments, parse_quote};
use wasmport::interface::Preview;

/// Writes the `impl` block with `new`, and with `run` for commands.
pub(super) fn new(target: &Target<'_>, run: Option<&TokenStream>) -> TokenStream {
    let Target { ty, session, surface, wasi, .. } = target;
    let (asyncness, wait, start) = (target.asyncness(), target.wait(), target.start());
    let hosts = &surface.hosts;
    let needs_wasi = !wasi.needs.is_empty();
    let data = if needs_wasi { quote!(Send + 'static) } else { target.data() };
    let clause = store_bounds(target);
    let parameter = target.wasi_parameter();
    let (linker, store, body) = define(target);
    let (origin, origin_type) = target.origin();
    let docs = outer(&documentation(target.is_interface, needs_wasi));
    // WASI is given per session, so an asset that needs it is not linked before.
    let define = match needs_wasi {
        true => quote!(|#linker, #store, _| { #body Ok(()) }),
        false => {
            quote!(|linker, _, _| <Self as ::wasmport::LinkedOnce>::link_once(linker))
        }
    };
    let linked = (!needs_wasi).then(|| {
        quote! {
            impl<T: #(#hosts +)* #data> ::wasmport::LinkedSession for #session<T>
            #clause
            {
                fn link(
                    linker: &mut __rt::Linker<::wasmport::SessionData<T>>,
                    _: &::wasmport::LoadedComponent,
                ) -> __rt::Result<()> {
                    <Self as ::wasmport::LinkedOnce>::link_once(linker)
                }
            }

            impl<T: #(#hosts +)* #data> ::wasmport::LinkedOnce for #session<T>
            #clause
            {
                fn link_once(
                    #linker: &mut __rt::Linker<::wasmport::SessionData<T>>,
                ) -> __rt::Result<()> {
                    #body
                    Ok(())
                }
            }
        }
    });
    quote! {
        impl<T: #(#hosts +)* #data> #session<T>
        #clause
        {
            #docs
            pub #asyncness fn new(
                #origin: #origin_type,
                data: T,
                #parameter
            ) -> ::wasmport::Result<Self> {
                let session = ::wasmport::Session::<T, #ty>::#start(#origin, data, #define);
                Ok(Self(session #wait?))
            }

            #run
        }

        #linked
    }
}

/// Returns the documentation of `new`.
fn documentation(is_interface: bool, needs_wasi: bool) -> String {
    let (verb, mut fails) = match is_interface {
        true => (
            "Instantiates a component of the interface",
            "with [`Error::Interface`](::wasmport::Error::Interface) if the component has another interface"
                .to_owned(),
        ),
        false => (
            "Loads and instantiates the asset",
            "like [`Runtime::load`](::wasmport::Runtime::load)".to_owned(),
        ),
    };
    let mut does = format!("{verb}; host functions reach `data`.");
    if needs_wasi {
        does.push_str(" `wasi` is the guest's view of the system; its folders are opened now.");
        fails.push_str(
            ", if a start function fails, and with [`Error::Preopen`](::wasmport::Error::Preopen) if a folder \
             cannot be opened",
        );
    } else {
        fails.push_str(", and if a start function fails");
    }
    format!("{does}\n\nFails {fails}.")
}

/// Writes the statements that fill the linker, with the names of the closure's parameters.
fn define(target: &Target<'_>) -> (TokenStream, TokenStream, TokenStream) {
    let Target { ty, surface, wasi, .. } = target;
    let add_wasi = wasi.needs.last().map(|latest| match (latest, target.is_async) {
        (Preview::Http | Preview::Two, false) => quote!(wasi.link_component(linker, store)?;),
        (Preview::Http | Preview::Two, true) => quote!(wasi.link_component_async(linker, store)?;),
        // Links both, with one context.
        (Preview::Three, _) => quote!(wasi.link_component_p3(linker, store)?;),
    });
    let add_http = wasi.needs.contains(&Preview::Http);
    let add_http = add_http.then(|| quote!(wasi.add_http_to_component_linker(linker)?;));
    let shadow = wasi.is_shadowed.then(|| quote!(let _ = linker.allow_shadowing(true);));
    let add_hosts = surface.has_linker.then(|| {
        quote!(#ty::add_to_linker::<_, __rt::HasSelf<T>>(linker, ::wasmport::SessionData::get_mut)?;)
    });
    let uses_store = add_wasi.is_some();
    let uses_linker = uses_store || shadow.is_some() || add_hosts.is_some();
    let name = |is_used: bool, name: TokenStream| if is_used { name } else { quote!(_) };
    let body = quote!(#add_wasi #add_http #shadow #add_hosts);
    (name(uses_linker, quote!(linker)), name(uses_store, quote!(store)), body)
}

/// Writes the bounds for hosts that reach the store of the session.
fn store_bounds(target: &Target<'_>) -> Option<TokenStream> {
    let traits = target.surface.hosts_with_store.iter().filter(|_| target.has_store);
    let mut traits = traits.map(for_session).peekable();
    let _ = traits.peek()?;
    // Without the first bound rustc forgets for which data the supertrait of the others holds.
    Some(quote! {
        where
            for<'a> __rt::HasSelf<T>: __rt::HasData<Data<'a> = &'a mut T>,
            #(__rt::HasSelf<T>: #traits),*
    })
}

/// Returns the trait for the stores of sessions.
fn for_session(path: &Path) -> Path {
    let mut path = path.clone();
    if let Some(last) = path.segments.last_mut()
        && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
    {
        let data: GenericArgument = parse_quote!(::wasmport::SessionData<T>);
        arguments.args = [data].into_iter().collect();
    }
    path
}
