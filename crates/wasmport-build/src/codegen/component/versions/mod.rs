//! Wrappers of interfaces whose versions are worlds: a module for each, types that they share, and conversions between
//! each version and the next.

mod calls;
mod convert;
mod defs;
mod hosts;
mod list;
mod model;
mod params;
mod session;
mod step;
mod trim;

use super::order::api_first;
use super::prepare::Choices;
use super::rewrite::module as module_mut;
use super::session::{Surface, host_resources};
use super::wrapper::interface_of;
use super::{Bare, ComponentError, bare};
use crate::asset::Kind;
use crate::codegen::description::{Description, Wrapper};
use crate::codegen::docs;
use crate::codegen::format::Section;
use crate::codegen::versioned::{Names, Shared, version_docs};
use crate::codegen::{asset, file};
use crate::settings::Version;
use calls::Export;
use defs::Defs;
use model::{Model, Own, share};
use proc_macro2::TokenStream;
use quote::quote;
use session::SessionOf;
use std::collections::{BTreeSet, HashMap};
use step::Step;
use syn::Item;
use wasmport::interface::Preview;

/// Generates the wrapper of an interface whose versions are worlds, oldest first.
///
/// # Errors
///
/// Fails with [`ComponentError`] if a choice does not fit a version, or a version has what cannot be converted.
pub(crate) fn versions(
    description: &Description<'_>,
    versions: &[(Version, Description<'_>)],
    shared: &Shared<'_>,
) -> Result<Wrapper, ComponentError> {
    let all: Vec<Own> = own_code(versions)?;
    let mut warnings: Vec<String> =
        all.iter().flat_map(|own| own.prepared.warnings.clone()).collect();
    warnings.extend(description.settings.without_effect(Kind::Component));
    let is_async = all.iter().any(|own| own.prepared.is_async);
    let model = Model::new(all);
    let newest = model.versions.last().map(|own| own.prepared.ty.to_string());
    let names = newest.map_or_else(|| Names::of(description), |ty| Names::of_type(&ty));
    let shared = &Shared { names: &names, ..*shared };
    let generated = generate(&model, shared, is_async)?;

    let needs: Vec<&Preview> =
        model.versions.iter().flat_map(|own| &own.prepared.wasi.needs).collect();
    let has = |preview: Preview| needs.iter().any(|need| **need == preview);
    let (needs_wasi, needs_p3, needs_http) =
        (!needs.is_empty(), has(Preview::Three), has(Preview::Http));
    if needs_p3 && !description.engine.concurrency_support {
        return Err(ComponentError::NeedsConcurrency);
    }
    let mut sections = vec![
        Section::Items(quote!(
            use ::wasmport::support::component as __rt;
        )),
        Section::Items(shared.items()),
        Section::Items(reexport(&model)),
    ];
    for (index, (version, own)) in versions.iter().enumerate().rev() {
        let (items, prepared) = (&generated.modules[index], &model.versions[index].prepared);
        let interface = interface_of(
            own,
            &prepared.ty,
            &prepared.lacking,
            !prepared.wasi.needs.is_empty(),
            items,
        )?;
        let (name, docs) = (version.module.clone(), version_docs(version));
        let own = vec![Section::Items(quote!(#(#items)*)), Section::Items(interface)];
        sections.push(Section::Module { docs, name, sections: own });
    }
    sections.push(Section::Text(shared.call()));
    let is_enabled = needs_p3 || needs_http;
    sections.push(asset::contract(description, is_async && !is_enabled, needs_wasi && !is_enabled));
    sections.push(requirements(description, needs_p3, needs_http));
    let docs = format!(
        "{}\n# Versions\n{}",
        docs::component(description, needs_wasi, needs_p3, needs_http),
        generated.list
    );
    let source = file::source(description, &docs, &sections)?;
    Ok(Wrapper { source, methods: HashMap::new(), warnings })
}

/// Generates the code of each version by itself.
fn own_code(versions: &[(Version, Description<'_>)]) -> Result<Vec<Own>, ComponentError> {
    let newest = versions.len().saturating_sub(1);
    let choices = |index: usize, own: &Description<'_>| {
        let mut choices = Choices::of(own.settings);
        // A conversion may fail.
        choices.trappable |= index < newest;
        choices
    };
    // One async version makes all of them async, and one whose world has a type with the wrapper's name renames those
    // of all: they have one session.
    let (mut is_async, mut name) = (false, None);
    loop {
        let mut all = Vec::new();
        for (index, (version, own)) in versions.iter().enumerate() {
            let mut choices = choices(index, own);
            choices.asynchronous |= is_async;
            all.push(code_of(version, own, &choices, name.as_deref())?);
        }
        let longer = longer_name(&all);
        if longer.is_some() {
            name = longer;
            continue;
        }
        let count = all.iter().filter(|own: &&Own| own.prepared.is_async).count();
        if count == 0 || count == all.len() {
            return Ok(all);
        }
        if is_async {
            let what = "functions of which only some can be async";
            let version = versions[newest].0.name.clone();
            return Err(ComponentError::Unconvertible { what, version });
        }
        is_async = true;
    }
}

/// Returns another name for the wrappers if those of the versions differ, or if a type of the newest world has the name
/// of one that all versions share.
fn longer_name(all: &[Own]) -> Option<String> {
    let names = all.iter().map(|own| own.prepared.ty.to_string());
    let longest = names.max_by_key(String::len)?;
    if all.iter().any(|own| own.prepared.ty != longest) {
        return Some(longest);
    }
    let has = |name: String| all.last().is_some_and(|own| own.defs.all.contains_key(&vec![name]));
    let is_taken = ["Kind", "Version"].iter().any(|suffix| has(format!("{longest}{suffix}")));
    is_taken.then(|| format!("{longest}Component"))
}

fn code_of(
    version: &Version,
    description: &Description<'_>,
    choices: &Choices,
    name: Option<&str>,
) -> Result<Own, ComponentError> {
    let Some(world) = &description.interface.world else {
        let what = "a world that is too large";
        return Err(ComponentError::Unconvertible { what, version: version.name.clone() });
    };
    let mut world = world.clone();
    let settings = description.settings;
    let name = name.or(settings.type_name.as_deref());
    world.rename(name.unwrap_or(description.own_module()));
    let Bare { mut items, prepared, .. } = bare(&world.resolve, world.id, choices)?;
    let surface = Surface::of(&mut items, &prepared.ty)?;
    let resources = host_resources(&mut items, &prepared.wasi.resources)?;
    let defs = Defs::of(&items);
    Ok(Own { version: version.clone(), items, prepared, defs, surface, resources })
}

/// The code of all versions.
struct Generated {
    modules: Vec<Vec<Item>>,
    /// The list of types and conversions.
    list: String,
}

fn generate(
    model: &Model,
    shared: &Shared<'_>,
    is_async: bool,
) -> Result<Generated, ComponentError> {
    let count = model.versions.len();
    let ty = &shared.names.ty;
    let names: Vec<String> = model.versions.iter().map(|own| own.version.module.clone()).collect();
    let mut traits = Vec::new();
    let mut exports: Vec<Vec<Export>> = Vec::new();
    for own in &model.versions {
        traits.push(hosts::traits(&own.items, &own.prepared.ty, &own.version.name)?);
        exports.push(calls::exports(&own.surface, &own.prepared.lacking.names, &own.version.name)?);
    }
    let send = is_async.then(|| quote!(Send+));

    // What the program writes is known when all functions are looked at.
    let (mut steps, mut impls, mut served) = (Vec::new(), Vec::new(), Vec::new());
    for old in 0..count.saturating_sub(1) {
        let mut step = Step::new(model, old);
        impls.push(hosts::serve(&mut step, &traits[old], &traits[old + 1]));
        served.push(calls::serve(&mut step, &exports));
        steps.push(step);
    }
    let has_trait: Vec<bool> = steps.iter().map(Step::has_trait).collect();

    let (mut modules, root) = (Vec::new(), TokenStream::new());
    for (index, own) in model.versions.iter().enumerate() {
        let mut items = own.items.clone();
        share(&mut items, &[], &model.owners[index], &names);
        let bounds = calls::bounds(model, &root, (index, index), &has_trait);
        let mut tokens = TokenStream::new();
        if let Some(step) = steps.get(index) {
            hosts::remove_forwards(&mut items);
            trim::without_pre(&mut items, &own.prepared.ty);
            let with_own = calls::bounds(model, &root, (index, index + 1), &has_trait);
            let conversions = model.conversions(index);
            let conversions = has_trait[index].then(|| quote!(#conversions+));
            let hosts = hosts::bounds(model, index, index + 1);
            let of_impls = quote!(#hosts #conversions #send);
            tokens.extend(step.conversions_trait());
            tokens.extend(impls[index].iter().map(|own| own.write(&of_impls)));
            tokens.extend(step.conversions.functions(&conversions.unwrap_or_default()));
            tokens.extend(served[index].write(model, index, &with_own, ty));
        }
        let needed = served.get(index).map(|served| &served.needed);
        let older = index.checked_sub(1).map(|older| &served[older].direct);
        let none = BTreeSet::new();
        let which = (needed, older.unwrap_or(&none));
        tokens.extend(calls::functions(model, index, &exports, which, &bounds, ty));
        if index + 1 == count {
            let session = SessionOf {
                model,
                names: shared.names,
                exports: &exports,
                has_trait: &has_trait,
                hosts: hosts::bounds(model, index, index),
                is_async,
            };
            let (session, views) = session.write();
            tokens.extend(session);
            for (path, view) in views {
                if let Some((_, own)) =
                    module_mut(&mut items, &path).and_then(|module| module.content.as_mut())
                {
                    own.extend(syn::parse2::<syn::File>(view)?.items);
                }
            }
        }
        let (own_ty, resources) = (&own.prepared.ty, &own.resources);
        let argument = resources.as_ref().map(|_| quote!(, resources: __host_resources));
        tokens.extend(quote! {
            __rt::component_session! { @wrapper interface #own_ty #argument }
            #resources
        });
        items.extend(syn::parse2::<syn::File>(tokens)?.items);
        api_first(&mut items, own_ty);
        modules.push(items);
    }
    Ok(Generated { modules, list: list::list(model, &steps) })
}

/// Makes the newest version's items those of the wrapper.
fn reexport(model: &Model) -> TokenStream {
    let newest = model.versions.last().map(|own| quote::format_ident!("{}", own.version.module));
    quote! {
        #[doc(no_inline)]
        pub use self::#newest::*;
    }
}

/// The checks of cargo features.
fn requirements(description: &Description<'_>, needs_p3: bool, needs_http: bool) -> Section {
    let features = [(needs_p3, "wasi-p3"), (needs_http, "wasi-http")];
    let name = description.name();
    let macros = features.iter().filter(|(is_needed, _)| *is_needed);
    let macros =
        macros.map(|(_, feature)| format!("::wasmport::{}!({name:?});\n", asset::require(feature)));
    Section::Text(macros.collect())
}
