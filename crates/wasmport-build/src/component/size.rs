//! Size: the length of a world as text, computed without writing the text.
//!
//! Types without a name are written out wherever they are used: a small component can have a type of
//! types of types that is longer than any memory.

use super::world::World;
use std::collections::HashMap;
use wit_parser::{Function, Resolve, Type, TypeDef, TypeDefKind, TypeId, WorldItem};

/// The length of keywords, punctuation and indentation around a name or a type.
const AROUND: u64 = 8;

impl World {
    /// Returns about the number of bytes of the world and of all interfaces that it refers to, as text.
    pub fn text_len(&self) -> u64 {
        let resolve = &self.resolve;
        let mut lens = Lens { resolve, known: HashMap::new() };
        let named = resolve.types.iter().filter(|(_, ty)| ty.name.is_some());
        let types = named.map(|(_, ty)| lens.definition(ty)).fold(0, u64::saturating_add);
        let interfaces = resolve.interfaces.iter().flat_map(|(_, i)| i.functions.values());
        let worlds =
            resolve.worlds.iter().flat_map(|(_, w)| w.imports.values().chain(w.exports.values()));
        let functions = worlds.filter_map(|item| match item {
            WorldItem::Function(function) => Some(function),
            _ => None,
        });
        let functions = interfaces.chain(functions).map(|function| lens.function(function));
        functions.fold(types, u64::saturating_add)
    }
}

/// The lengths of types.
struct Lens<'a> {
    resolve: &'a Resolve,
    /// The lengths where a type is used.
    known: HashMap<TypeId, u64>,
}

impl Lens<'_> {
    fn function(&mut self, function: &Function) -> u64 {
        let params = function
            .params
            .iter()
            .map(|param| len(&param.name).saturating_add(self.used(param.ty)));
        let params = params.fold(len(&function.name), u64::saturating_add);
        params.saturating_add(function.result.map_or(0, |ty| self.used(ty)))
    }

    /// Returns the length of a type where it is used: that of its name, or of all its parts.
    fn used(&mut self, ty: Type) -> u64 {
        let Type::Id(id) = ty else { return AROUND };
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let ty = &self.resolve.types[id];
        let used = ty.name.as_ref().map_or_else(|| self.definition(ty), |name| len(name));
        self.known.insert(id, used);
        used
    }

    fn definition(&mut self, ty: &TypeDef) -> u64 {
        use TypeDefKind as K;
        let mut parts: Vec<Type> = Vec::new();
        let mut names = vec![ty.name.as_deref().unwrap_or_default()];
        match &ty.kind {
            K::Record(record) => {
                names.extend(record.fields.iter().map(|field| &*field.name));
                parts.extend(record.fields.iter().map(|field| field.ty));
            }
            K::Flags(flags) => names.extend(flags.flags.iter().map(|flag| &*flag.name)),
            K::Enum(cases) => names.extend(cases.cases.iter().map(|case| &*case.name)),
            K::Variant(variant) => {
                names.extend(variant.cases.iter().map(|case| &*case.name));
                parts.extend(variant.cases.iter().filter_map(|case| case.ty));
            }
            K::Tuple(tuple) => parts.extend(&tuple.types),
            K::Result(result) => parts.extend(result.ok.into_iter().chain(result.err)),
            K::Map(key, value) => parts.extend([*key, *value]),
            K::Option(ty) | K::List(ty) | K::FixedLengthList(ty, _) | K::Type(ty) => {
                parts.push(*ty)
            }
            K::Future(ty) | K::Stream(ty) => parts.extend(*ty),
            K::Resource | K::Handle(_) | K::Unknown => {}
        }
        let names = names.into_iter().map(len).fold(0, u64::saturating_add);
        parts.into_iter().map(|ty| self.used(ty)).fold(names, u64::saturating_add)
    }
}

fn len(name: &str) -> u64 {
    AROUND + name.len() as u64
}

#[cfg(test)]
mod tests {
    use super::super::examples::{SHAPES, world};

    #[test]
    fn the_length_is_about_that_of_the_text() {
        let world = world(SHAPES);
        let (len, text) = (world.text_len(), world.wit().unwrap().len() as u64);
        assert!((text / 3..text * 3).contains(&len), "{len} for {text}");
    }

    #[test]
    fn types_without_a_name_count_wherever_they_are_used() {
        let nested = |depth: usize| {
            let ty = (0..depth).fold("u8".to_owned(), |ty, _| format!("tuple<{ty}, {ty}>"));
            world(&format!("package a:b; world w {{ export f: func(p: {ty}); }}")).text_len()
        };
        assert!(nested(8) > 200 * super::AROUND, "{}", nested(8));
        assert!(nested(9) > 2 * nested(8) - 64, "{}", nested(9));
    }
}
