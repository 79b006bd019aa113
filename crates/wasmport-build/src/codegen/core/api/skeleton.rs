//! Skeleton: the `api` that says of each function what its type says, to be edited.

use crate::codegen::types::parameter_names;
use crate::interface::{ExternType, FuncType, Interface, ValType};
use crate::names::{self, Request};
use std::collections::{BTreeMap, HashSet};

/// Functions that toolchains export for hosts.
const ALLOCATORS: [&str; 5] = ["malloc", "calloc", "realloc", "free", "cabi_realloc"];

/// Returns the declarations of all functions of `interface` whose types are numbers; the others are listed
/// in comments.
pub(crate) fn skeleton(interface: &Interface) -> String {
    let exports: Vec<(&str, &FuncType)> = interface
        .exports
        .iter()
        .filter_map(|export| Some((export.name.as_str(), function(&export.ty)?)))
        .collect();
    let is_own = |name: &str| !name.starts_with('_') && !ALLOCATORS.contains(&name);
    let mut lines: Vec<String> =
        declarations(&exports, is_own).into_iter().map(|(_, line)| line).collect();
    let mut modules: BTreeMap<&str, Vec<(&str, &FuncType)>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for import in interface.imports.iter().filter(|import| !import.is_wasi()) {
        let Some(ty) = function(&import.ty) else { continue };
        // A name that is imported twice is one function of the host.
        if seen.insert((&import.module, &import.name)) {
            modules.entry(&import.module).or_default().push((&import.name, ty));
        }
    }
    for (module, functions) in modules {
        let name = match names::is_identifier(module) {
            true => module.to_owned(),
            false => format!("{module:?}"),
        };
        let declarations = declarations(&functions, |_| true);
        if declarations.iter().any(|(is_declared, _)| *is_declared) {
            let inside = declarations.iter().map(|(_, line)| format!("    {line}\n"));
            lines.push(format!("\nmod {name} {{\n{}}}", inside.collect::<String>()));
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Returns a line for each function that is wanted, and whether it is a declaration.
fn declarations(
    functions: &[(&str, &FuncType)],
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<(bool, String)> {
    let requests: Vec<Request> = functions.iter().map(|(name, _)| Request::new(name)).collect();
    let idents = names::snake_case(&requests, &[]);
    let wanted = functions.iter().zip(idents).filter(|((name, _), _)| is_wanted(name));
    wanted.map(|((name, ty), ident)| declaration(name, ty, &ident)).collect()
}

fn declaration(name: &str, ty: &FuncType, ident: &str) -> (bool, String) {
    let is_number =
        |ty: &ValType| matches!(ty, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64);
    if !ty.types().all(is_number) || ty.results.len() > 1 || ty.nominal {
        return (false, format!("// {name:?}: `{}` has no signature", ty.without_names()));
    }
    let names = parameter_names(ty).into_iter().enumerate().map(|(index, name)| {
        let name = name.to_string();
        // Such names are reserved.
        if name.starts_with("__") { format!("arg{index}") } else { name }
    });
    let params = names.zip(&ty.params).map(|(name, param)| format!("{name}: {}", param.ty));
    let params = params.collect::<Vec<_>>().join(", ");
    let result = ty.results.first().map_or_else(String::new, |ty| format!(" -> {ty}"));
    let renamed = if ident == name { String::new() } else { format!("#[name = {name:?}] ") };
    (true, format!("{renamed}fn {ident}({params}){result};"))
}

fn function(ty: &ExternType) -> Option<&FuncType> {
    match ty {
        ExternType::Func(ty) => Some(ty),
        _ => None,
    }
}
