//! Types of the component model as text in the manner of WIT, without names that types have in WIT alone.

use crate::digest::Digest;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// A type that refers to others by `T`.
pub(crate) enum Shape<T> {
    /// A type without parts, or a handle.
    Named(String),
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

/// Types that refer to each other.
pub(crate) trait Types {
    type Type: Clone;
    /// What equal types share, if it is known without looking into them.
    type Key: Hash + Eq;

    fn key(&self, ty: &Self::Type) -> Option<Self::Key>;

    fn shape(&mut self, ty: &Self::Type) -> Shape<Self::Type>;
}

/// The longest text of a type that is written where it is used, in bytes.
const LONGEST: usize = 60;

/// The number of digits of a digest that stands for a longer text.
const DIGITS: usize = 16;

/// The largest number of types that are written. Types that are not recognized as equal are written often.
pub(crate) const WRITER_BUDGET: usize = 1 << 22;

/// The text of types that are beyond the budget: they are equal to all others.
pub(super) const UNKNOWN: &str = "…";

/// Writes types. A long type is defined once, and the digest of its text stands where it is used.
pub(crate) struct Writer<T: Types> {
    pub types: T,
    /// The texts by digest.
    pub definitions: BTreeMap<String, String>,
    texts: HashMap<T::Key, String>,
    budget: usize,
}

impl<T: Types> Writer<T> {
    pub fn new(types: T, budget: usize) -> Self {
        Self { types, definitions: BTreeMap::new(), texts: HashMap::new(), budget }
    }

    /// Returns the text of a function's type. Parameters have no names: these do not distinguish types.
    pub fn func(
        &mut self,
        is_async: bool,
        params: impl IntoIterator<Item = T::Type>,
        result: Option<T::Type>,
    ) -> String {
        let params: Vec<String> = params.into_iter().map(|ty| self.text(&ty)).collect();
        let result = result.map(|ty| format!(" -> {}", self.text(&ty))).unwrap_or_default();
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
        if let Some(text) = key.as_ref().and_then(|key| self.texts.get(key)) {
            return text.clone();
        }
        let shape = self.types.shape(ty);
        let text = self.whole(shape);
        let text = self.shortened(text);
        if let Some(key) = key {
            let _ = self.texts.insert(key, text.clone());
        }
        text
    }

    fn whole(&mut self, shape: Shape<T::Type>) -> String {
        match shape {
            Shape::Named(name) => name,
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
