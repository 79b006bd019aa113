//! Puts an artifact of another major version of Wasmtime beside ours into one bundle: that of the Python package `wasmtime`.

use crate::files;
use crate::processes::complete;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use wasmport::bundle_manifest::{BLOBS, BundleManifest, MANIFEST, SIGNATURE};
use wasmport::engine::wasmtime_version;
use wasmport::signature::TrustedKeys;
use wasmport::{Bundle, Digest, EngineConfig, Error, Runtime};
use wasmport_build::signature::{NewKey, SigningKey};

const SOURCE: &str = "(module (func (export \"number\") (result i32) (i32.const 7)))";

/// Prints the package's version, and writes what it compiles.
const PYTHON: &str = "
import importlib.metadata, sys, wasmtime
artifact = wasmtime.Module(wasmtime.Engine(), sys.argv[1]).serialize()
open(sys.argv[2], 'wb').write(artifact)
print(importlib.metadata.version('wasmtime'))
";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A Python with the package `wasmtime` of another major version
    #[arg(long, default_value = "python3")]
    python: String,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let mut python = Command::new(&args.python);
    let python = python.args(["-c", PYTHON, SOURCE]).arg(at("theirs.cwasm"));
    let theirs = complete(python).map_err(|error| {
        format!("{error}\n  help: `python3 -m venv V && V/bin/pip install wasmtime`, then `--python V/bin/python`")
    })?;
    let theirs = theirs.trim().to_owned();
    println!("Wasmtime {theirs} beside {}", wasmtime_version());
    NewKey::create_in(&at("key"))?;
    let key = SigningKey::from_file(&at("key"))?;
    let keys = TrustedKeys::new([key.public()])?;
    files::write(&at("assets/number.wat"), SOURCE)?;
    files::write(&at("wasmport.toml"), "")?;
    let command = |args: &[&str]| -> crate::Result<String> {
        let mut lab = Command::new(std::env::current_exe()?);
        complete(lab.args(args).args(["--config", "wasmport.toml"]).current_dir(folder.path()))
    };
    let _ = command(&["import"])?;
    let _ = command(&["bundle", "--output", "ours.wasmbundle", "--key", "key"])?;
    let artifact = files::read_bytes(&at("theirs.cwasm"))?;
    let ours = at("ours.wasmbundle");
    write_other(&ours, &at("theirs.wasmbundle"), (&theirs, &artifact), &key)?;
    write_other(&ours, &at("lying.wasmbundle"), (wasmtime_version(), &artifact), &key)?;
    let mut merge = Command::new(std::env::current_exe()?);
    merge.args(["bundle", "--merge", "ours.wasmbundle", "--merge", "theirs.wasmbundle"]);
    merge.args(["--output", "both.wasmbundle", "--key", "key"]).current_dir(folder.path());
    println!("{}", complete(&mut merge)?.trim());
    let number = |name: &str| call(&at(name), &keys);
    match (number("both.wasmbundle"), number("theirs.wasmbundle"), number("lying.wasmbundle")) {
        (Ok(7), Err(other), Err(lie)) => {
            println!("theirs alone: {other}\ntheirs with our number: {lie}");
            if !other.to_string().contains(&theirs) {
                return Err("the error does not name the other version".into());
            }
            println!("majors: a program takes its own of two versions, and refuses the other");
            Ok(())
        }
        results => Err(format!("{results:?}").into()),
    }
}

/// Opens a bundle as a program does, and calls its function.
fn call(path: &Path, keys: &TrustedKeys) -> Result<i32, Error> {
    let runtime = Runtime::new(&EngineConfig::new())?;
    let module = runtime.load_bundled::<wasmtime::Module>(&Bundle::open(path, keys)?, "number")?;
    let mut store = runtime.store(());
    let instance = wasmtime::Instance::new(&mut store, module.module(), &[]);
    let function = instance.and_then(|it| it.get_typed_func::<(), i32>(&mut store, "number"));
    // A module that loads has the function.
    Ok(function.and_then(|function| function.call(&mut store, ())).unwrap_or_default())
}

/// Writes a bundle like another one, with an artifact that another version compiled.
fn write_other(
    from: &Path,
    to: &Path,
    (version, artifact): (&str, &[u8]),
    key: &SigningKey,
) -> crate::Result {
    let mut entries = BTreeMap::new();
    let bytes = files::read_bytes(from)?;
    for entry in tar::Archive::new(bytes.as_slice()).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let mut content = Vec::new();
        let _ = entry.read_to_end(&mut content)?;
        let _ = entries.insert(name, content);
    }
    let manifest = entries.get(MANIFEST).ok_or("the bundle has no manifest")?;
    let mut manifest: BundleManifest = serde_json::from_slice(manifest)?;
    let digest = Digest::of(artifact);
    for asset in &mut manifest.assets {
        asset.wasmtime = version.to_owned();
        for bundled in &mut asset.artifacts {
            (bundled.blake3, bundled.bytes) = (digest, artifact.len() as u64);
        }
    }
    let manifest = serde_json::to_vec_pretty(&manifest)?;
    let signature = key.sign(&manifest)?;
    let mut archive = tar::Builder::new(Vec::new());
    let blob = format!("{BLOBS}{digest}");
    let entries =
        [(MANIFEST, &*manifest), (SIGNATURE, signature.as_bytes()), (blob.as_str(), artifact)];
    for (name, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        archive.append_data(&mut header, name, content)?;
    }
    files::write(to, archive.into_inner()?)
}
