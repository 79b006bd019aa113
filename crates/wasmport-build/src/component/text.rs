//! Types and functions of a world as WIT on one line, of bounded length.

use super::world::World;
use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Type, TypeDefKind, TypeId, TypeOwner, WorldItem,
    WorldKey,
};

/// The length of a text, in bytes; the rest is truncated.
const MAX_LEN: usize = 400;

impl World {
    /// Formats the type, with inner types by name; if `full`, names include the interface.
    pub(super) fn type_text(&self, ty: Type, full: bool) -> String {
        self.text(full, |text| match self.without_aliases(ty) {
            Type::Id(id) => text.definition(id),
            ty => text.reference(ty),
        })
    }

    /// Formats the definition of a type, with inner types by name.
    pub(super) fn definition_text(&self, id: TypeId) -> String {
        self.type_text(Type::Id(id), false)
    }

    /// Formats a function type, such as `func(a: u8) -> string`.
    pub(super) fn function_text(&self, function: &Function) -> String {
        self.text(false, |text| text.function(function))
    }

    fn text(&self, full: bool, write: impl FnOnce(&mut Text<'_>)) -> String {
        let mut text = Text { world: self, full, text: String::new() };
        write(&mut text);
        let Text { mut text, .. } = text;
        if text.len() > MAX_LEN {
            text.truncate(text.floor_char_boundary(MAX_LEN));
            text.push('…');
        }
        text
    }

    /// Returns the name of a type, prefixed with the name of its interface.
    pub(super) fn full_name(&self, id: TypeId) -> Option<String> {
        let (interface, name) = self.qualified_type(id)?;
        Some(if interface.is_empty() { name } else { format!("{interface}.{name}") })
    }

    /// Returns the name of the interface of a type, which is empty for a type of the world, and its own name.
    pub(super) fn qualified_type(&self, id: TypeId) -> Option<(String, String)> {
        let ty = &self.resolve.types[id];
        let name = ty.name.clone()?;
        match ty.owner {
            TypeOwner::Interface(owner) => Some((self.interface_name(owner)?, name)),
            TypeOwner::World(_) => Some((String::new(), name)),
            TypeOwner::None => None,
        }
    }

    fn interface_name(&self, id: InterfaceId) -> Option<String> {
        let world = &self.resolve.worlds[self.id];
        let inline = |(key, item): (&WorldKey, &WorldItem)| match (key, item) {
            (WorldKey::Name(name), WorldItem::Interface { id: inline, .. }) if *inline == id => {
                Some(name.clone())
            }
            _ => None,
        };
        self.resolve
            .id_of(id)
            .or_else(|| world.imports.iter().chain(&world.exports).find_map(inline))
    }

    /// Resolves aliases of the type.
    pub(super) fn without_aliases(&self, ty: Type) -> Type {
        let mut ty = ty;
        while let Type::Id(id) = ty
            && let TypeDefKind::Type(aliased) = self.resolve.types[id].kind
        {
            ty = aliased;
        }
        ty
    }
}

/// Formats the kind and name of a function, such as ``method `blob.size` ``.
pub(super) fn label(function: &Function) -> String {
    let kind = match function.kind {
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => "function",
        FunctionKind::Method(_) | FunctionKind::AsyncMethod(_) => "method",
        FunctionKind::Static(_) | FunctionKind::AsyncStatic(_) => "static function",
        FunctionKind::Constructor(_) => "constructor",
    };
    let name = function.name.split_once(']').map_or(&*function.name, |(_, name)| name);
    format!("{kind} `{name}`")
}

struct Text<'a> {
    world: &'a World,
    /// Names include the interface.
    full: bool,
    text: String,
}

