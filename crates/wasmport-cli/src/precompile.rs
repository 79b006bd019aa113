//! `precompile`: the code of plug-ins for a program that loads them later.

use crate::args::{Format, PrecompileArgs, settings};
use crate::exit::Exit;
use crate::output::Output;
use serde::Serialize;
use std::path::Path;
use wasmport::{Digest, DynamicAsset, EngineConfig, ModuleCache};
use wasmport_build::Target;

/// Runs `precompile`.
pub(crate) fn precompile(
    args: &PrecompileArgs,
    default_config: Option<&Path>,
    out: &Output,
) -> Exit {
    let settings = match settings(args.config.as_deref(), default_config) {
        Ok(settings) => settings,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    let key = match ModuleCache::read_key(&args.key_file) {
        Ok(key) => key,
        Err(error) => {
            out.error(&format!("{error:#}"));
            return Exit::Usage;
        }
    };
    let cache = ModuleCache::with_key(&args.cache, key).max_bytes(u64::MAX);
    let host = [Target::host()];
    let targets = if args.targets.is_empty() { &host[..] } else { &args.targets };
    let (mut all, mut exit) = (Vec::new(), Exit::Done);
    for path in &args.paths {
        for target in targets {
            let compiled = compile(&cache, path, &settings.engine, target);
            if let Err(error) = &compiled {
                exit = Exit::Failed;
                if !out.is_json() {
                    out.error(error);
                }
            }
            all.push(Precompiled::new(path, target, compiled));
        }
    }
    match args.format {
        Format::Json => out.json(&all),
        Format::Human => all.iter().filter_map(Precompiled::line).for_each(|line| out.line(&line)),
    }
    exit
}

/// What became of a file for a target.
#[derive(Serialize)]
struct Precompiled {
    path: String,
    target: String,
    /// The digest by which a program loads the code without its source.
    digest: Option<String>,
    error: Option<String>,
}

impl Precompiled {
    fn new(path: &Path, target: &Target, compiled: Result<Digest, String>) -> Self {
        let (digest, error) = match compiled {
            Ok(digest) => (Some(digest.to_string()), None),
            Err(error) => (None, Some(error)),
        };
        Self { path: path.display().to_string(), target: target.to_string(), digest, error }
    }

    fn line(&self) -> Option<String> {
        let digest = self.digest.as_ref()?;
        Some(format!("{digest}  {}  {}", self.target, self.path))
    }
}

fn compile(
    cache: &ModuleCache,
    path: &Path,
    engine: &EngineConfig,
    target: &Target,
) -> Result<Digest, String> {
    if target.is_source() {
        return Err(format!("`{}`: the target `source` has no code to keep", path.display()));
    }
    let said = |error: wasmport::Error| format!("`{}`: {error:#}", path.display());
    match cache.fill(&DynamicAsset::file(path), engine, target) {
        Err(wasmport::Error::WrongKind { is_component: true, .. }) => {
            cache.fill(&DynamicAsset::component_file(path), engine, target).map_err(said)
        }
        filled => filled.map_err(said),
    }
}
