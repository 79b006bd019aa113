//! Wrappers of interfaces with versions: a Rust module for each version, and one enum of their wrappers.

use super::component::{self, Untyped};
use super::description::{Description, Wrapper};
use super::docs::{self, code, outer};
use super::error::CodegenError;
use super::format::Section;
use super::versioned::{Names, Shared, version_docs};
use super::{asset, core, file, refused};
use crate::asset::{AssetError, Kind};
use crate::settings::Version;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::HashMap;

/// Generates the wrapper of an interface with versions, oldest first.
///
/// # Errors
///
/// Fails if a choice for the interface cannot be followed, or if the generated tokens are not Rust.
pub(crate) fn versions(
    asset: &Description<'_>,
    versions: &[(Version, Description<'_>)],
) -> Result<Wrapper, AssetError> {
    let is_module = versions.iter().all(|(version, _)| version.is_module());
    let wrapper = if is_module { of_modules(asset, versions) } else { of_worlds(asset, versions) };
    let wrapper = wrapper.and_then(|wrapper| {
        let (len, max) = (wrapper.source.len() as u64, asset.settings.limits.wrapper_bytes());
        if len <= max { Ok(wrapper) } else { Err(CodegenError::TooLarge(len)) }
    });
    let wrapper = wrapper.map_err(|error| refused(asset, &error));
    // The texts that spans refer to are kept for the thread otherwise; all tokens are text by now.
    proc_macro2::extra::invalidate_current_thread_spans();
    wrapper
}

/// The wrapper of versions that are core modules.
fn of_modules(
    asset: &Description<'_>,
    versions: &[(Version, Description<'_>)],
) -> Result<Wrapper, CodegenError> {
    let names = Names::of(asset);
    let room = asset.settings.limits.wrapper_bytes() / versions.len().max(1) as u64;
    let (mut modules, mut warnings, mut hosts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut is_async, mut needs_wasi, mut is_linked) = (false, false, true);
    let mut methods = HashMap::new();
    for (version, own) in versions {
        let module = core::module(own, room)?;
        is_async |= module.is_async;
        needs_wasi |= module.needs_wasi;
        is_linked &= module.is_linked;
        let ident = format_ident!("{}", version.module);
        hosts.push(module.hosts.iter().map(|host| quote!(#ident::#host)).collect::<Vec<_>>());
        warnings.extend(module.warnings);
        methods = module.methods;
        let mut sections = vec![Section::Items(asset::import())];
        sections.extend(module.api);
        sections.extend(module.rest);
        let (name, docs) = (version.module.clone(), version_docs(version));
        modules.push(Section::Module { docs, name, sections });
    }
    warnings.extend(asset.settings.without_effect(Kind::Module));
    let shared = Shared { asset, names: &names, versions, kind: "Module" };
    let calls = if is_async { quote!(async) } else { quote!(sync) };
    let session = is_linked.then(|| module_session(&shared, &hosts, &calls));
    let mut sections = vec![Section::Items(asset::import()), Section::Items(quote!(#session))];
    sections.push(Section::Items(shared.items()));
    sections.extend(modules);
    sections.push(Section::Text(shared.call()));
    sections.push(asset::contract(asset, is_async, needs_wasi));
    let docs = format!("{}\n{}", docs::title(asset), shared.docs());
    let source = file::source(asset, &docs, &sections)?;
    Ok(Wrapper { source, methods, warnings })
}

/// Writes the session with code of any version.
fn module_session(
    shared: &Shared<'_>,
    hosts: &[Vec<TokenStream>],
    calls: &TokenStream,
) -> TokenStream {
    let Names { ty, session, .. } = shared.names;
    let vis = shared.asset.visibility();
    let own = shared.own();
    let send = (calls.to_string() == "async").then(|| quote!(__rt::Send+));
    let all: Vec<&TokenStream> = hosts.iter().flatten().collect();
    let bounds = quote!(#(#all::Host<__rt::SessionData<T>> +)*);
    let arms = shared.versions.iter().zip(hosts).enumerate().map(|(index, ((version, _), hosts))| {
        let module = format_ident!("{}", version.module);
        match hosts.is_empty() {
            true => quote!(#index => Ok(())),
            false => {
                quote!(#index => #module::#own::add_to_linker(linker, __rt::SessionData::get_mut))
            }
        }
    });
    let newest = shared.versions.len().saturating_sub(1);
    let doc = outer(&format!(
        "A store with an instance of a module of any version of {}; host functions reach the program's data, `T`.\n\n\
         [`wrapper`](::wasmport::Session::wrapper) returns the enum of the versions, and \
         [`call`](::wasmport::Session::call) calls its functions.",
        code(shared.asset.name())
    ));
    quote! {
        #doc
        #vis struct #session<T: 'static = ()>(__rt::Session<T, #ty>);

        impl<T: #bounds #send 'static> ::wasmport::LinkedOnce for #session<T> {
            fn link_once(linker: &mut __rt::Linker<__rt::SessionData<T>>) -> __rt::Result<()> {
                Self::link_version(linker, #newest)
            }

            fn link_version(
                linker: &mut __rt::Linker<__rt::SessionData<T>>,
                version: usize,
            ) -> __rt::Result<()> {
                let _ = &linker;
                match version {
                    #(#arms,)*
                    _ => Ok(()),
                }
            }
        }

        __rt::versions! { @session Module #ty #session }
        __rt::versions! { @new #calls Module #ty #session [#bounds] }
    }
}

/// The wrapper of versions that are worlds.
fn of_worlds(
    asset: &Description<'_>,
    versions: &[(Version, Description<'_>)],
) -> Result<Wrapper, CodegenError> {
    for (_, own) in versions {
        if let Some(what) = &own.interface.beyond_wit {
            let reason = Untyped::BeyondWit(what);
            return Err(CodegenError::Untyped(reason.text(asset.settings.limits.wrapper_bytes())));
        }
    }
    let names = Names::of(asset);
    Ok(component::versions(
        asset,
        versions,
        &Shared { asset, names: &names, versions, kind: "Component" },
    )?)
}
