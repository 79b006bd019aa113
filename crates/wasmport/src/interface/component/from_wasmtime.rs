//! The imports and exports of a loaded component.

use super::items::ComponentItems;
use super::reader::read;
use super::shape::{Content, Shape, Types};
use std::hash::{Hash, Hasher};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentItem as Item, Type};
use wasmtime::component::{Component, ResourceType};

impl ComponentItems {
    /// Reads the imports and exports of a component that Wasmtime has loaded.
    #[must_use]
    pub fn of(component: &Component) -> Self {
        let (engine, ty) = (component.engine(), component.component_type());
        let imports = ty.imports(engine).map(|(name, item)| (name, item.ty));
        let exports = ty.exports(engine).map(|(name, item)| (name, item.ty));
        read(Loaded { engine }, imports, exports)
    }
}

/// The types of a component.
struct Loaded<'a> {
    engine: &'a Engine,
}

/// The identity of a type of one component.
///
/// Wasmtime gives types no hash. Their debug output has the index by which the component refers to them, and if two
/// have the same one, comparing them is cheap.
struct Key {
    text: String,
    ty: Type,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.ty == other.ty
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Types for Loaded<'_> {
    type Type = Type;
    type Resource = ResourceType;
    type Item = Item;
    type Key = Key;

    fn key(&self, ty: &Type) -> Option<Key> {
        let has_parts = matches!(
            ty,
            Type::List(_)
                | Type::FixedLengthList(_)
                | Type::Map(_)
                | Type::Record(_)
                | Type::Tuple(_)
                | Type::Variant(_)
                | Type::Enum(_)
                | Type::Flags(_)
                | Type::Option(_)
                | Type::Result(_)
                | Type::Future(_)
                | Type::Stream(_)
        );
        has_parts.then(|| Key { text: format!("{ty:?}"), ty: ty.clone() })
    }

    fn content(&self, item: Item) -> Content<Self> {
        match item {
            Item::ComponentFunc(func) => Content::Func {
                is_async: func.async_(),
                params: func.params().map(|(_, ty)| ty).collect(),
                result: func.results().next(),
            },
            Item::Resource(resource) => Content::Resource(resource),
            Item::Type(_) => Content::Type,
            Item::ComponentInstance(instance) => {
                let items = instance.exports(self.engine);
                Content::Instance(items.map(|(name, item)| (name.to_owned(), item.ty)).collect())
            }
            Item::CoreFunc(_) => Content::Other("core func"),
            Item::Module(_) => Content::Other("core module"),
            Item::Component(_) => Content::Other("component"),
        }
    }

    fn shape(&self, ty: &Type) -> Shape<Type, ResourceType> {
        match ty {
            Type::Bool => Shape::Named("bool"),
            Type::S8 => Shape::Named("s8"),
            Type::U8 => Shape::Named("u8"),
            Type::S16 => Shape::Named("s16"),
            Type::U16 => Shape::Named("u16"),
            Type::S32 => Shape::Named("s32"),
            Type::U32 => Shape::Named("u32"),
            Type::S64 => Shape::Named("s64"),
            Type::U64 => Shape::Named("u64"),
            Type::Float32 => Shape::Named("f32"),
            Type::Float64 => Shape::Named("f64"),
            Type::Char => Shape::Named("char"),
            Type::String => Shape::Named("string"),
            Type::ErrorContext => Shape::Named("error-context"),
            Type::Own(resource) => Shape::Own(*resource),
            Type::Borrow(resource) => Shape::Borrow(*resource),
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

#[cfg(test)]
#[cfg(feature = "compile")]
mod tests {
    use super::*;
    use crate::{DynamicAsset, EngineConfig, Runtime};
    use std::cell::Cell;

    /// A component that counts how often a type of it is read.
    struct Counting<'a> {
        loaded: Loaded<'a>,
        count: &'a Cell<usize>,
    }

    impl Types for Counting<'_> {
        type Type = Type;
        type Resource = ResourceType;
        type Item = Item;
        type Key = Key;

        fn key(&self, ty: &Type) -> Option<Key> {
            self.loaded.key(ty)
        }

        fn shape(&self, ty: &Type) -> Shape<Type, ResourceType> {
            self.count.set(self.count.get() + 1);
            self.loaded.shape(ty)
        }

        fn content(&self, item: Item) -> Content<Self> {
            match self.loaded.content(item) {
                Content::Func { is_async, params, result } => {
                    Content::Func { is_async, params, result }
                }
                Content::Resource(resource) => Content::Resource(resource),
                Content::Type => Content::Type,
                Content::Instance(items) => Content::Instance(items),
                Content::Other(what) => Content::Other(what),
            }
        }
    }

    /// Returns how often types are read.
    fn reads(text: &str) -> usize {
        let runtime = Runtime::new(&EngineConfig::new()).unwrap();
        let engine = runtime.engine();
        let loaded = runtime.load_dynamic(&DynamicAsset::component("types", text)).unwrap();
        let ty = loaded.component().component_type();
        let count = Cell::new(0);
        let imports = ty.imports(engine).map(|(name, item)| (name, item.ty));
        let _ = read(Counting { loaded: Loaded { engine }, count: &count }, imports, []);
        count.get()
    }

    #[test]
    fn a_type_is_read_once_however_often_it_is_used() {
        let mut text = "(component (type $t0 (tuple u8 u8))".to_owned();
        for level in 1..=16 {
            let inner = level - 1;
            text += &format!("(type $t{level} (tuple $t{inner} $t{inner}))");
        }
        for function in 0..3 {
            text += &format!(r#"(import "f{function}" (func (param "p" $t16)))"#);
        }
        assert_eq!(reads(&format!("{text})")), 19);
    }

    #[test]
    fn types_with_handles_are_read_once_in_each_interface() {
        let interface = |name: &str, functions: usize| {
            let mut text = format!(r#"(import "{name}" (instance "#);
            text += r#"(export "r" (type $r (sub resource)))
                (type $own (own $r)) (type $all (list $own)) (type $plain (list string))"#;
            for function in 0..functions {
                text += &format!(
                    r#"(export "f{function}" (func (param "a" $all) (param "b" $plain)))"#
                );
            }
            text + "))"
        };
        // The list and its handle in both, the list without handles and its strings once.
        let text = format!("(component {}{})", interface("a:b/c", 5), interface("a:b/d", 5));
        assert_eq!(reads(&text), 6);
    }
}
