//! The interface of a valid module, with parameter names from its name section.

use super::{Export, ExternType, FuncType, Import, Interface, MemoryType, Param, ValType};
use crate::error::{AssetError, Stage};
use crate::validate::ValidModule;
use std::collections::{HashMap, HashSet};
use wasmparser::types::{CoreTypeId, EntityType, TypesRef};
use wasmparser::{
    ExternalKind, KnownCustom, Name, NameSectionReader, Parser, Payload, Result, TypeRef,
};

impl Interface {
    /// What `module` imports and exports.
    pub(crate) fn of(module: &ValidModule) -> Result<Self, AssetError> {
        extract(module).map_err(|e| {
            AssetError::new(
                module.path(),
                Stage::Codegen,
                format!("cannot read the interface: {e}"),
            )
        })
    }
}

fn extract(module: &ValidModule) -> Result<Interface> {
    let types = module.types();
    let mut interface = Interface::default();
    // Beside each entry the index of its function, for the names that come at the module's end.
    let mut imported_funcs = Vec::new();
    let mut exported_funcs = Vec::new();
    let mut func_imports = 0;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module.wasm()) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let is_func = matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                    imported_funcs.push(is_func.then_some(func_imports));
                    func_imports += u32::from(is_func);
                    // The validator has accepted it, so that it knows its type.
                    let Some(ty) = types.entity_type_from_import(&import) else { continue };
                    interface.imports.push(Import {
                        module: import.module.into(),
                        name: import.name.into(),
                        ty: extern_type(types, ty),
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
                    interface
                        .exports
                        .push(Export { name: export.name.into(), ty: extern_type(types, ty) });
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
            }
        }
    }
    Ok(interface)
}

/// The names of the locals of the wanted functions. A malformed name section has no names, as the
/// specification asks: it is no part of the module's meaning.
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

fn extern_type(types: TypesRef<'_>, ty: EntityType) -> ExternType {
    match ty {
        EntityType::Func(id) | EntityType::FuncExact(id) => ExternType::Func(func_type(types, id)),
        EntityType::Table(table) => ExternType::Table {
            element: val_type(wasmparser::ValType::Ref(table.element_type)),
            min: table.initial,
            max: table.maximum,
        },
        EntityType::Memory(memory) => ExternType::Memory(MemoryType {
            min: memory.initial,
            max: memory.maximum,
            shared: memory.shared,
            memory64: memory.memory64,
        }),
        EntityType::Global(global) => {
            ExternType::Global { ty: val_type(global.content_type), mutable: global.mutable }
        }
        EntityType::Tag(id) => ExternType::Tag {
            params: func_type(types, id).params.into_iter().map(|p| p.ty).collect(),
        },
    }
}

fn func_type(types: TypesRef<'_>, id: CoreTypeId) -> FuncType {
    let ty = types[id].unwrap_func();
    FuncType {
        params: ty.params().iter().map(|ty| Param { name: None, ty: val_type(*ty) }).collect(),
        results: ty.results().iter().map(|ty| val_type(*ty)).collect(),
    }
}

fn val_type(ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ty.to_string()),
    }
}
