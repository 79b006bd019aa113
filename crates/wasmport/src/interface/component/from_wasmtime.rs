//! The imports and exports of a loaded component.

use super::items::{ComponentItem, ComponentItems, Resources, Side};
use super::shape::{Shape, Types, WRITER_BUDGET, Writer};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentItem as Item, Type};
use wasmtime::component::{Component, ResourceType};

impl ComponentItems {
    /// Reads the imports and exports of a component that Wasmtime has loaded.
    #[must_use]
    pub fn of(component: &Component) -> Self {
        let (engine, ty) = (component.engine(), component.component_type());
        let mut writer = Writer::new(Loaded { resources: Resources::new() }, WRITER_BUDGET);
        let mut found = Self::default();
        for (name, item) in ty.imports(engine) {
            add(&mut writer, engine, Side::Import, name, item.ty, &mut found.imports);
        }
        for (name, item) in ty.exports(engine) {
            add(&mut writer, engine, Side::Export, name, item.ty, &mut found.exports);
        }
        found.definitions = writer.definitions;
        found
    }
}

fn add(
    writer: &mut Writer<Loaded>,
    engine: &Engine,
    side: Side,
    name: &str,
    item: Item,
    found: &mut Vec<ComponentItem>,
) {
    let Item::ComponentInstance(instance) = item else {
        writer.types.resources.place = (side, String::new());
        found.extend(text(writer, side, "", name, item).map(|ty| ComponentItem::new("", name, ty)));
        return;
    };
    writer.types.resources.place = (side, name.to_owned());
    let before = found.len();
    for (inner, item) in instance.exports(engine) {
        let ty = text(writer, side, name, inner, item.ty);
        found.extend(ty.map(|ty| ComponentItem::new(name, inner, ty)));
    }
    if found.len() == before {
        found.push(ComponentItem::new(name, "", "interface"));
    }
}

/// Returns the text of an item; types and further names of resources have none.
fn text(
    writer: &mut Writer<Loaded>,
    side: Side,
    interface: &str,
    name: &str,
    item: Item,
) -> Option<String> {
    Some(match item {
        Item::ComponentFunc(func) => {
            let params = func.params().map(|(_, ty)| ty);
            writer.func(func.async_(), params, func.results().next())
        }
        Item::Resource(resource) => {
            let is_new = writer.types.resources.add(resource, side, interface, name);
            return is_new.then(|| "resource".into());
        }
        Item::Type(_) => return None,
        Item::CoreFunc(_) => "core func".into(),
        Item::Module(_) => "core module".into(),
        Item::Component(_) => "component".into(),
        Item::ComponentInstance(_) => "interface".into(),
    })
}

/// The types of a component.
struct Loaded {
    resources: Resources<ResourceType>,
}

impl Types for Loaded {
    type Type = Type;
    type Key = ();

    fn key(&self, _: &Type) -> Option<()> {
        None
    }

    fn shape(&mut self, ty: &Type) -> Shape<Type> {
        match ty {
            Type::Bool => Shape::Named("bool".into()),
            Type::S8 => Shape::Named("s8".into()),
            Type::U8 => Shape::Named("u8".into()),
            Type::S16 => Shape::Named("s16".into()),
            Type::U16 => Shape::Named("u16".into()),
            Type::S32 => Shape::Named("s32".into()),
            Type::U32 => Shape::Named("u32".into()),
            Type::S64 => Shape::Named("s64".into()),
            Type::U64 => Shape::Named("u64".into()),
            Type::Float32 => Shape::Named("f32".into()),
            Type::Float64 => Shape::Named("f64".into()),
            Type::Char => Shape::Named("char".into()),
            Type::String => Shape::Named("string".into()),
            Type::ErrorContext => Shape::Named("error-context".into()),
            Type::Own(resource) => Shape::Named(format!("own<{}>", self.resources.name(resource))),
            Type::Borrow(resource) => {
                Shape::Named(format!("borrow<{}>", self.resources.name(resource)))
            }
            Type::List(list) => Shape::List(list.ty()),
            Type::FixedLengthList(list) => Shape::FixedLengthList(list.ty(), list.len()),
            Type::Map(map) => Shape::Map(map.key(), map.value()),
            Type::Record(record) => {
                Shape::Record(record.fields().map(|f| (f.name.to_owned(), f.ty)).collect())
            }
            Type::Tuple(tuple) => Shape::Tuple(tuple.types().collect()),
            Type::Variant(variant) => {
                Shape::Variant(variant.cases().map(|c| (c.name.to_owned(), c.ty)).collect())
            }
            Type::Enum(cases) => Shape::Enum(cases.names().map(str::to_owned).collect()),
            Type::Flags(flags) => Shape::Flags(flags.names().map(str::to_owned).collect()),
            Type::Option(option) => Shape::Option(option.ty()),
            Type::Result(result) => Shape::Result(result.ok(), result.err()),
            Type::Future(future) => Shape::Future(future.ty()),
            Type::Stream(stream) => Shape::Stream(stream.ty()),
        }
    }
}
