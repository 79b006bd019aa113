//! Components that Wasmtime compiles to different bytes each time.

use wasmparser::{ComponentInstance, Parser, Payload};

/// Returns a warning if Wasmtime compiles the component to different bytes each time.
///
/// Wasmtime 48 stores the exports of an instance that is declared from a list of items in a hash map,
/// and numbers them in the order of the map. Tools that encode components from WIT create no such
/// instances.
pub(crate) fn reproducibility_warning(component: &[u8]) -> Option<String> {
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
        "Wasmtime 48 compiles this component to different bytes each time, so `--locked` and \
         `--reproduce` will report differences: it has instances that list their exports; encode it with \
         `wasm-tools component new`"
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::reproducibility_warning as warning;

    #[test]
    fn instances_with_several_exports_are_reported() {
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
