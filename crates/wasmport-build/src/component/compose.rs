//! Composition: one component of several, in which those satisfy imports of one another.

use super::listing::Listing;
use super::plan::{Connection, Connections, Member, Plan, list, quoted, subject};
use super::wit::World;
use crate::panics::catch_panic;
use std::borrow::Cow;
use wasm_compose::graph::{
    Component, CompositionGraph, EncodeOptions, ExportIndex, ImportIndex, InstanceId,
};
use wasmparser::{Validator, WasmFeatures};

/// The component `main` with imports satisfied by exports of the `others`, each of which is
/// instantiated once and may have imports that further ones satisfy. The result exports what `main`
/// does and imports what is left.
///
/// With `connections` it is exactly those imports of `main`; without, all for which an export has
/// the name, or that in a compatible version. The others' imports are satisfied where
/// `connections` say by what, and else like that.
///
/// # Errors
///
/// Each import that was to be satisfied and cannot be, with the reason; each of the others that
/// satisfies none.
pub(crate) fn compose(
    main: &[u8],
    others: &[(&str, &[u8])],
    connections: Option<&Connections>,
) -> Result<Vec<u8>, String> {
    // What is not possible with wasm-compose is not always an error there.
    catch_panic(|| try_compose(main, others, connections))
        .unwrap_or_else(|panic| Err(failed(&panic)))
}

