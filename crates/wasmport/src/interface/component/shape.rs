//! Types of the component model as text in the manner of WIT, without names that types have in WIT alone.

use super::resources::{Resources, Side};
use crate::digest::Digest;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::hash::Hash;

/// A type that refers to others by `T`, and to resources by `R`.
pub(crate) enum Shape<T, R> {
    /// A type without parts.
    Named(&'static str),
    Own(R),
    Borrow(R),
    List(T),
    FixedLengthList(T, u32),
    Map(T, T),
    Record(Vec<(String, T)>),
    Tuple(Vec<T>),
    Variant(Vec<(String, Option<T>)>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    Option(T),
    Result(Option<T>, Option<T>),
    Future(Option<T>),
    Stream(Option<T>),
}

impl<T, R> Shape<T, R> {
    /// Returns the number of parts and of the bytes of their names.
    fn size(&self) -> usize {
        let of_names = |names: &[String]| names.iter().map(|name| 1 + name.len()).sum();
        match self {
            Self::Record(fields) => fields.iter().map(|(name, _)| 1 + name.len()).sum(),
            Self::Variant(cases) => cases.iter().map(|(name, _)| 1 + name.len()).sum(),
            Self::Enum(names) | Self::Flags(names) => of_names(names),
            Self::Tuple(types) => types.len(),
            _ => 1,
        }
    }
}

/// The content of an import or export.
pub(crate) enum Content<T: Types + ?Sized> {
    Func {
        is_async: bool,
        params: Vec<T::Type>,
        result: Option<T::Type>,
    },
    Resource(T::Resource),
    /// A type, which functions bring with them.
    Type,
    /// An interface, with the names of its items.
    Instance(Vec<(String, T::Item)>),
    /// An item that WIT cannot express.
    Other(&'static str),
}

/// The items of a component, whose types refer to each other.
pub(crate) trait Types {
    type Type;
    type Resource: PartialEq + Debug;
    type Item;
    /// The identity of a type.
    type Key: Hash + Eq;

    /// Returns the identity of a type that is worth remembering.
    fn key(&self, ty: &Self::Type) -> Option<Self::Key>;

    fn shape(&self, ty: &Self::Type) -> Shape<Self::Type, Self::Resource>;

    fn content(&self, item: Self::Item) -> Content<Self>;
}

/// The longest text of a type that is written where it is used, in bytes.
const LONGEST: usize = 60;

/// The number of digits of a digest that stands for a longer text.
const DIGITS: usize = 16;

/// The largest number of types, parts, and bytes of names that are written.
const BUDGET: usize = 1 << 22;

/// The text of types that are beyond the budget: they are equal to all others.
pub(super) const UNKNOWN: &str = "…";

/// Writes types. A long type is defined once, and the digest of its text stands where it is used.
pub(super) struct Writer<T: Types> {
    pub types: T,
    /// The texts by digest.
    pub definitions: BTreeMap<String, String>,
    texts: HashMap<T::Key, Known>,
    resources: Resources<T::Resource>,
    /// The number of the interface whose items are written.
    place: usize,
    /// The number of handles that were written.
    handles: usize,
    budget: usize,
}

/// The text of a type.
struct Known {
    text: String,
    /// The interface in which it is valid: the names of resources depend on it. None if it has no handles.
    place: Option<usize>,
}

impl<T: Types> Writer<T> {
    pub fn new(types: T) -> Self {
        Self {
            types,
            definitions: BTreeMap::new(),
            texts: HashMap::new(),
            resources: Resources::new(),
            place: 0,
            handles: 0,
            budget: BUDGET,
        }
    }

    /// Sets the interface whose items are written.
    pub fn enter(&mut self, side: Side, interface: &str) {
        self.place += 1;
        self.resources.enter(side, interface);
    }

    /// Adds a resource of the interface, and returns whether it is no other name of one that is known.
    pub fn add_resource(&mut self, resource: T::Resource, name: &str) -> bool {
        self.resources.add(resource, name)
    }

    /// Returns the text of a function's type. Parameters have no names: these do not distinguish types.
    pub fn func(&mut self, is_async: bool, params: &[T::Type], result: Option<&T::Type>) -> String {
        let params: Vec<String> = params.iter().map(|ty| self.text(ty)).collect();
        let result = result.map(|ty| format!(" -> {}", self.text(ty))).unwrap_or_default();
        if self.budget == 0 {
            return UNKNOWN.into();
        }
        let asyncness = if is_async { "async " } else { "" };
        format!("{asyncness}func({}){result}", params.join(", "))
    }

    /// Returns the text of a type, or the digest that stands for it.
    fn text(&mut self, ty: &T::Type) -> String {
        let Some(budget) = self.budget.checked_sub(1) else { return UNKNOWN.into() };
        self.budget = budget;
        let key = self.types.key(ty);
        if let Some(known) = key.as_ref().and_then(|key| self.texts.get(key))
            && known.place.is_none_or(|place| place == self.place)
        {
            self.handles += usize::from(known.place.is_some());
            return known.text.clone();
        }
        let handles = self.handles;
        let shape = self.types.shape(ty);
        self.budget = self.budget.saturating_sub(shape.size());
        if self.budget == 0 {
            return UNKNOWN.into();
        }
        let text = self.whole(shape);
        let text = self.shortened(text);
        if let Some(key) = key {
            let place = (self.handles > handles).then_some(self.place);
            let _ = self.texts.insert(key, Known { text: text.clone(), place });
        }
        text
    }

    fn handle(&mut self, kind: &str, resource: &T::Resource) -> String {
        self.handles += 1;
        format!("{kind}<{}>", self.resources.name(resource))
    }

    fn whole(&mut self, shape: Shape<T::Type, T::Resource>) -> String {
        match shape {
            Shape::Named(name) => name.to_owned(),
            Shape::Own(resource) => self.handle("own", &resource),
            Shape::Borrow(resource) => self.handle("borrow", &resource),
            Shape::List(ty) => format!("list<{}>", self.text(&ty)),
            Shape::FixedLengthList(ty, len) => format!("list<{}, {len}>", self.text(&ty)),
            Shape::Map(key, value) => format!("map<{}, {}>", self.text(&key), self.text(&value)),
            Shape::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| format!("{name}: {}", self.text(ty)));
                format!("record {{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            Shape::Tuple(types) => {
                let types: Vec<String> = types.iter().map(|ty| self.text(ty)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            Shape::Variant(cases) => {
                let cases = cases.iter().map(|(name, ty)| match ty {
                    Some(ty) => format!("{name}({})", self.text(ty)),
                    None => name.clone(),
                });
                format!("variant {{ {} }}", cases.collect::<Vec<_>>().join(", "))
            }
            Shape::Enum(names) => format!("enum {{ {} }}", names.join(", ")),
            Shape::Flags(names) => format!("flags {{ {} }}", names.join(", ")),
            Shape::Option(ty) => format!("option<{}>", self.text(&ty)),
            Shape::Result(None, None) => "result".into(),
            Shape::Result(Some(ok), None) => format!("result<{}>", self.text(&ok)),
            Shape::Result(None, Some(err)) => format!("result<_, {}>", self.text(&err)),
            Shape::Result(Some(ok), Some(err)) => {
                format!("result<{}, {}>", self.text(&ok), self.text(&err))
            }
            Shape::Future(ty) => self.payload("future", ty),
            Shape::Stream(ty) => self.payload("stream", ty),
        }
    }

    fn payload(&mut self, name: &str, ty: Option<T::Type>) -> String {
        ty.map_or_else(|| name.to_owned(), |ty| format!("{name}<{}>", self.text(&ty)))
    }

    /// Replaces a long text by its digest, and keeps it as a definition.
    fn shortened(&mut self, text: String) -> String {
        if text.len() <= LONGEST {
            return text;
        }
        let digest = format!("#{}", &Digest::of(text.as_bytes()).to_string()[..DIGITS]);
        let _ = self.definitions.insert(digest.clone(), text);
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Types of which each has another name: the number of names is also the type.
    struct Names(Cell<usize>);

    impl Types for Names {
        type Type = usize;
        type Resource = ();
        type Item = ();
        type Key = usize;

        fn key(&self, ty: &usize) -> Option<usize> {
            Some(*ty)
        }

        fn shape(&self, ty: &usize) -> Shape<usize, ()> {
            self.0.set(self.0.get() + 1);
            Shape::Enum((0..*ty).map(|case| format!("case-{case}")).collect())
        }

        fn content(&self, (): ()) -> Content<Self> {
            Content::Type
        }
    }

    #[test]
    fn names_of_cases_count_and_the_budget_ends() {
        let mut writer = Writer::new(Names(Cell::new(0)));
        let enums: Vec<usize> = (10_000..10_100).collect();
        assert!(writer.func(false, &enums[..3], None).starts_with("func(#"));
        assert_eq!(writer.func(false, &enums, None), UNKNOWN);
        let read = writer.types.0.get();
        assert!((30..60).contains(&read), "{read}");
        assert_eq!(writer.func(false, &[1], None), UNKNOWN);
        assert_eq!(writer.types.0.get(), read);
    }
}
