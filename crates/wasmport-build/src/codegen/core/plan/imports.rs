//! Which imports are functions of a host trait, which are values, and under which names.

use super::super::api::{ApiError, HostShape, near};
use super::error::PlanError;
use super::items::{HostFunc, HostValue, ImportModule, interface_line, is_wrappable, value_kind};
use super::overloads::Overloads;
use super::room::Room;
use super::signatures::Signatures;
use crate::codegen::types::parameter_names;
use crate::interface::{ExternType, Import, Interface};
use crate::names::{self, Request};
use crate::settings::{AssetSettings, Patterns};
use quote::format_ident;
use std::collections::{BTreeMap, HashSet};

/// The import modules of a wrapper, and the imports without a Rust type.
pub(super) struct Imports<'a> {
    pub wrapped: Vec<ImportModule<'a>>,
    pub unwrapped: Vec<&'a Import>,
    pub warnings: Vec<String>,
}

/// The number of imported values above which rustc takes long.
const MANY_VALUES: usize = 2_000;

/// Names that import modules cannot have, because generated code uses them.
const RESERVED_MODULES: &[&str] = &["__rt"];

/// Plans the import modules, of as many imports as there is room for.
///
/// # Errors
///
/// Fails if a choice for the imports cannot be followed.
pub(super) fn imports<'a>(
    interface: &'a Interface,
    settings: &AssetSettings,
    overloads: &Overloads<'_>,
    signatures: &mut Signatures,
    room: &mut Room,
) -> Result<Imports<'a>, PlanError> {
    let mut left_out = 0_usize;
    let (wrapped, unwrapped): (Vec<_>, Vec<_>) =
        interface.imports.iter().enumerate().partition(|(_, import)| {
            let is_wrappable = is_wrappable(&import.ty);
            let fits = is_wrappable && room.take(&import.name, &import.ty);
            left_out += usize::from(is_wrappable && !fits);
            fits
        });
    let mut warnings = Vec::new();
    if left_out > 0 {
        let all = interface.imports.len();
        warnings.push(format!(
            "it has {all} imports: {left_out} have no Rust type, and the program defines them in the \
             linker; raise `limits.max-wrapper-bytes` if the wrapper may be larger"
        ));
    }
    let values = wrapped.iter().filter(|(_, i)| !matches!(i.ty, ExternType::Func(_))).count();
    if values > MANY_VALUES {
        warnings.push(format!(
            "it imports {values} globals, memories, tables and tags: rustc takes long to compile a field for \
             each; lower `limits.max-wrapper-bytes` to define them in the linker instead"
        ));
    }
    let mut modules: BTreeMap<&str, Vec<(usize, &Import)>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for (index, import) in wrapped {
        // A host implements an import once, however often it is imported.
        if seen.insert((&import.module, overloads.link_name(import))) {
            modules.entry(&import.module).or_default().push((index, import));
        }
    }
    let requests: Vec<Request> = modules.keys().map(|name| Request::new(name)).collect();
    let idents = names::snake_case(&requests, RESERVED_MODULES);
    let planned: Result<Vec<_>, PlanError> = modules
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
            let nearest = near(name, planned.iter().map(|module| module.name));
            return Err(PlanError::WithUnused { name: name.clone(), nearest });
        }
    }
    let unwrapped = unwrapped.into_iter().map(|(_, import)| import).collect();
    Ok(Imports { wrapped: planned, unwrapped, warnings })
}

fn import_module<'a>(
    name: &'a str,
    ident: &str,
    imports: &[(usize, &'a Import)],
    settings: &AssetSettings,
    overloads: &Overloads<'_>,
    signatures: &mut Signatures,
) -> Result<ImportModule<'a>, PlanError> {
    let patterns = |chosen: &Option<Vec<String>>| Patterns::new(chosen.as_ref());
    let waits = patterns(&settings.async_imports)?;
    let infallible = patterns(&settings.infallible_imports)?;
    let traps = patterns(&settings.trap_imports)?;
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
        provided: Vec::new(),
        convention: None,
        text: imports.iter().map(|(_, i)| interface_line(&i.name, &i.ty)).collect(),
    };
    let idents = names::snake_case(&requests, &[]);
    for (((index, import), ident), signature) in imports.iter().zip(idents).zip(chosen) {
        let (name, ident) = (import.name.as_str(), format_ident!("{ident}"));
        let link_name = overloads.link_name(import);
        match &import.ty {
            ExternType::Func(_) if settings.wasi() && import.is_wasi() => {
                if signature.is_some() || module.with.is_some() {
                    return Err(PlanError::WasiGives(name.into()));
                }
                module.wasi.push(name);
            }
            ExternType::Func(_) if signatures.implementing(import).is_some() => {
                if let Some(signature) = signature {
                    let (module, name) = (import.module.clone(), name.to_owned());
                    return Err(ApiError::Provided { module, name }.at(signature.line).into());
                }
                module.provided.push(name);
                module.convention = signatures.convention.clone();
            }
            ExternType::Func(ty) => {
                let pattern_name = format!("{}/{name}", import.module);
                let traps = traps.matches(&pattern_name, false);
                let shape = signature
                    .zip(signatures.convention.as_ref())
                    .map(|(signature, convention)| HostShape::of(signature, convention, name, ty));
                module.funcs.push(HostFunc {
                    name,
                    link_name,
                    ident,
                    params: parameter_names(ty),
                    ty,
                    index: *index,
                    is_async: waits.matches(&pattern_name, false),
                    // A function that may trap can fail.
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
    if let Some(convention) = module.convention.as_ref().filter(|_| settings.is_interface()) {
        // Code that arrives later may import any of the functions that the runtime implements.
        let others =
            convention.provided(name).filter(|(other, _)| !module.provided.contains(other));
        module.text.extend(others.map(|(name, ty)| format!("{name:?} {ty}\n")));
    }
    check_with(&module)?;
    Ok(module)
}

/// Checks that another wrapper's host trait can serve for the module, if one is chosen.
fn check_with(module: &ImportModule<'_>) -> Result<(), PlanError> {
    if module.with.is_none() {
        return Ok(());
    }
    if module.convention.is_some() {
        return Err(PlanError::WithConvention(module.name.into()));
    }
    if module.funcs.iter().any(|func| func.shape.is_some()) {
        return Err(PlanError::WithSignatures(module.name.into()));
    }
    if module.needs_module() {
        return Err(PlanError::WithNominal(module.name.into()));
    }
    Ok(())
}

fn path((module, path): (&String, &String)) -> Result<syn::Path, PlanError> {
    let (module, text) = (module.clone(), path.clone());
    syn::parse_str(path).map_err(|source| PlanError::WithPath { module, path: text, source })
}
