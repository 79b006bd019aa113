//! Imports of the fixtures and of other folders, for tools that then run what was imported.

use std::path::Path;
use wasmport::EngineConfig;
use wasmport::engine::Target;
use wasmport_build::{AssetSettings, Importer, Policy, Report, Settings};

/// Imports assets into a folder, from which a program reads them.
pub(crate) fn import_for(
    mut settings: Settings,
    targets: &[Target],
    out_dir: &Path,
    engine: EngineConfig,
) -> crate::Result<Report> {
    settings.engine = engine;
    settings.embed = false;
    import(settings, targets, out_dir)
}

/// Imports assets for these targets; skips targets that an asset cannot run on.
pub(crate) fn import(
    mut settings: Settings,
    targets: &[Target],
    out_dir: &Path,
) -> crate::Result<Report> {
    settings.out_dir = out_dir.into();
    settings.targets = Some(targets.to_vec());
    let mut skip = AssetSettings::matching("**");
    skip.unsupported = Some(Policy::Skip);
    settings.assets.push(skip);
    let report = Importer::new(settings).no_cache().run(&())?;
    println!("imported in {:.1} s", report.seconds);
    Ok(report)
}
