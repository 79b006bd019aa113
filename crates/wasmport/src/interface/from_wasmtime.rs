//! Types of loaded code.

use super::types::{ExternType, FuncType, HeapType, MemoryType, Param, RefType, ValType};
use wasmtime::{Finality, Mutability};

/// The length of pages if a module does not choose another.
const PAGE_SIZE_LOG2: u8 = 16;

impl From<&wasmtime::ExternType> for ExternType {
    fn from(ty: &wasmtime::ExternType) -> Self {
        match ty {
            wasmtime::ExternType::Func(func) => Self::Func(func.into()),
            wasmtime::ExternType::Global(global) => Self::Global {
                ty: global.content().into(),
                mutable: global.mutability() == Mutability::Var,
            },
            wasmtime::ExternType::Table(table) => Self::Table {
                element: ValType::Ref(table.element().into()),
                min: table.minimum(),
                max: table.maximum(),
                table64: table.is_64(),
            },
            wasmtime::ExternType::Memory(memory) => Self::Memory(memory.into()),
            wasmtime::ExternType::Tag(tag) => {
                Self::Tag { params: tag.ty().params().map(|ty| (&ty).into()).collect() }
            }
        }
    }
}

impl From<&wasmtime::FuncType> for FuncType {
    fn from(ty: &wasmtime::FuncType) -> Self {
        let params = ty.params().map(|ty| Param { name: None, ty: (&ty).into() });
        let results = ty.results().map(|ty| (&ty).into());
        let mut func =
            Self { params: params.collect(), results: results.collect(), nominal: false };
        // Wasmtime does not say whether a type belongs to a group.
        func.nominal =
            func.names_types() || ty.finality() != Finality::Final || ty.supertype().is_some();
        func
    }
}

impl From<&wasmtime::MemoryType> for MemoryType {
    fn from(ty: &wasmtime::MemoryType) -> Self {
        let log2 = ty.page_size_log2();
        Self {
            min: ty.minimum(),
            max: ty.maximum(),
            shared: ty.is_shared(),
            memory64: ty.is_64(),
            page_size_log2: (log2 != PAGE_SIZE_LOG2).then(|| log2.into()),
        }
    }
}

impl From<&wasmtime::ValType> for ValType {
    fn from(ty: &wasmtime::ValType) -> Self {
        match ty {
            wasmtime::ValType::I32 => Self::I32,
            wasmtime::ValType::I64 => Self::I64,
            wasmtime::ValType::F32 => Self::F32,
            wasmtime::ValType::F64 => Self::F64,
            wasmtime::ValType::V128 => Self::V128,
            wasmtime::ValType::Ref(ty) => Self::Ref(ty.into()),
        }
    }
}

impl From<&wasmtime::RefType> for RefType {
    fn from(ty: &wasmtime::RefType) -> Self {
        let nullable = ty.is_nullable();
        let (heap, concrete) = heap_type(ty.heap_type());
        Self { nullable, heap, concrete }
    }
}

/// Returns the abstract type, and the text of a type of the module.
fn heap_type(ty: &wasmtime::HeapType) -> (HeapType, Option<String>) {
    use wasmtime::HeapType as Heap;
    let heap = match ty {
        Heap::Extern => HeapType::Extern,
        Heap::NoExtern => HeapType::NoExtern,
        Heap::Func => HeapType::Func,
        Heap::ConcreteFunc(_) => return (HeapType::Func, Some("(func …)".into())),
        Heap::NoFunc => HeapType::NoFunc,
        Heap::Any => HeapType::Any,
        Heap::Eq => HeapType::Eq,
        Heap::I31 => HeapType::I31,
        Heap::Array => HeapType::Array,
        Heap::ConcreteArray(_) => return (HeapType::Array, Some("(array …)".into())),
        Heap::Struct => HeapType::Struct,
        Heap::ConcreteStruct(_) => return (HeapType::Struct, Some("(struct …)".into())),
        Heap::Exn => HeapType::Exn,
        Heap::ConcreteExn(_) => return (HeapType::Exn, Some("(exn …)".into())),
        Heap::NoExn => HeapType::NoExn,
        Heap::Cont => HeapType::Cont,
        Heap::ConcreteCont(_) => return (HeapType::Cont, Some("(cont …)".into())),
        Heap::NoCont => HeapType::NoCont,
        Heap::None => HeapType::None,
    };
    (heap, None)
}
