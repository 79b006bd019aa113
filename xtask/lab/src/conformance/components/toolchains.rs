//! Toolchains, each of which makes a component for the world `guest`.

use super::tools;
use crate::{files, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;
use walkdir::WalkDir;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WORLD: &str = "guest";

/// A way to make a component.
pub(super) struct Toolchain {
    /// The name of the component.
    pub name: &'static str,
    make: fn(&Path, &Path) -> crate::Result,
}

/// All toolchains.
pub(super) const TOOLCHAINS: &[Toolchain] = &[
    Toolchain { name: "wit_component", make: encode },
    Toolchain { name: "componentize_js", make: componentize_js },
    Toolchain { name: "componentize_qjs", make: componentize_qjs },
    Toolchain { name: "componentize_py", make: componentize_py },
];

/// Returns the folder of the sources, and of the program that calls the components.
pub(super) fn sources() -> PathBuf {
    crate::root().join("fixtures/conformance/components")
}

impl Toolchain {
    /// Returns the component; makes it again if its sources or tools have changed.
    pub fn component(&self) -> crate::Result<PathBuf> {
        let file = |extension| {
            scratch::target_dir("conformance/components/made")
                .join(format!("{}.{extension}", self.name))
        };
        let (component, key_file) = (file("wasm"), file("key"));
        let key = key(&sources())?;
        if !component.exists()
            || !std::fs::read_to_string(&key_file).is_ok_and(|there| there == key)
        {
            files::write(&key_file, "")?;
            (self.make)(&sources(), &component)?;
            files::write(&key_file, key)?;
        }
        Ok(component)
    }
}

/// Returns a digest of the sources and tools of the components.
fn key(sources: &Path) -> crate::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(tools::versions().as_bytes());
    for entry in WalkDir::new(sources).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path().strip_prefix(sources)?;
        if entry.file_type().is_file() && !path.starts_with("program") {
            let bytes = std::fs::read(entry.path())?;
            hasher.update(path.as_os_str().as_encoded_bytes()).update(&bytes);
        }
    }
    Ok(hasher.finalize().to_string())
}

fn encode(sources: &Path, component: &Path) -> crate::Result {
    let mut resolve = Resolve::default();
    let pushed = resolve.push_path(sources.join("wit"));
    let (package, _) = pushed.map_err(|e| resolve.render_error(&e))?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    let mut module = wat::parse_file(sources.join("guest.wat"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let mut encoder = ComponentEncoder::default().validate(true).module(&module)?;
    files::write(component, encoder.encode()?)
}

fn componentize_js(sources: &Path, component: &Path) -> crate::Result {
    let mut command = Command::new(tools::npm()?.join("componentize-js"));
    command.arg(sources.join("guest.js")).arg("--wit").arg(sources.join("wit/guest.wit"));
    // By default the component imports more than `wasmtime-wasi` has.
    command.args(["-n", WORLD, "-d", "http", "fetch-event", "-o"]).arg(component);
    tools::run(&mut command)
}

fn componentize_qjs(sources: &Path, component: &Path) -> crate::Result {
    let mut command = Command::new(tools::npm()?.join("componentize-qjs"));
    command.arg("--sync").arg("--wit").arg(sources.join("wit")).args(["-n", WORLD, "--js"]);
    tools::run(command.arg(sources.join("guest.js")).arg("-o").arg(component))
}

fn componentize_py(sources: &Path, component: &Path) -> crate::Result {
    // The tool writes compiled modules beside the sources.
    let modules = component.with_extension("python");
    for entry in std::fs::read_dir(sources.join("python"))? {
        let path = entry?.path();
        files::update(&modules.join(path.file_name().unwrap_or_default()), files::read(&path)?)?;
    }
    let mut command = Command::new(tools::python()?.join("componentize-py"));
    command.arg("-d").arg(sources.join("wit")).args(["-w", WORLD, "componentize", "-p"]);
    tools::run(command.arg(modules).args(["app", "-o"]).arg(component))
}
