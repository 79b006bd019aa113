//! The core modules inside a component: read, or each replaced, with all else left as it is.

use wasmparser::{Chunk, Parser, Payload};

/// Components nested deeper are refused: no tool makes them.
const MAX_NESTING: usize = 100;

/// The sections that hold a core module and a component.
const MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// What gives a core module for another.
pub(crate) type Replace<'a> = dyn FnMut(&[u8]) -> Result<Vec<u8>, String> + 'a;

/// The core modules of a component and of the components inside it, in the order of their bytes.
///
/// # Errors
///
/// Where the component cannot be read, or nests too deep.
pub(crate) fn modules(component: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut found = Vec::new();
    collect(component, 0, &mut found)?;
    Ok(found)
}

fn collect<'a>(component: &'a [u8], depth: usize, found: &mut Vec<&'a [u8]>) -> Result<(), String> {
    for part in parts(component, depth)? {
        match part.id {
            MODULE => found.push(part.content),
            _ => collect(part.content, depth + 1, found)?,
        }
    }
    Ok(())
}

/// The component with what `f` makes of each core module in its place, in the order of [`modules`].
/// Whatever `f` leaves as it is stays byte for byte, and so does all else.
///
/// # Errors
///
/// The first of `f`; or where the component cannot be read, or nests too deep.
pub(crate) fn map_modules(component: &[u8], f: &mut Replace<'_>) -> Result<Vec<u8>, String> {
    map(component, 0, f)
}

fn map(component: &[u8], depth: usize, f: &mut Replace<'_>) -> Result<Vec<u8>, String> {
    let mut mapped = Vec::with_capacity(component.len());
    let mut copied = 0;
    for part in parts(component, depth)? {
        let new = match part.id {
            MODULE => f(part.content)?,
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

/// LEB128, in as few bytes as it takes.
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
    /// Where its header begins.
    start: usize,
    end: usize,
    content: &'a [u8],
}

/// The modules and components right inside a component.
fn parts(component: &[u8], depth: usize) -> Result<Vec<Part<'_>>, String> {
    if depth > MAX_NESTING {
        return Err(format!("components are nested more than {MAX_NESTING} deep"));
    }
    let mut parts = Vec::new();
    let mut parser = Parser::new(0);
    let mut start = 0;
    loop {
        let rest = component.get(start..).unwrap_or_default();
        let (consumed, payload) = match parser.parse(rest, true) {
            Ok(Chunk::Parsed { consumed, payload }) => (consumed, payload),
            Ok(Chunk::NeedMoreData(_)) => return Err("the component ends too early".into()),
            Err(error) => return Err(error.to_string()),
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
        let content = component.get(range).ok_or("the component ends too early")?;
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

    /// The one export of a module.
    fn export(module: &[u8]) -> String {
        let exports = Parser::new(0).parse_all(module).find_map(|payload| match payload.unwrap() {
            Payload::ExportSection(exports) => Some(exports),
            _ => None,
        });
        exports.unwrap().into_iter().next().unwrap().unwrap().name.to_string()
    }

    /// A custom section of `length` zeros.
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
    fn what_is_left_as_it_is_stays_byte_for_byte() {
        let component = wasm(NESTED);
        let mut seen = Vec::new();
        let mapped = map_modules(&component, &mut |module| {
            seen.push(export(module));
            Ok(module.to_vec())
        });
        assert_eq!(mapped.unwrap(), component);
        assert_eq!(seen, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_length_in_more_bytes_than_it_takes_stays() {
        let module = wasm("(module)");
        let mut component = wasm("(component)");
        component.extend([MODULE, 0x88, 0x80, 0x00]);
        component.extend(&module);
        assert!(is_valid(&component));
        assert_eq!(map_modules(&component, &mut |m| Ok(m.to_vec())).unwrap(), component);
        let mapped = map_modules(&component, &mut |m| Ok(longer(m, 1))).unwrap();
        assert_eq!(modules(&mapped).unwrap(), [longer(&module, 1)]);
    }

    #[test]
    fn replaced_modules_of_any_length_give_a_valid_component() {
        let component = wasm(NESTED);
        // The length of the module alone, and that of each component around it, takes more bytes.
        for length in [0, 100, 128, 20_000, 3_000_000] {
            let mapped = map_modules(&component, &mut |module| {
                Ok(if export(module) == "c" { longer(module, length) } else { module.to_vec() })
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
    fn an_error_ends_it() {
        let mut seen = 0;
        let mapped = map_modules(&wasm(NESTED), &mut |module| {
            seen += 1;
            if export(module) == "b" { Err("no".into()) } else { Ok(module.to_vec()) }
        });
        assert_eq!(mapped, Err("no".into()));
        assert_eq!(seen, 2);
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
        assert_eq!(modules(&nested(MAX_NESTING)), Ok(Vec::new()));
        let deep = nested(5_000);
        assert!(is_valid(&deep));
        let message = "components are nested more than 100 deep";
        assert_eq!(modules(&deep), Err(message.into()));
        assert_eq!(map_modules(&deep, &mut |m| Ok(m.to_vec())), Err(message.into()));
    }

    #[test]
    fn truncated_components_are_errors() {
        let component = wasm(NESTED);
        for length in 0..component.len() {
            // At the end of a section it is a component of its own.
            if let Ok(modules) = modules(&component[..length]) {
                assert!(modules.len() <= 4);
            }
        }
        assert!(modules(&component[..component.len() - 1]).is_err());
        assert!(modules(b"").is_err());
    }
}
