//! Worlds in WIT: what a component imports and exports.

use super::error::{Cause, WitError};
use crate::error::or_did_you_mean;
use crate::names::nearest;
use crate::panics::catch_panic;
use heck::{ToKebabCase as _, ToUpperCamelCase as _};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use wit_component::{
    ComponentEncoder, StringEncoding, WitPrinter, dummy_module, embed_component_metadata,
};
use wit_parser::{ManglingAndAbi, Resolve, WorldId, WorldItem, WorldKey};

/// Names that generated code uses without a path.
const RESERVED: &[&str] = &[
    "Box", "Clone", "Copy", "D", "Data", "Err", "Error", "Guest", "H", "Host", "None", "Ok",
    "Option", "R", "Result", "S", "Self", "Send", "Sized", "Some", "String", "Sync", "T", "Vec",
];

/// Suffixes of the types that are generated beside the type with the world's name.
const COMPANIONS: &[&str] = &["", "Imports", "ImportsWithStore", "Indices", "Pre"];

/// A world with all packages that it refers to.
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

/// Worlds are equal if their WIT texts are.
impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        let text = |world: &Self| world.wit().map_err(|error| error.to_string());
        text(self) == text(other)
    }
}

impl Eq for World {}

/// Returns the end of the message about a world that is missing: the nearest name.
fn nearest_world(resolve: &Resolve, name: Option<&str>) -> String {
    let worlds = resolve.worlds.iter().map(|(_, world)| world.name.as_str());
    let nearest = name.and_then(|name| nearest(name, worlds));
    or_did_you_mean(nearest)
}

impl World {
    /// Reads the world `name`, or the only one, of a WIT file or of a folder with WIT files, which may
    /// have other packages in `deps`. Returns the files that were read as well.
    ///
    /// # Errors
    ///
    /// Fails with [`WitError`] if a file cannot be read or parsed, or if there is no such world.
    pub fn from_files(path: &Path, name: Option<&str>) -> Result<(Self, Vec<PathBuf>), WitError> {
        catch_panic(|| {
            let mut resolve = Resolve { all_features: true, ..Resolve::default() };
            let pushed = resolve.push_path(path);
            let (package, sources) =
                pushed.map_err(|e| WitError::Parse(resolve.render_error(&e)))?;
            let id = resolve.select_world(&[package], name);
            let id = id.map_err(|e| WitError::Select(e.into(), nearest_world(&resolve, name)))?;
            Ok((Self { resolve, id }, sources.paths().map(Path::to_path_buf).collect()))
        })?
    }

    /// Returns a component that implements the world; each of its functions traps.
    ///
    /// # Errors
    ///
    /// Fails with [`WitError`] if the world has an item that no component can have.
    pub fn component(&self) -> Result<Vec<u8>, WitError> {
        let Self { resolve, id } = self;
        let encode = || -> Result<Vec<u8>, Cause> {
            let mut module = dummy_module(resolve, *id, ManglingAndAbi::Standard32);
            embed_component_metadata(&mut module, resolve, *id, StringEncoding::UTF8)?;
            Ok(ComponentEncoder::default().module(&module)?.encode()?)
        };
        catch_panic(encode)?.map_err(WitError::Encode)
    }

    /// Returns the world's name with that of its package, such as `demo:app/plugin@0.1.0`.
    pub fn qualified_name(&self) -> String {
        let world = &self.resolve.worlds[self.id];
        let Some(package) = world.package else { return world.name.clone() };
        let package = &self.resolve.packages[package].name;
        let version = package.version.as_ref().map(|version| format!("@{version}"));
        format!(
            "{}:{}/{}{}",
            package.namespace,
            package.name,
            world.name,
            version.unwrap_or_default()
        )
    }

    /// Returns the world's name, in kebab case.
    pub fn name(&self) -> &str {
        &self.resolve.worlds[self.id].name
    }

    /// Returns the names of imported functions and interfaces.
    pub fn imports(&self) -> Vec<String> {
        self.names(self.resolve.worlds[self.id].imports.iter())
    }

    /// Returns the names of exported functions and interfaces.
    pub fn exports(&self) -> Vec<String> {
        self.names(self.resolve.worlds[self.id].exports.iter())
    }

    fn names<'a>(&self, items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Vec<String> {
        let items = items.filter(|(_, item)| !matches!(item, WorldItem::Type { .. }));
        items.map(|(key, _)| self.resolve.name_world_key(key)).collect()
    }

    /// Prints the world as WIT text, with all packages that it refers to.
    ///
    /// # Errors
    ///
    /// Fails with [`WitError`] if an item cannot be printed.
    pub fn wit(&self) -> Result<String, WitError> {
        let Self { resolve, id } = self;
        let package = resolve.worlds[*id].package.ok_or(WitError::NoPackage)?;
        let others = resolve.packages.iter().map(|(other, _)| other);
        let others: Vec<_> = others.filter(|other| *other != package).collect();
        let mut printer = WitPrinter::default();
        let printed = catch_panic(|| printer.print(resolve, package, &others))?;
        printed.map_err(|e| WitError::Print(e.into()))?;
        Ok(printer.output.to_string())
    }

    /// Renames the world after `name`, with a suffix if generated code uses the name otherwise.
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

/// Converts any text to a name that is legal in WIT, and as a type in Rust.
fn kebab(name: &str) -> String {
    let ascii = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name = name.chars().map(ascii).collect::<String>().to_kebab_case();
    if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name
    } else {
        format!("asset-{name}").trim_end_matches('-').into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{self, SHAPES};
    use super::*;

    fn decoded(text: &str, name: &str) -> World {
        World::of(&wat::parse_str(text).unwrap(), name).unwrap()
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
    fn any_name_is_made_legal_and_unique() {
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
            let world = decoded("(component)", name);
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
            let world = decoded(same, name);
            assert_eq!(world.name(), format!("{name}-world"));
            assert_eq!(reread(&world).imports(), world.imports());
        }
    }

    #[test]
    fn the_text_is_the_same_every_time() {
        let component = examples::component(SHAPES);
        let world = World::of(&component, "plotter").unwrap();
        let text = world.wit().unwrap();
        assert_eq!(World::of(&component, "plotter").unwrap().wit().unwrap(), text);
        let reread = reread(&world);
        assert_eq!((reread.imports(), reread.exports()), (world.imports(), world.exports()));
        assert!(text.contains("variant shape"), "{text}");
    }

    #[expect(clippy::disallowed_methods, reason = "the test writes its own files")]
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
        let error = World::from_files(&one, Some("nope")).err().unwrap().to_string();
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
        let error = World::from_files(&folder_path, None).err().unwrap().to_string();
        assert!(error.contains("a:b/x") && error.contains("a:b/y"), "{error}");

        let broken = put("broken.wit", "package a:b;\nworld x {\n  export f: func(a: nope);\n}");
        let error = World::from_files(&broken, None).err().unwrap().to_string();
        assert!(error.contains("broken.wit:3:21") && error.contains("nope"), "{error}");
        let missing = folder.path().join("missing.wit");
        let error = World::from_files(&missing, None).err().unwrap().to_string();
        assert!(error.contains("missing.wit"), "{error}");
    }
}
