//! Components that Wasmtime does not compile to the same bytes each time.

use wasmparser::{ComponentInstance, Parser, Payload};

/// What there is to say of a component that is none; nothing of others.
///
/// Wasmtime 48 keeps the exports of an instance that is made of others' items in a hash map, and numbers
/// them in its order. What encodes components from WIT makes no such instances.
pub(crate) fn warning(component: &[u8]) -> Option<String> {
    let lists_exports = |payload| {
        match payload {
        Payload::ComponentInstanceSection(instances) => instances.into_iter().flatten().any(
            |instance| matches!(instance, ComponentInstance::FromExports(exports) if exports.len() > 1),
        ),
        _ => false,
    }
    };
    let is_affected = Parser::new(0).parse_all(component).flatten().any(lists_exports);
    is_affected.then(|| {
        "Wasmtime 48 compiles this component to other bytes each time, so that `--locked` and \
         `--verify` will find differences: it has instances whose exports are listed in place; encode \
         it with `wasm-tools component new`"
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::warning;

    #[test]
    fn instances_with_several_exports_are_told() {
        let component = |exports: &str| {
            let text = format!(
                "(component (type $a u8) (type $b u16) (import \"f\" (func $f)) (instance {exports}))"
            );
            wat::parse_str(text).unwrap()
        };
        assert_eq!(warning(&component(r#"(export "a" (func $f))"#)), None);
        let several = component(r#"(export "a" (func $f)) (export "b" (func $f))"#);
        assert!(warning(&several).unwrap().contains("--locked"));
        let nested = "(component (component (import \"f\" (func $f))
            (instance (export \"a\" (func $f)) (export \"b\" (func $f)))))";
        assert!(warning(&wat::parse_str(nested).unwrap()).is_some());
    }
}
