//! Which imports are functions of a host trait, which are values, and under which names.

use super::overloads::Overloads;
use super::signatures::Signatures;
use super::{HostFunc, HostValue, ImportModule, interface_line, is_wrappable, value_kind};
use crate::codegen::api::HostShape;
use crate::codegen::types::parameter_names;
use crate::interface::{ExternType, Import, Interface};
use crate::names::{self, Request};
use crate::settings::{AssetSettings, Patterns};
use quote::format_ident;
use std::collections::{BTreeMap, HashSet};

pub(super) type Imports<'a> = (Vec<ImportModule<'a>>, Vec<&'a Import>);

pub(super) fn imports<'a>(
    interface: &'a Interface,
    settings: &AssetSettings,
    overloads: &Overloads<'_>,
    signatures: &mut Signatures,
) -> Result<Imports<'a>, String> {
    let (wrapped, unwrapped): (Vec<_>, Vec<_>) =
        interface.imports.iter().enumerate().partition(|(_, i)| is_wrappable(&i.ty));
    let mut modules: BTreeMap<&str, Vec<(usize, &Import)>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for (index, import) in wrapped {
        // The same imported twice is one thing of the host.
        if seen.insert((&import.module, overloads.link_name(import))) {
            modules.entry(&import.module).or_default().push((index, import));
        }
    }
    let requests: Vec<Request> = modules.keys().map(|name| Request::new(name)).collect();
    let idents = names::snake_case(&requests, &[]);
    let planned: Result<Vec<_>, String> = modules
        .into_iter()
        .zip(idents)
        .map(|((name, imports), ident)| {
            import_module(name, &ident, &imports, settings, overloads, signatures)
        })
        .collect();
    let planned = planned?;
    let with = settings.with.iter().flatten().map(|(name, _)| name);
    for name in with {
        if !planned.iter().any(|module| module.name == name) {
            return Err(format!("`with` names the module `{name}`, of which nothing is imported"));
        }
    }
    Ok((planned, unwrapped.into_iter().map(|(_, import)| import).collect()))
}

fn import_module<'a>(
    name: &'a str,
    ident: &str,
    imports: &[(usize, &'a Import)],
    settings: &AssetSettings,
    overloads: &Overloads<'_>,
    signatures: &mut Signatures,
) -> Result<ImportModule<'a>, String> {
    let waits = Patterns::new(settings.async_imports.as_ref())?;
    let infallible = Patterns::new(settings.infallible_imports.as_ref())?;
    let traps = Patterns::new(settings.trap_imports.as_ref())?;
    let funcs = imports.iter().map(|(_, i)| (i.name.as_str(), matches!(i.ty, ExternType::Func(_))));
    let chosen = signatures.for_imports(name, funcs)?;
    let requests: Vec<Request> = imports
        .iter()
        .zip(&chosen)
        .map(|((_, import), signature)| {
            let text = match signature {
                Some(signature) => signature.ident.to_string(),
                None => overloads.method_name(import),
            };
            Request::new(&text).keyed_by(&overloads.link_name(import))
        })
        .collect();
    let mut module = ImportModule {
        name,
        ident: format_ident!("{ident}"),
        with: settings.with.iter().flatten().find(|(key, _)| *key == name).map(path).transpose()?,
        funcs: Vec::new(),
        values: Vec::new(),
        wasi: Vec::new(),
        text: imports.iter().map(|(_, i)| interface_line(&i.name, &i.ty)).collect(),
    };
    let idents = names::snake_case(&requests, &[]);
    for (((index, import), ident), signature) in imports.iter().zip(idents).zip(chosen) {
        let (name, ident) = (import.name.as_str(), format_ident!("{ident}"));
        let link_name = overloads.link_name(import);
        match &import.ty {
            ExternType::Func(_) if settings.wasi() && import.is_wasi() => {
                if signature.is_some() || module.with.is_some() {
                    return Err(format!(
                        "WASI gives it `{name}`: say `wasi = false` where the program is to implement it"
                    ));
                }
                module.wasi.push(name);
            }
            ExternType::Func(ty) => {
                let pattern_name = format!("{}/{name}", import.module);
                let traps = traps.matches(&pattern_name, false);
                let shape = signature
                    .map(|signature| HostShape::of(signature, signatures.allocation()?, name, ty));
                module.funcs.push(HostFunc {
                    name,
                    link_name,
                    ident,
                    params: parameter_names(ty),
                    ty,
                    index: *index,
                    is_async: waits.matches(&pattern_name, false),
                    // What may trap can fail.
                    is_infallible: !traps && infallible.matches(&pattern_name, false),
                    traps,
                    shape: shape.transpose()?,
                });
            }
            other => {
                let Some(kind) = value_kind(other) else { continue };
                let indices = overloads.same_as(import);
                module.values.push(HostValue { name, link_name, ident, kind, ty: other, indices });
            }
        }
    }
    if module.with.is_some() && module.funcs.iter().any(|func| func.shape.is_some()) {
        return Err(format!(
            "`with` takes the host trait of another wrapper for the module `{name}`: signatures \
             belong there"
        ));
    }
    if module.with.is_some() && module.needs_module() {
        return Err(format!(
            "`with` cannot replace the module `{name}`: it has functions whose types belong to the \
             asset alone"
        ));
    }
    Ok(module)
}

fn path((name, path): (&String, &String)) -> Result<syn::Path, String> {
    syn::parse_str(path)
        .map_err(|e| format!("`with` has no path of a module for `{name}`, but `{path}`: {e}"))
}
