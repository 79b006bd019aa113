//! `FooSession`: a store with an instance, and a method for each export that needs no store.

use super::calls::Calls;
use super::plan::{ExportKind, Plan, PlannedExport, ValueKind};
use super::values::value_type;
use crate::codegen::docs::{code, outer};
use crate::codegen::types::{parameters, results, rust};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The session: a struct with the methods.
pub(super) fn session(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, session, vis, noun, name, .. } = plan;
    let doc = outer(&format!(
        "A store with an instance of the {noun} {} in it; host functions reach the program's data, `T`.\n\n\
         Methods also fail if an earlier call failed.",
        code(name)
    ));
    let new = new(plan);
    let methods = plan.exports.iter().map(|export| method(plan, export));
    let Calls { bounds, .. } = Calls::of(plan);
    let methods = (!plan.exports.is_empty()).then(|| {
        quote! {
            impl<T: #bounds> #session<T> {
                #(#methods)*
            }
        }
    });
    quote! {
        #doc
        #vis struct #session<T: 'static = ()>(__rt::Session<T, #ty>);

        #new

        #methods
    }
}

/// Whether the session's data alone implements the imports, so that the asset can be linked once for
/// many sessions.
pub(super) fn is_linked(plan: &Plan<'_>) -> bool {
    !has_other_imports(plan) && !plan.needs_wasi()
}

/// Whether there are imports beside WASI that the session's data does not implement.
pub(super) fn has_other_imports(plan: &Plan<'_>) -> bool {
    !plan.unwrapped_imports.is_empty() || plan.value_modules().next().is_some()
}

/// Whether a name that WASI has with another type is imported with both.
pub(super) fn is_shadowed(plan: &Plan<'_>) -> bool {
    plan.imports.iter().any(|module| !module.wasi.is_empty() && !module.funcs.is_empty())
}

