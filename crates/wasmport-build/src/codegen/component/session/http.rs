//! Handlers of HTTP: components that export `wasi:http/incoming-handler`.

use super::Target;
use super::surface::{Guest, Waits};
use proc_macro2::TokenStream;
use quote::quote;

/// The session's own method.
pub(super) const METHOD: &str = "handle_http";

/// The types of its requests, if wasmport links them.
const TYPES: &str = "::wasmport::wasi::http::bindings::http::types";

/// Finds the handler among the exports, with types that wasmport links.
fn exported<'a>(target: &Target<'a>) -> Option<&'a Guest> {
    if !target.wasi.remapped.iter().any(|(_, path)| path == TYPES) {
        return None;
    }
    let mut guests = target.surface.guests.iter();
    let guest = guests.find(|guest| {
        !guest.is_optional && guest.name.starts_with("wasi:http/incoming-handler@0.2.")
    })?;
    let is_handle =
        guest.methods.iter().any(|m| m.call == "call_handle" && m.waits == Waits::Alone);
    is_handle.then_some(guest)
}

/// Writes the trait and the method that answer requests.
pub(super) fn handler(target: &Target<'_>) -> Option<TokenStream> {
    let guest = exported(target)?;
    let Target { ty, session, .. } = target;
    let accessor = &guest.accessor;
    Some(quote! {
        impl<T: Send + 'static> #session<T> {
            /// Passes an HTTP request to the guest, and returns its answer as soon as the guest has set it.
            /// The session ends when the guest has returned; its data is dropped.
            ///
            /// Fails like [`Session::handle_http`](::wasmport::Session::handle_http), which tells more.
            pub async fn handle_http<B>(
                self,
                request: ::wasmport::wasi::http::Request<B>,
            ) -> ::wasmport::Result<::wasmport::wasi::http::Response<::wasmport::wasi::http::Body>>
            where
                B: ::wasmport::wasi::http::HttpBody<Data = ::wasmport::wasi::http::Bytes>
                    + Send
                    + 'static,
                B::Error: ::core::convert::Into<::wasmport::wasi::http::Error>,
            {
                self.0.handle_http(request).await
            }
        }

        impl ::wasmport::wasi::http::HttpHandler for #ty {
            async fn handle<T: Send + 'static>(
                &self,
                store: &mut __rt::Store<T>,
                request: __rt::Resource<
                    ::wasmport::wasi::http::bindings::http::types::IncomingRequest,
                >,
                response: __rt::Resource<
                    ::wasmport::wasi::http::bindings::http::types::ResponseOutparam,
                >,
            ) -> __rt::Result<()> {
                self.#accessor().call_handle(store, request, response).await
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::codegen::component::tests::{chosen, has, text, wrapper};

    const PROXY: &str = "
        package demo:app;
        world app {
            import wasi:http/outgoing-handler@0.2.6;
            export wasi:http/incoming-handler@0.2.6;
            export handle-http: func() -> u32;
        }
        package wasi:http@0.2.6 {
            interface types {
                resource incoming-request { method: func() -> string; }
                resource outgoing-request { constructor(); }
                resource response-outparam { set: static func(param: response-outparam); }
            }
            interface outgoing-handler {
                use types.{outgoing-request};
                handle: func(request: outgoing-request);
            }
            interface incoming-handler {
                use types.{incoming-request, response-outparam};
                handle: func(request: incoming-request, response-out: response-outparam);
            }
        }
    ";

    #[test]
    fn http_is_linked_by_the_runtime_and_sessions_wait() {
        let bindings = wrapper(PROXY, &chosen(|c| c.wasi = true)).unwrap();
        assert!(bindings.needs_wasi && bindings.needs_wasi_http && bindings.is_async);
        assert!(!bindings.needs_wasi_p3);
        let text = text(bindings);
        for expected in [
            "pub use ::wasmport::wasi::http::bindings::http::types as __with_name0;",
            "wasi.link_component_async(linker, store)?;
             wasi.add_http_to_component_linker(linker)?;",
            "impl ::wasmport::wasi::http::HttpHandler for App {",
            "self.wasi_http_incoming_handler().call_handle(store, request, response).await",
            "pub async fn handle_http<B>(",
            "wrapper.call_handle_http(store).await",
        ] {
            assert!(has(&text, expected), "{expected}: {text}");
        }
        assert_eq!(text.matches("pubasyncfnhandle_http<").count(), 1, "{text}");
        assert_eq!(text.matches("pubasyncfnhandle_http(").count(), 0, "{text}");
    }

    #[test]
    fn a_program_may_have_http_of_its_own() {
        let without = wrapper(PROXY, &crate::codegen::component::Choices::default()).unwrap();
        assert!(!without.needs_wasi_http && !without.is_async);
        let choices = chosen(|c| {
            c.wasi = true;
            let _ = c.with.insert("wasi:http".into(), "crate::http".into());
        });
        let own = wrapper(PROXY, &choices).unwrap();
        assert!(!own.needs_wasi_http);
        assert!(!has(&text(own), "HttpHandler"));
    }
}
