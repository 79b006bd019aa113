//! `config`: the effective settings and their origin.

use crate::args::SelectionArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::text::plain;
use std::path::Path;
use wasmport_build::{Origin, Setting};

/// Runs `config`.
pub(crate) fn config(args: &SelectionArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let explained = args.importer(default_config).and_then(|importer| importer.explain());
    let explained = match explained {
        Ok(explained) => explained,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    if out.is_json() {
        out.json(&explained);
        return Exit::Done;
    }
    let shown = |setting: &&Setting| !args.quiet || setting.origin != Origin::Default;
    out.line("project");
    lines(explained.project.iter().filter(shown), out);
    for asset in &explained.assets {
        out.line(&format!("{} ({})", plain(&asset.source), asset.name));
        lines(asset.settings.iter().filter(shown), out);
    }
    Exit::Done
}

fn lines<'a>(settings: impl Iterator<Item = &'a Setting>, out: &Output) {
    for Setting { key, value, origin, .. } in settings {
        out.line(&plain(&format!("  {key} = {value}  # {origin}")));
    }
}
