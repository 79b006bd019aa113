//! Composition: one component built from several, which satisfy imports of one another.

use super::error::{ComposeError, ConnectionError, Link};
use super::items::compare_connection;
use super::plan::{CompositionPlan, Connection, Connections, Member};
use super::world::World;
use crate::panics::catch_panic;
use std::borrow::Cow;
use wasm_compose::graph::{
    Component, CompositionGraph, EncodeOptions, ExportIndex, ImportIndex, InstanceId,
};
use wasmparser::{Validator, WasmFeatures};

/// Composes `main` with the `others`, whose exports satisfy its imports. Each of the others is
/// instantiated once; its own imports can be satisfied by further ones. The result has the exports of
/// `main`, and the imports that stay unsatisfied.
///
/// `connections` selects the imports of `main` that are satisfied, and by which component. Without it,
/// an export satisfies every import with the same name or a compatible version of it, as it does for
/// the imports of the others that `connections` does not name.
///
/// # Errors
///
/// Fails with [`ComposeError`]: each import that cannot be satisfied, and each of the others that
/// satisfies none.
pub(crate) fn compose(
    main: &[u8],
    others: &[(&str, &[u8])],
    connections: Option<&Connections>,
) -> Result<Vec<u8>, ComposeError> {
    // wasm-compose panics at some inputs instead of returning an error.
    catch_panic(|| try_compose(main, others, connections))?
}

fn try_compose(
    main: &[u8],
    others: &[(&str, &[u8])],
    connections: Option<&Connections>,
) -> Result<Vec<u8>, ComposeError> {
    let all = std::iter::once(("", main)).chain(others.iter().copied());
    let (members, components) = read(all)?;
    let plan = CompositionPlan::new(&members, connections);
    let order = plan.order(&members)?;
    let CompositionPlan { connections, mut errors } = plan;
    let mut components: Vec<_> = components.into_iter().map(Some).collect();
    let mut graph = CompositionGraph::new();
    let mut instances: Vec<Option<InstanceId>> = vec![None; members.len()];
    // The exporter of a resource is connected before other importers of it are added: else these would
    // import the resource from outside.
    for i in order {
        let Some(component) = components[i].take() else { continue };
        let id = graph.add_component(component).map_err(ComposeError::encode)?;
        instances[i] = Some(graph.instantiate(id).map_err(ComposeError::encode)?);
        for connection in connections.iter().filter(|connection| connection.to == i) {
            errors.extend(connect(&mut graph, &members, &instances, connection).err());
        }
    }
    if !errors.is_empty() {
        return Err(ComposeError::Connections(errors));
    }
    let options = EncodeOptions { define_components: true, export: instances[0], validate: false };
    graph.encode(options).map_err(ComposeError::encode)
}

/// Reads the components, with the names of their imports and exports.
fn read<'a>(
    all: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(Vec<Member<'a>>, Vec<Component<'a>>), ComposeError> {
    // Types of different validators cannot be compared.
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let (mut members, mut components) = (Vec::new(), Vec::new());
    for (i, (name, bytes)) in all.enumerate() {
        // wasm-compose restricts names, and asset names can be any text.
        let read = Component::from_bytes(&mut validator, format!("c{i}"), Cow::Borrowed(bytes));
        let component =
            read.map_err(|e| ComposeError::Read { component: name.into(), source: e.into() })?;
        let imports = component.imports().map(|(_, name, _)| name.to_owned()).collect();
        let exports = component.exports().map(|(_, name, ..)| name.to_owned()).collect();
        members.push(Member { name, bytes, imports, exports });
        components.push(component);
    }
    Ok((members, components))
}

