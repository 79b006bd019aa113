//! Worlds: what a component imports and exports, read from its bytes, or what it should, from WIT files.

use crate::panics::catch_panic;
use heck::{ToKebabCase as _, ToUpperCamelCase as _};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use wasmparser::{ComponentTypeRef, Parser, Payload};
use wit_component::{DecodedWasm, WitPrinter};
#[cfg(test)]
use wit_parser::WorldItem;
use wit_parser::{Resolve, WorldId, WorldKey};

/// What generated code calls by these names, without a path.
const RESERVED: &[&str] = &[
    "Box", "Clone", "Copy", "D", "Data", "Err", "Error", "Guest", "H", "Host", "None", "Ok",
    "Option", "R", "Result", "S", "Self", "Send", "Sized", "Some", "String", "Sync", "T", "Vec",
];

/// The types that generated code adds to that with the world's name.
const COMPANIONS: &[&str] = &["", "Imports", "ImportsWithStore", "Indices", "Pre"];

/// The section in which documentation may be kept.
const DOCS: &str = "package-docs";

/// A world, with all that it refers to.
#[derive(Clone)]
pub(crate) struct World {
    pub resolve: Resolve,
    pub id: WorldId,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("World").field(&self.name()).finish()
    }
}

/// Worlds are told apart by what can be said of them.
impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.wit() == other.wit()
    }
}

impl Eq for World {}

/// Why a component has no world.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoWorld {
    /// It is a WIT package, which has no code.
    Package,
    /// It has what WIT has no words for: this.
    BeyondWit(String),
}

impl fmt::Display for NoWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package => f.write_str("the file holds WIT and no code"),
            Self::BeyondWit(what) => write!(f, "the component cannot be described in WIT: {what}"),
        }
    }
}

impl World {
    /// The world of a valid component, which does not hold its own name: it is called after `name`,
    /// which may be any text.
    ///
    /// # Errors
    ///
    /// Where the file is no component but WIT, or the component has what WIT has no words for.
    pub fn of(component: &[u8], name: &str) -> Result<Self, NoWorld> {
        let kept = sections_for_decoding(component).map_err(NoWorld::BeyondWit)?;
        let decoded = catch_panic(|| {
            let (resolve, id) = match wit_component::decode(&kept) {
                Ok(DecodedWasm::Component(resolve, id)) => (resolve, id),
                Ok(DecodedWasm::WitPackage(..)) => return Err(NoWorld::Package),
                Err(error) => return Err(NoWorld::BeyondWit(format!("{error:#}"))),
            };
            let mut world = Self { resolve, id };
            world.rename(name);
            // What is decoded from some components contradicts itself.
            world.resolve.assert_valid();
            Ok(world)
        });
        decoded
            .unwrap_or_else(|panic| Err(NoWorld::BeyondWit(format!("decoding it failed: {panic}"))))
    }

    /// The world `name`, or the only one, of a WIT file or of a folder with WIT files, which may have
    /// other packages in `deps`; and the files that were read.
    ///
    /// # Errors
    ///
    /// Where they cannot be read, with file and line where there are any, or have no such world.
    pub fn from_files(path: &Path, name: Option<&str>) -> Result<(Self, Vec<PathBuf>), String> {
        catch_panic(|| {
            let mut resolve = Resolve { all_features: true, ..Resolve::default() };
            let pushed = resolve.push_path(path);
            let (package, sources) = pushed.map_err(|e| resolve.render_error(&e))?;
            let id = resolve.select_world(&[package], name).map_err(|e| format!("{e:#}"))?;
            Ok((Self { resolve, id }, sources.paths().map(Path::to_path_buf).collect()))
        })
        .unwrap_or_else(Err)
    }

    /// The world's name, in kebab case.
    pub fn name(&self) -> &str {
        &self.resolve.worlds[self.id].name
    }

    /// The functions and interfaces that are imported.
    #[cfg(test)]
    pub fn imports(&self) -> Vec<String> {
        self.names(self.resolve.worlds[self.id].imports.iter())
    }

    /// The functions and interfaces that are exported.
    #[cfg(test)]
    pub fn exports(&self) -> Vec<String> {
        self.names(self.resolve.worlds[self.id].exports.iter())
    }

