//! Programs as they are shipped: optimized, linked as one and stripped, they have a marker for each artifact and for no
//! other, which `cargo wasmport audit` finds.

use crate::scratch::{cargo, target_dir, write_lock};
use crate::{files, root};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmport::Digest;
use wasmport_build::audit::{AdvisoryDatabase, AuditReport, audit};
use wasmport_build::{Importer, Settings};

/// The assets: a raw one, a compressed one, and one whose wrapper the program does not use.
const ASSETS: [(&str, &str); 3] = [
    ("raw.wat", "(module (func (export \"one\") (result i32) (i32.const 1)))"),
    ("packed.wat", "(module (func (export \"two\") (result i32) (i32.const 2)))"),
    ("dead.wat", "(module (func (export \"three\") (result i32) (i32.const 3)))"),
];

const SETTINGS: &str = "[[asset]]\nmatch = \"packed.wat\"\ncompress = { \"*\" = 3 }\n";

const PROGRAM: &str = "\
#![forbid(unsafe_code)]

#[rustfmt::skip]
mod assets;

fn main() -> wasmport::Result<()> {
    let runtime = wasmport::Runtime::new(&assets::ENGINE)?;
    let one = assets::raw::RawSession::new(&runtime, ())?.one()?;
    let two = assets::packed::PackedSession::new(&runtime, ())?.two()?;
    println!(\"{one} {two}\");
    Ok(())
}
";

/// The profiles: one for speed, one for size. Both link the program as one, and strip it.
const PROFILES: &str = "
[profile.release]
lto = true
strip = true

[profile.small]
inherits = \"release\"
opt-level = \"z\"
codegen-units = 1
panic = \"abort\"
";

/// Builds the program with each profile, runs it, and audits it.
pub(crate) fn run() -> crate::Result {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let known = import(folder)?;
    let database = database(folder)?;
    for profile in ["release", "small"] {
        let program = build(folder, profile)?;
        let output = std::process::Command::new(&program).output()?;
        if output.stdout != b"1 2\n" {
            return Err(format!("{profile}: {output:?}").into());
        }
        let (report, content) = (audit(&[&program], &database), files::read_bytes(&program)?);
        let audited = artifacts(&report);
        for (name, (digest, artifact)) in &known {
            let (is_used, is_marked) = (name != "dead", audited.get(name) == Some(digest));
            let is_there = content.windows(artifact.len()).any(|window| window == artifact);
            println!("{profile}: {name}: in the program: {is_there}, marked: {is_marked}");
            if (is_there, is_marked) != (is_used, is_used) {
                return Err(format!("{profile}: `{name}` is not as expected").into());
            }
        }
        if audited.len() != 2 || !report.errors.is_empty() {
            return Err(format!("{profile}: {report:#?}").into());
        }
    }
    println!("shipped: a marker for each artifact in the program, and for no other");
    Ok(())
}

/// Artifacts by the names of their assets.
type Artifacts = BTreeMap<String, (Digest, Vec<u8>)>;

/// Writes the package with imported assets, and returns its artifacts.
fn import(folder: &Path) -> crate::Result<Artifacts> {
    for (name, text) in ASSETS {
        files::write(&folder.join("assets").join(name), text)?;
    }
    files::write(&folder.join("wasmport.toml"), SETTINGS)?;
    files::write(&folder.join("src/main.rs"), PROGRAM)?;
    let wasmport = root().join("crates/wasmport").display().to_string();
    let manifest = format!(
        "[package]\nname = \"shipped\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nwasmport = {{ path = {wasmport:?}, features = [\"zstd\"] }}\n{PROFILES}"
    );
    files::write(&folder.join("Cargo.toml"), manifest)?;
    write_lock(folder)?;
    let settings = Settings::from_file(&folder.join("wasmport.toml"))?;
    let out_dir = settings.out_dir.clone();
    let report = Importer::new(settings).no_cache().run(&())?;
    let read = |asset: &wasmport_build::AssetReport| {
        let [artifact] = asset.artifacts.as_slice() else {
            return Err(format!("`{}` has not one artifact", asset.name).into());
        };
        let bytes = files::read_bytes(&out_dir.join(&artifact.path))?;
        Ok((asset.name.clone(), (artifact.blake3, bytes)))
    };
    report.assets.iter().map(read).collect()
}

/// Opens a database without advisories.
fn database(folder: &Path) -> crate::Result<AdvisoryDatabase> {
    files::write(&folder.join("db/crates/README"), "")?;
    Ok(AdvisoryDatabase::open(folder.join("db"))?)
}

/// Builds the program with a profile, and returns it.
fn build(folder: &Path, profile: &str) -> crate::Result<PathBuf> {
    let target = target_dir("shipped");
    let mut findings = cargo(folder, &["build", "--profile", profile], &target, |_| false)?;
    if let Some(error) = findings.elsewhere {
        return Err(format!("{profile}: {error}").into());
    }
    let files = findings.artifacts.remove("shipped").unwrap_or_default();
    let program = files.into_iter().find(|file| file.extension().is_none_or(|e| e == "exe"));
    program.ok_or_else(|| format!("{profile}: cargo built no program").into())
}

/// Returns the audited artifacts: their digests by the names of their assets.
fn artifacts(report: &AuditReport) -> BTreeMap<String, Digest> {
    let assets = report.files.iter().flat_map(|file| &file.assets);
    let named = assets
        .filter(|asset| asset.exact)
        .filter_map(|asset| Some((asset.name.clone()?, asset.artifacts.first()?.blake3)));
    named.collect()
}
