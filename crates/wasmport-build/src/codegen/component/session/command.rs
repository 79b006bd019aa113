//! Commands: components that export `wasi:cli/run`.

use super::Target;
use super::surface::{Guest, Method, Waits};
use proc_macro2::TokenStream;
use quote::quote;

/// Finds `wasi:cli/run` among the exports, of a version that wasmport links.
fn command<'a>(target: &Target<'a>) -> Option<(&'a Guest, &'a Method)> {
    let is_run =
        |name: &str| name.starts_with("wasi:cli/run@0.2.") || name.starts_with("wasi:cli/run@0.3.");
    let guest =
        target.surface.guests.iter().find(|guest| !guest.is_optional && is_run(&guest.name))?;
    let method = guest.methods.iter().find(|method| method.call == "call_run")?;
    Some((guest, method))
}

/// Writes `run` for commands.
pub(super) fn run(target: &Target<'_>) -> Option<TokenStream> {
    let (guest, method) = command(target)?;
    let accessor = &guest.accessor;
    let (asyncness, wait) = (target.asyncness(), target.wait());
    let call = if target.is_async { quote!(call_async) } else { quote!(call) };
    let name = format!("{}#{}", guest.name, method.name);
    let called = match method.waits {
        Waits::No => quote!(wrapper.#accessor().call_run(store)),
        Waits::Alone => quote!(wrapper.#accessor().call_run(store).await),
        // The outer error ends all calls in the store, as a guest's exit does.
        Waits::Concurrently => quote! {
            store
                .run_concurrent(async |accessor| wrapper.#accessor().call_run(accessor).await)
                .await
                .flatten()
        },
    };
    let (origin, origin_type) = target.origin();
    let parameter = target.wasi_parameter();
    let argument = parameter.is_some().then(|| quote!(wasi));
    Some(quote! {
        /// Starts a session and calls its `run`; returns the exit code, which is 0 or 1 unless the guest
        /// exits with another, and the data.
        ///
        /// Fails like `new`, and if the command traps.
        pub #asyncness fn run(
            #origin: #origin_type,
            data: T,
            #parameter
        ) -> ::wasmport::Result<(::wasmport::Exit, T)> {
            let mut session = Self::new(#origin, data, #argument)#wait?;
            let exit = __rt::#call(
                &mut session.0, #name, #asyncness |wrapper, store| __rt::exit(#called)
            )#wait?;
            Ok((exit, session.0.into_data()))
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::codegen::component::tests::{chosen, has, text, wrapper};

    #[test]
    fn commands_have_run() {
        let wit = "
            package demo:app;
            world app { export wasi:cli/run@0.2.6; }
            package wasi:cli@0.2.6 { interface run { run: func() -> result; } }";
        let text = text(wrapper(wit, &chosen(|c| c.wasi = true)).unwrap());
        let run = "pub fn run(runtime: &::wasmport::Runtime, data: T)
            -> ::wasmport::Result<(::wasmport::Exit, T)>";
        assert!(has(&text, run) && has(&text, "Self::new(runtime, data)?"), "{text}");
        // Errors name the function.
        let call =
            "__rt::call(&mut session.0, \"wasi:cli/run@0.2.6#run\", |wrapper, store| __rt::exit(";
        assert!(has(&text, call), "{text}");
    }
}
