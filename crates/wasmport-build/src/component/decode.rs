//! Worlds of components, decoded from their bytes.

use super::error::WorldError;
use super::world::World;
use crate::panics::catch_panic;
use wasmparser::{ComponentTypeRef, Parser, Payload};
use wit_component::DecodedWasm;

/// The custom section that may hold documentation.
const DOCS: &str = "package-docs";

impl World {
    /// Decodes the world of a valid component. Components do not contain the name of their world: it
    /// is named after `name`, which may be any text.
    ///
    /// # Errors
    ///
    /// Fails with [`WorldError`] if the file is a WIT package, or if WIT cannot express an item of
    /// the component.
    pub fn of(component: &[u8], name: &str) -> Result<Self, WorldError> {
        let component = without_docs(component)?;
        let decoded = catch_panic(|| {
            let (resolve, id) = match wit_component::decode(&component) {
                Ok(DecodedWasm::Component(resolve, id)) => (resolve, id),
                Ok(DecodedWasm::WitPackage(..)) => return Err(WorldError::Package),
                Err(error) => return Err(WorldError::BeyondWit(format!("{error:#}"))),
            };
            let mut world = Self { resolve, id };
            world.rename(name);
            // The decoder returns inconsistent worlds for some components.
            world.resolve.assert_valid();
            Ok(world)
        });
        decoded.unwrap_or_else(|panic| {
            Err(WorldError::BeyondWit(format!("decoding it failed: {panic}")))
        })
    }
}

/// Returns the component without its documentation, which would let its author write into generated
/// code.
///
/// # Errors
///
/// Fails with [`WorldError::BeyondWit`] at the first import that decoding would leave out.
fn without_docs(component: &[u8]) -> Result<Vec<u8>, WorldError> {
    let mut kept = Vec::with_capacity(component.len());
    let mut depth = 0_usize;
    let mut copied = 0;
    let mut end_of_last = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(WorldError::beyond_wit)?;
        match &payload {
            Payload::Version { range, .. } => {
                depth += 1;
                end_of_last = range.end;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports.clone() {
                    let import = import.map_err(WorldError::beyond_wit)?;
                    check_import(import.name.name, import.ty)?;
                }
            }
            Payload::CustomSection(section) if depth == 1 && section.name() == DOCS => {
                kept.extend_from_slice(component.get(copied..end_of_last).unwrap_or_default());
                copied = section.range().end;
            }
            _ => {}
        }
        if let Some((_, range)) = payload.as_section() {
            end_of_last = range.end;
        }
    }
    kept.extend_from_slice(component.get(copied..).unwrap_or_default());
    Ok(kept)
}

fn check_import(name: &str, ty: ComponentTypeRef) -> Result<(), WorldError> {
    let kind = match ty {
        ComponentTypeRef::Module(_) => "core module",
        ComponentTypeRef::Component(_) => "component",
        ComponentTypeRef::Value(_) => "value",
        ComponentTypeRef::Func(_) | ComponentTypeRef::Instance(_) | ComponentTypeRef::Type(_) => {
            return Ok(());
        }
    };
    let message = format!("its import `{}` is a {kind}", name.escape_debug());
    Err(WorldError::BeyondWit(message))
}

#[cfg(test)]
mod tests {
    use super::super::examples::{self, SHAPES};
    use super::*;
    use proptest::prelude::*;
    use std::sync::OnceLock;
    use wasmparser::{Validator, WasmFeatures};

    fn reason(text: &str) -> String {
        World::of(&wat::parse_str(text).unwrap(), "x").err().unwrap().to_string()
    }

    fn valid(component: &[u8]) -> bool {
        Validator::new_with_features(WasmFeatures::all()).validate_all(component).is_ok()
    }

    #[test]
    fn items_beyond_wit_are_named() {
        let cases = [
            (
                r#"(component (import "m" (core module)))"#,
                "the component cannot be described in WIT: its import `m` is a core module",
            ),
            (
                r#"(component (import "c" (component)))"#,
                "the component cannot be described in WIT: its import `c` is a component",
            ),
            (
                r#"(component (core module $m) (export "m" (core module $m)))"#,
                "the component cannot be described in WIT: component export `m` was not a function or instance",
            ),
            (
                r#"(component (component $c) (export "c" (component $c)))"#,
                "the component cannot be described in WIT: component export `c` was not a function or instance",
            ),
            (
                r#"(component (type $t u32) (export "t" (type $t)))"#,
                "the component cannot be described in WIT: component export `t` was not a function or instance",
            ),
            (
                r#"(component (import "a" (instance (export "b" (instance)))))"#,
                "the component cannot be described in WIT: failed to decode WIT from import `a`: instance type export `b` is not a type or function",
            ),
        ];
        for (component, expected) in cases {
            assert_eq!(reason(component), expected);
        }
        // The decoder panics at this one.
        let panics = reason(r#"(component (import "wasi:http/types" (func)))"#);
        assert!(
            panics.starts_with("the component cannot be described in WIT: decoding it failed"),
            "{panics}"
        );
    }

    #[test]
    fn wit_packages_are_refused() {
        let World { resolve, id } = examples::world(SHAPES);
        let package = resolve.worlds[id].package.unwrap();
        let wit = wit_component::encode(&resolve, package).unwrap();
        assert!(matches!(World::of(&wit, "x"), Err(WorldError::Package)));
    }

    #[test]
    fn documentation_in_the_component_is_dropped() {
        let component = examples::component("package a:b; world w { export f: func(); }");
        let plain = World::of(&component, "w").unwrap().wit().unwrap();
        let docs =
            r#"{"worlds":{"root":{"docs":"<script>","func_exports":{"f":{"docs":"evil"}}}}}"#;
        for content in [format!("\0{docs}"), "\0{".into(), "\u{1}{}".into()] {
            let mut with_docs = component.clone();
            for _ in 0..2 {
                let section = [b"\x0cpackage-docs", content.as_bytes()].concat();
                with_docs.push(0);
                with_docs.push(section.len() as u8);
                with_docs.extend(section);
            }
            assert!(valid(&with_docs));
            assert_eq!(World::of(&with_docs, "w").unwrap().wit().unwrap(), plain);
        }
    }

    fn example() -> &'static [u8] {
        static EXAMPLE: OnceLock<Vec<u8>> = OnceLock::new();
        EXAMPLE.get_or_init(|| examples::component(SHAPES))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn valid_components_are_decoded_or_refused(
            flips in prop::collection::vec((0..example().len(), any::<u8>()), 1..3),
        ) {
            let mut component = example().to_vec();
            for (at, byte) in flips {
                component[at] = byte;
            }
            if valid(&component) && let Ok(world) = World::of(&component, "x") {
                let text = world.wit();
                prop_assert!(text.is_ok(), "{text:?}");
            }
        }
    }
}