fn connect(
    graph: &mut CompositionGraph<'_>,
    members: &[Member<'_>],
    instances: &[Option<InstanceId>],
    connection: &Connection,
) -> Result<(), ConnectionError> {
    let (Some(source), Some(target)) = (instances[connection.from], instances[connection.to])
    else {
        return Ok(());
    };
    let export = connection.export.map(ExportIndex);
    let connected = graph.connect(source, export, target, ImportIndex(connection.import));
    connected.map_err(|error| {
        let (from, to) = (&members[connection.from], &members[connection.to]);
        let import = &to.imports[connection.import];
        let (importer, exporter) = (to.name.into(), from.name.into());
        let link = Link { import: import.clone(), importer, exporter };
        let Some(export) = connection.export.map(|export| &from.exports[export]) else {
            return ConnectionError::WrongInstance { link, exports: from.exports.clone() };
        };
        let differences = differences((from.bytes, export), (to.bytes, import));
        if differences.is_empty() {
            ConnectionError::Refused { link, source: error.into() }
        } else {
            ConnectionError::Mismatch { link, differences }
        }
    })
}

/// Compares an export with an import, as far as WIT can describe them.
fn differences((have, export): (&[u8], &str), (want, import): (&[u8], &str)) -> Vec<String> {
    let (Ok(have), Ok(want)) = (World::of(have, ""), World::of(want, "")) else {
        return Vec::new();
    };
    compare_connection((&have, export), (&want, import))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::examples::component;

    const TYPES: &str = "
        interface maths { add: func(a: u32, b: u32) -> u32; }
        interface text { record word { letters: string } join: func(w: list<word>) -> string; }
        interface store { resource blob { size: func() -> u64; } }
        interface reader { use store.{blob}; read: func(b: borrow<blob>) -> string; make: func() -> blob; }";

    fn build(world: &str) -> Vec<u8> {
        component(&format!("package demo:app@0.2.0; world w {{ {world} }} {TYPES}"))
    }

    /// Composes the components and returns the imports and exports of the result.
    fn composed(
        main: &[u8],
        others: &[(&str, &[u8])],
        connections: &[(&str, &str)],
    ) -> Result<(Vec<String>, Vec<String>), String> {
        let map = connections.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        let map = (!connections.is_empty()).then_some(map);
        let bytes = compose(main, others, map.as_ref()).map_err(|e| e.to_string())?;
        assert_eq!(compose(main, others, map.as_ref()).unwrap(), bytes);
        let features =
            WasmFeatures::default() | WasmFeatures::COMPONENT_MODEL | WasmFeatures::MULTI_MEMORY;
        let _ = Validator::new_with_features(features).validate_all(&bytes).unwrap();
        let world = World::of(&bytes, "composed").unwrap();
        Ok((world.imports(), world.exports()))
    }

    fn error(main: &[u8], others: &[(&str, &[u8])], connections: &[(&str, &str)]) -> String {
        composed(main, others, connections).unwrap_err()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn satisfied_imports_are_removed() {
        let main =
            build("import maths; import text; import log: func(s: string); export run: func();");
        let maths = build("import log: func(s: string); export maths;");
        let text = build("export text; export unused: func();");
        let all = [("maths", &*maths), ("text\u{202e}", &*text)];
        assert_eq!(composed(&main, &all, &[]), Ok((names(&["log"]), names(&["run"]))));
        let (imports, _) = composed(&main, &all[..1], &[]).unwrap();
        assert_eq!(imports, ["log", "demo:app/text@0.2.0"]);
    }

    #[test]
    fn others_are_satisfied_by_further_ones() {
        let main = build("import text; export run: func();");
        let text = build("import maths; export text;");
        let maths = build("export maths;");
        let all = [("maths", &*maths), ("text", &*text)];
        let expected = Ok((names(&[]), names(&["run"])));
        assert_eq!(composed(&main, &all, &[]), expected);
        assert_eq!(composed(&main, &all, &[("demo:app/text@0.2.0", "text")]), expected);
    }

    #[test]
    fn connections_select_exporters() {
        let main = build("import maths; import text; export run: func();");
        let (maths, both) = (build("export maths;"), build("export maths; export text;"));
        let all = [("a", &*maths), ("b", &*both)];
        assert_eq!(
            error(&main, &all, &[]),
            "import `demo:app/maths@0.2.0` of the component is exported by `a`, `b`: choose one in the settings"
        );
        let (maths, text) = ("demo:app/maths@0.2.0", "demo:app/text@0.2.0");
        assert_eq!(composed(&main, &all, &[(maths, "a"), (text, "b")]).unwrap().0, [""; 0]);
        // Imports that are not selected stay.
        assert_eq!(composed(&main, &all[1..], &[(maths, "b")]).unwrap().0, [text]);
    }

    #[test]
    fn a_whole_component_can_satisfy_an_import() {
        let main =
            build("import greet: interface { hello: func() -> string; } export run: func();");
        let greeter = build("export hello: func() -> string;");
        let all = [("greeter", &*greeter)];
        assert_eq!(composed(&main, &all, &[("greet", "greeter")]).unwrap().0, [""; 0]);
        assert_eq!(
            error(&main, &all, &[]),
            "`greeter` satisfies no import: it exports `hello`\n\
             no import of the component is satisfied: it has `greet`"
        );
        let other = build("export bye: func() -> string;");
        assert_eq!(
            error(&main, &[("other", &other)], &[("greet", "other")]),
            "import `greet` of the component cannot be satisfied by `other`, which exports `bye`"
        );
    }

    #[test]
    fn all_errors_are_reported() {
        let main = build("import maths; import text; export run: func();");
        let wrong = component(
            "package demo:app@0.2.0; world w { export maths; export text; }
            interface maths { add: func(a: u32, b: u64) -> u32; }
            interface text { record word { letters: u8 } }",
        );
        assert_eq!(
            error(&main, &[("wrong", &wrong)], &[]),
            "import `demo:app/maths@0.2.0` of the component cannot be satisfied by `wrong`:\n  \
             export `demo:app/maths@0.2.0`: function `add`: parameter `b` is `u64` instead of `u32`\n\
             import `demo:app/text@0.2.0` of the component cannot be satisfied by `wrong`:\n  \
             export `demo:app/text@0.2.0`: type `word`: field `letters` is `u8` instead of `string`\n  \
             export `demo:app/text@0.2.0`: function `join` is missing: the import has `func(w: list<word>) -> string`"
        );
        assert_eq!(
            error(
                &main,
                &[("wrong", &wrong)],
                &[("nope", "wrong"), ("demo:app/text@0.2.0", "who")]
            ),
            "the component has no import `nope`: it has `demo:app/maths@0.2.0`, `demo:app/text@0.2.0`\n\
             import `demo:app/text@0.2.0` cannot be satisfied by `who`: the components are `wrong`"
        );
        let module = wat::parse_str("(module)").unwrap();
        assert!(error(&main, &[("module", &module)], &[]).starts_with("`module` cannot be read: "));
        assert!(error(&main, &[], &[]).starts_with("no import of the component is satisfied"));
    }

    #[test]
    fn differences_between_versions_are_those_of_their_items() {
        let main = build("import reader; import store; export run: func();");
        let other = |version: &str| {
            let wit = format!("package demo:app@{version}; world w {{ export store; }} {TYPES}");
            component(&wit.replace("size: func() -> u64", "size: func() -> u32; more: func()"))
        };
        assert_eq!(
            error(&main, &[("other", &other("0.2.7"))], &[]),
            "import `demo:app/store@0.2.0` of the component cannot be satisfied by `other`:\n  \
             export `demo:app/store@0.2.7`: method `blob.size`: the result is `u32` instead of `u64`"
        );
    }

    #[test]
    fn cycles_are_named() {
        let main = build("import maths; export run: func();");
        let (a, b) = (build("import text; export maths;"), build("import maths; export text;"));
        assert_eq!(
            error(&main, &[("a", &a), ("b", &b)], &[]),
            "`a`, `b` import from one another in a cycle: remove one of these imports"
        );
    }

    #[test]
    fn compatible_versions_satisfy() {
        let main = build("import maths; export run: func();");
        let versions = |versions: &[&str]| {
            let worlds = versions.iter().map(|v| format!("export demo:app/maths@{v};"));
            let packages = versions.iter().map(|v| {
                format!("package demo:app@{v} {{ interface maths {{ add: func(a: u32, b: u32) -> u32; new{}: func(); }} }}", v.replace('.', "-v"))
            });
            component(&format!(
                "package x:y; world w {{ {} }} {}",
                worlds.collect::<String>(),
                packages.collect::<String>()
            ))
        };
        let other = versions(&["0.2.7", "0.3.0"]);
        assert_eq!(composed(&main, &[("other", &other)], &[]).unwrap().0, [""; 0]);
        let other = versions(&["0.1.0", "0.3.0", "1.0.0"]);
        assert!(error(&main, &[("other", &other)], &[]).starts_with("`other` satisfies no import"));
    }

    #[test]
    fn types_that_both_import_are_shared() {
        // Records are the same by structure.
        let main = build("use text.{word}; import count: func(w: word) -> u8; export run: func();");
        let other = build("use text.{word}; export count: func(w: word) -> u8;");
        assert_eq!(
            composed(&main, &[("other", &other)], &[("count", "other")]),
            Ok((names(&["demo:app/text@0.2.0"]), names(&["run"])))
        );
        // A resource that is imported from outside.
        let main = build("import reader; export run: func();");
        let other = build("export reader;");
        assert_eq!(
            composed(&main, &[("other", &other)], &[]),
            Ok((names(&["demo:app/store@0.2.0"]), names(&["run"])))
        );
        // A resource that one component exports.
        let store = build("export store;");
        let shared = composed(&main, &[("other", &other), ("store", &store)], &[]);
        assert_eq!(shared, Ok((names(&[]), names(&["run"]))));
    }
}
