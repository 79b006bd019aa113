//! Extraction of a module's interface, with parameter names from its name section.

use super::items::{Export, Import, Interface};
use super::size::text_len;
use super::{ExternType, FuncType, HeapType, MemoryType, Param, RefType, ValType};
use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::component::{World, WorldError, contradiction};
use crate::settings::ImportLimits;
use crate::wasm::ValidWasm;
use std::collections::{HashMap, HashSet};
use wasmparser::types::{CoreTypeId, EntityType, TypesRef};
use wasmparser::{
    AbstractHeapType, CompositeInnerType, ExternalKind, KnownCustom, Name, NameSectionReader,
    Parser, Payload, Result, StorageType, TypeRef, UnpackedIndex,
};

/// The longest interface of a module as text, as a multiple of the longest wrapper: a wrapper need not
/// cover all of it, and the manifest has it all.
const TEXT_PER_WRAPPER: u64 = 16;

/// The fewest bytes of Rust for a byte of WIT.
const RUST_PER_WIT: u64 = 8;

/// The length at which the text of a type of the module is cut off, in bytes.
const LONGEST_TYPE: usize = 200;

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
    Ok(Interface { wit: Some(wit), world: Some(world), ..Interface::default() })
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

fn extern_type(types: TypesRef<'_>, ty: EntityType) -> ExternType {
    match ty {
        EntityType::Func(id) | EntityType::FuncExact(id) => ExternType::Func(func_type(types, id)),
        EntityType::Table(table) => ExternType::Table {
            element: val_type(types, wasmparser::ValType::Ref(table.element_type)),
            min: table.initial,
            max: table.maximum,
            table64: table.table64,
        },
        EntityType::Memory(memory) => ExternType::Memory(MemoryType {
            min: memory.initial,
            max: memory.maximum,
            shared: memory.shared,
            memory64: memory.memory64,
            page_size_log2: memory.page_size_log2,
        }),
        EntityType::Global(global) => {
            ExternType::Global { ty: val_type(types, global.content_type), mutable: global.mutable }
        }
        EntityType::Tag(id) => ExternType::Tag {
            params: func_type(types, id).params.into_iter().map(|p| p.ty).collect(),
        },
    }
}

fn func_type(types: TypesRef<'_>, id: CoreTypeId) -> FuncType {
    let sub_type = &types[id];
    let func = sub_type.unwrap_func();
    let params = func.params().iter().map(|ty| Param { name: None, ty: val_type(types, *ty) });
    let results = func.results().iter().map(|ty| val_type(types, *ty));
    let mut ty = FuncType { params: params.collect(), results: results.collect(), nominal: false };
    let group = types.rec_group_elements(types.rec_group_id_of(id));
    ty.nominal = ty.names_types()
        || !sub_type.is_final
        || sub_type.supertype_idx.is_some()
        || group.count() > 1;
    ty
}

fn val_type(types: TypesRef<'_>, ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(types, ty)),
    }
}

fn ref_type(types: TypesRef<'_>, ty: wasmparser::RefType) -> RefType {
    let nullable = ty.is_nullable();
    match ty.heap_type() {
        wasmparser::HeapType::Abstract { ty, .. } => {
            RefType { nullable, heap: abstract_heap(ty), concrete: None }
        }
        wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
            let (heap, text) = match index {
                UnpackedIndex::Id(id) => concrete(types, id),
                // In a validated module all indices are ids.
                _ => (HeapType::Any, "…".into()),
            };
            RefType { nullable, heap, concrete: Some(text) }
        }
    }
}

fn abstract_heap(ty: AbstractHeapType) -> HeapType {
    match ty {
        AbstractHeapType::Func => HeapType::Func,
        AbstractHeapType::NoFunc => HeapType::NoFunc,
        AbstractHeapType::Extern => HeapType::Extern,
        AbstractHeapType::NoExtern => HeapType::NoExtern,
        AbstractHeapType::Any => HeapType::Any,
        AbstractHeapType::Eq => HeapType::Eq,
        AbstractHeapType::I31 => HeapType::I31,
        AbstractHeapType::Struct => HeapType::Struct,
        AbstractHeapType::Array => HeapType::Array,
        AbstractHeapType::None => HeapType::None,
        AbstractHeapType::Exn => HeapType::Exn,
        AbstractHeapType::NoExn => HeapType::NoExn,
        AbstractHeapType::Cont => HeapType::Cont,
        AbstractHeapType::NoCont => HeapType::NoCont,
    }
}

/// Returns the abstract type and the text of a type of the module; inner types are abbreviated.
fn concrete(types: TypesRef<'_>, id: CoreTypeId) -> (HeapType, String) {
    match &types[id].composite_type.inner {
        CompositeInnerType::Func(func) => {
            let params = func.params().iter().map(|ty| format!(" (param {})", shallow(*ty)));
            let results = func.results().iter().map(|ty| format!(" (result {})", shallow(*ty)));
            (HeapType::Func, listed("func", params.chain(results)))
        }
        CompositeInnerType::Struct(ty) => {
            let fields = ty.fields.iter();
            let fields =
                fields.map(|ty| format!(" (field {})", field(ty.element_type, ty.mutable)));
            (HeapType::Struct, listed("struct", fields))
        }
        CompositeInnerType::Array(ty) => {
            (HeapType::Array, format!("(array {})", field(ty.0.element_type, ty.0.mutable)))
        }
        CompositeInnerType::Cont(_) => (HeapType::Cont, "(cont …)".into()),
    }
}

/// Writes a type and its parts, of which the last are left out if there are many.
fn listed(kind: &str, mut parts: impl Iterator<Item = String>) -> String {
    let mut text = format!("({kind}");
    while text.len() < LONGEST_TYPE {
        match parts.next() {
            Some(part) => text.push_str(&part),
            None => return text + ")",
        }
    }
    match parts.count() {
        0 => text + ")",
        left => format!("{text} … {left} more)"),
    }
}

fn field(ty: StorageType, mutable: bool) -> String {
    let ty = match ty {
        StorageType::I8 => "i8".into(),
        StorageType::I16 => "i16".into(),
        StorageType::Val(ty) => shallow(ty),
    };
    if mutable { format!("(mut {ty})") } else { ty }
}

fn shallow(ty: wasmparser::ValType) -> String {
    match ty {
        wasmparser::ValType::Ref(ty) => match ty.heap_type() {
            wasmparser::HeapType::Concrete(_) | wasmparser::HeapType::Exact(_) => {
                format!("(ref {}…)", if ty.is_nullable() { "null " } else { "" })
            }
            wasmparser::HeapType::Abstract { .. } => ty.to_string(),
        },
        number => number.to_string(),
    }
}
