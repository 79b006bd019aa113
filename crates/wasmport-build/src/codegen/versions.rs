//! Wrappers of interfaces with versions: a Rust module for each version, and one enum of their wrappers.

use super::component::{self, Untyped};
use super::description::{Description, Wrapper};
use super::docs::{self, code, outer};
use super::error::CodegenError;
use super::format::Section;
use super::versioned::{Names, Shared, version_docs};
use super::versioned_session::{Imports, Start};
use super::{asset, core, file, lacking, refused};
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
    let wrapper = generate(asset, versions);
    let wrapper = wrapper.and_then(|wrapper| {
        let (len, max) = (wrapper.source.len() as u64, asset.settings.limits.wrapper_bytes());
        if len <= max { Ok(wrapper) } else { Err(CodegenError::TooLarge(len)) }
    });
    let wrapper = wrapper.map_err(|error| refused(asset, &error));
    // The texts that spans refer to are kept for the thread otherwise; all tokens are text by now.
    proc_macro2::extra::invalidate_current_thread_spans();
    wrapper
}

fn generate(
    asset: &Description<'_>,
    versions: &[(Version, Description<'_>)],
) -> Result<Wrapper, CodegenError> {
    let exports = versions.iter();
    let exports = exports
        .map(|(version, own)| (version.name.as_str(), own.settings, own.interface.export_names()));
    let settings = lacking::of_versions(asset.settings, &exports.collect::<Vec<_>>())?;
    let versions: Vec<_> = versions
        .iter()
        .zip(&settings)
        .map(|((version, own), settings)| {
            (version.clone(), Description { settings, is_version: true, ..*own })
        })
        .collect();
    if versions.iter().all(|(version, _)| version.is_module()) {
        of_modules(asset, &versions)
    } else {
        of_worlds(asset, &versions)
    }
}

/// The wrapper of versions that are core modules.
fn of_modules(
    asset: &Description<'_>,
    versions: &[(Version, Description<'_>)],
) -> Result<Wrapper, CodegenError> {
    let names = Names::of(asset);
    let room = asset.settings.limits.wrapper_bytes() / versions.len().max(1) as u64;
    let (mut modules, mut warnings) = (Vec::new(), Vec::new());
    let mut all = Vec::new();
    let mut methods = HashMap::new();
    for (version, own) in versions {
        let module = core::module(own, room)?;
        warnings.extend(module.warnings);
        methods = module.methods;
        let ident = format_ident!("{}", version.module);
        all.push(Imported {
            hosts: module.hosts.iter().map(|host| quote!(#ident::#host)).collect(),
            is_async: module.is_async,
            needs_wasi: module.needs_wasi,
            is_shadowed: module.is_shadowed,
            has_others: module.has_other_imports,
            needs_module: module.needs_module,
        });
        let mut sections = vec![Section::Items(asset::import())];
        sections.extend(module.api);
        sections.extend(module.rest);
        let (name, docs) = (version.module.clone(), version_docs(version));
        modules.push(Section::Module { docs, name, sections });
    }
    warnings.extend(asset.settings.without_effect(Kind::Module));
    let shared = Shared { asset, names: &names, versions, kind: "Module" };
    let is_async = all.iter().any(|own| own.is_async);
    let needs_wasi = all.iter().any(|own| own.needs_wasi);
    let session = module_session(&shared, &all);
    let mut sections = vec![Section::Items(asset::import()), Section::Items(session)];
    sections.push(Section::Items(shared.items()));
    sections.extend(modules);
    sections.push(Section::Text(shared.call()));
    sections.push(asset::contract(asset, is_async, needs_wasi));
    let docs = format!("{}\n{}", docs::title(asset), shared.docs());
    let source = file::source(asset, &docs, &sections)?;
    Ok(Wrapper { source, methods, warnings })
}

/// The imports of a version that is a core module.
struct Imported {
    /// The modules with `Host` traits.
    hosts: Vec<TokenStream>,
    is_async: bool,
    needs_wasi: bool,
    is_shadowed: bool,
    /// Whether there are imports beside WASI that the session's data does not implement.
    has_others: bool,
    /// Whether imports are defined for each module by the names that it imports from.
    needs_module: bool,
}

/// Writes the session with code of any version.
fn module_session(shared: &Shared<'_>, all: &[Imported]) -> TokenStream {
    let Names { ty, session, version } = shared.names;
    let vis = shared.asset.visibility();
    let own = shared.own();
    let any = |is: fn(&Imported) -> bool| all.iter().any(is);
    let needs_code = any(|own| own.needs_module);
    let is_async = any(|own| own.is_async);
    let needs_wasi = any(|own| own.needs_wasi);
    let hosts = all.iter().flat_map(|own| &own.hosts);
    let bounds = quote!(#(#hosts::Host<__rt::SessionData<T>> +)*);
    let versions = shared.versions.iter().zip(all).map(|((version, _), imported)| {
        let module = format_ident!("{}", version.module);
        let define = match imported.hosts.is_empty() {
            true => quote!(Ok(())),
            false => {
                let loaded = imported.needs_module.then(|| quote!(loaded,));
                quote!(#module::#own::add_to_linker(linker, #loaded __rt::SessionData::get_mut))
            }
        };
        (format_ident!("{}", version.variant), define)
    });
    let link = if is_async { quote!(link_async) } else { quote!(link) };
    let imports = if any(|own| own.has_others) {
        Imports::Program
    } else if needs_wasi {
        Imports::Wasi(quote!(wasi.#link(linker, store)?;))
    } else if needs_code {
        Imports::DataForCode
    } else {
        Imports::Data
    };
    let start = Start {
        kind: "Module",
        wrapper: ty,
        session,
        version: quote!(#version),
        versions: versions.collect(),
        bounds,
        is_async,
        needs_wasi,
        is_shadowed: any(|own| own.is_shadowed),
        imports,
        needs_code,
    };
    let start = start.write();
    let doc = outer(&format!(
        "A store with an instance of a module of any version of {}; host functions reach the program's data, `T`.\n\n\
         [`wrapper`](::wasmport::Session::wrapper) returns the enum of the versions, and \
         [`call`](::wasmport::Session::call) calls its functions.",
        code(shared.asset.name())
    ));
    quote! {
        #doc
        #vis struct #session<T: 'static = ()>(__rt::Session<T, #ty>);

        #start

        __rt::versions! { @session Module #ty #session }
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