    #[cfg(test)]
    fn names<'a>(&self, items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Vec<String> {
        let items = items.filter(|(_, item)| !matches!(item, WorldItem::Type { .. }));
        items.map(|(key, _)| self.resolve.name_world_key(key)).collect()
    }

    /// The world as WIT text, with all packages that it refers to.
    ///
    /// # Errors
    ///
    /// Where it has something that cannot be written.
    pub fn wit(&self) -> Result<String, String> {
        let Self { resolve, id } = self;
        let package = resolve.worlds[*id].package.ok_or("the world belongs to no package")?;
        let others = resolve.packages.iter().map(|(other, _)| other);
        let others: Vec<_> = others.filter(|other| *other != package).collect();
        let mut printer = WitPrinter::default();
        catch_panic(|| printer.print(resolve, package, &others))?.map_err(|e| format!("{e:#}"))?;
        Ok(printer.output.to_string())
    }

    /// Gives the world a name like `name`, which nothing else has that is generated next to it.
    pub fn rename(&mut self, name: &str) {
        let Self { resolve, id } = self;
        let Some(package) = resolve.worlds[*id].package else { return };
        let mut taken: BTreeSet<String> = RESERVED.iter().map(ToString::to_string).collect();
        taken.extend(resolve.packages[package].interfaces.keys().map(|n| n.to_upper_camel_case()));
        taken.extend(resolve.worlds[*id].imports.keys().filter_map(|key| match key {
            WorldKey::Name(name) => Some(name.to_upper_camel_case()),
            WorldKey::Interface(_) => None,
        }));
        let mut name = kebab(name);
        let is_taken = |name: &str| {
            let name = name.to_upper_camel_case();
            COMPANIONS.iter().any(|companion| taken.contains(&format!("{name}{companion}")))
        };
        while is_taken(&name) {
            name.push_str("-world");
        }
        let old = std::mem::replace(&mut resolve.worlds[*id].name, name.clone());
        let worlds = &mut resolve.packages[package].worlds;
        let _ = worlds.shift_remove(&old);
        let _ = worlds.insert(name, *id);
    }
}

/// A name that is legal in WIT, and as a type in Rust.
fn kebab(name: &str) -> String {
    let ascii = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name = name.chars().map(ascii).collect::<String>().to_kebab_case();
    if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name
    } else {
        format!("asset-{name}").trim_end_matches('-').into()
    }
}

