//! `Cargo.toml`, edited with its comments and its order.

use super::ScaffoldOptions;
use crate::error::Error;
use std::path::{Path, PathBuf};
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value};

pub(super) const FILE: &str = "Cargo.toml";

const BUILD_DEPENDENCIES: &str = "build-dependencies";
const RUNTIME: &str = "wasmport";
const IMPORTER: &str = "wasmport-build";
const COMPILER: &str = "compiler";

/// The manifest of a package or a workspace.
pub(super) struct Manifest {
    document: DocumentMut,
    path: PathBuf,
}

/// The build script that a package names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BuildScript {
    /// Cargo's default: `build.rs`, if it exists.
    Default,
    /// A file.
    Named(String),
    /// No build script, whatever files there are.
    Off,
}

impl Manifest {
    /// Parses the manifest of a package.
    ///
    /// # Errors
    ///
    /// Fails if it is no TOML, or has no package.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let manifest = Self::parse_any(text, path)?;
        if manifest.table("package").is_none() {
            return Err(Error::arguments(
                format!("`{}` has no package", path.display()),
                "name the folder of a member of the workspace",
            ));
        }
        Ok(manifest)
    }

    /// Parses a manifest.
    ///
    /// # Errors
    ///
    /// Fails if it is no TOML.
    pub fn parse_any(text: &str, path: &Path) -> Result<Self, Error> {
        let document = text.parse::<DocumentMut>().map_err(|error| {
            let message =
                format!("`{}` is not valid TOML: {}", path.display(), error.to_string().trim_end());
            Error::arguments(message, "mend the file")
        })?;
        Ok(Self { document, path: path.into() })
    }

    fn table(&self, key: &str) -> Option<&dyn TableLike> {
        self.document.get(key)?.as_table_like()
    }

    /// Returns the folder of the workspace that the package names.
    pub fn workspace(&self) -> Option<&str> {
        self.table("package")?.get("workspace")?.as_str()
    }

    pub fn is_workspace(&self) -> bool {
        self.table("workspace").is_some()
    }

    /// Returns whether the workspace excludes the package in a folder below it.
    pub fn excludes(&self, folder: &Path) -> bool {
        let excluded = self.table("workspace").and_then(|table| table.get("exclude")?.as_array());
        let mut excluded = excluded.into_iter().flatten().filter_map(Value::as_str);
        excluded.any(|excluded| folder.starts_with(excluded))
    }

    /// Returns the build script that the package names.
    pub fn build_script(&self) -> BuildScript {
        match self.table("package").and_then(|table| table.get("build")) {
            Some(item) if item.as_bool() == Some(false) => BuildScript::Off,
            Some(item) => {
                item.as_str().map_or(BuildScript::Default, |path| BuildScript::Named(path.into()))
            }
            None => BuildScript::Default,
        }
    }

    /// Returns whether the package runs every file in `examples`.
    pub fn finds_examples(&self) -> bool {
        let found = self.table("package").and_then(|table| table.get("autoexamples"));
        found.and_then(Item::as_bool) != Some(false)
    }

    /// Adds the missing dependencies, and describes them.
    ///
    /// # Errors
    ///
    /// Fails if a table of dependencies is something else.
    pub fn add_dependencies(
        &mut self,
        workspace: Option<&Self>,
        options: &ScaffoldOptions,
    ) -> Result<Vec<String>, Error> {
        let mut wanted = vec![("dependencies", RUNTIME)];
        wanted.extend((!options.is_checked_in).then_some((BUILD_DEPENDENCIES, IMPORTER)));
        let mut added = Vec::new();
        for (table, name) in wanted {
            // The package itself may be the root of the workspace.
            let root = workspace.unwrap_or(self);
            if self.key_of(table, name, root).is_some() {
                continue;
            }
            let shared = root.shared(name);
            let value = shared.unwrap_or_else(|| dependency(name, options));
            added.push(format!("{table}.{name} = {}", value.to_string().trim()));
            let path = self.path.display().to_string();
            let entry = self.document.entry(table).or_insert_with(toml_edit::table);
            let Some(entry) = entry.as_table_like_mut() else {
                let message = format!("`{table}` in `{path}` is no table");
                return Err(Error::arguments(message, "mend the file"));
            };
            entry.insert(name, Item::Value(value));
        }
        Ok(added)
    }

    /// Returns the name of the importer's crate in the build script, which may rename the dependency.
    pub fn importer(&self, workspace: Option<&Self>) -> String {
        let key = self.key_of(BUILD_DEPENDENCIES, IMPORTER, workspace.unwrap_or(self));
        key.unwrap_or(IMPORTER).replace('-', "_")
    }

    /// Returns the key of the dependency on a package in a table, for any platform.
    fn key_of(&self, table: &str, package: &str, workspace: &Self) -> Option<&str> {
        let of_platforms = self.table("target").into_iter().flat_map(|targets| targets.iter());
        let of_platforms =
            of_platforms.filter_map(|(_, target)| target.as_table_like()?.get(table));
        let tables = self.document.get(table).into_iter().chain(of_platforms);
        let mut entries = tables.filter_map(Item::as_table_like).flat_map(|table| table.iter());
        let is_wanted = |(key, item): &(&str, &Item)| workspace.package_of(key, item) == package;
        entries.find(is_wanted).map(|(key, _)| key)
    }

    /// Returns the package that a dependency of a member of this workspace means.
    fn package_of<'m>(&'m self, key: &'m str, item: &'m Item) -> &'m str {
        let value = |item: &'m Item, key: &str| item.as_table_like()?.get(key);
        let is_shared = value(item, "workspace").and_then(Item::as_bool) == Some(true);
        let item = if is_shared { self.shared_item(key).unwrap_or(item) } else { item };
        value(item, "package").and_then(Item::as_str).unwrap_or(key)
    }

    /// Returns the dependency of the workspace that its members can share under this key.
    fn shared_item(&self, key: &str) -> Option<&Item> {
        self.table("workspace")?.get("dependencies")?.as_table_like()?.get(key)
    }

    /// Returns the dependency as the workspace shares it, if it does.
    fn shared(&self, name: &str) -> Option<Value> {
        let shared = self.shared_item(name)?;
        let mut table = InlineTable::new();
        table.insert("workspace", true.into());
        let detail = shared.as_table_like();
        let has_default = detail.and_then(|detail| detail.get("default-features")?.as_bool());
        let features = detail.and_then(|detail| detail.get("features")?.as_array());
        let mut features = features.into_iter().flatten().filter_map(Value::as_str);
        if name == IMPORTER && has_default == Some(false) && !features.any(|name| name == COMPILER)
        {
            table.insert("features", Value::Array(Array::from_iter([COMPILER])));
        }
        Some(Value::InlineTable(table))
    }

    /// Returns the manifest with the line ends of `original`.
    pub fn text_like(&self, original: &str) -> String {
        let text = self.document.to_string().replace("\r\n", "\n");
        let text = if original.contains("\r\n") { text.replace('\n', "\r\n") } else { text };
        let mark = if original.starts_with('\u{feff}') && !text.starts_with('\u{feff}') {
            "\u{feff}"
        } else {
            ""
        };
        format!("{mark}{text}")
    }
}