/// The bounds of the data of a session that implements the host functions.
fn host_bounds(plan: &Plan<'_>) -> TokenStream {
    let hosts = plan.host_modules().map(|m| &m.ident);
    let Calls { bounds, .. } = Calls::of(plan);
    let bounds = if plan.needs_wasi() { quote!(__rt::Send + 'static) } else { bounds };
    quote!(#(#hosts::Host<__rt::SessionData<T>> +)* #bounds)
}

/// `new` and, for commands, `run`; none if the linker must be filled by hand.
fn new(plan: &Plan<'_>) -> Option<TokenStream> {
    if !plan.unwrapped_imports.is_empty() {
        return None;
    }
    let session = &plan.session;
    let (bounds, calls, inputs) = (host_bounds(plan), Calls::of(plan), Inputs::of(plan));
    let Calls { asyncness, wait, .. } = &calls;
    let Inputs { docs, parameters, .. } = &inputs;
    let From { ident, ty, start, start_linked, doc, fails } = From::of(plan);
    let body = if is_linked(plan) {
        let start = calls.method(start_linked);
        quote!(__rt::#start(#ident, data)#wait)
    } else {
        let (start, define) = (calls.method(start), define(plan, &calls));
        quote!(__rt::Session::#start(#ident, data, #define)#wait.map(Self))
    };
    let [doc, fails] = [doc, fails].map(outer);
    let run = run(plan, &calls, &inputs);
    Some(quote! {
        impl<T: #bounds> #session<T> {
            #doc
            #docs
            ///
            #fails
            pub #asyncness fn new(
                #ident: &#ty,
                data: T,
                #parameters
            ) -> ::wasmport::Result<Self> {
                #body
            }

            #run
        }
    })
}

/// Where a session's code comes from.
struct From {
    ident: Ident,
    ty: TokenStream,
    start: &'static str,
    start_linked: &'static str,
    doc: &'static str,
    fails: &'static str,
}

impl From {
    fn of(plan: &Plan<'_>) -> Self {
        if plan.is_interface() {
            return Self {
                ident: format_ident!("module"),
                ty: quote!(__rt::LoadedModule),
                start: "start_of",
                start_linked: "start_linked_of",
                doc: "Instantiates a module of the interface; host functions reach `data`.",
                fails: "Fails with [`Error::Interface`](::wasmport::Error::Interface) if the module has another \
                        interface, and if its start function fails.",
            };
        }
        Self {
            ident: format_ident!("runtime"),
            ty: quote!(__rt::Runtime),
            start: "start",
            start_linked: "start_linked",
            doc: "Loads and instantiates the asset; host functions reach `data`.",
            fails: "Fails if the asset cannot be loaded, or if its start function fails.",
        }
    }
}

/// The parameters of `new` beside the code and the data.
struct Inputs {
    docs: TokenStream,
    parameters: TokenStream,
    arguments: TokenStream,
}

impl Inputs {
    fn of(plan: &Plan<'_>) -> Self {
        let values = &plan.values;
        let mut inputs = Self {
            docs: TokenStream::new(),
            parameters: TokenStream::new(),
            arguments: TokenStream::new(),
        };
        if plan.needs_wasi() {
            inputs.docs.extend(outer(
                "\n`wasi` decides which parts of the system the guest sees; its folders are opened now.",
            ));
            inputs.parameters.extend(quote!(wasi: __rt::Wasi,));
            inputs.arguments.extend(quote!(wasi,));
        }
        if plan.value_modules().next().is_some() {
            inputs.docs.extend(outer(&format!(
                "\n`imports` creates the imports that are not functions, in the session's store: \
                 `{values}::fresh` creates new ones."
            )));
            inputs.parameters.extend(quote! {
                imports: impl __rt::FnOnce(
                    &mut __rt::Store<__rt::SessionData<T>>,
                    &__rt::LoadedModule,
                ) -> __rt::Result<#values>,
            });
            inputs.arguments.extend(quote!(imports,));
        }
        inputs
    }
}

/// The closure that fills the linker.
fn define(plan: &Plan<'_>, calls: &Calls) -> TokenStream {
    let has_values = plan.value_modules().next().is_some();
    let ty = &plan.ty;
    let link_wasi = plan.needs_wasi().then(|| {
        let link = calls.method("link");
        let allow = is_shadowed(plan).then(|| quote!(linker.allow_shadowing(true);));
        quote!(wasi.#link(linker, store)?; #allow)
    });
    let link_values =
        has_values.then(|| quote!(imports(store, module)?.add_to_linker(linker, &mut *store)?;));
    let link_hosts = plan.host_modules().next().map(|_| {
        let module = plan.needs_module().then(|| quote!(module,));
        quote!(#ty::add_to_linker(linker, #module __rt::SessionData::get_mut)?;)
    });
    let module = if has_values || plan.needs_module() { quote!(module) } else { quote!(_) };
    quote! {
        |linker, store, #module| {
            #link_wasi
            #link_values
            #link_hosts
            Ok(())
        }
    }
}

/// The `run` of a command's session.
fn run(plan: &Plan<'_>, calls: &Calls, inputs: &Inputs) -> Option<TokenStream> {
    if !plan.is_command {
        return None;
    }
    let Calls { asyncness, wait, .. } = calls;
    let Inputs { docs, parameters, arguments } = inputs;
    let From { ident, ty, .. } = From::of(plan);
    let (call, start) = (calls.method("call"), calls.method("start"));
    let started = quote!(__rt::#start(store, wrapper.instance)#wait);
    let (returned, returns, ended, result) = if plan.needs_wasi() {
        (
            "Returns the exit code, which is 0 if `_start` returns, and the data.",
            quote!((__rt::Exit, T)),
            quote! {
                let exit = __rt::#call(
                    &mut session.0, "_start", #asyncness |wrapper, store| __rt::exit(#started)
                )#wait?;
            },
            quote!((exit, session.0.into_data())),
        )
    } else {
        (
            "Returns the data.",
            quote!(T),
            quote!(__rt::#call(&mut session.0, "_start", #asyncness |wrapper, store| #started)#wait?;),
            quote!(session.0.into_data()),
        )
    };
    let doc = outer(&format!("Starts a session and calls the command's `_start`. {returned}"));
    Some(quote! {
        #doc
        #docs
        ///
        /// Fails if the session cannot be started, or if the command traps.
        pub #asyncness fn run(
            #ident: &#ty,
            data: T,
            #parameters
        ) -> ::wasmport::Result<#returns> {
            let mut session = Self::new(#ident, data, #arguments)#wait?;
            #ended
            Ok(#result)
        }
    })
}

/// The method of an export.
pub(super) fn method(plan: &Plan<'_>, export: &PlannedExport<'_>) -> TokenStream {
    let (ident, wrapper) = (&export.ident, &plan.ty);
    let doc = |verb: &str| outer(&format!("{verb} [`{wrapper}::{ident}`]: {}", code(export.ty)));
    match &export.kind {
        ExportKind::Func { shape: Some(shape), .. } => {
            let arguments = shape.signature.arguments().into_iter().cloned().collect::<Vec<_>>();
            let (parameters, returns) = (shape.signature.parameters(), shape.signature.returns());
            let returns = export.returned(returns);
            let signature = (&parameters, &returns, arguments.as_slice());
            call(plan, ident, export.name, &doc("Calls"), signature)
        }
        ExportKind::Func { ty, params, shape: None } => {
            let (parameters, returns) =
                (parameters(params, ty), export.returned(results(&ty.results)));
            call(plan, ident, export.name, &doc("Calls"), (&parameters, &returns, params))
        }
        ExportKind::Global { ty, setter } => {
            let (value, name) = (rust(ty), export.name);
            let (returned, unit) = (export.returned(value.clone()), export.returned(quote!(())));
            let doc = doc("Reads");
            let setter = setter.as_ref().map(|setter| {
                let doc = outer(&format!("Calls [`{wrapper}::{setter}`]."));
                quote! {
                    #doc
                    #[inline]
                    pub fn #setter(&mut self, value: #value) -> ::wasmport::Result<#unit> {
                        __rt::call(
                            &mut self.0, #name, |wrapper, store| wrapper.#setter(store, value)
                        )
                    }
                }
            });
            quote! {
                #doc
                #[inline]
                pub fn #ident(&mut self) -> ::wasmport::Result<#returned> {
                    __rt::call(&mut self.0, #name, |wrapper, store| wrapper.#ident(store))
                }

                #setter
            }
        }
        ExportKind::Value(kind) => value(export, *kind, &doc("Returns")),
    }
}

/// The method of a function.
fn call(
    plan: &Plan<'_>,
    ident: &Ident,
    name: &str,
    doc: &TokenStream,
    (parameters, returns, arguments): (&TokenStream, &TokenStream, &[Ident]),
) -> TokenStream {
    let calls = Calls::of(plan);
    let Calls { asyncness, wait, .. } = &calls;
    let call = calls.method("call");
    quote! {
        #doc
        #[inline]
        pub #asyncness fn #ident(&mut self, #parameters) -> ::wasmport::Result<#returns> {
            __rt::#call(
                &mut self.0, #name,
                #asyncness |wrapper, store| wrapper.#ident(store, #(#arguments),*)#wait
            )#wait
        }
    }
}

/// The method of a memory, table or tag; memories and tables come with the session's store.
fn value(export: &PlannedExport<'_>, kind: ValueKind<'_>, doc: &TokenStream) -> TokenStream {
    let PlannedExport { name, ident, is_optional, .. } = export;
    // It is there, or the method has returned.
    let there = is_optional.then(|| quote!(.and_then(|found| __rt::there(found, #name))));
    let get = quote!(|wrapper, store| wrapper.#ident(store)#there);
    let (ty, body) = match kind {
        ValueKind::Memory => (
            quote!(__rt::GuestMemory<'_, __rt::SessionData<T>>),
            quote!(__rt::guest_memory(&mut self.0, #get)),
        ),
        ValueKind::Table(element) => {
            let element = rust(element);
            (
                quote!(__rt::GuestTable<'_, __rt::SessionData<T>, #element>),
                quote!(__rt::guest_table(&mut self.0, #get)),
            )
        }
        other => (value_type(other), quote!(self.0.call(#get))),
    };
    let ty = export.returned(ty);
    let body = export.guarded(&quote!(self.0.has_export(#name)), body);
    quote! {
        #doc
        #[inline]
        pub fn #ident(&mut self) -> ::wasmport::Result<#ty> {
            #body
        }
    }
}
