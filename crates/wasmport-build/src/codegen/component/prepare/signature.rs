//! The signature of a function, as WIT has it.

use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDefKind, TypeId};

/// Writes the signature of `function`: `cart.add: func(book: book) -> u32`.
pub(super) fn signature(resolve: &Resolve, function: &Function) -> String {
    let resource = |id: TypeId| resolve.types[id].name.as_deref().unwrap_or("resource");
    let name = function.item_name();
    let (name, keyword, skip) = match function.kind {
        FunctionKind::Freestanding => (name.into(), "func", 0),
        FunctionKind::AsyncFreestanding => (name.into(), "async func", 0),
        FunctionKind::Method(id) => (format!("{}.{name}", resource(id)), "func", 1),
        FunctionKind::AsyncMethod(id) => (format!("{}.{name}", resource(id)), "async func", 1),
        FunctionKind::Static(id) => (format!("{}.{name}", resource(id)), "static func", 0),
        FunctionKind::AsyncStatic(id) => {
            (format!("{}.{name}", resource(id)), "static async func", 0)
        }
        FunctionKind::Constructor(id) => (resource(id).into(), "constructor", 0),
    };
    let params = function.params.iter().skip(skip);
    let params: Vec<String> =
        params.map(|param| format!("{}: {}", param.name, type_name(resolve, &param.ty))).collect();
    let is_constructor = matches!(function.kind, FunctionKind::Constructor(_));
    let result = function.result.filter(|_| !is_constructor);
    let result = result.map(|ty| format!(" -> {}", type_name(resolve, &ty)));
    format!("{name}: {keyword}({}){}", params.join(", "), result.unwrap_or_default())
}

fn type_name(resolve: &Resolve, ty: &Type) -> String {
    let text = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => return defined(resolve, *id),
    };
    text.into()
}

/// The name of a type, or the expression of one that has none.
fn defined(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    let ty = |ty: &Type| type_name(resolve, ty);
    let of = |constructor: &str, inner: &Option<Type>| match inner {
        Some(inner) => format!("{constructor}<{}>", ty(inner)),
        None => constructor.into(),
    };
    match &definition.kind {
        TypeDefKind::List(inner) => format!("list<{}>", ty(inner)),
        TypeDefKind::FixedLengthList(inner, length) => format!("list<{}, {length}>", ty(inner)),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", ty(key), ty(value)),
        TypeDefKind::Option(inner) => format!("option<{}>", ty(inner)),
        TypeDefKind::Result(own) => match (&own.ok, &own.err) {
            (ok, None) => of("result", ok),
            (ok, Some(err)) => {
                format!("result<{}, {}>", ok.as_ref().map_or("_".into(), ty), ty(err))
            }
        },
        TypeDefKind::Tuple(own) => {
            let types: Vec<String> = own.types.iter().map(ty).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Handle(Handle::Own(id)) => defined(resolve, *id),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", defined(resolve, *id)),
        TypeDefKind::Future(inner) => of("future", inner),
        TypeDefKind::Stream(inner) => of("stream", inner),
        TypeDefKind::Type(inner) => ty(inner),
        // These have names in every world.
        TypeDefKind::Record(_)
        | TypeDefKind::Resource
        | TypeDefKind::Flags(_)
        | TypeDefKind::Variant(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Unknown => "_".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_wit() {
        let mut resolve = Resolve { all_features: true, ..Resolve::default() };
        let text = "package a:b;
            interface i {
                resource cart {
                    constructor(owner: string);
                    add: func(book: list<tuple<u8, char>>) -> option<u32>;
                    merge: static func(first: cart, second: borrow<cart>) -> result<_, string>;
                }
                record book { title: string }
                wait: async func(book: book) -> stream<u8>;
                stop: func() -> result;
            }";
        let package = resolve.push_str("a.wit", text).unwrap();
        let interface = *resolve.packages[package].interfaces.values().next().unwrap();
        let functions = resolve.interfaces[interface].functions.values();
        let signatures: Vec<String> = functions.map(|f| signature(&resolve, f)).collect();
        assert_eq!(
            signatures,
            [
                "cart: constructor(owner: string)",
                "cart.add: func(book: list<tuple<u8, char>>) -> option<u32>",
                "cart.merge: static func(first: cart, second: borrow<cart>) -> result<_, string>",
                "wait: async func(book: book) -> stream<u8>",
                "stop: func() -> result",
            ]
        );
    }
}
