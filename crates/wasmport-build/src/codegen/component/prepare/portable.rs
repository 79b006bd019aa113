//! Functions whose parameters and results do not belong to a store, so that any thread may have them.

use super::sizes::parts;
use std::collections::{BTreeMap, BTreeSet};
use wit_parser::{Function, Resolve, Type, TypeDefKind, TypeId, WorldId, WorldItem};

/// Lists the exported functions without values of the store: by name, those of interfaces after the interface's
/// name and `#`.
pub(super) fn functions(resolve: &Resolve, world: WorldId) -> BTreeSet<String> {
    let mut known = BTreeMap::new();
    let mut is_portable = |function: &Function| {
        function.parameter_and_result_types().all(|ty| is_portable(resolve, ty, &mut known))
    };
    let mut names = BTreeSet::new();
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Function(function) if is_portable(function) => {
                let _ = names.insert(function.name.clone());
            }
            WorldItem::Interface { id, .. } => {
                let interface = resolve.name_world_key(key);
                let functions = resolve.interfaces[*id].functions.values();
                let portable = functions.filter(|function| is_portable(function));
                names.extend(portable.map(|function| format!("{interface}#{}", function.name)));
            }
            WorldItem::Function(_) | WorldItem::Type { .. } => {}
        }
    }
    names
}

/// Returns whether a value of the type has no handle of a resource, no stream, no future and no error context.
fn is_portable(resolve: &Resolve, ty: Type, known: &mut BTreeMap<TypeId, bool>) -> bool {
    let id = match ty {
        Type::ErrorContext => return false,
        Type::Id(id) => id,
        _ => return true,
    };
    if let Some(known) = known.get(&id) {
        return *known;
    }
    let kind = &resolve.types[id].kind;
    let is_of_store = matches!(
        kind,
        TypeDefKind::Resource
            | TypeDefKind::Handle(_)
            | TypeDefKind::Future(_)
            | TypeDefKind::Stream(_)
            | TypeDefKind::Unknown
    );
    let own = !is_of_store && parts(kind).into_iter().all(|ty| is_portable(resolve, ty, known));
    let _ = known.insert(id, own);
    own
}