/// The component without its documentation: whoever made it could write into generated code with
/// that. Or an error that names an import that decoding would leave out.
fn sections_for_decoding(component: &[u8]) -> Result<Vec<u8>, String> {
    let mut kept = Vec::with_capacity(component.len());
    let mut depth = 0_usize;
    let mut copied = 0;
    let mut end_of_last = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|e| e.to_string())?;
        match &payload {
            Payload::Version { range, .. } => {
                depth += 1;
                end_of_last = range.end;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports.clone() {
                    let import = import.map_err(|e| e.to_string())?;
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

fn check_import(name: &str, ty: ComponentTypeRef) -> Result<(), String> {
    let what = match ty {
        ComponentTypeRef::Module(_) => "core module",
        ComponentTypeRef::Component(_) => "component",
        ComponentTypeRef::Value(_) => "value",
        ComponentTypeRef::Func(_) | ComponentTypeRef::Instance(_) | ComponentTypeRef::Type(_) => {
            return Ok(());
        }
    };
    Err(format!("its import `{}` is a {what}", name.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::examples;
    use proptest::prelude::*;
    use std::sync::OnceLock;
    use wasmparser::{Validator, WasmFeatures};

    const SHAPES: &str = "package demo:app@0.1.0;
        interface shapes {
            variant shape { circle(f32), %record, path(list<tuple<f32, f32>>) }
            flags look { bold, thin }
            resource canvas { constructor(); draw: func(s: shape, l: look) -> result<_, string>; }
            union: func() -> option<canvas>;
        }
        world plotter {
            use shapes.{shape};
            import log: func(line: string);
            import clock: interface { now: func() -> u64; }
            export shapes;
            export %while: func(s: shape) -> shape;
        }";

    fn of(text: &str, name: &str) -> Result<World, NoWorld> {
        World::of(&wat::parse_str(text).unwrap(), name)
    }

    fn reason(text: &str) -> String {
        of(text, "x").err().unwrap().to_string()
    }

    fn valid(component: &[u8]) -> bool {
        Validator::new_with_features(WasmFeatures::all()).validate_all(component).is_ok()
    }

    /// The same world, read from its own text.
    fn reread(world: &World) -> World {
        examples::world(&world.wit().unwrap())
    }

    #[test]
    fn the_world_of_a_component_is_named_after_the_asset() {
        let world = World::of(&examples::component(SHAPES), "my_Plotter2").unwrap();
        assert_eq!(world.name(), "my-plotter2");
        assert_eq!(world.imports(), ["clock", "demo:app/shapes@0.1.0", "log"]);
        assert_eq!(world.exports(), ["while", "demo:app/shapes@0.1.0"]);
    }

    #[test]
    fn any_name_becomes_one_that_is_legal_and_free() {
        let names = [
            ("hello", "hello"),
            ("HTTPServer v2", "http-server-v2"),
            ("3d", "asset-3d"),
            ("", "asset"),
            ("--", "asset"),
            ("naïve/\u{202e}\n\"", "na-ve"),
            ("日本", "asset"),
            ("self", "self-world"),
            ("option", "option-world"),
            ("world", "world"),
            ("t", "t-world"),
        ];
        for (name, expected) in names {
            let world = of("(component)", name).unwrap();
            assert_eq!(world.name(), expected, "{name}");
            assert_eq!(reread(&world).name(), expected);
        }
        let types = examples::component(
            "package a:b; world w { record point { x: u8 } enum a-pre { x } export f: func(p: point) -> a-pre; }",
        );
        assert_eq!(World::of(&types, "Point").unwrap().name(), "point-world");
        assert_eq!(World::of(&types, "a").unwrap().name(), "a-world");
        let same = r#"(component (import "root:component/x" (instance)) (import "root:component/root" (instance)))"#;
        for name in ["x", "root"] {
            let world = of(same, name).unwrap();
            assert_eq!(world.name(), format!("{name}-world"));
            assert_eq!(reread(&world).imports(), world.imports());
        }
    }

    #[test]
    fn what_wit_cannot_say_is_named() {
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
    fn wit_without_code_is_told_from_components() {
        let World { resolve, id } = examples::world(SHAPES);
        let package = resolve.worlds[id].package.unwrap();
        let wit = wit_component::encode(&resolve, package).unwrap();
        assert!(matches!(World::of(&wit, "x"), Err(NoWorld::Package)));
    }

    #[test]
    fn the_text_says_the_same_world_every_time() {
        let component = examples::component(SHAPES);
        let world = World::of(&component, "plotter").unwrap();
        let text = world.wit().unwrap();
        assert_eq!(World::of(&component, "plotter").unwrap().wit().unwrap(), text);
        let reread = reread(&world);
        assert_eq!((reread.imports(), reread.exports()), (world.imports(), world.exports()));
        assert!(text.contains("variant shape"), "{text}");
    }

    #[test]
    fn documentation_in_the_component_is_left_out() {
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

    #[expect(clippy::disallowed_methods, reason = "files of the test's own")]
    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn worlds_are_read_from_files_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            write(&path, text);
            path
        };
        let one = put("one.wit", SHAPES);
        let (world, files) = World::from_files(&one, None).unwrap();
        assert_eq!((world.name(), files), ("plotter", vec![one.clone()]));
        assert!(World::from_files(&one, Some("plotter")).is_ok());
        assert!(World::from_files(&one, Some("demo:app/plotter@0.1.0")).is_ok());
        let error = World::from_files(&one, Some("nope")).err().unwrap();
        assert!(error.contains("`nope` not found in package `demo:app@0.1.0`"), "{error}");

        let main = put("wit/main.wit", "package a:b; world x { import c:d/e; } world y {}");
        let dep = put("wit/deps/c.wit", "package c:d; interface e { f: func(); }");
        let folder_path = folder.path().join("wit");
        let (world, mut files) = World::from_files(&folder_path, Some("x")).unwrap();
        assert_eq!(world.imports(), ["c:d/e"]);
        files.sort();
        let mut expected = [dep, main];
        expected.sort();
        assert_eq!(files, expected);
        let error = World::from_files(&folder_path, None).err().unwrap();
        assert!(error.contains("a:b/x") && error.contains("a:b/y"), "{error}");

        let broken = put("broken.wit", "package a:b;\nworld x {\n  export f: func(a: nope);\n}");
        let error = World::from_files(&broken, None).err().unwrap();
        assert!(error.contains("broken.wit:3:21") && error.contains("nope"), "{error}");
        let missing = folder.path().join("missing.wit");
        let error = World::from_files(&missing, None).err().unwrap();
        assert!(error.contains("missing.wit"), "{error}");
    }

    fn example() -> &'static [u8] {
        static EXAMPLE: OnceLock<Vec<u8>> = OnceLock::new();
        EXAMPLE.get_or_init(|| examples::component(SHAPES))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn whatever_is_valid_is_decoded_or_refused(
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
