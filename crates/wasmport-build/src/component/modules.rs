//! Core modules inside a component: listed or replaced; all other bytes stay.

use super::error::ModulesError;
use wasmparser::{Chunk, Parser, Payload};

/// The nesting depth up to which components are read; no tool creates deeper ones.
const MAX_NESTING: usize = 100;

/// The ids of the sections that contain a core module or a component.
const MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// A function that returns the replacement of a core module.
pub(crate) type Replace<'a> = dyn FnMut(&[u8]) -> Vec<u8> + 'a;

/// Returns the core modules of a component and of its inner components, in byte order.
///
/// # Errors
///
/// Fails with [`ModulesError`] if the component cannot be read, or nests too deep.
pub(crate) fn modules(component: &[u8]) -> Result<Vec<&[u8]>, ModulesError> {
    let mut found = Vec::new();
    collect(component, 0, &mut found)?;
    Ok(found)
}

fn collect<'a>(
    component: &'a [u8],
    depth: usize,
    found: &mut Vec<&'a [u8]>,
) -> Result<(), ModulesError> {
    for part in parts(component, depth)? {
        match part.id {
            MODULE => found.push(part.content),
            _ => collect(part.content, depth + 1, found)?,
        }
    }
    Ok(())
}

/// Replaces each core module by the result of `f`, in the order of [`modules`]. Bytes outside of changed
/// modules stay the same.
///
/// # Errors
///
/// Fails with [`ModulesError`] if the component cannot be read, or nests too deep.
pub(crate) fn map_modules(component: &[u8], f: &mut Replace<'_>) -> Result<Vec<u8>, ModulesError> {
    map(component, 0, f)
}

fn map(component: &[u8], depth: usize, f: &mut Replace<'_>) -> Result<Vec<u8>, ModulesError> {
    let mut mapped = Vec::with_capacity(component.len());
    let mut copied = 0;
    for part in parts(component, depth)? {
        let new = match part.id {
            MODULE => f(part.content),
            _ => map(part.content, depth + 1, f)?,
        };
        if new != part.content {
            mapped.extend_from_slice(component.get(copied..part.start).unwrap_or_default());
            mapped.push(part.id);
            push_length(&mut mapped, new.len());
            mapped.extend_from_slice(&new);
            copied = part.end;
        }
    }
    mapped.extend_from_slice(component.get(copied..).unwrap_or_default());
    Ok(mapped)
}

/// Writes a length as LEB128 of minimal size.
fn push_length(to: &mut Vec<u8>, mut length: usize) {
    while length > 0x7f {
        to.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    to.push(length as u8);
}

/// A section with a core module or a component.
struct Part<'a> {
    id: u8,
    /// The offset of the header.
    start: usize,
    end: usize,
    content: &'a [u8],
}

