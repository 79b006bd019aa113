//! How sessions of a component start: linked with what their data implements, and with WASI.

use super::super::docs::outer;
use super::session::Target;
use super::surface::{Guest, Method, Waits};
use super::wasi::Preview;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, Path, PathArguments, parse_quote};

/// `new`, and `run` of commands.
pub(super) fn new(target: &Target<'_>) -> TokenStream {
    let Target { ty, session, surface, wasi, .. } = target;
    let (asyncness, wait, start) = (target.asyncness(), target.wait(), target.start());
    let hosts = &surface.hosts;
    let needs_wasi = !wasi.needs.is_empty();
    let data = if needs_wasi { quote!(::core::marker::Send + 'static) } else { target.data() };
    let with_store = surface.hosts_with_store.iter().filter(|_| target.has_store).map(of_session);
    let mut with_store = with_store.peekable();
    // Without the second bound rustc forgets what the first one's supertrait says for every `T`.
    let clause = with_store.peek().is_some().then(|| {
        quote! {
            where
                for<'a> ::wasmport::wasmtime::component::HasSelf<T>:
                    ::wasmport::wasmtime::component::HasData<Data<'a> = &'a mut T>,
        }
    });
    let parameter = needs_wasi.then(|| quote!(wasi: ::wasmport::wasi::Wasi,));
    let add_wasi = wasi.needs.last().map(|latest| match (latest, target.is_async) {
        (Preview::Two, false) => quote!(wasi.link_component(linker, store)?;),
        (Preview::Two, true) => quote!(wasi.link_component_async(linker, store)?;),
        // Both, of one context.
        (Preview::Three, _) => quote!(wasi.link_component_p3(linker, store)?;),
    });
    let shadow = wasi.is_shadowed.then(|| quote!(let _ = linker.allow_shadowing(true);));
    let add_hosts = surface.has_linker.then(|| {
        quote! {
            #ty::add_to_linker::<_, ::wasmport::wasmtime::component::HasSelf<T>>(
                linker,
                ::wasmport::SessionData::get_mut,
            )?;
        }
    });
    let wasi_doc = needs_wasi
        .then(|| outer("\n`wasi` is what it sees of the system; its folders are opened now."));
    let wasi_errors = needs_wasi.then(|| {
        outer("[`Error::Preopen`](::wasmport::Error::Preopen) where one of the folders cannot be.")
    });
    let run = run(target);
    let bounds = quote!(#clause #(::wasmport::wasmtime::component::HasSelf<T>: #with_store),*);
    let define = if needs_wasi {
        quote! {
            |linker, store, _| {
                #add_wasi
                #shadow
                #add_hosts
                ::core::result::Result::Ok(())
            }
        }
    } else {
        quote!(|linker, _, loaded| <Self as ::wasmport::LinkedSession>::link(linker, loaded))
    };
    let linked = (!needs_wasi).then(|| {
        quote! {
            impl<T: #(#hosts +)* #data> ::wasmport::LinkedSession for #session<T> #bounds {
                fn link(
                    linker: &mut ::wasmport::wasmtime::component::Linker<::wasmport::SessionData<T>>,
                    _: &::wasmport::LoadedComponent,
                ) -> ::wasmport::support::Result<()> {
                    let _ = &linker;
                    #shadow
                    #add_hosts
                    ::core::result::Result::Ok(())
                }
            }
        }
    });
    quote! {
        impl<T: #(#hosts +)* #data> #session<T> #bounds
        {
            /// Loads and instantiates the asset, with `data` as the host state.
            #wasi_doc
            ///
            /// # Errors
            ///
            /// As [`Runtime::load`](::wasmport::Runtime::load), and where a start function fails.
            #wasi_errors
            pub #asyncness fn new(
                runtime: &::wasmport::Runtime,
                data: T,
                #parameter
            ) -> ::wasmport::Result<Self> {
                let session = ::wasmport::Session::<T, #ty>::#start(runtime, data, #define);
                ::core::result::Result::Ok(Self(session #wait?))
            }

            #run
        }

        #linked
    }
}

/// What a command exports: `wasi:cli/run` of a version that wasmport links.
pub(super) fn command<'a>(target: &Target<'a>) -> Option<(&'a Guest, &'a Method)> {
    let is_run =
        |name: &str| name.starts_with("wasi:cli/run@0.2.") || name.starts_with("wasi:cli/run@0.3.");
    let guest = target.surface.guests.iter().find(|guest| is_run(&guest.name))?;
    let method = guest.methods.iter().find(|method| method.call == "call_run")?;
    Some((guest, method))
}

fn run(target: &Target<'_>) -> Option<TokenStream> {
    let (guest, method) = command(target)?;
    let accessor = &guest.accessor;
    let (asyncness, wait) = (target.asyncness(), target.wait());
    let call = if target.is_async { quote!(call_async) } else { quote!(call) };
    let called = match method.waits {
        Waits::No => quote!(wrapper.#accessor().call_run(store)),
        Waits::Alone => quote!(wrapper.#accessor().call_run(store).await),
        // What ends the guest ends all calls in its store, and is the outer error.
        Waits::Concurrently => quote! {
            store
                .run_concurrent(async |accessor| wrapper.#accessor().call_run(accessor).await)
                .await
                .flatten()
        },
    };
    let needs_wasi = !target.wasi.needs.is_empty();
    let parameter = needs_wasi.then(|| quote!(wasi: ::wasmport::wasi::Wasi,));
    let argument = needs_wasi.then(|| quote!(wasi));
    Some(quote! {
        /// Runs the command: starts a session, and calls its `run`. It gives the exit code, which is 0
        /// where that succeeds and 1 where it does not, and the data.
        ///
        /// # Errors
        ///
        /// As `new`, and where the command traps.
        pub #asyncness fn run(
            runtime: &::wasmport::Runtime,
            data: T,
            #parameter
        ) -> ::wasmport::Result<(::wasmport::Exit, T)> {
            let mut session = Self::new(runtime, data, #argument)#wait?;
            let exit = session.0.#call(#asyncness |wrapper, store| {
                ::wasmport::support::component_exit(#called)
            })#wait?;
            ::core::result::Result::Ok((exit, session.0.into_data()))
        }
    })
}

/// The trait for the stores of sessions.
fn of_session(path: &Path) -> Path {
    let mut path = path.clone();
    if let Some(last) = path.segments.last_mut()
        && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
    {
        let data: GenericArgument = parse_quote!(::wasmport::SessionData<T>);
        arguments.args = [data].into_iter().collect();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::tests::{chosen, has, text, wrapper};

    #[test]
    fn what_exports_run_is_run() {
        let wit = "
            package demo:app;
            world app { export wasi:cli/run@0.2.6; }
            package wasi:cli@0.2.6 { interface run { run: func() -> result; } }";
        let text = text(wrapper(wit, &chosen(|c| c.wasi = true)).unwrap());
        let run = "pub fn run(runtime: &::wasmport::Runtime, data: T)
            -> ::wasmport::Result<(::wasmport::Exit, T)>";
        assert!(has(&text, run) && has(&text, "Self::new(runtime, data)?"), "{text}");
    }
}