fn try_compose(
    main: &[u8],
    others: &[(&str, &[u8])],
    connections: Option<&Connections>,
) -> Result<Vec<u8>, String> {
    // One for all: types of several validators cannot be compared.
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut components = Vec::new();
    let mut members = Vec::new();
    let all = std::iter::once(("", main)).chain(others.iter().copied());
    for (i, (name, bytes)) in all.enumerate() {
        // The names of assets may be any text.
        let read = Component::from_bytes(&mut validator, format!("c{i}"), Cow::Borrowed(bytes));
        let read = read.map_err(|e| format!("{} cannot be read: {e:#}", subject(name)))?;
        let imports = read.imports().map(|(_, name, _)| name.to_owned()).collect();
        let exports = read.exports().map(|(_, name, ..)| name.to_owned()).collect();
        members.push(Member { name, bytes, imports, exports });
        components.push(Some(read));
    }
    let plan = Plan::of(&members, connections);
    let order = plan.order(&members)?;
    let mut faults = plan.faults;
    let mut graph = CompositionGraph::new();
    let mut instances: Vec<Option<InstanceId>> = vec![None; members.len()];
    // What exports a resource is connected before others that import it are known: these would be
    // taken to have it from outside.
    for i in order {
        let Some(component) = components[i].take() else { continue };
        let id = graph.add_component(component).map_err(|e| failed(&format!("{e:#}")))?;
        instances[i] = Some(graph.instantiate(id).map_err(|e| failed(&format!("{e:#}")))?);
        for connection in plan.connections.iter().filter(|connection| connection.to == i) {
            faults.extend(connect(&mut graph, &members, &instances, connection).err());
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let options = EncodeOptions { define_components: true, export: instances[0], validate: false };
    graph.encode(options).map_err(|e| failed(&format!("{e:#}")))
}

fn failed(reason: &str) -> String {
    format!("the components cannot be composed: {reason}")
}

fn connect(
    graph: &mut CompositionGraph<'_>,
    members: &[Member<'_>],
    instances: &[Option<InstanceId>],
    connection: &Connection,
) -> Result<(), String> {
    let (Some(source), Some(target)) = (instances[connection.from], instances[connection.to])
    else {
        return Ok(());
    };
    let export = connection.export.map(ExportIndex);
    let connected = graph.connect(source, export, target, ImportIndex(connection.import));
    connected.map_err(|error| {
        let (from, to) = (&members[connection.from], &members[connection.to]);
        let import = &to.imports[connection.import];
        let intro = format!(
            "import {} of {} cannot be satisfied by {}",
            quoted(import),
            subject(to.name),
            quoted(from.name)
        );
        let Some(export) = connection.export.map(|export| &from.exports[export]) else {
            return format!("{intro}, which exports {}", list(&from.exports));
        };
        let details = details((from.bytes, export), (to.bytes, import));
        if details.is_empty() {
            format!("{intro}: {error:#}")
        } else {
            format!("{intro}:\n  {}", details.join("\n  "))
        }
    })
}

/// Why the one is not what the other asks for, as far as WIT can say it.
fn details((have, export): (&[u8], &str), (want, import): (&[u8], &str)) -> Vec<String> {
    let (Ok(have), Ok(want)) = (World::of(have, ""), World::of(want, "")) else {
        return Vec::new();
    };
    Listing::of_connection((&have, export), (&want, import))
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

    fn made(world: &str) -> Vec<u8> {
        component(&format!("package demo:app@0.2.0; world w {{ {world} }} {TYPES}"))
    }

    /// What the composed component imports and exports.
    fn composed(
        main: &[u8],
        others: &[(&str, &[u8])],
        connections: &[(&str, &str)],
    ) -> Result<(Vec<String>, Vec<String>), String> {
        let map = connections.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        let map = (!connections.is_empty()).then_some(map);
        let bytes = compose(main, others, map.as_ref())?;
        assert_eq!(compose(main, others, map.as_ref()).as_ref(), Ok(&bytes));
        let features =
            WasmFeatures::default() | WasmFeatures::COMPONENT_MODEL | WasmFeatures::MULTI_MEMORY;
        let _ = Validator::new_with_features(features).validate_all(&bytes).unwrap();
        let world = World::of(&bytes, "composed").unwrap();
        Ok((world.imports(), world.exports()))
    }

    fn fault(main: &[u8], others: &[(&str, &[u8])], connections: &[(&str, &str)]) -> String {
        composed(main, others, connections).unwrap_err()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_satisfied_is_imported_no_more() {
        let main =
            made("import maths; import text; import log: func(s: string); export run: func();");
        let maths = made("import log: func(s: string); export maths;");
        let text = made("export text; export unused: func();");
        let all = [("maths", &*maths), ("text\u{202e}", &*text)];
        assert_eq!(composed(&main, &all, &[]), Ok((names(&["log"]), names(&["run"]))));
        let (imports, _) = composed(&main, &all[..1], &[]).unwrap();
        assert_eq!(imports, ["log", "demo:app/text@0.2.0"]);
    }

    #[test]
    fn others_are_satisfied_by_further_ones() {
        let main = made("import text; export run: func();");
        let text = made("import maths; export text;");
        let maths = made("export maths;");
        let all = [("maths", &*maths), ("text", &*text)];
        let expected = Ok((names(&[]), names(&["run"])));
        assert_eq!(composed(&main, &all, &[]), expected);
        assert_eq!(composed(&main, &all, &[("demo:app/text@0.2.0", "text")]), expected);
    }

    #[test]
    fn connections_choose() {
        let main = made("import maths; import text; export run: func();");
        let (maths, both) = (made("export maths;"), made("export maths; export text;"));
        let all = [("a", &*maths), ("b", &*both)];
        assert_eq!(
            fault(&main, &all, &[]),
            "import `demo:app/maths@0.2.0` of the component is exported by `a`, `b`: say which it is to be satisfied by"
        );
        let (maths, text) = ("demo:app/maths@0.2.0", "demo:app/text@0.2.0");
        assert_eq!(composed(&main, &all, &[(maths, "a"), (text, "b")]).unwrap().0, [""; 0]);
        // What is not chosen stays.
        assert_eq!(composed(&main, &all[1..], &[(maths, "b")]).unwrap().0, [text]);
    }

    #[test]
    fn whole_components_can_be_what_is_imported() {
        let main = made("import greet: interface { hello: func() -> string; } export run: func();");
        let greeter = made("export hello: func() -> string;");
        let all = [("greeter", &*greeter)];
        assert_eq!(composed(&main, &all, &[("greet", "greeter")]).unwrap().0, [""; 0]);
        assert_eq!(
            fault(&main, &all, &[]),
            "`greeter` satisfies no import: it exports `hello`\n\
             no import of the component is satisfied: it has `greet`"
        );
        let other = made("export bye: func() -> string;");
        assert_eq!(
            fault(&main, &[("other", &other)], &[("greet", "other")]),
            "import `greet` of the component cannot be satisfied by `other`, which exports `bye`"
        );
    }

    #[test]
    fn every_fault_is_named() {
        let main = made("import maths; import text; export run: func();");
        let wrong = component(
            "package demo:app@0.2.0; world w { export maths; export text; }
            interface maths { add: func(a: u32, b: u64) -> u32; }
            interface text { record word { letters: u8 } }",
        );
        assert_eq!(
            fault(&main, &[("wrong", &wrong)], &[]),
            "import `demo:app/maths@0.2.0` of the component cannot be satisfied by `wrong`:\n  \
             export `demo:app/maths@0.2.0`: function `add`: parameter `b` is `u64` instead of `u32`\n\
             import `demo:app/text@0.2.0` of the component cannot be satisfied by `wrong`:\n  \
             export `demo:app/text@0.2.0`: type `word`: field `letters` is `u8` instead of `string`\n  \
             export `demo:app/text@0.2.0`: function `join` is missing: the import has `func(w: list<word>) -> string`"
        );
        assert_eq!(
            fault(
                &main,
                &[("wrong", &wrong)],
                &[("nope", "wrong"), ("demo:app/text@0.2.0", "who")]
            ),
            "the component has no import `nope`: it has `demo:app/maths@0.2.0`, `demo:app/text@0.2.0`\n\
             import `demo:app/text@0.2.0` is to be satisfied by `who`, and there is `wrong`"
        );
        let module = wat::parse_str("(module)").unwrap();
        assert!(fault(&main, &[("module", &module)], &[]).starts_with("`module` cannot be read: "));
        assert!(fault(&main, &[], &[]).starts_with("no import of the component is satisfied"));
    }

    #[test]
    fn faults_between_versions_are_those_of_their_items() {
        let main = made("import reader; import store; export run: func();");
        let other = |version: &str| {
            let wit = format!("package demo:app@{version}; world w {{ export store; }} {TYPES}");
            component(&wit.replace("size: func() -> u64", "size: func() -> u32; more: func()"))
        };
        assert_eq!(
            fault(&main, &[("other", &other("0.2.7"))], &[]),
            "import `demo:app/store@0.2.0` of the component cannot be satisfied by `other`:\n  \
             export `demo:app/store@0.2.7`: method `blob.size`: the result is `u32` instead of `u64`"
        );
    }

    #[test]
    fn circles_are_named() {
        let main = made("import maths; export run: func();");
        let (a, b) = (made("import text; export maths;"), made("import maths; export text;"));
        assert_eq!(
            fault(&main, &[("a", &a), ("b", &b)], &[]),
            "`a`, `b` satisfy imports of one another in a circle, and one must be the first"
        );
    }

    #[test]
    fn compatible_versions_satisfy() {
        let main = made("import maths; export run: func();");
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
        assert!(fault(&main, &[("other", &other)], &[]).starts_with("`other` satisfies no import"));
    }

    #[test]
    fn types_that_both_import_are_shared() {
        // Records are what they are by structure.
        let main = made("use text.{word}; import count: func(w: word) -> u8; export run: func();");
        let other = made("use text.{word}; export count: func(w: word) -> u8;");
        assert_eq!(
            composed(&main, &[("other", &other)], &[("count", "other")]),
            Ok((names(&["demo:app/text@0.2.0"]), names(&["run"])))
        );
        // A resource that a third one imports from outside.
        let main = made("import reader; export run: func();");
        let other = made("export reader;");
        assert_eq!(
            composed(&main, &[("other", &other)], &[]),
            Ok((names(&["demo:app/store@0.2.0"]), names(&["run"])))
        );
        // A resource that one of them exports.
        let store = made("export store;");
        let shared = composed(&main, &[("other", &other), ("store", &store)], &[]);
        assert_eq!(shared, Ok((names(&[]), names(&["run"]))));
    }
}
