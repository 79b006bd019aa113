//! Sizes at which generated Rust would not compile: Wasmtime and the standard library have traits for tuples
//! up to some length.

use super::aliases::Aliases;
use crate::codegen::docs::code;
use heck::ToUpperCamelCase as _;
use std::collections::{BTreeMap, BTreeSet};
use wit_parser::{Function, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem};

/// The largest tuple that Wasmtime has types for, and the largest number of parameters.
const LARGEST_TUPLE: usize = 17;

/// The largest tuple that implements `Debug`.
const LARGEST_DEBUG: usize = 12;

/// Removes the functions that no Rust type fits, and the types that only they could use. Returns a warning for
/// each function.
pub(super) fn remove_untypable(resolve: &mut Resolve, world: WorldId) -> Vec<String> {
    let mut untypable = Untypable::default();
    let types: Vec<TypeId> = resolve.types.iter().map(|(id, _)| id).collect();
    let types: BTreeSet<TypeId> =
        types.into_iter().filter(|id| untypable.ty(resolve, Type::Id(*id)).is_some()).collect();
    let mut warnings = Vec::new();
    let mut items = resolve.worlds[world].clone();
    for (items, verb) in [(&mut items.imports, "imports"), (&mut items.exports, "exports")] {
        items.retain(|key, item| match item {
            WorldItem::Function(function) => {
                let reason = untypable.function(resolve, function);
                warnings.extend(reason.iter().map(|reason| warning(&function.name, verb, reason)));
                reason.is_none()
            }
            WorldItem::Type { id, .. } => !types.contains(id),
            WorldItem::Interface { id, .. } => {
                let interface = resolve.name_world_key(key);
                for function in resolve.interfaces[*id].functions.values() {
                    if let Some(reason) = untypable.function(resolve, function) {
                        let name = format!("{interface}.{}", function.name);
                        warnings.push(warning(&name, verb, &reason));
                    }
                }
                true
            }
        });
    }
    resolve.worlds[world] = items;
    // A type belongs to its world or interface only while that has it.
    for id in &types {
        resolve.types[*id].owner = TypeOwner::None;
    }
    let interfaces: Vec<_> = resolve.interfaces.iter().map(|(id, _)| id).collect();
    for id in interfaces {
        let mut interface = resolve.interfaces[id].clone();
        interface.functions.retain(|_, function| untypable.function(resolve, function).is_none());
        interface.types.retain(|_, id| !types.contains(id));
        resolve.interfaces[id] = interface;
    }
    warnings
}

fn warning(name: &str, verb: &str, reason: &str) -> String {
    let way = match verb {
        "imports" => "define it with `func_new` in the linker of `SessionPre::with_linker`",
        _ => "call it through the instance of `Session::of`",
    };
    format!("the wrapper leaves out {}, which the component {verb}: {reason}; {way}", code(name))
}

/// The reasons why types are none in Rust, by type.
#[derive(Default)]
struct Untypable(BTreeMap<TypeId, Option<String>>);

impl Untypable {
    fn function(&mut self, resolve: &Resolve, function: &Function) -> Option<String> {
        let count = function.params.len();
        if count > LARGEST_TUPLE {
            return Some(format!(
                "it has {count} parameters, and Wasmtime has types for {LARGEST_TUPLE}"
            ));
        }
        function.parameter_and_result_types().find_map(|ty| self.ty(resolve, ty))
    }

    fn ty(&mut self, resolve: &Resolve, ty: Type) -> Option<String> {
        let Type::Id(id) = ty else { return None };
        if let Some(known) = self.0.get(&id) {
            return known.clone();
        }
        let reason = match &resolve.types[id].kind {
            TypeDefKind::Tuple(tuple) if tuple.types.len() > LARGEST_TUPLE => {
                let count = tuple.types.len();
                Some(format!(
                    "a tuple has {count} parts, and Wasmtime has types for {LARGEST_TUPLE}"
                ))
            }
            kind => parts(kind).into_iter().find_map(|ty| self.ty(resolve, ty)),
        };
        let _ = self.0.insert(id, reason.clone());
        reason
    }
}

/// Returns the types that a type is made of; resources are none.
fn parts(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        kind => inner(kind),
    }
}

/// Returns the types that a type without a name of its own in Rust is made of.
fn inner(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => vec![*ty],
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().copied().collect(),
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Record(_)
        | TypeDefKind::Variant(_)
        | TypeDefKind::Resource
        | TypeDefKind::Handle(_)
        | TypeDefKind::Flags(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Unknown => Vec::new(),
    }
}

/// Lists the fields and cases whose types do not implement `Debug`: each with the name of its own type in Rust;
/// fields have their names in WIT, and cases those in Rust.
pub(super) fn without_debug(resolve: &Resolve, aliases: &Aliases) -> BTreeSet<(String, String)> {
    let camel = |name: &str| aliases.ident(&name.to_upper_camel_case());
    let mut known = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (_, ty) in resolve.types.iter() {
        let parts: Vec<(String, Type)> = match &ty.kind {
            TypeDefKind::Record(own) => {
                let name = |name: &str| aliases.own_name(name);
                own.fields.iter().map(|field| (name(&field.name), field.ty)).collect()
            }
            TypeDefKind::Variant(own) => {
                let cases = own.cases.iter();
                cases.filter_map(|case| Some((camel(&case.name), case.ty?))).collect()
            }
            _ => continue,
        };
        let Some(name) = &ty.name else { continue };
        for (part, ty) in parts {
            if has_long_tuple(resolve, ty, &mut known) {
                let _ = found.insert((camel(name), part));
            }
        }
    }
    found
}

fn has_long_tuple(resolve: &Resolve, ty: Type, known: &mut BTreeMap<TypeId, bool>) -> bool {
    let Type::Id(id) = ty else { return false };
    if let Some(known) = known.get(&id) {
        return *known;
    }
    let kind = &resolve.types[id].kind;
    let is_long = matches!(kind, TypeDefKind::Tuple(tuple) if tuple.types.len() > LARGEST_DEBUG);
    let has = is_long || inner(kind).into_iter().any(|ty| has_long_tuple(resolve, ty, known));
    let _ = known.insert(id, has);
    has
}
