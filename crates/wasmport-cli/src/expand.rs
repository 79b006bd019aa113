//! `expand`: the wrapper of an asset.

use crate::args::ExpandArgs;
use crate::exit::Exit;
use crate::output::Output;
use std::path::Path;
use wasmport_build::{Error, Importer, WrapperOrigin};

/// Runs `expand`.
pub(crate) fn expand(args: &ExpandArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    // Opening the cache would create its folder.
    let importer = args.project.importer(default_config).map(Importer::no_cache);
    let expanded = match importer.and_then(|importer| importer.expand(&args.asset)) {
        Ok(expanded) => expanded,
        Err(error) => {
            out.error(&error.to_string());
            return if matches!(error, Error::Asset(_)) { Exit::Failed } else { Exit::Usage };
        }
    };
    if expanded.origin == WrapperOrigin::Generated {
        out.note(&format!(
            "`{}` is not imported: the wrapper was generated, and has no artifacts yet",
            expanded.source
        ));
    }
    if let Some(why) = &expanded.stale {
        let why = why.replace('\n', "\n  ");
        out.warning(&format!(
            "`{}` is stale: {why}\n  help: run `cargo wasmport import`",
            expanded.source
        ));
    }
    out.text(&expanded.text);
    Exit::Done
}