/// Returns the direct inner modules and components.
fn parts(component: &[u8], depth: usize) -> Result<Vec<Part<'_>>, ModulesError> {
    if depth > MAX_NESTING {
        return Err(ModulesError::TooDeep { limit: MAX_NESTING });
    }
    let mut parts = Vec::new();
    let mut parser = Parser::new(0);
    let mut start = 0;
    loop {
        let rest = component.get(start..).unwrap_or_default();
        let (consumed, payload) = match parser.parse(rest, true) {
            Ok(Chunk::Parsed { consumed, payload }) => (consumed, payload),
            Ok(Chunk::NeedMoreData(_)) => return Err(ModulesError::Truncated),
            Err(error) => return Err(error.into()),
        };
        let (id, range) = match payload {
            Payload::ModuleSection { unchecked_range, .. } => (MODULE, unchecked_range),
            Payload::ComponentSection { unchecked_range, .. } => (COMPONENT, unchecked_range),
            Payload::End(_) => return Ok(parts),
            _ => {
                start += consumed;
                continue;
            }
        };
        let end = range.end;
        let content = component.get(range).ok_or(ModulesError::Truncated)?;
        parts.push(Part { id, start, end, content });
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{Validator, WasmFeatures};

    const NESTED: &str = r#"(component
        (core module $a (func (export "a")))
        (component $inner
            (core module $b (func (export "b")))
            (component (core module $c (func (export "c"))))
            (core instance $b (instantiate $b))
            (func (export "b") (canon lift (core func $b "b"))))
        (core module (func (export "d")))
        (@custom "of the outer one" "\00\01")
        (instance (instantiate $inner)))"#;

    fn wasm(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    fn is_valid(component: &[u8]) -> bool {
        Validator::new_with_features(WasmFeatures::all()).validate_all(component).is_ok()
    }

    /// Returns the name of a module's only export.
    fn export(module: &[u8]) -> String {
        let exports = Parser::new(0).parse_all(module).find_map(|payload| match payload.unwrap() {
            Payload::ExportSection(exports) => Some(exports),
            _ => None,
        });
        exports.unwrap().into_iter().next().unwrap().unwrap().name.to_string()
    }

    /// Appends a custom section of `length` zeros.
    fn longer(module: &[u8], length: usize) -> Vec<u8> {
        let mut module = module.to_vec();
        module.push(0);
        push_length(&mut module, length + 2);
        module.extend([1, b'x']);
        module.extend(vec![0; length]);
        module
    }

    #[test]
    fn modules_are_found_at_any_depth_in_order() {
        let component = wasm(NESTED);
        let names: Vec<String> = modules(&component).unwrap().into_iter().map(export).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
    }

    #[test]
    fn unchanged_modules_keep_every_byte() {
        let component = wasm(NESTED);
        let mut seen = Vec::new();
        let mapped = map_modules(&component, &mut |module| {
            seen.push(export(module));
            module.to_vec()
        });
        assert_eq!(mapped.unwrap(), component);
        assert_eq!(seen, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_length_of_non_minimal_size_stays() {
        let module = wasm("(module)");
        let mut component = wasm("(component)");
        component.extend([MODULE, 0x88, 0x80, 0x00]);
        component.extend(&module);
        assert!(is_valid(&component));
        assert_eq!(map_modules(&component, &mut |m| m.to_vec()).unwrap(), component);
        let mapped = map_modules(&component, &mut |m| longer(m, 1)).unwrap();
        assert_eq!(modules(&mapped).unwrap(), [longer(&module, 1)]);
    }

    #[test]
    fn replaced_modules_of_any_length_give_a_valid_component() {
        let component = wasm(NESTED);
        // The length of the module alone, and that of each component around it, takes more bytes.
        for length in [0, 100, 128, 20_000, 3_000_000] {
            let mapped = map_modules(&component, &mut |module| {
                if export(module) == "c" { longer(module, length) } else { module.to_vec() }
            });
            let mapped = mapped.unwrap();
            assert!(is_valid(&mapped), "{length}");
            let now: Vec<Vec<u8>> = modules(&mapped).unwrap().iter().map(|m| m.to_vec()).collect();
            let mut expected: Vec<Vec<u8>> =
                modules(&component).unwrap().iter().map(|m| m.to_vec()).collect();
            expected[2] = longer(&expected[2], length);
            assert_eq!(now, expected);
        }
    }

    #[test]
    fn components_nested_too_deep_are_refused() {
        let nested = |depth: usize| {
            let component = wasm("(component)");
            (0..depth).fold(component.clone(), |inner, _| {
                let mut outer = component.clone();
                outer.push(COMPONENT);
                push_length(&mut outer, inner.len());
                outer.extend(inner);
                outer
            })
        };
        assert!(modules(&nested(MAX_NESTING)).unwrap().is_empty());
        let deep = nested(5_000);
        assert!(is_valid(&deep));
        let message = "components are nested more than 100 deep";
        assert_eq!(modules(&deep).unwrap_err().to_string(), message);
        let mapped = map_modules(&deep, &mut |m| m.to_vec());
        assert_eq!(mapped.unwrap_err().to_string(), message);
    }

    #[test]
    fn truncated_components_are_errors() {
        let component = wasm(NESTED);
        for length in 0..component.len() {
            // Cut at the end of a section it is still a component.
            if let Ok(modules) = modules(&component[..length]) {
                assert!(modules.len() <= 4);
            }
        }
        assert!(modules(&component[..component.len() - 1]).is_err());
        assert!(modules(b"").is_err());
    }
}
