//! Interfaces that a component both imports and exports, with different items; WIT describes them once.

use super::world::World;
use wasmparser::component_types::{
    ComponentAnyTypeId, ComponentEntityType, ComponentInstanceTypeId, Remap as _, Remapping,
    ResourceId, SubtypeCx,
};
use wasmparser::types::TypesRef;
use wit_parser::WorldKey;

/// Returns the first interface whose export lacks an item of the import with the same name, and the
/// difference. Additional exported items are accepted: toolchains drop unused items from imports.
pub(crate) fn contradiction(world: &World, types: TypesRef<'_>) -> Option<String> {
    let World { resolve, id } = world;
    let exports = resolve.worlds[*id].exports.keys();
    // Plain names on both sides are unrelated.
    exports.filter(|key| matches!(key, WorldKey::Interface(_))).find_map(|key| {
        let name = resolve.name_world_key(key);
        let imported = types.component_item_for_import(&name)?.ty;
        let exported = types.component_item_for_export(&name)?.ty;
        let error = compare(types, exported, imported).err()?;
        let reason = error.message().replace('\n', ": ");
        Some(format!("its export `{name}` differs from its import of that name: {reason}"))
    })
}

/// Checks that the export has all items of the import, with its own resources in place of the imported
/// ones.
fn compare(
    types: TypesRef<'_>,
    exported: ComponentEntityType,
    mut imported: ComponentEntityType,
) -> Result<(), wasmparser::BinaryReaderError> {
    let mut own = Remapping::default();
    if let (ComponentEntityType::Instance(exported), ComponentEntityType::Instance(imported)) =
        (exported, imported)
    {
        for name in types[imported].exports.keys() {
            let resources = [imported, exported].map(|side| resource(types, side, name));
            if let [Some(imported), Some(exported)] = resources {
                own.add(imported, exported);
            }
        }
    }
    let mut comparison = SubtypeCx::new_with_refs(types, types);
    comparison.b.remap_component_entity(&mut imported, &mut own);
    comparison.component_entity_type(&exported, &imported, 0)
}

fn resource(
    types: TypesRef<'_>,
    instance: ComponentInstanceTypeId,
    name: &str,
) -> Option<ResourceId> {
    match types[instance].exports.get(name)?.ty {
        ComponentEntityType::Type { referenced: ComponentAnyTypeId::Resource(id), .. } => {
            Some(id.resource())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{Validator, WasmFeatures};

    fn types(text: &str) -> wasmparser::types::Types {
        let wasm = wat::parse_str(text).unwrap();
        Validator::new_with_features(WasmFeatures::all()).validate_all(&wasm).unwrap()
    }

    /// Returns the difference between an imported and an exported instance.
    fn between(import: &str, export: &str) -> Option<String> {
        let types = types(&format!(
            r#"(component (import "i" (instance {import})) (import "e" (instance {export})))"#
        ));
        let types = types.as_ref();
        let [import, export] = ["i", "e"].map(|i| types.component_item_for_import(i).unwrap().ty);
        Some(compare(types, export, import).err()?.message().into())
    }

    #[test]
    fn exports_must_have_the_items_of_imports() {
        let (f, g) = (r#"(export "f" (func (param "n" u32)))"#, r#"(export "g" (func))"#);
        let both = format!("{f} {g}");
        assert_eq!(between(f, f), None);
        assert_eq!(between(f, &both), None);
        assert_eq!(between(&both, f).unwrap(), "missing expected export `g`");
        let other = r#"(export "f" (func (param "n" u64)))"#;
        assert!(between(f, other).unwrap().contains("in instance export `f`"));
    }

    #[test]
    fn resources_belong_to_their_side() {
        let resource = r#"(export "r" (type $r (sub resource)))
            (export "f" (func (param "r" (own $r))))"#;
        assert_eq!(between(resource, resource), None);
        let two = resource
            .replace("(export \"f\"", "(export \"s\" (type $s (sub resource))) (export \"f\"");
        let other = two.replace("own $r", "own $s");
        assert_eq!(between(&two, &two), None);
        assert!(between(&two, &other).unwrap().contains("in instance export `f`"));
    }

    #[test]
    fn plain_names_are_unrelated() {
        let text = |name: &str| {
            format!(
                r#"(component (import "{name}" (instance $c (export "f" (func))))
                (import "d" (instance $d)) (export "{name}" (instance $d)))"#
            )
        };
        let difference = |name: &str| {
            let world = World::of(&wat::parse_str(text(name)).unwrap(), "x").unwrap();
            contradiction(&world, types(&text(name)).as_ref())
        };
        assert_eq!(difference("c"), None);
        let expected = "its export `a:b/c@1.0.0` differs from its import of that name: missing expected export `f`";
        assert_eq!(difference("a:b/c@1.0.0").unwrap(), expected);
    }
}
