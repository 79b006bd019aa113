//! The imports and exports of a component that was parsed.

use crate::interface::component::{ComponentItems, Content, Shape, Types, read};
use std::ptr;
use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    ComponentAnyTypeId, ComponentDefinedType, ComponentEntityType, ComponentValType, ResourceId,
};
use wasmparser::types::TypesRef;

/// Returns the imports and exports, which have these names, of a component.
pub(super) fn items(types: TypesRef<'_>, imports: &[&str], exports: &[&str]) -> ComponentItems {
    let imports =
        imports.iter().filter_map(|name| Some((*name, types.component_item_for_import(name)?.ty)));
    let exports =
        exports.iter().filter_map(|name| Some((*name, types.component_item_for_export(name)?.ty)));
    read(Parsed { types }, imports, exports)
}

/// The types of a component.
struct Parsed<'a> {
    types: TypesRef<'a>,
}

impl Types for Parsed<'_> {
    type Type = ComponentValType;
    type Resource = ResourceId;
    type Item = ComponentEntityType;
    /// The address: ids differ where a type has several names.
    type Key = usize;

    fn key(&self, ty: &ComponentValType) -> Option<usize> {
        match ty {
            ComponentValType::Primitive(_) => None,
            ComponentValType::Type(id) => Some(ptr::from_ref(&self.types[*id]).addr()),
        }
    }

    fn content(&self, item: ComponentEntityType) -> Content<Self> {
        match item {
            ComponentEntityType::Func(id) => {
                let func = &self.types[id];
                let params = func.params.iter().map(|(_, ty)| *ty).collect();
                Content::Func { is_async: func.async_, params, result: func.result }
            }
            ComponentEntityType::Type { created: ComponentAnyTypeId::Resource(id), .. } => {
                Content::Resource(id.resource())
            }
            ComponentEntityType::Type { .. } => Content::Type,
            ComponentEntityType::Instance(id) => {
                let items = self.types[id].exports.iter();
                Content::Instance(items.map(|(name, item)| (name.clone(), item.ty)).collect())
            }
            ComponentEntityType::Module(_) => Content::Other("core module"),
            ComponentEntityType::Component(_) => Content::Other("component"),
            ComponentEntityType::Value(_) => Content::Other("value"),
        }
    }

    fn shape(&self, ty: &ComponentValType) -> Shape<ComponentValType, ResourceId> {
        use ComponentDefinedType as Defined;
        let id = match ty {
            ComponentValType::Primitive(primitive) => return Shape::Named(name(*primitive)),
            ComponentValType::Type(id) => *id,
        };
        match &self.types[id] {
            Defined::Primitive(primitive) => Shape::Named(name(*primitive)),
            Defined::Own(id) => Shape::Own(id.resource()),
            Defined::Borrow(id) => Shape::Borrow(id.resource()),
            Defined::List { element, .. } => Shape::List(*element),
            Defined::FixedLengthList { element, length, .. } => {
                Shape::FixedLengthList(*element, *length)
            }
            Defined::Map { key, value, .. } => Shape::Map(*key, *value),
            Defined::Record(record) => {
                Shape::Record(record.fields.iter().map(|(n, ty)| (n.to_string(), *ty)).collect())
            }
            Defined::Tuple(tuple) => Shape::Tuple(tuple.types.to_vec()),
            Defined::Variant(variant) => Shape::Variant(
                variant.cases.iter().map(|(name, case)| (name.to_string(), case.ty)).collect(),
            ),
            Defined::Enum(names) => Shape::Enum(names.iter().map(ToString::to_string).collect()),
            Defined::Flags(names) => Shape::Flags(names.iter().map(ToString::to_string).collect()),
            Defined::Option { ty, .. } => Shape::Option(*ty),
            Defined::Result { ok, err, .. } => Shape::Result(*ok, *err),
            Defined::Future { ty, .. } => Shape::Future(*ty),
            Defined::Stream { ty, .. } => Shape::Stream(*ty),
        }
    }
}

fn name(primitive: PrimitiveValType) -> &'static str {
    match primitive {
        PrimitiveValType::Bool => "bool",
        PrimitiveValType::S8 => "s8",
        PrimitiveValType::U8 => "u8",
        PrimitiveValType::S16 => "s16",
        PrimitiveValType::U16 => "u16",
        PrimitiveValType::S32 => "s32",
        PrimitiveValType::U32 => "u32",
        PrimitiveValType::S64 => "s64",
        PrimitiveValType::U64 => "u64",
        PrimitiveValType::F32 => "f32",
        PrimitiveValType::F64 => "f64",
        PrimitiveValType::Char => "char",
        PrimitiveValType::String => "string",
        PrimitiveValType::ErrorContext => "error-context",
    }
}