impl Text<'_> {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn name(&self, id: TypeId) -> Option<String> {
        if !self.full {
            return self.world.resolve.types[id].name.clone();
        }
        match self.world.without_aliases(Type::Id(id)) {
            Type::Id(id) => self.world.full_name(id),
            _ => None,
        }
    }

    /// Writes `items` separated by commas, up to the maximal length.
    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        for (i, item) in items.into_iter().enumerate() {
            if self.text.len() > MAX_LEN {
                return;
            }
            self.push(if i > 0 { ", " } else { "" });
            write(self, item);
        }
    }

    fn reference(&mut self, ty: Type) {
        match ty {
            Type::Bool => self.push("bool"),
            Type::U8 => self.push("u8"),
            Type::U16 => self.push("u16"),
            Type::U32 => self.push("u32"),
            Type::U64 => self.push("u64"),
            Type::S8 => self.push("s8"),
            Type::S16 => self.push("s16"),
            Type::S32 => self.push("s32"),
            Type::S64 => self.push("s64"),
            Type::F32 => self.push("f32"),
            Type::F64 => self.push("f64"),
            Type::Char => self.push("char"),
            Type::String => self.push("string"),
            Type::ErrorContext => self.push("error-context"),
            Type::Id(id) => match self.name(id) {
                Some(name) => self.push(&name),
                None => self.definition(id),
            },
        }
    }

    fn definition(&mut self, id: TypeId) {
        let world = self.world;
        let ty = &world.resolve.types[id];
        let name = self.name(id).unwrap_or_default();
        match &ty.kind {
            TypeDefKind::Record(record) => {
                self.push(&format!("record {name} {{ "));
                self.list(&record.fields, |text, field| {
                    text.push(&format!("{}: ", field.name));
                    text.reference(field.ty);
                });
                self.push(" }");
            }
            TypeDefKind::Variant(variant) => {
                self.push(&format!("variant {name} {{ "));
                self.list(&variant.cases, |text, case| {
                    text.push(&case.name);
                    if let Some(ty) = case.ty {
                        text.generic("", [ty]);
                    }
                });
                self.push(" }");
            }
            TypeDefKind::Enum(cases) => {
                self.push(&format!("enum {name} {{ "));
                self.list(&cases.cases, |text, case| text.push(&case.name));
                self.push(" }");
            }
            TypeDefKind::Flags(flags) => {
                self.push(&format!("flags {name} {{ "));
                self.list(&flags.flags, |text, flag| text.push(&flag.name));
                self.push(" }");
            }
            TypeDefKind::Resource => self.push(&format!("resource {name}")),
            TypeDefKind::Handle(Handle::Own(id)) => self.reference(Type::Id(*id)),
            TypeDefKind::Handle(Handle::Borrow(id)) => self.generic("borrow", [Type::Id(*id)]),
            TypeDefKind::Tuple(tuple) => self.generic("tuple", tuple.types.iter().copied()),
            TypeDefKind::Option(ty) => self.generic("option", [*ty]),
            TypeDefKind::List(ty) => self.generic("list", [*ty]),
            TypeDefKind::Map(key, value) => self.generic("map", [*key, *value]),
            TypeDefKind::Future(ty) => self.generic("future", *ty),
            TypeDefKind::Stream(ty) => self.generic("stream", *ty),
            TypeDefKind::FixedLengthList(ty, length) => {
                self.push("list<");
                self.reference(*ty);
                self.push(&format!(", {length}>"));
            }
            TypeDefKind::Result(result) => match (result.ok, result.err) {
                (None, Some(err)) => {
                    self.push("result<_, ");
                    self.reference(err);
                    self.push(">");
                }
                (ok, err) => self.generic("result", ok.into_iter().chain(err)),
            },
            TypeDefKind::Type(ty) => self.reference(*ty),
            TypeDefKind::Unknown => self.push("unknown"),
        }
    }

    /// Writes `name<types>`, or `(type)` for a case.
    fn generic(&mut self, name: &str, types: impl IntoIterator<Item = Type>) {
        let mut types = types.into_iter().peekable();
        self.push(name);
        if types.peek().is_some() {
            self.push(if name.is_empty() { "(" } else { "<" });
            self.list(types, Self::reference);
            self.push(if name.is_empty() { ")" } else { ">" });
        }
    }

    fn function(&mut self, function: &Function) {
        self.push(if function.kind.is_async() { "async func(" } else { "func(" });
        self.list(&function.params, |text, param| {
            text.push(&format!("{}: ", param.name));
            text.reference(param.ty);
        });
        self.push(")");
        if let Some(result) = function.result {
            self.push(" -> ");
            self.reference(result);
        }
    }
}
