//! Extraction of a module's interface, with parameter names from its name section.

use super::ExternType;
use super::items::{Export, Import, Interface};
use super::size::text_len;
use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::component::{World, WorldError, contradiction};
use crate::settings::ImportLimits;
use crate::wasm::ValidWasm;
use std::collections::{HashMap, HashSet};
use wasmparser::{
    ExternalKind, KnownCustom, Name, NameSectionReader, Parser, Payload, Result, TypeRef,
};
use wasmport::inspect::{Inspection, extern_type};

/// The longest interface of a module as text, as a multiple of the longest wrapper: a wrapper need not
/// cover all of it, and the manifest has it all.
const TEXT_PER_WRAPPER: u64 = 16;

/// The fewest bytes of Rust for a byte of WIT.
const RUST_PER_WIT: u64 = 8;

impl Interface {
    /// Extracts the imports and exports of `module`.
    ///
    /// # Errors
    ///
    /// Fails if the module cannot be parsed, if it is a WIT package, or if the interface is so large that
    /// a wrapper within `limits` would have a small part of it.
    pub(crate) fn of(module: &ValidWasm, limits: &ImportLimits) -> Result<Self, AssetError> {
        if module.is_component() {
            return of_component(module, limits);
        }
        let max = limits.wrapper_bytes().saturating_mul(TEXT_PER_WRAPPER);
        let error = |message: String| AssetError::new(module.path(), Stage::Codegen, message);
        match extract(module, max) {
            Ok(Some(interface)) => Ok(interface),
            Ok(None) => {
                let message = format!("the imports and exports are more than {max} bytes of text");
                let help = "raise `limits.max-wrapper-bytes`, of which that is 16 times, if you trust the file";
                Err(error(message).kind(AssetErrorKind::Limit).help(help))
            }
            Err(e) => Err(error(format!("cannot read the interface: {e}"))),
        }
    }
}

fn of_component(component: &ValidWasm, limits: &ImportLimits) -> Result<Interface, AssetError> {
    let error = |message: String| AssetError::new(component.path(), Stage::Codegen, message);
    let name = component.path().file_stem().unwrap_or_default().to_string_lossy();
    let world = match World::of(component.wasm(), &name) {
        Ok(world) => world,
        Err(WorldError::BeyondWit(what)) => {
            return Ok(Interface { beyond_wit: Some(what), ..Interface::default() });
        }
        Err(e @ WorldError::Package) => {
            return Err(error(e.to_string()).help("import a component that implements it"));
        }
    };
    let len = world.text_len();
    if len.saturating_mul(RUST_PER_WIT) > limits.wrapper_bytes() {
        return Ok(Interface { too_large: Some(len), ..Interface::default() });
    }
    if let Some(what) = contradiction(&world, component.types()) {
        return Ok(Interface { beyond_wit: Some(what), ..Interface::default() });
    }
    let wit = world.wit().map_err(|e| error(e.to_string()))?;
    let items = Inspection::of(component.wasm()).map_err(|e| error(e.to_string()))?.component;
    Ok(Interface { wit: Some(wit), items, world: Some(world), ..Interface::default() })
}

/// Reads imports and exports, or returns none if they have more than `max` bytes as text.
fn extract(module: &ValidWasm, max: u64) -> Result<Option<Interface>> {
    let types = module.types();
    let mut interface = Interface::default();
    // The function index of each entry: the name section comes at the end of the module.
    let mut imported_funcs = Vec::new();
    let mut exported_funcs = Vec::new();
    let mut func_imports = 0;
    let mut names = Vec::new();
    let mut len = 0_u64;
    for payload in Parser::new(0).parse_all(module.wasm()) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let is_func = matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                    imported_funcs.push(is_func.then_some(func_imports));
                    func_imports += u32::from(is_func);
                    // The module is valid, so the validator knows the type.
                    let Some(ty) = types.entity_type_from_import(&import) else { continue };
                    let ty = extern_type(types, ty);
                    len += text_len(&ty) + (import.module.len() + import.name.len()) as u64;
                    if len > max {
                        return Ok(None);
                    }
                    interface.imports.push(Import {
                        module: import.module.into(),
                        name: import.name.into(),
                        ty,
                    });
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let is_func =
                        matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact);
                    exported_funcs.push(is_func.then_some(export.index));
                    let Some(ty) = types.entity_type_from_export(&export) else { continue };
                    let ty = extern_type(types, ty);
                    len += text_len(&ty) + export.name.len() as u64;
                    if len > max {
                        return Ok(None);
                    }
                    interface.exports.push(Export { name: export.name.into(), method: None, ty });
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(reader) = section.as_known() {
                    names.push(reader);
                }
            }
            _ => {}
        }
    }
    let wanted: HashSet<u32> =
        imported_funcs.iter().chain(&exported_funcs).copied().flatten().collect();
    let names = param_names(names, &wanted);
    let imports = interface.imports.iter_mut().map(|i| &mut i.ty).zip(imported_funcs);
    let exports = interface.exports.iter_mut().map(|e| &mut e.ty).zip(exported_funcs);
    for (ty, func) in imports.chain(exports) {
        if let (ExternType::Func(ty), Some(func)) = (ty, func) {
            for (i, param) in (0..).zip(&mut ty.params) {
                param.name = names.get(&(func, i)).cloned();
                len += param.name.as_ref().map_or(0, |name| name.len() as u64);
            }
        }
        if len > max {
            return Ok(None);
        }
    }
    Ok(Some(interface))
}

/// Returns the names of the locals of the wanted functions, by function and local index. A malformed name
/// section has no names: the specification forbids to reject the module for it.
fn param_names(
    sections: Vec<NameSectionReader<'_>>,
    wanted: &HashSet<u32>,
) -> HashMap<(u32, u32), String> {
    let mut names = HashMap::new();
    for subsection in sections.into_iter().flatten() {
        let Ok(Name::Local(functions)) = subsection else { continue };
        for function in
            functions.into_iter().map_while(Result::ok).filter(|f| wanted.contains(&f.index))
        {
            for local in function.names.into_iter().map_while(Result::ok) {
                names.insert((function.index, local.index), local.name.to_string());
            }
        }
    }
    names
}
