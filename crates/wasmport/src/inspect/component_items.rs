//! The imports and exports of a component that was parsed.

use crate::interface::component::{
    ComponentItem, ComponentItems, Resources, Shape, Side, Types, WRITER_BUDGET, Writer,
};
use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId, ComponentEntityType,
    ComponentValType, ResourceId,
};
use wasmparser::types::TypesRef;

/// Returns the imports and exports, which have these names, of a component.
pub(super) fn items(types: TypesRef<'_>, imports: &[&str], exports: &[&str]) -> ComponentItems {
    let parsed = Parsed { types, resources: Resources::new() };
    let mut writer = Writer::new(parsed, WRITER_BUDGET);
    let mut found = ComponentItems::default();
    for name in imports {
        let item = types.component_item_for_import(name);
        item.into_iter()
            .for_each(|item| add(&mut writer, Side::Import, name, item.ty, &mut found.imports));
    }
    for name in exports {
        let item = types.component_item_for_export(name);
        item.into_iter()
            .for_each(|item| add(&mut writer, Side::Export, name, item.ty, &mut found.exports));
    }
    found.definitions = writer.definitions;
    found
}

fn add(
    writer: &mut Writer<Parsed<'_>>,
    side: Side,
    name: &str,
    item: ComponentEntityType,
    found: &mut Vec<ComponentItem>,
) {
    let ComponentEntityType::Instance(instance) = item else {
        writer.types.resources.place = (side, String::new());
        found.extend(text(writer, side, "", name, item).map(|ty| ComponentItem::new("", name, ty)));
        return;
    };
    writer.types.resources.place = (side, name.to_owned());
    let before = found.len();
    let types = writer.types.types;
    for (inner, item) in &types[instance].exports {
        let ty = text(writer, side, name, inner, item.ty);
        found.extend(ty.map(|ty| ComponentItem::new(name, inner, ty)));
    }
    if found.len() == before {
        found.push(ComponentItem::new(name, "", "interface"));
    }
}

/// Returns the text of an item; types and further names of resources have none.
fn text(
    writer: &mut Writer<Parsed<'_>>,
    side: Side,
    interface: &str,
    name: &str,
    item: ComponentEntityType,
) -> Option<String> {
    Some(match item {
        ComponentEntityType::Func(id) => {
            let types = writer.types.types;
            let func = &types[id];
            writer.func(func.async_, func.params.iter().map(|(_, ty)| *ty), func.result)
        }
        ComponentEntityType::Type { created: ComponentAnyTypeId::Resource(id), .. } => {
            let is_new = writer.types.resources.add(id.resource(), side, interface, name);
            return is_new.then(|| "resource".into());
        }
        ComponentEntityType::Type { .. } => return None,
        ComponentEntityType::Module(_) => "core module".into(),
        ComponentEntityType::Component(_) => "component".into(),
        ComponentEntityType::Instance(_) => "interface".into(),
        ComponentEntityType::Value(_) => "value".into(),
    })
}

/// The types of a component.
struct Parsed<'a> {
    types: TypesRef<'a>,
    resources: Resources<ResourceId>,
}

impl Types for Parsed<'_> {
    type Type = ComponentValType;
    /// Names of resources depend on the place.
    type Key = (bool, String, ComponentDefinedTypeId);

    fn key(&self, ty: &ComponentValType) -> Option<Self::Key> {
        match ty {
            ComponentValType::Primitive(_) => None,
            ComponentValType::Type(id) => {
                let (side, interface) = &self.resources.place;
                Some((*side == Side::Import, interface.clone(), *id))
            }
        }
    }

    fn shape(&mut self, ty: &ComponentValType) -> Shape<ComponentValType> {
        use ComponentDefinedType as Defined;
        let id = match ty {
            ComponentValType::Primitive(primitive) => return Shape::Named(name(*primitive).into()),
            ComponentValType::Type(id) => *id,
        };
        match &self.types[id] {
            Defined::Primitive(primitive) => Shape::Named(name(*primitive).into()),
            Defined::Own(id) => {
                Shape::Named(format!("own<{}>", self.resources.name(&id.resource())))
            }
            Defined::Borrow(id) => {
                Shape::Named(format!("borrow<{}>", self.resources.name(&id.resource())))
            }
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