fn dependency(name: &str, options: &ScaffoldOptions) -> Value {
    let Some(source) = &options.source else {
        // Cargo accepts all compatible versions.
        let version =
            crate::VERSION.rsplit_once('.').map_or(crate::VERSION, |(version, _)| version);
        return version.into();
    };
    let folder = source.join("crates").join(name);
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    let mut table = InlineTable::new();
    table.insert("path", folder.display().to_string().into());
    Value::InlineTable(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The version that packages depend on.
    const VERSION: &str =
        concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

    fn edited(
        text: &str,
        workspace: Option<&str>,
        options: &ScaffoldOptions,
    ) -> Result<String, Error> {
        let path = Path::new("Cargo.toml");
        let mut manifest = Manifest::parse(text, path)?;
        let workspace = workspace.map(|text| Manifest::parse_any(text, path)).transpose()?;
        manifest.add_dependencies(workspace.as_ref(), options)?;
        Ok(manifest.text_like(text))
    }

    #[test]
    fn comments_and_order_stay_and_nothing_is_added_twice() -> Result<(), Error> {
        let options = ScaffoldOptions::new();
        let text = "# first\n[package]\nname = \"a\" # own\n\n[dependencies]\n# why\nzlib = \"1\"\n\n[features]\nx = []\n";
        let once = edited(text, None, &options)?;
        assert_eq!(
            once,
            format!(
                "# first\n[package]\nname = \"a\" # own\n\n[dependencies]\n# why\nzlib = \"1\"\nwasmport = \"{VERSION}\"\n\n\
                 [features]\nx = []\n\n[build-dependencies]\nwasmport-build = \"{VERSION}\"\n"
            )
        );
        assert_eq!(edited(&once, None, &options)?, once);
        let windows = edited(&text.replace('\n', "\r\n"), None, &options)?;
        assert_eq!(windows, once.replace('\n', "\r\n"));
        Ok(())
    }

    #[test]
    fn renamed_and_platform_dependencies_count() -> Result<(), Error> {
        let text = "[package]\nname = \"a\"\n[target.'cfg(unix)'.dependencies]\nw = { package = \"wasmport\", version = \"0.1\" }\n\
                    [build-dependencies.wasmport-build]\nversion = \"0.1\"\n";
        assert_eq!(edited(text, None, &ScaffoldOptions::new())?, text);
        Ok(())
    }

    #[test]
    fn the_importer_has_the_name_of_its_dependency() -> Result<(), Error> {
        let path = Path::new("Cargo.toml");
        let workspace = "[workspace.dependencies]\nour-wb = { package = \"wasmport-build\", version = \"0.1\" }\n";
        let workspace = Manifest::parse_any(workspace, path)?;
        for (dependency, name) in [
            ("", "wasmport_build"),
            ("wasmport-build = \"0.1\"", "wasmport_build"),
            ("my-wb = { package = \"wasmport-build\", version = \"0.1\" }", "my_wb"),
            ("our-wb.workspace = true", "our_wb"),
        ] {
            let text = format!("[package]\nname = \"a\"\n[build-dependencies]\n{dependency}\n");
            let mut manifest = Manifest::parse(&text, path)?;
            let added = manifest.add_dependencies(Some(&workspace), &ScaffoldOptions::new())?;
            assert_eq!(manifest.importer(Some(&workspace)), name, "{text}");
            // The dependency on the runtime is missing, and that on the importer only in the first case.
            assert_eq!(added.len(), if dependency.is_empty() { 2 } else { 1 }, "{added:?}");
        }
        Ok(())
    }

    #[test]
    fn a_workspace_shares_its_dependencies() -> Result<(), Error> {
        let workspace = "[workspace.dependencies]\nwasmport = \"0.1\"\nwasmport-build = { version = \"0.1\", default-features = false }\n";
        let made = edited("[package]\nname = \"a\"\n", Some(workspace), &ScaffoldOptions::new())?;
        assert!(made.contains("wasmport = { workspace = true }\n"), "{made}");
        assert!(
            made.contains("wasmport-build = { workspace = true, features = [\"compiler\"] }\n"),
            "{made}"
        );
        let options = ScaffoldOptions::new().checked_in(true);
        let made = edited("[package]\nname = \"a\"\n", None, &options)?;
        assert!(
            made.contains(&format!("wasmport = \"{VERSION}\"")) && !made.contains("wasmport-build"),
            "{made}"
        );
        Ok(())
    }

    #[test]
    fn other_manifests_are_refused() {
        for text in ["[workspace]\n", "[package\n", "dependencies = 3\n[package]\nname = \"a\"\n"] {
            assert!(edited(text, None, &ScaffoldOptions::new()).is_err(), "{text}");
        }
    }

    #[test]
    fn build_scripts_and_exclusions_are_read() -> Result<(), Error> {
        let of = |build: &str| {
            let text =
                format!("[package]\nname = \"a\"\n{build}\n[workspace]\nexclude = [\"x/y\"]\n");
            Manifest::parse(&text, Path::new("Cargo.toml"))
        };
        assert_eq!(of("")?.build_script(), BuildScript::Default);
        assert_eq!(of("build = false")?.build_script(), BuildScript::Off);
        assert_eq!(of("build = \"b.rs\"")?.build_script(), BuildScript::Named("b.rs".into()));
        assert!(of("")?.excludes(Path::new("x/y/z")) && !of("")?.excludes(Path::new("x")));
        Ok(())
    }
}
