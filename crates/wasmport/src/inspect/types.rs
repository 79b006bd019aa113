//! Types of modules that were parsed.

use crate::interface::{ExternType, FuncType, HeapType, MemoryType, Param, RefType, ValType};
use wasmparser::types::{CoreTypeId, EntityType, TypesRef};
use wasmparser::{AbstractHeapType, CompositeInnerType, StorageType, UnpackedIndex};

/// The length at which the text of a type of the module is cut off, in bytes.
const LONGEST_TYPE: usize = 200;

/// Returns the type of an import or export of a validated module.
#[must_use]
pub fn extern_type(types: TypesRef<'_>, ty: EntityType) -> ExternType {
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
                // Imported globals and tables have the types of the file.
                UnpackedIndex::Module(index) if index < types.core_type_count_in_module() => {
                    concrete(types, types.core_type_at_in_module(index))
                }
                // In a validated module all others are ids.
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
            let count = func.params().len() + func.results().len();
            (HeapType::Func, listed("func", count, params.chain(results)))
        }
        CompositeInnerType::Struct(ty) => {
            let fields = ty.fields.iter();
            let fields =
                fields.map(|ty| format!(" (field {})", field(ty.element_type, ty.mutable)));
            (HeapType::Struct, listed("struct", ty.fields.len(), fields))
        }
        CompositeInnerType::Array(ty) => {
            (HeapType::Array, format!("(array {})", field(ty.0.element_type, ty.0.mutable)))
        }
        CompositeInnerType::Cont(_) => (HeapType::Cont, "(cont …)".into()),
    }
}

/// Writes a type and its parts, of which the last are left out, unread, if there are many.
fn listed(kind: &str, count: usize, parts: impl Iterator<Item = String>) -> String {
    let mut text = format!("({kind}");
    for (index, part) in parts.enumerate() {
        if text.len() >= LONGEST_TYPE {
            return format!("{text} … {} more)", count - index);
        }
        text.push_str(&part);
    }
    text + ")"
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
